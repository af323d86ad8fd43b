"""A run of the canary with SES and DynamoDB of its own, and on moto; its metrics, its log lines, its settings.

Not proved: SES's simulator, and the rights of its role; tests/sandbox/test_canary.py has the way through the emulator.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.ses.models import ses_backends
from ses_feedback.canary import handler as handler_module
from ses_feedback.canary.run import PAUSE_SECONDS, SEND_SECONDS, Mail, make_ses_client, run
from ses_feedback.canary.settings import CanarySettings
from ses_feedback.table import encode, make_client

from tests.handlers.conftest import LambdaContext
from tests.handlers.fake_dynamodb import client_error
from tests.tables import create_tables

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/blocked"
SENDER = "ses-feedback-canary@shop.example"
BOUNCE, COMPLAINT = (f"{kind}+canary-shop-1a2b3c4d@simulator.amazonses.com" for kind in ("bounce", "complaint"))
ADDRESSES = {"bounce-shop": BOUNCE, "complaint-shop": COMPLAINT}
SETTINGS = CanarySettings(SENDER, ADDRESSES, TABLE, 300, "eu-west-1")
ONE_PIPELINE = CanarySettings(SENDER, {"bounce-shop": BOUNCE}, TABLE, 300, "eu-west-1")
THROTTLED = client_error("GetItem", "ThrottlingException")
DENIED = client_error("GetItem", "AccessDeniedException")
REJECTED = client_error("SendEmail", "MessageRejected")


@dataclass
class World:
    """SES, the blocked table, and a clock that only sleeping moves."""

    block_after: float | None = 2.0
    """Seconds from sending until the function has blocked the address; None: it never does."""
    refusals: dict[str, list[ClientError | BotoCoreError]] = field(default_factory=dict)
    """What SES answers first, by address; the last one for good if `for_good`."""
    for_good: bool = False
    read_errors: list[ClientError | BotoCoreError] = field(default_factory=list)
    """What DynamoDB answers first."""
    now: float = 1_000.0
    calls: list[tuple[float, str, Any]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Items of the time before the run."""
    sent: dict[str, tuple[str, float]] = field(default_factory=dict)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send_email(self, **request: Any) -> dict[str, Any]:
        self.calls.append((self.now, "SendEmail", request))
        (address,) = request["Destination"]["ToAddresses"]
        if refusals := self.refusals.get(address):
            raise refusals[0] if self.for_good and len(refusals) == 1 else refusals.pop(0)
        self.sent[address] = (f"message-{len(self.calls)}", self.now)
        return {"MessageId": self.sent[address][0]}

    def get_item(self, **request: Any) -> dict[str, Any]:
        self.calls.append((self.now, "GetItem", request))
        if self.read_errors:
            raise self.read_errors.pop(0)
        address = request["Key"]["value"]["S"]
        message_id, sent_at = self.sent[address]
        item = self.items.get(address)
        if self.block_after is not None and self.now >= sent_at + self.block_after:
            item = {"message_id": message_id, "blocked_at": "2026-11-24T10:00:00.000Z"}
        return {"Item": encode(item)} if item else {}

    def run(self, settings: CanarySettings = SETTINGS) -> dict[str, Mail]:
        client: Any = self
        return {mail.pipeline: mail for mail in run(settings, client, client, clock=self.clock, sleep=self.sleep)}


def test_each_pipeline_gets_a_mail_and_the_seconds_until_its_block() -> None:
    world = World(block_after=7.0)
    mails = world.run()
    assert {name: mail.message_id for name, mail in mails.items()} == {
        name: world.sent[address][0] for name, address in ADDRESSES.items()
    }
    for mail in mails.values():
        assert mail.seconds is not None
        assert 7.0 <= mail.seconds <= 7.0 + 2 * PAUSE_SECONDS
        assert (mail.failed, mail.problem) == (False, "")
    requests = [request for _, name, request in world.calls if name == "SendEmail"]
    assert [(request["Source"], request["Destination"]) for request in requests] == [
        (SENDER, {"ToAddresses": [address]}) for address in ADDRESSES.values()
    ]
    assert all("ConfigurationSetName" not in request for request in requests)


def test_it_sends_by_the_configuration_set_of_its_source() -> None:
    world = World()
    world.run(CanarySettings(SENDER, ADDRESSES, TABLE, 300, "eu-west-1", "main"))
    assert {call[2]["ConfigurationSetName"] for call in world.calls if call[1] == "SendEmail"} == {"main"}


def test_it_reads_the_newest_item_of_its_own_address_by_the_tables_arn() -> None:
    world = World()
    world.run(ONE_PIPELINE)
    (request,) = {json.dumps(request, sort_keys=True) for _, name, request in world.calls if name == "GetItem"}
    assert json.loads(request) == {
        "TableName": TABLE,
        "Key": {"value": {"S": BOUNCE}},
        "ConsistentRead": True,
        "ProjectionExpression": "message_id, blocked_at",
    }


def test_the_block_of_an_earlier_mail_proves_nothing() -> None:
    earlier = {"message_id": "of-yesterday", "blocked_at": "2026-11-23T10:00:00.000Z"}
    mail = World(block_after=None, items={BOUNCE: earlier}).run(ONE_PIPELINE)["bounce-shop"]
    assert (mail.failed, mail.seconds) == (True, None)
    assert mail.problem == "only an earlier mail is known, with feedback of 2026-11-23T10:00:00.000Z"
    assert not World(items={BOUNCE: earlier}).run(ONE_PIPELINE)["bounce-shop"].failed


def test_a_block_that_does_not_come_fails_after_the_time_out_and_not_before() -> None:
    world = World(block_after=None)
    mails = world.run()
    assert {mail.problem for mail in mails.values()} == {"no mail to this address ever blocked it"}
    for mail in mails.values():
        assert mail.failed
        assert 0 <= world.now - (mail.sent_at + 300) <= 4 * PAUSE_SECONDS
    assert not World(block_after=299.0).run(ONE_PIPELINE)["bounce-shop"].failed


def test_one_pipeline_fails_alone() -> None:
    world = World(refusals={COMPLAINT: [REJECTED]}, for_good=True)
    mails = world.run()
    assert mails["bounce-shop"].seconds is not None
    assert (mails["complaint-shop"].failed, mails["complaint-shop"].problem) == (True, "SendEmail: MessageRejected")


def test_what_ses_refuses_at_first_is_sent_again_for_half_a_minute() -> None:
    late_right = World(refusals={BOUNCE: [DENIED, DENIED, ReadTimeoutError(endpoint_url="https://ses")]})
    assert not late_right.run(ONE_PIPELINE)["bounce-shop"].failed
    refused = World(refusals={BOUNCE: [REJECTED]}, for_good=True)
    assert refused.run(ONE_PIPELINE)["bounce-shop"].failed
    assert SEND_SECONDS <= refused.now - 1_000.0 <= SEND_SECONDS + 2 * PAUSE_SECONDS
    assert {name for _, name, _ in refused.calls} == {"SendEmail"}


def test_a_throttled_or_denied_read_ends_nothing() -> None:
    world = World(read_errors=[THROTTLED, DENIED, ReadTimeoutError(endpoint_url="https://dynamodb")])
    assert not world.run(ONE_PIPELINE)["bounce-shop"].failed
    denied = World(read_errors=[DENIED] * 1_000)
    mail = denied.run(ONE_PIPELINE)["bounce-shop"]
    assert (mail.failed, mail.problem) == (True, "GetItem: AccessDeniedException")


def test_it_calls_once_a_second_at_most() -> None:
    world = World(block_after=20.0)
    world.run()
    times = [at for at, _, _ in world.calls]
    assert all(later - earlier >= PAUSE_SECONDS for earlier, later in pairwise(times))


@given(
    block_after=st.none() | st.floats(0, 400),
    refusals=st.integers(0, 60),
    read_errors=st.integers(0, 400),
    timeout=st.integers(30, 840),
)
def test_it_always_ends_in_time_with_a_result(
    block_after: float | None, refusals: int, read_errors: int, timeout: int
) -> None:
    world = World(block_after, {BOUNCE: [REJECTED] * refusals}, read_errors=[THROTTLED] * read_errors)
    settings = CanarySettings(SENDER, ADDRESSES, TABLE, timeout, "eu-west-1")
    mails = world.run(settings)
    assert world.now - 1_000.0 <= SEND_SECONDS + timeout + 6 * PAUSE_SECONDS
    for mail in mails.values():
        assert mail.failed == (mail.seconds is None) == bool(mail.problem)
        assert mail.seconds is None or block_after is not None


def test_on_moto_the_item_of_the_mail_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        dynamodb, ses = make_client(TABLE, 1), make_ses_client("eu-west-1")
        create_tables(dynamodb)
        ses.verify_domain_identity(Domain="shop.example")
        backend = ses_backends["123456789012"]["eu-west-1"]

        def block(_seconds: float) -> None:
            for message in backend.sent_messages:
                (address,) = message.destinations["ToAddresses"]
                item = encode({"value": address, "message_id": message.id, "blocked_at": "2026-11-24T10:00:00.000Z"})
                dynamodb.put_item(TableName="blocked", Item=item)

        mails = run(SETTINGS, ses, dynamodb, sleep=block)
        assert [(mail.pipeline, mail.failed) for mail in mails] == [(name, False) for name in ADDRESSES]
        assert {mail.message_id for mail in mails} == {message.id for message in backend.sent_messages}


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[World], Any]:
    """Runs the handler; gives its response and what it printed."""

    def invoke_in(world: World) -> tuple[dict[str, Any], str]:
        client: Any = world
        monkeypatch.setattr(handler_module, "_service", lambda: (SETTINGS, client, client))
        monkeypatch.setattr(
            handler_module,
            "run",
            lambda settings, ses, dynamodb: run(settings, ses, dynamodb, clock=world.clock, sleep=world.sleep),
        )
        monkeypatch.setattr(handler_module.logger.registered_handler, "stream", sys.stdout)
        context: Any = LambdaContext()
        response = handler_module.lambda_handler({}, context)
        return response, capsys.readouterr().out

    return invoke_in


def metrics_of(output: str) -> dict[str, dict[str, list[float]]]:
    """The published metrics by pipeline and name; the dimensions are those of the alarms."""
    found: dict[str, dict[str, list[float]]] = {}
    for line in map(json.loads, output.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "SesFeedback"
            assert sorted(directive["Dimensions"][0]) == ["pipeline", "service"]
            found[line["pipeline"]] = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    return found


def test_the_metrics_say_how_many_seconds_or_that_it_failed(invoke: Callable[[World], Any]) -> None:
    response, output = invoke(World(block_after=5.0, refusals={COMPLAINT: [REJECTED]}, for_good=True))
    seconds = response["bounce-shop"]["seconds"]
    assert metrics_of(output) == {
        "bounce-shop": {"CanaryFailed": [0.0], "CanarySeconds": [seconds]},
        "complaint-shop": {"CanaryFailed": [1.0]},
    }
    assert response == {
        "bounce-shop": {"seconds": seconds, "problem": None},
        "complaint-shop": {"seconds": None, "problem": "SendEmail: MessageRejected"},
    }


def test_the_log_names_pipeline_mail_and_reason_and_nothing_personal(invoke: Callable[[World], Any]) -> None:
    _, output = invoke(World(block_after=None, refusals={COMPLAINT: [REJECTED]}, for_good=True))
    lines = [line for line in map(json.loads, output.splitlines()) if "_aws" not in line]
    assert [(line["level"], line["message"], line["pipeline"], line["reason"]) for line in lines] == [
        ("ERROR", "canary failed", "bounce-shop", "no mail to this address ever blocked it"),
        ("ERROR", "canary failed", "complaint-shop", "SendEmail: MessageRejected"),
    ]
    assert lines[0]["message_id"].startswith("message-")
    assert re.findall(r"\S+@\S+", output) == []  # AWS's errors of these tests mention an address


ENVIRONMENT = {
    "SENDER": SENDER,
    "ADDRESSES": json.dumps(ADDRESSES),
    "BLOCKED_TABLE_ARN": TABLE,
    "TIMEOUT_SECONDS": "300",
    "AWS_REGION": "eu-west-1",
}


def test_the_settings_are_those_of_the_environment() -> None:
    assert CanarySettings.read(ENVIRONMENT) == SETTINGS
    assert CanarySettings.read(ENVIRONMENT | {"CONFIGURATION_SET": "main"}).configuration_set == "main"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in ENVIRONMENT),
        ("SENDER", "shop.example"),
        ("ADDRESSES", "{}"),
        ("ADDRESSES", "bounce@simulator.amazonses.com"),
        ("ADDRESSES", '{"bounce-shop": 1}'),
        ("BLOCKED_TABLE_ARN", "blocked"),
        ("TIMEOUT_SECONDS", "5m"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str | None) -> None:
    environment = {key: text for key, text in {**ENVIRONMENT, name: value}.items() if text is not None}
    with pytest.raises(
        ValueError, match=rf"^{name} is {re.escape(repr(value) if name != 'ADDRESSES' else repr(value or ''))}"
    ):
        CanarySettings.read(environment)
