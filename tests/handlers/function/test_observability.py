"""Logs and metrics of the function: enough to follow a feedback, and nothing about a person."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ses_feedback.function import batch as batch_module
from ses_feedback.function import handler as handler_module
from ses_feedback.function.settings import Settings
from ses_feedback.history.writer import HistoryWriter

from tests.handlers.conftest import Function
from tests.handlers.corpus import EVENTS, examples
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store, client_error

_FORM = "it is not of the form name@domain or Name <name@domain>"
_STATED_PRIVATE = (
    "Doe",
    "Your order",
    "Subject",
    "no-reply",
    "smtp;",
    "user unknown",
    "mailbox over quota",
    "192.0.2.1",
)


def log_lines(output: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, output.splitlines())


def private_texts() -> set[str]:
    """Addresses, their parts, display names, subjects and diagnostics of the whole corpus, as they are in it."""
    texts = set(_STATED_PRIVATE)
    for example in examples():
        for name, value in re.findall(r'"(emailAddress|diagnosticCode|subject)": "((?:[^"\\]|\\.)*)"', example.body):
            plain = json.loads(f'"{value}"')
            texts |= {plain} | (set(re.findall(r"[\w.+'/-]+@[\w.-]+", plain)) if name == "emailAddress" else set())
        texts |= {judgement.split(" ")[0] for judgement in example.feedback()}
    return {text for text in texts if len(text) > 3 and text != "unknown"}


def test_the_whole_corpus_leaves_nothing_personal_behind(
    function: Function, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bodies = [example.body for example in examples()]
    for start in range(0, len(bodies), 10):
        function.send(*bodies[start : start + 10])
    captured = capsys.readouterr()
    output = (captured.out + captured.err + caplog.text).replace(_FORM, "")
    assert output.count("feedback judged") > 100
    assert [text for text in private_texts() if text in output] == []
    assert re.findall(r"\S+@\S+", output) == []


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, environment: object) -> FakeDynamoDB:
    """The function on tables that answer as the test says; the errors mention an address, as AWS's may."""
    assert environment
    client: Any = FakeDynamoDB(Store())
    settings = Settings("blocked", "history", "bounce-shop")
    handler_module._service()  # the logger and the metrics get their pipeline
    service = (settings, HistoryWriter("blocked", "history", client))
    monkeypatch.setattr(handler_module, "_service", lambda: service)
    return client  # type: ignore[no-any-return]


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_failure_is_reported_and_says_nothing_personal(
    failing: FakeDynamoDB, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    def fail(operation: str) -> None:
        raise client_error(operation, code)

    failing.before = fail
    body = (EVENTS / "permanent-two-recipients.json").read_text()
    setup = (EVENTS / "setup-configuration-set.txt").read_text()
    assert Function(failing).send(body, setup) == ["0"]  # type: ignore[arg-type]
    output = capsys.readouterr().out
    assert f"BatchGetItem: {code}" in output
    assert "feedback not recorded" in output
    assert "@" not in output
    assert metrics(output)["Failed"] == [1]
    assert metrics(output)["Processed"] == [1]


def test_a_fault_of_our_own_fails_its_record_and_says_nothing_personal(
    function: Function, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(text: str, **_: object) -> None:
        raise KeyError(text)

    body = (EVENTS / "permanent-general-identity.json").read_text()
    monkeypatch.setattr(batch_module, "parse_notification", fault)
    assert function.send(body) == ["0"]
    output = capsys.readouterr().out
    assert "KeyError while reading it: a fault of this program" in output
    assert "@" not in output


def metrics(output: str) -> dict[str, Any]:
    """The values of the batch's own metrics."""
    (batch,) = (line for line in log_lines(output) if "_aws" in line and "Processed" in line)
    return batch


def test_metrics_count_records_and_feedback(function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    two_recipients = (EVENTS / "permanent-failed-and-delayed.json").read_text()
    bodies = [
        two_recipients,
        two_recipients,
        (EVENTS / "transient-simulator-ooto.json").read_text(),
        "7",
        (EVENTS / "send.json").read_text(),
    ]
    function.send(*bodies)
    output = capsys.readouterr().out
    batch = metrics(output)
    assert {name: batch[name] for name in ("Processed", "Failed", "Unreadable", "Duplicates", "Skipped")} == {
        "Processed": [4],
        "Failed": [1],
        "Unreadable": [1],
        "Duplicates": [2],
        "Skipped": [1],
    }
    assert len(batch["FeedbackAge"]) == 3
    assert all(age > 0 for age in batch["FeedbackAge"])
    (declared,) = batch["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "SesFeedback"
    assert [sorted(dimensions) for dimensions in declared["Dimensions"]] == [["pipeline", "service"]]
    by_rule = {
        (line["verdict"], line["rule"]): line for line in log_lines(output) if "_aws" in line and "Feedback" in line
    }
    assert {rule: line["Feedback"] for rule, line in by_rule.items()} == {
        ("block", "hard-bounce"): [1],
        ("count", "recipient-delayed"): [1],
        ("ignore", "auto-reply"): [1],
    }
    (dimensions,) = by_rule["block", "hard-bounce"]["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert sorted(dimensions) == ["pipeline", "rule", "service", "verdict"]


def test_a_batch_of_a_full_hundred_publishes_everything(function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    body = (EVENTS / "transient-simulator-ooto.json").read_text()
    function.send(*(body.replace("ooto@", f"ooto+{number}@") for number in range(100)))
    published = list(log_lines(capsys.readouterr().out))
    assert sum(len(line.get("FeedbackAge", [])) for line in published) == 100
    assert sum(sum(line.get("Processed", [])) for line in published) == 100


def test_a_line_per_feedback_says_what_and_where(function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    function.send((EVENTS / "permanent-general-identity.json").read_text(), sent_at=1795168801123)
    (line,) = (line for line in log_lines(capsys.readouterr().out) if line.get("message") == "feedback judged")
    fields = {name: line[name] for name in ("level", "verdict", "rule", "outcome", "pipeline", "sqs_message_id")}
    assert fields == {
        "level": "INFO",
        "verdict": "block",
        "rule": "hard-bounce",
        "outcome": "recorded",
        "pipeline": "bounce-shop",
        "sqs_message_id": "0",
    }
    assert line["sqs_sent_at"] == 1795168801123
    body = json.loads((EVENTS / "permanent-general-identity.json").read_text())
    assert line["feedback_id"] == body["bounce"]["feedbackId"]
    assert line["function_request_id"]
