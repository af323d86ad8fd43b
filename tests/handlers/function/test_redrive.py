"""Redrive without a person: what goes back, how fast, and when it stops. With queues in memory (fake_queues.py).

Not tested: that the counts of SQS are as exact as here; they are approximate, and up to a minute old.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from ses_feedback.function.handler import lambda_handler
from ses_feedback.function.settings import SettingsError

from tests.handlers.conftest import LambdaContext
from tests.handlers.function.fake_queues import (
    DEAD_LETTERS,
    QUEUE,
    START,
    SUBSCRIPTION_DEAD_LETTERS,
    FakePipeline,
    install,
)
from tests.handlers.function.test_dead_letters import attributes, notification, partly_unreadable, refuse
from tests.properties import profile_times

FIRST_SENT = "1795000000000"


def process_all(pipeline: FakePipeline) -> None:
    while pipeline.invoke() is not None:
        pass


@pytest.fixture
def sizes(pipeline: FakePipeline) -> list[int]:
    """The number of messages in the queue whenever the redrive sleeps, before the function processes them all."""
    sizes: list[int] = []

    def process() -> None:
        sizes.append(len(pipeline.sqs.bodies(QUEUE)))
        process_all(pipeline)

    pipeline.while_redrive_sleeps = process
    return sizes


def test_the_dead_letters_of_an_outage_go_back_in_growing_steps(pipeline: FakePipeline, sizes: list[int]) -> None:
    for number in range(130):
        pipeline.sqs.put(DEAD_LETTERS, notification(number), Reason="refused", Problem="x")
    assert pipeline.redrive() == {"moved": 130, "in_both": 0, "end": "all moved"}
    assert sizes == [1, 10, 100]  # and the last 19 after these
    process_all(pipeline)
    assert len(pipeline.blocked()) == 130
    assert pipeline.sqs.queues == {QUEUE: [], DEAD_LETTERS: [], SUBSCRIPTION_DEAD_LETTERS: []}


def test_both_dead_letter_queues_go_back(pipeline: FakePipeline, sizes: list[int]) -> None:
    pipeline.sqs.put(DEAD_LETTERS, notification(1))
    pipeline.sqs.put(SUBSCRIPTION_DEAD_LETTERS, notification(2))
    assert (pipeline.redrive() or {})["moved"] == 2
    assert sizes == [1]


def test_a_message_goes_back_with_its_time_and_without_its_reason(pipeline: FakePipeline) -> None:
    letter = pipeline.sqs.put(DEAD_LETTERS, notification(1), Reason="refused", Problem="x", SentTimestamp=FIRST_SENT)
    letter.attributes["Team"] = {"DataType": "Binary", "BinaryValue": b"mail"}
    pipeline.redrive()
    (message,) = pipeline.sqs.queues[QUEUE]
    assert attributes(message) == {"Redriven": "1", "SentTimestamp": FIRST_SENT, "Team": ""}
    assert message.attributes["Team"]["BinaryValue"] == b"mail"


def test_what_sqs_moved_has_the_time_at_which_it_was_sent(pipeline: FakePipeline) -> None:
    pipeline.sqs.put(DEAD_LETTERS, notification(1))
    pipeline.advance(600)
    pipeline.redrive()
    (message,) = pipeline.sqs.queues[QUEUE]
    assert message.attribute("SentTimestamp") == str(round(START.timestamp() * 1_000))


@pytest.mark.parametrize(
    ("body", "others"),
    [
        (notification(1), {"Reason": "unreadable"}),
        (notification(1), {"Reason": "refused", "Redriven": "1"}),
        (notification(1), {"Redriven": "1"}),
        ("7", {}),
    ],
)
def test_what_would_come_back_or_did_stays_visible(
    pipeline: FakePipeline, sizes: list[int], body: str, others: dict[str, str]
) -> None:
    letter = pipeline.sqs.put(DEAD_LETTERS, body, **others)
    pipeline.advance(2 * 3_600)  # past the pause after a message that came back
    pipeline.sqs.put(DEAD_LETTERS, notification(2))
    assert (pipeline.redrive() or {})["moved"] == 1
    assert pipeline.sqs.queues[DEAD_LETTERS] == [letter]
    assert letter.visible_at <= pipeline.sqs.now
    assert sizes == [1]


def test_what_is_readable_in_part_goes_back_once(pipeline: FakePipeline) -> None:
    pipeline.sqs.put(DEAD_LETTERS, partly_unreadable(1))
    pipeline.while_redrive_sleeps = lambda: process_all(pipeline)
    assert (pipeline.redrive() or {})["moved"] == 1
    assert pipeline.blocked() == {"address-1@example.org"}
    (letter,) = pipeline.sqs.queues[DEAD_LETTERS]
    assert (letter.attribute("Reason"), letter.attribute("Redriven")) == ("unreadable", "1")
    pipeline.advance(2 * 3_600)
    assert (pipeline.redrive() or {})["moved"] == 0


def test_while_the_outage_lasts_one_message_goes_back_at_a_time(pipeline: FakePipeline) -> None:
    refuse(pipeline)
    for number in range(50):
        pipeline.sqs.put(DEAD_LETTERS, notification(number), Reason="refused")
    pipeline.while_redrive_sleeps = lambda: process_all(pipeline)
    assert pipeline.redrive() == {"moved": 1, "in_both": 0, "end": "the queue does not drain"}
    assert len(pipeline.sqs.bodies(DEAD_LETTERS)) == 49
    assert all(message.visible_at <= pipeline.sqs.now for message in pipeline.sqs.queues[DEAD_LETTERS])


def test_nothing_goes_back_into_a_backlog(pipeline: FakePipeline) -> None:
    for number in range(101):
        pipeline.sqs.put(QUEUE, notification(number))
    pipeline.sqs.put(DEAD_LETTERS, notification(200))
    assert pipeline.redrive() == {"moved": 0, "in_both": 0, "end": "the queue has a backlog"}


def test_traffic_that_is_processed_does_not_hold_it_up(pipeline: FakePipeline) -> None:
    for number in range(20):
        pipeline.sqs.put(QUEUE, notification(number))
        pipeline.sqs.put(DEAD_LETTERS, notification(100 + number))

    def traffic() -> None:
        process_all(pipeline)
        for number in range(20):
            pipeline.sqs.put(QUEUE, notification(number))

    pipeline.while_redrive_sleeps = traffic
    assert pipeline.redrive() == {"moved": 20, "in_both": 0, "end": "all moved"}


def test_it_stops_when_a_redriven_message_is_a_dead_letter_again(pipeline: FakePipeline) -> None:
    """A fault of the function itself, say, which reading the message does not show. With few enough dead letters that
    it is seen; among many it is seen late, since SQS returns older messages first."""
    for number in range(15):
        pipeline.sqs.put(DEAD_LETTERS, notification(number), Reason="refused")

    def send_to_dead_letters() -> None:
        for message in pipeline.sqs.queues[QUEUE]:
            pipeline.sqs.put(DEAD_LETTERS, message.body, Redriven="1")
        pipeline.sqs.queues[QUEUE] = []

    pipeline.while_redrive_sleeps = send_to_dead_letters
    result = pipeline.redrive() or {}
    assert result["end"] == "a redriven message is a dead letter again"
    assert result["moved"] == 11  # with the step in which it was seen
    pipeline.advance(900)
    result = pipeline.redrive() or {}
    assert (result["moved"], result["end"]) == (1, "a redriven message is a dead letter again")


def test_it_ends_with_its_time(pipeline: FakePipeline) -> None:
    for number in range(50):
        pipeline.sqs.put(DEAD_LETTERS, notification(number))
    pipeline.sqs.before = lambda *_: pipeline.advance(1)
    result = pipeline.redrive(seconds=8) or {}
    assert result["end"] == "no time left"
    assert (pipeline.sqs.now - START).total_seconds() <= 8
    assert all(message.visible_at <= pipeline.sqs.now for message in pipeline.sqs.queues[DEAD_LETTERS])


def test_empty_queues_cost_two_calls(pipeline: FakePipeline) -> None:
    assert pipeline.redrive() == {"moved": 0, "in_both": 0, "end": "all moved"}
    assert pipeline.sqs.calls == ["attributes subscription-dead-letters", "attributes dead-letters"]


@pytest.mark.parametrize("operation", ["attributes", "receive", "send", "delete"])
def test_an_error_of_sqs_ends_it_and_is_named(pipeline: FakePipeline, operation: str) -> None:
    pipeline.sqs.put(DEAD_LETTERS, notification(1))
    pipeline.sqs.before = lambda name, _: "denied" if name == operation else None
    result = pipeline.redrive() or {}
    assert "AccessDeniedException" in result["end"]
    assert (result["moved"], result["in_both"]) == (0, 1 if operation == "delete" else 0)
    assert pipeline.sqs.bodies(DEAD_LETTERS) == [notification(1)]


def test_what_cannot_be_deleted_stops_it_before_more_is_in_both_queues(
    pipeline: FakePipeline, sizes: list[int]
) -> None:
    for number in range(50):
        pipeline.sqs.put(DEAD_LETTERS, notification(number))
    pipeline.sqs.before = lambda name, _: "partial" if name == "delete" else None
    assert pipeline.redrive() == {"moved": 0, "in_both": 1, "end": "DeleteMessageBatch failed"}
    assert sizes == []


def test_dead_letters_are_not_hidden_for_so_long_that_their_alarm_goes_back(pipeline: FakePipeline) -> None:
    """The alarm looks at the visible ones of five minutes, and a function may have fifteen."""
    letter = pipeline.sqs.put(DEAD_LETTERS, notification(1), Reason="unreadable")
    pipeline.sqs.put(DEAD_LETTERS, notification(2))
    hidden: list[float] = []
    pipeline.while_redrive_sleeps = lambda: hidden.append((letter.visible_at - START).total_seconds())
    assert (pipeline.redrive(seconds=900) or {})["end"] == "the queue does not drain"
    assert max(hidden) < 300
    assert (pipeline.sqs.now - START).total_seconds() < 300


def test_many_messages_that_stay_are_released_as_long_as_there_is_time(pipeline: FakePipeline) -> None:
    """SQS makes the others visible when their visibility timeout ends; a function that is killed would run again."""
    for number in range(400):
        pipeline.sqs.put(DEAD_LETTERS, notification(number), Reason="unreadable")
    seconds = {"receive": 0.1, "change": 2.5}
    pipeline.sqs.before = lambda name, _: pipeline.advance(seconds.get(name, 0.0))
    pipeline.redrive(seconds=30)
    assert (pipeline.sqs.now - START).total_seconds() < 30


def test_unreadable_messages_do_not_keep_it_from_the_other_queue(pipeline: FakePipeline) -> None:
    """There may be more of them than it can look at in its time."""
    for number in range(1_000):
        pipeline.sqs.put(DEAD_LETTERS, notification(number), Reason="unreadable")
    pipeline.sqs.put(SUBSCRIPTION_DEAD_LETTERS, notification(2_000))
    pipeline.sqs.before = lambda name, _: pipeline.advance(0.5 if name == "receive" else 0.0)
    assert (pipeline.redrive() or {})["moved"] == 1


def test_logs_and_metrics_count_and_say_nothing_personal(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.sqs.put(DEAD_LETTERS, notification(1))
    pipeline.redrive()
    output = capsys.readouterr().out
    lines = [json.loads(line) for line in output.splitlines()]
    (line,) = (line for line in lines if line.get("message") == "dead letters redriven")
    assert (line["moved"], line["end"]) == (1, "the queue does not drain")
    (metric,) = (line for line in lines if "Redriven" in line)
    assert metric["Redriven"] == [1]
    assert "@" not in output


@pytest.mark.usefixtures("function")
def test_without_the_queues_there_is_no_redrive() -> None:
    with pytest.raises(SettingsError, match="QUEUE_URL is not set"):
        lambda_handler({"redrive": True}, LambdaContext())  # type: ignore[arg-type]


@profile_times(0.5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["refused", "unreadable", "", "redriven"]), max_size=40),
    st.lists(st.booleans(), max_size=60),
    st.integers(1, 6),
)
def test_each_message_goes_back_at_most_once(
    monkeypatch: pytest.MonkeyPatch, environment: object, reasons: list[str], refused: list[bool], runs: int
) -> None:
    """However often the schedule runs, and whatever DynamoDB refuses meanwhile."""
    assert environment
    pipeline = FakePipeline()
    install(pipeline, monkeypatch)
    sent: list[str] = []

    def note_what_is_sent(operation: str, parameters: dict[str, Any]) -> None:
        if operation == "send" and parameters["QueueUrl"] == QUEUE:
            sent.extend(entry["MessageBody"] for entry in parameters["Entries"])

    for number, reason in enumerate(reasons):
        others = {"Redriven": "1"} if reason == "redriven" else {"Reason": reason} if reason else {}
        pipeline.sqs.put(DEAD_LETTERS, notification(number), **others)
    next_refused = iter(refused)
    pipeline.dynamodb.before = lambda _: "denied" if next(next_refused, False) else None
    pipeline.sqs.before = note_what_is_sent
    pipeline.while_redrive_sleeps = lambda: process_all(pipeline)
    for _ in range(runs):
        pipeline.advance(2 * 3_600)
        pipeline.redrive()
    assert len(sent) == len(set(sent))
    movable = {notification(number) for number, reason in enumerate(reasons) if reason in {"refused", ""}}
    assert set(sent) <= movable
