"""A notification must be of the pipeline's own source: a contradiction is refused, and nothing else."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ses_feedback.function.envelope import UnreadableError, UnwrappedMessage, unwrap
from ses_feedback.function.origin import Source, check_origin, read_origin

from tests.handlers.conftest import Function
from tests.handlers.corpus import EVENTS, examples

OWN, DELEGATE, OTHER = "123456789012", "210987654321", "333333333333"
BY_IDENTITY = Source(OWN, "eu-west-1", ("shop.example",))
BY_SET = Source(OWN, "eu-west-1", (), "main")
BY_BOTH = Source(OWN, "eu-west-1", ("shop.example",), "main")


def notification(
    identity: str = "shop.example",
    owner: str = OWN,
    sender: str | None = OWN,
    region: str = "eu-west-1",
    configuration_set: str | None = None,
) -> dict[str, Any]:
    mail: dict[str, Any] = {"sourceArn": f"arn:aws:ses:{region}:{owner}:identity/{identity}"}
    if sender is not None:
        mail["sendingAccountId"] = sender
    if configuration_set is None:
        return {"notificationType": "Bounce", "bounce": {}, "mail": mail}
    mail["tags"] = {"ses:configuration-set": [configuration_set], "ses:from-domain": [identity]}
    return {"eventType": "Bounce", "bounce": {}, "mail": mail}


def problem(message: dict[str, Any], source: Source) -> str:
    """Why it is refused; empty if it is not."""
    try:
        check_origin(read_origin(unwrap(json.dumps(message))), source)
    except UnreadableError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("identity", "identities"),
    [
        ("shop.example", ["shop.example"]),
        ("SHOP.example", ["Shop.Example"]),
        ("shop.example", ["other.example", "shop.example"]),
        # An address or a subdomain sends by the verified domain above it.
        ("news@shop.example", ["shop.example"]),
        ("mail.shop.example", ["shop.example"]),
        ("news@mail.shop.example", ["shop.example"]),
        # A sender may name the domain's ARN although the address is verified too.
        ("shop.example", ["news@shop.example"]),
        ("shop.example", ["mail.shop.example"]),
    ],
)
def test_an_identity_that_may_stand_for_the_pipelines_is_taken(identity: str, identities: list[str]) -> None:
    assert problem(notification(identity), Source(OWN, "eu-west-1", tuple(identities))) == ""


@pytest.mark.parametrize(
    ("identity", "identities"),
    [
        ("other.example", ["shop.example"]),
        ("myshop.example", ["shop.example"]),
        ("shop.example", ["myshop.example"]),
        ("news@other.example", ["shop.example"]),
        ("jane@shop.example", ["news@shop.example"]),
        ("example", ["shop.other"]),
    ],
)
def test_another_identity_is_refused_and_not_named(identity: str, identities: list[str]) -> None:
    refused = problem(notification(identity), Source(OWN, "eu-west-1", tuple(identities)))
    assert refused == "it is of an identity that is not the pipeline's (mail.sourceArn)"


@pytest.mark.parametrize(
    ("message", "source", "field"),
    [
        (notification(sender=OTHER, owner=OTHER), BY_IDENTITY, "mail.sendingAccountId"),
        (notification(sender=OTHER, owner=OTHER, configuration_set="main"), BY_SET, "mail.sendingAccountId"),
        (notification(sender=OTHER), BY_IDENTITY, "mail.sendingAccountId"),
        (notification(sender=None, owner=OTHER), BY_IDENTITY, "mail.sourceArn"),
        (notification(sender="", owner=OTHER), BY_IDENTITY, "mail.sourceArn"),
        ({"detail-type": "Email Bounced", "account": OTHER, "detail": notification()}, BY_SET, "account of the event"),
    ],
)
def test_another_account_is_refused_unless_it_is_listed(message: dict[str, Any], source: Source, field: str) -> None:
    assert problem(message, source) == (
        f"it is of another account than the pipeline's, {OWN} ({field}); sending_accounts names further ones"
    )
    listed = Source(source.account, source.region, source.identities, source.configuration_set, (DELEGATE, OTHER))
    assert problem(message, listed) == ""


def test_the_own_account_may_send_by_an_identity_of_another() -> None:
    """Sending authorization, seen by the delegate sender: its own configuration set, the owner's identity."""
    message = notification("partner.example", owner=OTHER, configuration_set="main")
    assert problem(message, BY_SET) == ""
    assert problem(message, BY_BOTH) == ""


def test_a_listed_account_does_not_bring_an_identity_along() -> None:
    source = Source(OWN, "eu-west-1", ("shop.example",), "", (DELEGATE,))
    assert problem(notification(sender=DELEGATE), source) == ""
    assert "identity" in problem(notification("other.example", sender=DELEGATE), source)


@pytest.mark.parametrize(
    ("configuration_set", "source", "is_refused"),
    [
        ("main", BY_SET, False),
        ("Main", BY_SET, False),
        ("other", BY_SET, True),
        ("other", BY_BOTH, True),
        ("other", BY_IDENTITY, False),  # the pipeline has no set to compare with, and the identity is its own
        (None, BY_BOTH, False),  # a notification of an identity names no set
    ],
)
def test_the_configuration_set_is_the_pipelines(
    configuration_set: str | None,
    source: Source,
    is_refused: bool,
) -> None:
    assert ("configuration set" in problem(notification(configuration_set=configuration_set), source)) == is_refused


def test_an_event_of_the_set_may_be_of_any_identity_but_a_notification_may_not() -> None:
    assert problem(notification("other.example", configuration_set="main"), BY_BOTH) == ""
    assert "identity" in problem(notification("other.example"), BY_BOTH)


@pytest.mark.parametrize(
    ("message", "is_refused"),
    [
        (notification(region="eu-west-3"), True),
        (notification(region="*"), False),
        (notification(region=""), False),
        ({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-3:1:t", "Message": notification(region="")}, True),
    ],
)
def test_another_region_is_refused(message: dict[str, Any], is_refused: bool) -> None:
    assert problem(message, BY_IDENTITY) == ("it is of another Region than the pipeline's, eu-west-1" * is_refused)


def test_what_is_missing_contradicts_nothing() -> None:
    mails: list[dict[str, Any]] = [
        {},
        {"sourceArn": "other"},
        {"sourceArn": 7, "sendingAccountId": 7},
        {"tags": None},
        {"tags": {}},
    ]
    for mail in mails:
        for dialect in ("notificationType", "eventType"):
            assert problem({dialect: "Bounce", "bounce": {}, "mail": mail}, BY_BOTH) == ""
    check_origin(read_origin(UnwrappedMessage({"bounce": {}})), BY_BOTH)


def test_a_source_that_says_nothing_takes_everything() -> None:
    message = notification("other.example", owner=OTHER, sender=OTHER, region="us-east-1", configuration_set="other")
    assert problem(message, Source()) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCOUNT", OTHER),
        ("AWS_REGION", "us-east-1"),
    ],
)
def test_of_another_source_the_whole_corpus_stays_in_the_queue(
    function: Function,
    environment: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    """Whatever wrapper and dialect: what says where it is from is refused, with a reason without addresses."""
    environment(name, value)
    environment("SENDING_ACCOUNTS", "[]")
    corpus = [example for example in examples() if example.feedback() and OWN in example.body]
    assert len(corpus) > 90
    assert function.send(*(example.body for example in corpus)) == [str(number) for number in range(len(corpus))]
    assert function.rows("history") == function.rows("blocked") == []
    output = capsys.readouterr().out
    assert output.count('"message":"record unreadable"') >= len(corpus)
    assert "it is of another" in output
    assert "@" not in output.replace("name@domain", "")


def test_feedback_of_another_source_fails_alone_in_its_batch(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    own = json.loads((EVENTS / "permanent-general-identity.json").read_text())
    others = [copy.deepcopy(own) for _ in range(3)]
    others[0]["mail"]["sendingAccountId"] = OTHER
    others[1]["mail"]["sourceArn"] = "arn:aws:ses:eu-west-1:123456789012:identity/jane@other.example"
    others[2]["mail"]["tags"] = {"ses:configuration-set": ["other"]}
    for number, other in enumerate(others):
        other["bounce"]["bouncedRecipients"][0]["emailAddress"] = f"stranger-{number}@example.org"
    assert function.send(others[0], own, *others[1:]) == ["0", "2", "3"]
    assert set(function.blocked()) == {"jane@example.org"}
    output = capsys.readouterr().out
    for reason in ("another account", "an identity that is not", "another configuration set"):
        assert reason in output
    assert "stranger" not in output
    assert "other.example" not in output
