"""The function as a whole, on moto: records in, tables and partial batch response out."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from ses_feedback import Blocklist
from ses_feedback.function import handler as handler_module
from ses_feedback.function.handler import lambda_handler
from ses_feedback.function.settings import SettingsError

from tests.handlers.conftest import BLOCKED_ARN, Function, LambdaContext
from tests.handlers.corpus import examples
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store


def bounce(address: str = "jane@example.org", number: int = 1, **changes: object) -> dict[str, Any]:
    recipient = {
        "emailAddress": address,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 gone",
    }
    report = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [recipient],
        "timestamp": f"2026-11-20T10:00:{number:02}.000Z",
        "feedbackId": f"0100019a-0001-aaaa-bbbb-{number:012}-000000",
        "reportingMTA": "dns; a8-70.smtp-out.amazonses.com",
    }
    mail = {
        "timestamp": "2026-11-20T09:59:59.012Z",
        "source": "no-reply@shop.example",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/shop.example",
        "sendingAccountId": "123456789012",
        "messageId": f"0100019a-0001-cccc-dddd-{number:012}-000000",
        "destination": [address],
    }
    return {"notificationType": "Bounce", "bounce": {**report, **changes}, "mail": mail}


def test_a_hard_bounce_blocks_with_everything_that_is_known_of_it(function: Function) -> None:
    assert function.send(bounce("Jane@Example.org")) == []
    assert function.blocked() == {
        "jane@example.org": {
            "value": "jane@example.org",
            "reason": "bounce",
            "rule": "hard-bounce",
            "subtype": "General",
            "status": "5.1.1",
            "diagnostic": "smtp; 550 5.1.1 gone",
            "blocked_at": "2026-11-20T10:00:01.000Z",
            "feedback_id": "0100019a-0001-aaaa-bbbb-000000000001-000000",
            "message_id": "0100019a-0001-cccc-dddd-000000000001-000000",
            "identity": "shop.example",
            "account": "123456789012",
            "region": "eu-west-1",
        }
    }
    history = function.history("jane@example.org")
    assert set(history) == {"state", "feedback#0100019a-0001-aaaa-bbbb-000000000001-000000"}
    assert "expires_at" not in history["state"]


def test_a_sender_gets_its_answers_in_order(function: Function) -> None:
    function.send(bounce("jane@example.org"))
    addresses = ["Jane <JANE@example.org.>", "no address", "amy@example.org", "jane@example.org"]
    answers = Blocklist(BLOCKED_ARN, function.client, when_unavailable="raise").check(addresses)
    assert [answer.address for answer in answers] == addresses
    assert [answer.key for answer in answers] == ["jane@example.org", None, "amy@example.org", "jane@example.org"]
    assert [answer.allowed for answer in answers] == [False, False, True, False]
    assert answers[0].reason == "bounce"
    assert answers[0].blocked_at is not None
    assert answers[0].blocked_at.isoformat() == "2026-11-20T10:00:01+00:00"
    assert answers[1].problem == "it is not of the form name@domain or Name <name@domain>"


def test_a_bad_record_fails_alone(function: Function) -> None:
    unreadable = ["", "7", "[]", "null", "hello", '{"notificationType":"Bounce","mail":{}}']
    failed = function.send(bounce("a@example.org", 1), *unreadable, bounce("b@example.org", 2))
    assert failed == ["1", "2", "3", "4", "5", "6"]
    assert set(function.blocked()) == {"a@example.org", "b@example.org"}


def test_a_batch_that_fails_whole_is_a_valid_answer_too(function: Function) -> None:
    assert function.send("7", "null") == ["0", "1"]


def test_the_response_does_not_depend_on_what_is_logged(
    function: Function, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing: Any = FakeDynamoDB(Store(), lambda _: "denied")
    monkeypatch.setattr(handler_module._service()[1], "_client", failing)
    for name in ("_log_record", "_log_feedback", "_count"):
        monkeypatch.setattr(handler_module, name, lambda *_, **__: None)
    setup = "Successfully validated SNS topic for Amazon SES event publishing."
    assert function.send(bounce("a@example.org", 1), setup, "7", bounce("b@example.org", 2)) == ["0", "2", "3"]
    assert capsys.readouterr().out == ""


def test_a_second_delivery_in_any_envelope_changes_nothing(function: Function) -> None:
    function.send(bounce())
    before = (function.blocked(), function.history("jane@example.org"))
    envelope = {"Type": "Notification", "MessageId": "x", "TopicArn": "arn", "Message": json.dumps(bounce()) + "\n"}
    event = {"version": "0", "detail-type": "Email Bounced", "source": "aws.ses", "detail": bounce()}
    assert function.send(bounce(), envelope, event) == []
    assert (function.blocked(), function.history("jane@example.org")) == before


def test_five_soft_bounces_block_for_thirty_days(function: Function) -> None:
    soft = {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
    for number in range(1, 5):
        function.send(bounce(number=number, **soft))
    assert function.blocked() == {}
    assert function.history("jane@example.org")["state"]["expires_at"] > time.time() + 364 * 86_400
    function.send(bounce(number=5, **soft), bounce(number=6, **soft), bounce(number=6, **soft))
    item = function.blocked()["jane@example.org"]
    assert (item["reason"], item["blocked_at"]) == ("soft-bounces", "2026-11-20T10:00:06.000Z")
    assert item["expires_at"] == 1795168806 + 30 * 86_400


def test_setup_messages_and_other_types_are_acknowledged(function: Function) -> None:
    setup = "Successfully validated SNS topic for Amazon SES event publishing."
    subscribed = {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have ... 'Bounce' ...\n"}
    delivery = {"eventType": "Delivery", "mail": {}, "delivery": {}}
    unknown = {"eventType": "Novelty", "mail": {}}
    envelope = {"Type": "Notification", "Message": setup, "TopicArn": "arn"}
    assert function.send(setup, envelope, subscribed, delivery, unknown) == []
    assert function.blocked() == {}


def test_nothing_personal_is_logged(function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    function.send(bounce("Jane Doe <jane@example.org>"), '{"notificationType":"Bounce","jane@example.org":1}')
    output = capsys.readouterr().out
    assert "feedback judged" in output
    assert "record unreadable" in output
    for private in ("jane", "Jane", "Doe", "5.1.1 gone"):
        assert private not in output


@pytest.mark.parametrize("name", ["BLOCKED_TABLE_ARN", "HISTORY_TABLE_ARN", "PIPELINE"])
def test_a_wrong_setting_is_named(function: Function, environment: Callable[[str, str], None], name: str) -> None:
    environment(name, "")
    with pytest.raises(SettingsError, match=name):
        function.send(bounce())


@pytest.mark.usefixtures("function")
def test_an_event_that_is_not_from_sqs_is_refused() -> None:
    with pytest.raises(ValueError, match="SQS event source mapping"):
        lambda_handler({"detail": {}}, LambdaContext())  # type: ignore[arg-type]


def test_of_the_corpus_exactly_the_records_fail_that_the_table_says(function: Function) -> None:
    corpus = examples()
    failed = {int(position) for position in function.send(*(example.body for example in corpus))}
    assert [example.file for position, example in enumerate(corpus) if position in failed] == [
        example.file for example in corpus if any(expected.startswith("fails: ") for expected in example.expected)
    ]
    addresses = {
        re.sub(r" (block|hold|count|ignore|clear) .*", "", judgement)
        for example in corpus
        for judgement in example.feedback()
    }
    assert {row["value"] for row in function.rows("history") if row["entry"] != "hours"} == addresses


def test_the_answer_comes_before_the_time_is_over(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    history = handler_module._service()[1]
    monkeypatch.setattr(history, "_client", FakeDynamoDB(Store(), lambda _: time.sleep(1.5)))
    started = time.monotonic()
    setup = "Successfully validated SNS topic for Amazon SES event publishing."
    assert function.send(bounce(), setup, seconds=1.0) == ["0"]
    assert time.monotonic() - started < 0.8


@pytest.mark.parametrize(
    "other",
    [
        "arn:aws:dynamodb:eu-west-1:123456789012:table/history",
        "arn:aws:dynamodb:eu-central-1:210987654321:table/history",
    ],
)
def test_tables_that_no_transaction_can_span_are_refused(
    function: Function, environment: Callable[[str, str], None], other: str
) -> None:
    environment("HISTORY_TABLE_ARN", other)
    with pytest.raises(SettingsError, match="two Regions or accounts"):
        function.send(bounce())
