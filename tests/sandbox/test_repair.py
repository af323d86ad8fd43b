"""`ses-feedback dead-letters` and `simulate` against the whole chain: broken, seen, repaired, redriven, blocked.

Not proved: AWS's own move of a queue (the emulator has none, so the command moves each message itself), the rights that
AWS asks for, and what SES's simulator answers to the mails that the emulator's SES does not.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.app import app
from typer.testing import CliRunner, Result

from sandbox import Stack
from sandbox.evidence import blocked_item

ADDRESS = "bounce+repair@simulator.amazonses.com"
PIPELINE = "bounce-eu-west-1-shop-example"
PATIENCE = 60.0  # of a busy machine
Command = Callable[..., Result]

pytestmark = pytest.mark.xdist_group("stack")


@pytest.fixture(scope="module", autouse=True)
def started_functions(stack: Stack) -> None:
    """With functions that have started, a message that fails can be given up after seconds."""
    for pipeline in stack.outputs["pipelines"].values():
        client = stack.account.client("lambda", pipeline["region"])
        client.invoke(FunctionName=pipeline["functionName"], Payload=b'{"Records": []}')


@pytest.fixture
def command(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    environment = {
        "AWS_ENDPOINT_URL": stack.account.endpoint,
        "AWS_ACCESS_KEY_ID": stack.account.id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "SES_FEEDBACK_OUTPUTS": str(outputs),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: CliRunner().invoke(app, [*arguments])


def exported(stack: Stack) -> Mapping[str, Any]:
    found: Mapping[str, Any] = stack.outputs["pipelines"][PIPELINE]
    return found


def until(right: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not right():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@contextlib.contextmanager
def broken_function(stack: Stack) -> Iterator[None]:
    """A function without rights on the tables, whose messages go to the dead letters at once."""
    iam, sqs = stack.account.client("iam", "us-east-1"), stack.account.client("sqs", "eu-west-1")
    pipeline = exported(stack)
    role = pipeline["roleArn"].rsplit("/", 1)[1]
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    names = ["RedrivePolicy", "VisibilityTimeout"]
    usual = sqs.get_queue_attributes(QueueUrl=pipeline["queueUrl"], AttributeNames=names)["Attributes"]
    once = json.dumps({**json.loads(usual["RedrivePolicy"]), "maxReceiveCount": 1})
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    sqs.set_queue_attributes(
        QueueUrl=pipeline["queueUrl"], Attributes={"RedrivePolicy": once, "VisibilityTimeout": "3"}
    )
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=pipeline["queueUrl"], Attributes=usual)
        for name, policy in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def test_what_the_function_gave_up_is_blocked_after_repair_and_redrive(stack: Stack, command: Command) -> None:
    def listed() -> dict[str, Any]:
        done = command("dead-letters", "list", "--pipeline", PIPELINE, "--queue", "dead-letters", "--json")
        assert done.exit_code in {0, 1}, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert listed()["messages"] == 0
    message: Any = {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "It is on its way."}}}
    with broken_function(stack):
        stack.account.client("ses", "eu-west-1").send_email(
            Source="no-reply@shop.example", Destination={"ToAddresses": [ADDRESS]}, Message=message
        )
        until(lambda: listed()["messages"] == 1, "it did not come to the dead letters")
    (letter,) = listed()["sample"]
    assert (letter["kind"], letter["type"], letter["reason"][:8]) == ("bounce", "Permanent", "readable")
    assert blocked_item(stack, ADDRESS) is None

    assert command("dead-letters", "show", letter["id"]).exit_code == 0
    done = command("dead-letters", "redrive", "--pipeline", PIPELINE, "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["moved"]) == (0, 1), done.output
    until(lambda: blocked_item(stack, ADDRESS) is not None, "it is not blocked")
    assert listed()["messages"] == 0


def test_what_the_topic_could_not_deliver_is_judged_after_redrive(stack: Stack, command: Command) -> None:
    # The emulator's SNS keeps nothing that it cannot deliver: the message is put where AWS's would.
    address = "refused@example.org"
    text = json.dumps(
        {
            "notificationType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": address}],
                "timestamp": "2026-11-20T10:00:00.000Z",
                "feedbackId": "refused-1",
            },
            "mail": {"timestamp": "2026-11-20T09:59:59.000Z", "messageId": "m", "destination": [address]},
        }
    )
    sqs = stack.account.client("sqs", "eu-west-1")
    sqs.send_message(QueueUrl=exported(stack)["subscriptionDeadLetterQueueUrl"], MessageBody=text)
    done = command("dead-letters", "redrive", "--queue", "subscription-dead-letters", "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["moved"]) == (0, 1), done.output
    until(lambda: blocked_item(stack, address) is not None, "it is not blocked")


def test_a_simulation_arrives_by_every_way_and_leaves_nothing_blocked(stack: Stack, command: Command) -> None:
    done = command("simulate", "--timeout", str(PATIENCE), "--json")
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in done.stdout.splitlines()]
    names = {"bounce", "suppressionlist", "ooto", "complaint"}
    assert {(one["identity"], one["configuration_set"], one["mail"]) for one in found} == {
        *((identity, None, name) for identity in ("shop.example", "news.shop.example") for name in {*names, "success"}),
        *(("shop.example", "main", name) for name in names),
    }
    assert {one["mail"] for one in found if one["how"] == "sent"} == {*names, "success"} - {"ooto"}
    assert [blocked_item(stack, one["address"]) for one in found] == [None] * len(found)


def test_a_simulation_names_the_identity_that_ses_tells_nothing_of(stack: Stack, command: Command) -> None:
    ses, topic = stack.account.client("ses", "eu-west-1"), exported(stack)["topicArn"]

    def set_topic(arn: str) -> None:
        ses.set_identity_notification_topic(Identity="news.shop.example", NotificationType="Bounce", SnsTopic=arn)

    set_topic("")
    try:
        done = command("simulate", "--only", "bounce", "--timeout", "4", "--json")
    finally:
        set_topic(topic)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    stopped = {(one["identity"], one["configuration_set"]): one["stopped_at"] for one in found}
    assert (done.exit_code, stopped) == (
        1,
        {("shop.example", None): None, ("news.shop.example", None): "topic", ("shop.example", "main"): None},
    ), done.output
