"""`ses-feedback dead-letters`, on moto; for AWS's own move, which moto has not, on a queue in memory.

Not proved: what rights AWS asks for, and that AWS's move behaves as its reference says.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters import letters, move_task
from ses_feedback_cli.dead_letters.masking import MASK, masked

from tests.cli.conftest import Tables
from tests.cli.fake_sqs import FakeSqs, Fault, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
EVENTS = Path(__file__).parents[1] / "events"
HARD, SOFT = "permanent-general-identity.json", "transient-mailbox-full.json"
COMPLAINT = "complaint-abuse-identity.json"


def event(name: str) -> str:
    return (EVENTS / name).read_text()


@dataclass
class Queues:
    """A pipeline's queues, one pipeline per kind, and the command that works on them."""

    tables: Tables
    client: "SQSClient"
    urls: dict[str, str] = field(default_factory=dict)

    def put(self, queue: str, *bodies: str, **attributes: str) -> list[str]:
        texts: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        return [
            self.client.send_message(QueueUrl=self.urls[queue], MessageBody=body, MessageAttributes=texts)["MessageId"]
            for body in bodies
        ]

    def take(self, queue: str) -> list[Any]:
        answer = self.client.receive_message(
            QueueUrl=self.urls[queue], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        found: list[Any] = answer.get("Messages", [])
        return found

    def bodies(self, queue: str) -> list[str]:
        return sorted(one["Body"] for one in self.take(queue))


@pytest.fixture
def queues(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> Queues:
    monkeypatch.setattr(letters, "WAIT_SECONDS", 0)
    client = boto3.client("sqs", region_name=REGION)
    made = Queues(tables, client)
    outputs = json.loads(tables.outputs.read_text())
    for kind in ("bounce", "complaint"):
        for queue in ("queue", "dead-letters", "subscription-dead-letters"):
            url = client.create_queue(QueueName=f"{kind}-{queue}")["QueueUrl"]
            made.urls[queue if kind == "bounce" else f"{kind}-{queue}"] = url
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
    return made


def run(queues: Queues, *arguments: str) -> Any:
    return queues.tables.run("dead-letters", *arguments)


def said(queues: Queues, *arguments: str) -> list[Any]:
    return queues.tables.json("dead-letters", *arguments)


def test_list_says_what_waits_and_why(queues: Queues) -> None:
    (hard,) = queues.put("dead-letters", event(HARD))
    queues.put("dead-letters", "no JSON")
    queues.put("complaint-subscription-dead-letters", event(COMPLAINT))
    found = {(one["pipeline"], one["queue"]): one for one in said(queues, "list")}
    assert {key: one["messages"] for key, one in found.items()} == {
        ("bounce-example", "dead-letters"): 2,
        ("bounce-example", "subscription-dead-letters"): 0,
        ("complaint-example", "dead-letters"): 0,
        ("complaint-example", "subscription-dead-letters"): 1,
    }
    readable, unreadable = sorted(found["bounce-example", "dead-letters"]["sample"], key=lambda one: one["kind"])
    known = json.loads(event(HARD))["bounce"]
    assert (readable["id"], readable["kind"], readable["type"], readable["feedback_id"]) == (
        hard,
        "bounce",
        "Permanent",
        known["feedbackId"],
    )
    assert readable["why"].startswith("readable: the function failed")
    assert (unreadable["kind"], unreadable["why"]) == (
        "unreadable",
        "cannot be read: a JSON object is expected, this is not JSON (at character 0)",
    )
    (subscription_dead_letters,) = found["complaint-example", "subscription-dead-letters"]["sample"]
    assert "the topic could not deliver" in subscription_dead_letters["why"]


def test_list_leaves_everything_where_it_is_and_visible(queues: Queues) -> None:
    queues.put("dead-letters", *(str(number) for number in range(13)))
    done = run(queues, "list", "--limit", "100")
    assert (done.exit_code, "13" in done.stdout) == (1, True)
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = queues.client.get_queue_attributes(QueueUrl=queues.urls["dead-letters"], AttributeNames=names)["Attributes"]
    assert [left[name] for name in names] == ["13", "0"]


def test_list_of_nothing_is_exit_code_0(queues: Queues) -> None:
    assert run(queues, "list").exit_code == 0


def test_list_tells_no_address(queues: Queues) -> None:
    queues.put("dead-letters", *(path.read_text() for path in sorted(EVENTS.glob("*.json"))))
    for more in ((), ("--json",)):
        done = run(queues, "list", "--limit", "1000", *more)
        assert "Permanent" in done.stdout
        assert not re.search("@(?!domain)", done.stdout + done.stderr)  # a reason speaks of name@domain
        assert "user unknown" not in done.stdout


def test_a_queue_that_does_not_answer_hides_no_other(queues: Queues) -> None:
    queues.client.delete_queue(QueueUrl=queues.urls["dead-letters"])
    queues.put("subscription-dead-letters", event(HARD))
    done = run(queues, "list")
    assert done.exit_code == 3
    assert "dead-letters of bounce-example: GetQueueAttributes" in done.stderr
    assert "subscription-dead-letters of bounce-example: 1" in done.stdout


def test_filters_choose_pipelines_and_queues(queues: Queues) -> None:
    assert [(one["pipeline"], one["queue"]) for one in said(queues, "list", "--kind", "complaint")] == [
        ("complaint-example", "dead-letters"),
        ("complaint-example", "subscription-dead-letters"),
    ]
    assert [one["queue"] for one in said(queues, "list", "--queue", "subscription-dead-letters")] == [
        "subscription-dead-letters"
    ] * 2
    wrong = run(queues, "list", "--pipeline", "bounce-exmaple")
    assert (wrong.exit_code, "there are bounce-example, complaint-example" in wrong.stderr) == (2, True)
    assert run(queues, "list", "--pipeline", "bounce-example", "--kind", "complaint").exit_code == 2


def test_show_masks_what_is_personal_unless_told_otherwise(queues: Queues) -> None:
    queues.put("subscription-dead-letters", "other")
    (wanted,) = queues.put("dead-letters", event(HARD))
    recipient = json.loads(event(HARD))["bounce"]["bouncedRecipients"][0]
    (shown,) = said(queues, "show", wanted)
    assert shown["body"]["bounce"]["bounceType"] == "Permanent"
    assert shown["body"]["bounce"]["bouncedRecipients"][0]["emailAddress"] == MASK
    assert shown["body"]["bounce"]["bouncedRecipients"][0]["status"] == recipient["status"]
    assert "@" not in json.dumps(shown)
    plain = run(queues, "show", wanted)
    assert (plain.exit_code, "@" in plain.stdout) == (0, False)
    (revealed,) = said(queues, "show", wanted, "--reveal")
    assert revealed["text"] == event(HARD)
    assert recipient["emailAddress"] in run(queues, "show", wanted, "--reveal").stdout


def test_show_says_when_it_does_not_find_it(queues: Queues) -> None:
    queues.put("dead-letters", "a")
    assert run(queues, "show", "another").exit_code == 1


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.*")), ids=lambda path: path.name)
def test_no_event_shows_an_address_or_a_diagnostic_text(path: Path) -> None:
    text = json.dumps(masked(path.read_text()))
    assert "@" not in text
    assert "user unknown" not in text


UNKNOWN = st.text(max_size=5).map("x".__add__)  # Hypothesis takes the words of the code, and knows the safe fields
JSON = st.recursive(st.just("SECRET"), lambda inner: st.lists(inner) | st.dictionaries(UNKNOWN, inner), max_leaves=10)


@given(JSON)
def test_a_field_that_is_not_known_is_masked_wherever_it_is(value: object) -> None:
    for body in (value, {"Type": "Notification", "Message": json.dumps({"bounce": value})}, {"detail": value}):
        assert "SECRET" not in json.dumps(masked(json.dumps(body)))
    assert masked("SECRET and no JSON") == MASK


def test_a_safe_field_is_shown_only_if_it_holds_what_belongs_there() -> None:
    body = {"bounceType": "jane@example.org", "feedbackId": "0102-1", "timestamp": ["x"], "tags": {"jane": ["0102"]}}
    assert masked(json.dumps(body)) == {"bounceType": MASK, "feedbackId": "0102-1", "timestamp": [MASK], "tags": MASK}


def test_subscription_dead_letters_are_moved_as_they_are(queues: Queues) -> None:
    queues.put("subscription-dead-letters", event(HARD), "odd", trace="7")
    (done,) = said(queues, "redrive", "--queue", "subscription-dead-letters", "--yes")
    assert (done["pipeline"], done["how"], done["moved"]) == ("bounce-example", "send, then delete", 2)
    moved = queues.take("queue")
    assert sorted(one["Body"] for one in moved) == sorted([event(HARD), "odd"])
    assert {one["MessageAttributes"]["trace"]["StringValue"] for one in moved} == {"7"}
    assert queues.take("subscription-dead-letters") == []


@pytest.mark.parametrize(
    ("option", "value", "moved"),
    [
        ("--type", "permanent", HARD),
        ("--type", "MailboxFull", SOFT),
        ("--type", "unreadable", None),
        ("--id", "", SOFT),
    ],
)
def test_only_what_is_picked_out_is_moved(queues: Queues, option: str, value: str, moved: str | None) -> None:
    ids = dict(zip((HARD, SOFT), queues.put("dead-letters", event(HARD), event(SOFT)), strict=True))
    queues.put("dead-letters", "unreadable text")
    right = event(moved) if moved else "unreadable text"
    done = said(queues, "redrive", option, value or ids[SOFT], "--yes")
    assert [one["moved"] for one in done] == [1]
    assert queues.bodies("queue") == [right]
    assert queues.bodies("dead-letters") == sorted({event(HARD), event(SOFT), "unreadable text"} - {right})


def test_older_than_leaves_what_is_new(queues: Queues) -> None:
    queues.put("dead-letters", event(HARD))
    assert said(queues, "redrive", "--older-than", "1h", "--yes") == []
    assert queues.bodies("dead-letters") == [event(HARD)]
    for wrong in ("1", "h", "-1h", "1y", "1.5h", "9999999d"):
        assert run(queues, "redrive", "--older-than", wrong, "--yes").exit_code == 2


def test_nobody_to_ask_moves_nothing(queues: Queues) -> None:
    queues.put("subscription-dead-letters", event(HARD))
    done = run(queues, "redrive")
    assert (done.exit_code, "--yes" in done.stderr) == (2, True)
    assert queues.bodies("subscription-dead-letters") == [event(HARD)]


def test_a_dry_run_says_what_it_would_move_and_moves_nothing(queues: Queues) -> None:
    queues.put("subscription-dead-letters", event(HARD))
    queues.put("dead-letters", event(HARD), event(SOFT))
    planned = said(queues, "redrive", "--type", "Transient", "--dry-run")
    assert [(one["queue"], one["would_move"]) for one in planned] == [("dead-letters", 1)]
    assert "subscription-dead-letters of bounce-example: 1" in run(queues, "redrive", "--dry-run").stdout
    assert (len(queues.take("subscription-dead-letters")), len(queues.take("dead-letters"))) == (1, 2)


@dataclass
class Moving:
    """The bounce pipeline's queues in memory, where AWS can move them."""

    queues: Queues
    sqs: FakeSqs

    @property
    def left(self) -> list[str]:
        return self.sqs.bodies(self.queues.urls["dead-letters"])

    @property
    def came(self) -> list[str]:
        return self.sqs.bodies(self.queues.urls["queue"])

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = run(self.queues, "redrive", "--kind", "bounce", "--yes", "--json", *arguments)
        return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def moving(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> Moving:
    sqs = FakeSqs({url: [] for url in queues.urls.values()})
    sqs.queues[queues.urls["dead-letters"]] = [Message(f"id-{number}", str(number)) for number in range(5)]
    monkeypatch.setattr(Context, "client", lambda *_: sqs)
    monkeypatch.setattr(move_task, "POLL_SECONDS", 0)
    return Moving(queues, sqs)


def test_a_whole_dead_letter_queue_is_moved_by_aws(moving: Moving) -> None:
    code, done = moving.run("--rate", "50")
    assert (code, done["how"], done["status"], done["moved"]) == (0, "move task", "done", 5)
    assert (moving.left, moving.came) == ([], ["0", "1", "2", "3", "4"])
    (task,) = moving.sqs.tasks
    assert (task["DestinationArn"], task["MaxNumberOfMessagesPerSecond"]) == (f"arn:{moving.queues.urls['queue']}", 50)
    assert not any(call == "receive_message" for call, _ in moving.sqs.calls)


def test_an_earlier_move_is_not_taken_for_this_one(moving: Moving) -> None:
    earlier = {"TaskHandle": "", "Status": "COMPLETED", "StartedTimestamp": 0, "ApproximateNumberOfMessagesMoved": 7}
    moving.sqs.tasks.append(earlier)
    moving.sqs.unlisted = 2
    assert moving.run()[1]["moved"] == 5


@pytest.mark.parametrize("fault", [Fault.INTERRUPTED_BEFORE, Fault.INTERRUPTED_AFTER])
def test_ctrl_c_cancels_the_move_and_says_how_far_it_came(moving: Moving, fault: Fault) -> None:
    looks = iter([Fault.NONE, Fault.NONE, fault])
    moving.sqs.fault = lambda call: next(looks, Fault.NONE) if call == "list_message_move_tasks" else Fault.NONE
    code, done = moving.run()
    assert (code, done["status"], done["moved"]) == (130, "interrupted", len(moving.came))
    assert moving.sqs.tasks[0]["Status"] == "CANCELLED"
    assert moving.came
    assert len(moving.left) + len(moving.came) == 5


def test_ctrl_c_before_the_answer_cancels_the_move_too(moving: Moving) -> None:
    moving.sqs.fault = lambda call: Fault.INTERRUPTED_AFTER if call == "start_message_move_task" else Fault.NONE
    assert moving.run()[0] == 130
    assert moving.sqs.tasks[0]["Status"] == "CANCELLED"


def test_a_move_of_somebody_else_is_left_alone(moving: Moving) -> None:
    moving.sqs.per_poll = 1
    moving.sqs.start_message_move_task(
        SourceArn=f"arn:{moving.queues.urls['dead-letters']}", DestinationArn=f"arn:{moving.queues.urls['queue']}"
    )
    code, done = moving.run()
    assert (code, done["status"], len(moving.sqs.tasks)) == (1, "not started", 1)


def test_a_refusal_is_exit_code_3(moving: Moving) -> None:
    moving.sqs.fault = lambda call: Fault.REFUSED if call == "start_message_move_task" else Fault.NONE
    code, done = moving.run()
    assert (code, done["status"]) == (3, "failed")
    assert "AccessDenied" in done["because"]
    assert len(moving.left) == 5


def test_ctrl_c_between_messages_loses_none(moving: Moving) -> None:
    faults = iter([Fault.INTERRUPTED_BEFORE])
    moving.sqs.fault = lambda call: next(faults, Fault.NONE) if call == "delete_message_batch" else Fault.NONE
    code, done = moving.run("--type", "unreadable")
    assert (code, done["status"], done["moved"]) == (130, "interrupted", 5)
    assert (moving.left, len(moving.came)) == ([], 5)
