"""Records that were not processed: in the dead-letter queue with a reason, or delayed, and never lost.

Not tested: the rights that AWS asks for, and its limits beyond those in fake_queues.py.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from ses_feedback import table as table_module
from ses_feedback.function import handler as handler_module
from ses_feedback.function import queue_messages
from ses_feedback.function.dead_letters import dead_letter, redriven
from ses_feedback.function.queue_messages import (
    BATCH_BYTES_LIMIT,
    Message,
    batches,
    lambda_message,
    receive_messages,
    send_entries,
)
from ses_feedback.history.writer import HistoryWriter

from tests.handlers.conftest import REGION, Function, LambdaContext
from tests.handlers.corpus import EVENTS, examples
from tests.handlers.fake_dynamodb import FAULTS, FakeDynamoDB
from tests.handlers.function.fake_queues import (
    DEAD_LETTERS,
    QUEUE,
    START,
    SUBSCRIPTION_DEAD_LETTERS,
    VISIBILITY_TIMEOUT_SECONDS,
    FakePipeline,
    install,
)
from tests.handlers.function.test_function import bounce
from tests.properties import profile_times

START_MS = str(round(START.timestamp() * 1_000))
REFUSED = "BatchGetItem: AccessDeniedException"


def notification(number: int) -> str:
    return json.dumps(bounce(f"address-{number}@example.org", number))


def partly_unreadable(number: int) -> str:
    message = bounce(f"address-{number}@example.org", number)
    message["bounce"]["bouncedRecipients"].append({"emailAddress": "no address"})
    message["mail"]["destination"].append("other@example.org")
    return json.dumps(message)


BODIES: dict[str, Callable[[int], str]] = {
    "readable": notification,
    "unreadable": str,
    "partly": partly_unreadable,
}


def refuse(pipeline: FakePipeline) -> None:
    pipeline.dynamodb.before = lambda _: "denied"


def attributes(message: Any) -> dict[str, str]:
    return {name: message.attribute(name) for name in message.attributes}


def test_what_cannot_be_read_is_a_dead_letter_after_one_invocation(pipeline: FakePipeline) -> None:
    pipeline.sqs.put(QUEUE, notification(1))
    poison = pipeline.sqs.put(QUEUE, "7", Team="mail")
    poison.attributes["Key"] = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    assert pipeline.invoke() == []
    assert pipeline.blocked() == {"address-1@example.org"}
    (letter,) = pipeline.sqs.queues[DEAD_LETTERS]
    assert letter.body == "7"
    assert attributes(letter) == {
        "Reason": "unreadable",
        "Problem": "a JSON object is expected, this is a number",
        "SentTimestamp": START_MS,
        "Team": "mail",
        "Key": "",
    }
    assert letter.attributes["Key"] == {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    assert letter.attributes["SentTimestamp"]["DataType"] == "Number"
    assert pipeline.sqs.calls == ["send dead-letters"]


def test_what_can_be_read_of_it_is_recorded_first(pipeline: FakePipeline) -> None:
    pipeline.sqs.put(QUEUE, partly_unreadable(1))
    refuse(pipeline)
    assert pipeline.invoke() == ["id-1"]
    assert pipeline.sqs.bodies(DEAD_LETTERS) == []
    pipeline.dynamodb.before = lambda _: None
    pipeline.advance(60)
    assert pipeline.invoke() == []
    assert pipeline.blocked() == {"address-1@example.org"}
    (letter,) = pipeline.sqs.queues[DEAD_LETTERS]
    assert letter.attribute("Reason") == "unreadable"


def test_what_aws_refuses_comes_back_later_each_time(pipeline: FakePipeline) -> None:
    message = pipeline.sqs.put(QUEUE, notification(1))
    refuse(pipeline)
    for expected in (30, 60, 120, 240):
        assert pipeline.invoke() == ["id-1"]
        delay = (message.visible_at - pipeline.sqs.now).total_seconds()
        assert 0.8 * expected <= delay <= 1.2 * expected
        pipeline.advance(delay)
    assert pipeline.sqs.bodies(DEAD_LETTERS) == []


def test_what_aws_refuses_until_retention_ends_is_a_dead_letter_then(pipeline: FakePipeline) -> None:
    message = pipeline.sqs.put(QUEUE, notification(1))
    refuse(pipeline)
    while pipeline.sqs.queues[QUEUE]:
        assert pipeline.sqs.bodies(DEAD_LETTERS) == []
        pipeline.advance(max(0.0, (message.visible_at - pipeline.sqs.now).total_seconds()))
        pipeline.invoke()
    (letter,) = pipeline.sqs.queues[DEAD_LETTERS]
    assert message.receive_count < 150
    assert timedelta(days=6, hours=15) < letter.sent_at - START < timedelta(days=6, hours=18)
    assert attributes(letter) == {"Reason": "refused", "Problem": REFUSED, "SentTimestamp": START_MS}


def test_a_failure_of_sqs_leaves_the_record_to_the_queue(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    poison, refused = pipeline.sqs.put(QUEUE, "7"), pipeline.sqs.put(QUEUE, notification(1))
    refuse(pipeline)
    pipeline.sqs.before = lambda *_: "denied"
    assert pipeline.invoke() == ["id-1", "id-2"]
    back_at = START + timedelta(seconds=VISIBILITY_TIMEOUT_SECONDS)
    assert (poison.visible_at, refused.visible_at) == (back_at, back_at)
    output = capsys.readouterr().out
    assert "SendMessageBatch: AccessDeniedException" in output
    assert "ChangeMessageVisibilityBatch: AccessDeniedException" in output
    assert "@" not in output


def test_poison_that_cannot_be_sent_is_moved_by_sqs_in_the_end(pipeline: FakePipeline) -> None:
    pipeline.sqs.put(QUEUE, "7")
    pipeline.sqs.before = lambda *_: "denied"
    for _ in range(1_001):
        pipeline.invoke()
        pipeline.advance(VISIBILITY_TIMEOUT_SECONDS)
    assert (pipeline.sqs.bodies(QUEUE), pipeline.sqs.bodies(DEAD_LETTERS)) == ([], ["7"])


def test_only_what_sqs_acknowledged_is_acknowledged(pipeline: FakePipeline) -> None:
    for body in ("0", "1", "2", "3"):
        pipeline.sqs.put(QUEUE, body)
    pipeline.sqs.before = lambda *_: "partial"
    assert pipeline.invoke() == ["id-1", "id-3"]
    assert pipeline.sqs.bodies(DEAD_LETTERS) == ["1", "3"]


def test_a_batch_of_many_is_settled_in_calls_of_ten(pipeline: FakePipeline) -> None:
    refuse(pipeline)
    for number in range(25):
        pipeline.sqs.put(QUEUE, "7")
        pipeline.sqs.put(QUEUE, notification(number))
    assert len(pipeline.invoke(limit=50) or ()) == 25
    assert len(pipeline.sqs.bodies(DEAD_LETTERS)) == 25
    assert pipeline.sqs.calls == ["send dead-letters"] * 3 + ["change queue"] * 3


def test_without_the_queues_everything_is_left_to_the_queue(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_to_make() -> None:
        raise AssertionError("no client of SQS is made")

    monkeypatch.setattr(handler_module, "_sqs", refuse_to_make)
    assert function.send("7", bounce()) == ["0"]


def test_no_client_of_sqs_is_made_while_nothing_fails(pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(handler_module, "_sqs")
    pipeline.sqs.put(QUEUE, notification(1))
    assert pipeline.invoke() == []


def test_the_answer_comes_before_the_time_is_over(
    function: Function,
    environment: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However slow SQS is."""

    class SlowSqs:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            time.sleep(3)
            return {}

    for name in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL"):
        environment(name, "https://sqs/queue")
    monkeypatch.setattr(handler_module, "_sqs", SlowSqs)
    started = time.monotonic()
    assert function.send("7", bounce(), seconds=2.0) == ["0"]
    assert time.monotonic() - started < 2
    assert "no time left for 1 calls of SQS" in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_a_slow_table_leaves_time_for_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = FakePipeline()
    client: Any = FakeDynamoDB(pipeline.store, lambda _: time.sleep(3))
    history = HistoryWriter("blocked", "history", client)
    monkeypatch.setattr(handler_module, "_service", lambda: (pipeline.settings, history))
    monkeypatch.setattr(handler_module, "_sqs", lambda: pipeline.sqs)
    pipeline.sqs.before = lambda *_: time.sleep(0.1)
    assert Function(client).send(bounce(), "7", seconds=3.0) == ["0"]
    assert pipeline.sqs.bodies(DEAD_LETTERS) == ["7"]


def test_metrics_tell_dead_letters_from_what_comes_back(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.sqs.put(QUEUE, "7")
    pipeline.sqs.put(QUEUE, notification(1))
    refuse(pipeline)
    pipeline.advance(90)
    pipeline.invoke()
    (batch,) = (line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "Processed" in line)
    names = ("Processed", "Failed", "Unreadable", "DeadLetters", "RefusedAge")
    assert {name: batch[name] for name in names} == {
        "Processed": [0],
        "Failed": [1],
        "Unreadable": [1],
        "DeadLetters": [1],
        "RefusedAge": [90],
    }


def test_the_attributes_of_the_whole_corpus_have_nothing_personal(pipeline: FakePipeline) -> None:
    for entry in examples():
        if entry.body:  # SQS takes no empty message
            pipeline.sqs.put(QUEUE, entry.body)
    while pipeline.sqs.queues[QUEUE]:
        pipeline.invoke()
    letters = pipeline.sqs.queues[DEAD_LETTERS]
    assert len(letters) > 10
    texts = " ".join(value for letter in letters for value in attributes(letter).values())
    assert re.findall(r"\S+@\S+", texts.replace("name@domain or Name <name@domain>", "")) == []
    assert "Doe" not in texts


@example("x" * 257, {})
@given(
    st.text(), st.dictionaries(st.text(min_size=1), st.just({"DataType": "String", "StringValue": "x"}), max_size=12)
)
def test_sqs_takes_the_attributes_of_any_dead_letter(problem: str, others: dict[str, dict[str, str]]) -> None:
    others["Redriven"] = {"DataType": "Number", "StringValue": "1"}
    message = Message("id", "receipt", START, 3, "body", others)
    sent = dead_letter(message, "refused", problem)
    value = sent.attribute("Problem")
    assert 1 <= len(value) <= 256
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", value)
    assert len(sent.attributes) <= 10
    assert {"Reason", "Problem", "SentTimestamp", "Redriven"} <= sent.attributes.keys()
    back = redriven(sent)
    assert {"SentTimestamp", "Redriven"} <= back.attributes.keys() <= sent.attributes.keys() - {"Reason", "Problem"}


@given(st.lists(st.integers(1, BATCH_BYTES_LIMIT + 1), max_size=40))
def test_each_batch_is_one_that_sqs_takes(sizes: list[int]) -> None:
    messages = [Message(str(number), "", START, 1, "x" * size) for number, size in enumerate(sizes)]
    made = list(batches(messages))
    assert [message for batch in made for message in batch] == messages
    for batch in made:
        assert 1 <= len(batch) <= 10
        assert len(batch) == 1 or sum(message.size for message in batch) <= BATCH_BYTES_LIMIT


def test_the_time_of_the_first_delivery_stays(pipeline: FakePipeline) -> None:
    first = "1795000000000"
    pipeline.sqs.put(QUEUE, "7", SentTimestamp=first)
    pipeline.invoke()
    (letter,) = pipeline.sqs.queues[DEAD_LETTERS]
    assert letter.attribute("SentTimestamp") == first


def test_a_time_after_the_arrival_is_not_believed() -> None:
    message = lambda_message(
        {
            "messageId": "id",
            "attributes": {"SentTimestamp": START_MS},
            "messageAttributes": {"SentTimestamp": {"dataType": "Number", "stringValue": "99999999999999"}},
        },
        START,
    )
    assert message.first_sent_at == START


def test_a_feedback_without_a_possible_time_of_its_own_has_that_of_the_first_delivery(pipeline: FakePipeline) -> None:
    body = bounce("jane@example.org", timestamp="2099-01-01T00:00:00.000Z")
    body["mail"]["timestamp"] = "2026-11-20T09:59:59.012Z"
    pipeline.sqs.put(QUEUE, json.dumps(body), SentTimestamp=str(round((START.timestamp() - 86_400) * 1_000)))
    pipeline.invoke()
    assert pipeline.store.rows("blocked")[("jane@example.org",)]["blocked_at"]["S"] == "2026-11-20T09:59:59.012Z"


# In any order: a call of SQS or DynamoDB fails, the function is killed, time passes, the schedule runs.
_FAULTS = st.sampled_from([None, None, None, "partial", *FAULTS])
_STEPS = st.lists(
    st.one_of(
        st.just("invoke"), st.just("invoke, killed"), st.just("redrive"), st.sampled_from([30, 600, 7_200, 6 * 3_600])
    ),
    max_size=25,
)


@profile_times(1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(list(BODIES)), min_size=1, max_size=12),
    _STEPS,
    st.lists(_FAULTS, max_size=30),
    st.lists(
        st.sampled_from([None, "throttled", "denied", "lost response", "crash before", "crash after"]), max_size=30
    ),
)
def test_no_record_is_ever_lost(
    monkeypatch: pytest.MonkeyPatch,
    environment: object,
    kinds: list[str],
    steps: list[str | int],
    faults: list[str | None],
    table_faults: list[str | None],
) -> None:
    assert environment
    monkeypatch.setattr(table_module, "_BACKOFF_SECONDS", 0)
    pipeline = FakePipeline()
    install(pipeline, monkeypatch)
    bodies = {number: BODIES[kind](number) for number, kind in enumerate(kinds)}
    queues = [QUEUE, DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS]
    for number, body in bodies.items():
        pipeline.sqs.put(queues[number % 7 % 3], body)
    next_fault, next_table_fault = iter(faults), iter(table_faults)
    pipeline.sqs.before = lambda *_: next(next_fault, None)
    pipeline.dynamodb.before = lambda _: next(next_table_fault, None)

    def assert_none_lost() -> None:
        waiting = {body for queue in queues for body in pipeline.sqs.bodies(queue)}
        for number, body in bodies.items():
            done = kinds[number] == "readable" and f"address-{number}@example.org" in pipeline.blocked()
            assert body in waiting or done

    for step in steps:
        if isinstance(step, int):
            pipeline.advance(step)
        elif step == "redrive":
            pipeline.redrive()
        else:
            pipeline.invoke(killed=step != "invoke")
        assert_none_lost()

    # When the faults are over, everything that can be read is recorded, and only the rest are dead letters.
    pipeline.sqs.before = lambda *_: None
    pipeline.dynamodb.before = lambda _: None
    pipeline.while_redrive_sleeps = pipeline.invoke
    for _ in range(len(kinds) + 1):
        pipeline.advance(3 * 3_600)  # longer than any delay, and than the pause of the redrive
        while pipeline.invoke() is not None:
            pass
        pipeline.redrive()
    assert_none_lost()
    readable = {number for number, kind in enumerate(kinds) if kind != "unreadable"}
    assert pipeline.blocked() == {f"address-{number}@example.org" for number in readable}
    assert pipeline.sqs.bodies(QUEUE) == []


@pytest.fixture
def moto_queues(
    function: Function,  # noqa: ARG001 - it starts moto
    environment: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Any, list[str]]:
    """A client, and the URLs of the queues that the function has."""
    monkeypatch.setattr(queue_messages, "WAIT_SECONDS", 0)
    client = boto3.client("sqs", region_name="eu-west-1")
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "dead", "subscription-dead")]
    names = ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL")
    for name, url in zip(names, urls, strict=True):
        environment(name, url)
    return client, urls


def test_on_moto_a_dead_letter_has_body_and_attributes(function: Function, moto_queues: tuple[Any, list[str]]) -> None:
    """The requests themselves, made by botocore; moto checks them as far as it does."""
    client, urls = moto_queues
    assert function.send("7", (EVENTS / "permanent-general-identity.json").read_text()) == []
    (letter,) = receive_messages(client, urls[1])
    assert (letter.body, letter.attribute("Reason")) == ("7", "unreadable")
    assert letter.attribute("SentTimestamp") == "1795168801123"


def test_on_moto_what_was_refused_is_delayed_and_redriven(moto_queues: tuple[Any, list[str]]) -> None:
    client, (url, dead_letter_url, _) = moto_queues
    client.send_message(QueueUrl=url, MessageBody=notification(1))
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName="history")
    (message,) = receive_messages(client, url, visibility_timeout_seconds=0)
    record = {"messageId": message.id, "receiptHandle": message.receipt_handle, "body": message.body}
    response = handler_module.lambda_handler({"Records": [record]}, LambdaContext())  # type: ignore[arg-type]
    assert response == {"batchItemFailures": [{"itemIdentifier": message.id}]}
    assert receive_messages(client, url) == []
    letter = dead_letter(message, "refused", "x")
    client.send_message_batch(QueueUrl=dead_letter_url, Entries=send_entries([letter]))
    client.purge_queue(QueueUrl=url)
    result = handler_module.lambda_handler({"redrive": True}, LambdaContext(3))  # type: ignore[arg-type]
    assert result == {"moved": 1, "in_both": 0, "end": "the queue does not drain"}
    (back,) = receive_messages(client, url)
    assert (back.body, back.attribute("Redriven"), back.attribute("Reason")) == (message.body, "1", "")
    assert receive_messages(client, dead_letter_url) == []
