"""`ses-feedback dead-letters` with moto, and with queues in memory for faults.

Not tested: the permissions that AWS requires.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function import queue_messages
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.masking import MASK, mask_body
from ses_feedback_cli.output import format_time

from tests.cli.conftest import Tables
from tests.cli.fake_sqs import FakeSqs, Fault, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
EVENTS = Path(__file__).parents[1] / "events"
HARD_BOUNCE, SOFT_BOUNCE = "permanent-general-identity.json", "transient-mailbox-full.json"
COMPLAINT = "complaint-abuse-identity.json"


def notification(name: str) -> str:
    return (EVENTS / name).read_text()


@dataclass
class Queues:
    """The queues of two pipelines, one of each kind. Those of the bounce pipeline have short names."""

    tables: Tables
    client: "SQSClient"
    urls: dict[str, str] = field(default_factory=dict)

    def send(self, queue: str, *bodies: str, **attributes: str) -> list[str]:
        message_attributes: Any = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        return [
            self.client.send_message(QueueUrl=self.urls[queue], MessageBody=body, MessageAttributes=message_attributes)[
                "MessageId"
            ]
            for body in bodies
        ]

    def receive(self, queue: str) -> list[Any]:
        response = self.client.receive_message(
            QueueUrl=self.urls[queue], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        received: list[Any] = response.get("Messages", [])
        return received

    def bodies(self, queue: str) -> list[str]:
        return sorted(message["Body"] for message in self.receive(queue))


@pytest.fixture
def queues(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Queues:
    monkeypatch.setattr(queue_messages, "WAIT_SECONDS", 0)
    client = boto3.client("sqs", region_name=REGION)
    queues = Queues(tables, client)
    outputs = json.loads(tables.outputs.read_text())
    for kind in ("bounce", "complaint"):
        for queue in ("queue", "dead-letters", "subscription-dead-letters"):
            url = client.create_queue(QueueName=f"{kind}-{queue}")["QueueUrl"]
            queues.urls[queue if kind == "bounce" else f"{kind}-{queue}"] = url
        outputs.setdefault("pipelines", {})[f"{kind}-example"] = {
            "kind": kind,
            "region": REGION,
            "identities": ["example.com"],
            "configurationSet": None,
            "topicArn": f"arn:aws:sns:{REGION}:123456789012:{kind}",
            "queueUrl": client.get_queue_url(QueueName=f"{kind}-queue")["QueueUrl"],
            "deadLetterQueueUrl": client.get_queue_url(QueueName=f"{kind}-dead-letters")["QueueUrl"],
            "subscriptionDeadLetterQueueUrl": client.get_queue_url(QueueName=f"{kind}-subscription-dead-letters")[
                "QueueUrl"
            ],
            "functionName": kind,
            "logGroupName": kind,
            "roleArn": kind,
        }
    tables.outputs.write_text(json.dumps(outputs))
    return queues


def run(queues: Queues, *arguments: str) -> Any:
    return queues.tables.run("dead-letters", *arguments)


def run_json(queues: Queues, *arguments: str) -> list[Any]:
    return queues.tables.json("dead-letters", *arguments)


def test_list_shows_the_messages_and_why_they_failed(queues: Queues) -> None:
    (hard_bounce_id,) = queues.send("dead-letters", notification(HARD_BOUNCE))
    queues.send("dead-letters", "no JSON")
    queues.send("complaint-subscription-dead-letters", notification(COMPLAINT))
    listed = {(queue["pipeline"], queue["queue"]): queue for queue in run_json(queues, "list")}
    assert {key: queue["messages"] for key, queue in listed.items()} == {
        ("bounce-example", "dead-letters"): 2,
        ("bounce-example", "subscription-dead-letters"): 0,
        ("complaint-example", "dead-letters"): 0,
        ("complaint-example", "subscription-dead-letters"): 1,
    }
    readable, unreadable = sorted(
        listed["bounce-example", "dead-letters"]["sample"], key=lambda message: message["kind"]
    )
    bounce = json.loads(notification(HARD_BOUNCE))["bounce"]
    assert (readable["id"], readable["kind"], readable["type"], readable["feedback_id"]) == (
        hard_bounce_id,
        "bounce",
        "Permanent",
        bounce["feedbackId"],
    )
    assert (readable["reason"], readable["problem"], readable["readable"]) == ("unprocessed", "", True)
    assert (unreadable["kind"], unreadable["reason"], unreadable["problem"], unreadable["readable"]) == (
        "unreadable",
        "unreadable",
        "a JSON object is expected, this is not JSON (at character 0)",
        False,
    )
    (undelivered,) = listed["complaint-example", "subscription-dead-letters"]["sample"]
    assert undelivered["reason"] == "undelivered"


def test_list_names_feedback_of_another_source(queues: Queues) -> None:
    outputs = json.loads(queues.tables.outputs.read_text())
    outputs["pipelines"]["bounce-example"] |= {"identities": ["shop.example"], "sendingAccounts": []}
    queues.tables.outputs.write_text(json.dumps(outputs))
    own = notification(HARD_BOUNCE).replace("eu-west-1", REGION)
    queues.send("dead-letters", own, own.replace("123456789012", "210987654321"))
    sample = run_json(queues, "list", "--pipeline", "bounce-example", "--queue", "dead-letters")[0]["sample"]
    assert sorted((message["reason"], message["problem"].partition(" (")[0]) for message in sample) == [
        ("unprocessed", ""),
        ("unreadable", "it is of another account than the pipeline's, 123456789012"),
    ]


def test_list_shows_what_the_function_said(queues: Queues) -> None:
    unreadable = {"Reason": "unreadable", "Problem": "bounceType is missing\x1b[2J"}
    queues.send("dead-letters", notification(HARD_BOUNCE), **unreadable, SentTimestamp="1795000000000")
    queues.send("dead-letters", notification(HARD_BOUNCE), Reason="refused", Problem="PutItem Throttling", Redriven="1")
    sample = run_json(queues, "list", "--pipeline", "bounce-example", "--queue", "dead-letters")[0]["sample"]
    by_reason = {message["reason"]: message for message in sample}
    assert by_reason["unreadable"]["problem"] == "bounceType is missing [2J"
    assert by_reason["unreadable"]["sent_at"] == "2026-11-18T11:06:40Z"
    assert by_reason["unreadable"]["description"].endswith("; this version can read it")
    assert by_reason["refused"]["description"] == "refused: PutItem Throttling; went back by itself once"
    assert [by_reason[reason]["redriven"] for reason in ("unreadable", "refused")] == [False, True]
    shown = run(queues, "show", by_reason["refused"]["id"]).stdout
    assert "PutItem Throttling" in shown


@pytest.mark.parametrize("reason", ["elsewhere", "unprocessed", ""])
def test_an_unknown_reason_is_not_believed(queues: Queues, reason: str) -> None:
    attributes = {"Reason": reason} if reason else {}
    queues.send("dead-letters", notification(HARD_BOUNCE), **attributes, SentTimestamp="yesterday")
    (message,) = run_json(queues, "list", "--pipeline", "bounce-example", "--queue", "dead-letters")[0]["sample"]
    assert message["reason"] == "unprocessed"


def test_list_leaves_everything_where_it_is_and_visible(queues: Queues) -> None:
    queues.send("dead-letters", *(str(number) for number in range(13)))
    result = run(queues, "list", "--limit", "100")
    assert (result.exit_code, "13" in result.stdout) == (1, True)
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = queues.urls["dead-letters"]
    attributes = queues.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert [attributes[name] for name in names] == ["13", "0"]


def test_list_of_empty_queues_has_exit_code_0(queues: Queues) -> None:
    assert run(queues, "list").exit_code == 0


def test_list_shows_no_address(queues: Queues) -> None:
    queues.send("dead-letters", *(path.read_text() for path in sorted(EVENTS.glob("*.json"))))
    for options in ((), ("--json",)):
        result = run(queues, "list", "--limit", "1000", *options)
        assert "Permanent" in result.stdout
        assert not re.search("@(?!domain)", result.stdout + result.stderr)  # a reason contains name@domain
        assert "user unknown" not in result.stdout


def test_the_other_queues_are_listed_when_one_cannot_be_read(queues: Queues) -> None:
    queues.client.delete_queue(QueueUrl=queues.urls["dead-letters"])
    queues.send("subscription-dead-letters", notification(HARD_BOUNCE))
    result = run(queues, "list")
    assert result.exit_code == 3
    assert "dead-letters of bounce-example: GetQueueAttributes" in result.stderr
    assert "subscription-dead-letters of bounce-example: 1" in result.stdout


def test_options_select_pipelines_and_queues(queues: Queues) -> None:
    assert [(queue["pipeline"], queue["queue"]) for queue in run_json(queues, "list", "--kind", "complaint")] == [
        ("complaint-example", "dead-letters"),
        ("complaint-example", "subscription-dead-letters"),
    ]
    assert [queue["queue"] for queue in run_json(queues, "list", "--queue", "subscription-dead-letters")] == [
        "subscription-dead-letters"
    ] * 2
    result = run(queues, "list", "--pipeline", "bounce-exmaple")
    assert (result.exit_code, "there are bounce-example, complaint-example" in result.stderr) == (2, True)
    assert run(queues, "list", "--pipeline", "bounce-example", "--kind", "complaint").exit_code == 2


def test_show_masks_personal_data_without_reveal(queues: Queues) -> None:
    queues.send("subscription-dead-letters", "other")
    (message_id,) = queues.send("dead-letters", notification(HARD_BOUNCE))
    recipient = json.loads(notification(HARD_BOUNCE))["bounce"]["bouncedRecipients"][0]
    (shown,) = run_json(queues, "show", message_id)
    assert shown["body"]["bounce"]["bounceType"] == "Permanent"
    assert shown["body"]["bounce"]["bouncedRecipients"][0]["emailAddress"] == MASK
    assert shown["body"]["bounce"]["bouncedRecipients"][0]["status"] == recipient["status"]
    assert "@" not in json.dumps(shown)
    result = run(queues, "show", message_id)
    assert (result.exit_code, "@" in result.stdout) == (0, False)
    (revealed,) = run_json(queues, "show", message_id, "--reveal")
    assert revealed["raw_body"] == notification(HARD_BOUNCE)
    assert recipient["emailAddress"] in run(queues, "show", message_id, "--reveal").stdout


def test_show_without_such_a_message_has_exit_code_1(queues: Queues) -> None:
    queues.send("dead-letters", "a")
    assert run(queues, "show", "another").exit_code == 1


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.*")), ids=lambda path: path.name)
def test_a_masked_notification_has_neither_address_nor_diagnostic(path: Path) -> None:
    masked = json.dumps(mask_body(path.read_text()))
    assert "@" not in masked
    assert "user unknown" not in masked


# With a prefix, because Hypothesis also tries constants of the code, and so the names of safe fields.
UNKNOWN_FIELDS = st.text(max_size=5).map("x".__add__)
DOCUMENTS = st.recursive(
    st.just("SECRET"), lambda inner: st.lists(inner) | st.dictionaries(UNKNOWN_FIELDS, inner), max_leaves=10
)


@given(DOCUMENTS)
def test_an_unknown_field_is_masked_at_any_depth(document: object) -> None:
    envelope = {"Type": "Notification", "Message": json.dumps({"bounce": document})}
    for body in (document, envelope, {"detail": document}):
        assert "SECRET" not in json.dumps(mask_body(json.dumps(body)))
    assert mask_body("SECRET and no JSON") == MASK


def test_a_safe_field_is_shown_only_if_its_value_cannot_be_personal() -> None:
    body = {"bounceType": "jane@example.org", "feedbackId": "0102-1", "timestamp": ["x"], "tags": {"jane": ["0102"]}}
    assert mask_body(json.dumps(body)) == {
        "bounceType": MASK,
        "feedbackId": "0102-1",
        "timestamp": [MASK],
        "tags": MASK,
    }


def test_subscription_dead_letters_are_moved_unchanged(queues: Queues) -> None:
    queues.send("subscription-dead-letters", notification(HARD_BOUNCE), "no notification", trace="7")
    (redriven,) = run_json(queues, "redrive", "--queue", "subscription-dead-letters", "--yes")
    assert (redriven["pipeline"], redriven["status"], redriven["moved"]) == ("bounce-example", "done", 2)
    moved = queues.receive("queue")
    assert sorted(message["Body"] for message in moved) == sorted([notification(HARD_BOUNCE), "no notification"])
    assert {message["MessageAttributes"]["trace"]["StringValue"] for message in moved} == {"7"}
    assert queues.receive("subscription-dead-letters") == []


@pytest.mark.parametrize(
    ("option", "value", "moved_notification"),
    [
        ("--type", "permanent", HARD_BOUNCE),
        ("--type", "MailboxFull", SOFT_BOUNCE),
        ("--type", "unreadable", None),
        ("--id", "", SOFT_BOUNCE),
    ],
)
def test_only_selected_messages_are_moved(
    queues: Queues, option: str, value: str, moved_notification: str | None
) -> None:
    ids = dict(
        zip(
            (HARD_BOUNCE, SOFT_BOUNCE),
            queues.send("dead-letters", notification(HARD_BOUNCE), notification(SOFT_BOUNCE)),
            strict=True,
        )
    )
    queues.send("dead-letters", "unreadable text")
    moved_body = notification(moved_notification) if moved_notification else "unreadable text"
    results = run_json(queues, "redrive", option, value or ids[SOFT_BOUNCE], "--yes")
    assert [result["moved"] for result in results] == [1]
    assert queues.bodies("queue") == [moved_body]
    assert queues.bodies("dead-letters") == sorted(
        {notification(HARD_BOUNCE), notification(SOFT_BOUNCE), "unreadable text"} - {moved_body}
    )


def test_only_messages_with_the_reason_are_moved_and_lose_it(queues: Queues) -> None:
    unreadable = {"Reason": "unreadable", "Problem": "no", "SentTimestamp": "1795000000000"}
    queues.send("dead-letters", notification(HARD_BOUNCE), **unreadable, trace="7")
    queues.send("dead-letters", notification(SOFT_BOUNCE), Reason="refused")
    queues.send("subscription-dead-letters", "not JSON")
    results = run_json(queues, "redrive", "--reason", "unreadable", "--yes")
    assert [(result["queue"], result["moved"]) for result in results] == [("dead-letters", 1)]
    (moved,) = queues.receive("queue")
    assert {name: value["StringValue"] for name, value in moved["MessageAttributes"].items()} == {
        "SentTimestamp": "1795000000000",
        "trace": "7",
    }
    assert queues.bodies("dead-letters") == [notification(SOFT_BOUNCE)]


def test_a_message_that_goes_back_keeps_when_it_was_first_sent(queues: Queues) -> None:
    (message_id,) = queues.send("dead-letters", notification(HARD_BOUNCE))
    listed = run_json(queues, "list", "--pipeline", "bounce-example", "--queue", "dead-letters")
    run(queues, "redrive", "--id", message_id, "--yes")
    (moved,) = queues.receive("queue")
    attribute = moved["MessageAttributes"]["SentTimestamp"]
    sent_at = datetime.fromtimestamp(int(attribute["StringValue"]) / 1_000, UTC)
    assert (attribute["DataType"], format_time(sent_at)) == ("Number", listed[0]["sample"][0]["sent_at"])


def test_older_than_leaves_newer_messages(queues: Queues) -> None:
    queues.send("dead-letters", notification(HARD_BOUNCE))
    assert run_json(queues, "redrive", "--older-than", "1h", "--yes") == []
    assert queues.bodies("dead-letters") == [notification(HARD_BOUNCE)]
    for invalid in ("1", "h", "-1h", "1y", "1.5h", "9999999d"):
        assert run(queues, "redrive", "--older-than", invalid, "--yes").exit_code == 2


def test_without_a_terminal_nothing_is_moved(queues: Queues) -> None:
    queues.send("subscription-dead-letters", notification(HARD_BOUNCE))
    result = run(queues, "redrive")
    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    assert queues.bodies("subscription-dead-letters") == [notification(HARD_BOUNCE)]


def test_a_dry_run_shows_what_it_would_move_and_moves_nothing(queues: Queues) -> None:
    queues.send("subscription-dead-letters", notification(HARD_BOUNCE))
    queues.send("dead-letters", notification(HARD_BOUNCE), notification(SOFT_BOUNCE))
    planned = run_json(queues, "redrive", "--type", "Transient", "--dry-run")
    assert [(plan["queue"], plan["would_move"]) for plan in planned] == [("dead-letters", 1)]
    assert "subscription-dead-letters of bounce-example: 1" in run(queues, "redrive", "--dry-run").stdout
    assert (len(queues.receive("subscription-dead-letters")), len(queues.receive("dead-letters"))) == (1, 2)


@pytest.mark.parametrize("options", [("redrive", "--yes"), ("discard", "--all", "--note", "junk", "--yes")])
def test_a_queue_that_cannot_be_read_is_named_and_the_others_are_done(
    queues: Queues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    queues.client.delete_queue(QueueUrl=queues.urls["dead-letters"])
    queues.send("complaint-dead-letters", notification(COMPLAINT))
    result = run(queues, *options)
    assert (result.exit_code, "dead-letters of bounce-example: GetQueueAttributes" in result.stderr) == (3, True)
    assert queues.bodies("complaint-dead-letters") == []


@dataclass
class MemoryQueues:
    """The bounce pipeline's queues in memory."""

    queues: Queues
    sqs: FakeSqs

    @property
    def dead_letters(self) -> list[str]:
        return self.sqs.bodies(self.queues.urls["dead-letters"])

    @property
    def redriven(self) -> list[str]:
        return self.sqs.bodies(self.queues.urls["queue"])

    def redrive(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the command; returns the exit code and the result."""
        result = run(self.queues, "redrive", "--kind", "bounce", "--yes", "--json", *arguments)
        return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def memory_queues(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> MemoryQueues:
    sqs = FakeSqs({url: [] for url in queues.urls.values()})
    sqs.queues[queues.urls["dead-letters"]] = [Message(f"id-{number}", str(number)) for number in range(5)]
    monkeypatch.setattr(Context, "client", lambda *_: sqs)
    return MemoryQueues(queues, sqs)


def test_a_message_that_comes_back_is_moved_once(memory_queues: MemoryQueues) -> None:
    """The function sends what it cannot read to the dead-letter queue at once."""
    sqs, urls = memory_queues.sqs, memory_queues.queues.urls

    def process() -> None:
        queue = sqs.queues[urls["queue"]]
        for number in range(len(queue) if len(sqs.calls) < 100 else 0):
            body = queue.pop(0).body
            back = Message(f"{len(sqs.calls)}-{number}", body, sent_at=round(datetime.now(UTC).timestamp() * 1_000))
            sqs.queues[urls["dead-letters"]].append(back)

    sqs.after_call = process
    exit_code, result = memory_queues.redrive()
    assert (exit_code, result["status"], result["moved"]) == (0, "done", 5)
    assert (sorted(memory_queues.dead_letters), sqs.in_flight(urls["dead-letters"])) == (list("01234"), 0)


def test_messages_that_are_alike_are_all_moved(memory_queues: MemoryQueues) -> None:
    memory_queues.sqs.queues[memory_queues.queues.urls["dead-letters"]] = [Message(str(n), "alike") for n in range(3)]
    assert memory_queues.redrive()[1]["moved"] == 3


def test_what_was_said_of_a_message_is_removed_from_it(memory_queues: MemoryQueues) -> None:
    """Else it would not go back automatically, if the function never ran to an end for it."""
    dead_letters, queue = (memory_queues.sqs.queues[memory_queues.queues.urls[n]] for n in ("dead-letters", "queue"))
    reason = {"DataType": "String", "StringValue": "unreadable"}
    dead_letters[:] = [Message("id", "body", attributes={"Reason": reason, "Problem": reason, "Other": reason})]
    memory_queues.redrive()
    assert set(queue[0].attributes) == {"Other", "SentTimestamp"}


def test_a_denied_call_has_exit_code_3(memory_queues: MemoryQueues) -> None:
    memory_queues.sqs.fault = lambda call: Fault.DENIED if call == "send_message_batch" else Fault.NONE
    exit_code, result = memory_queues.redrive()
    assert (exit_code, result["status"]) == (3, "failed")
    assert "AccessDenied" in result["reason"]
    assert len(memory_queues.dead_letters) == 5


def test_ctrl_c_between_messages_loses_none(memory_queues: MemoryQueues) -> None:
    faults = iter([Fault.INTERRUPTED_BEFORE])
    memory_queues.sqs.fault = lambda call: next(faults, Fault.NONE) if call == "delete_message_batch" else Fault.NONE
    exit_code, result = memory_queues.redrive("--type", "unreadable")
    assert (exit_code, result["status"], result["moved"]) == (130, "interrupted", 5)
    assert (memory_queues.dead_letters, len(memory_queues.redriven)) == ([], 5)
