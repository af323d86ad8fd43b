"""`ses-feedback dead-letters` and `simulate` on a deployed stack: a function breaks, and its messages are redriven or
discarded.

Not proved: the rights that AWS requires, and the feedback of SES's simulator to the mails that the emulator cannot
answer.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.app import app
from ses_feedback_cli.simulation.follower import blocked_item
from typer.testing import CliRunner, Result

from sandbox import DeployedStack
from sandbox.stack_context import context_of

ADDRESS = "bounce+repair@simulator.amazonses.com"
PIPELINE = "bounce-eu-west-1-shop-example"
TIMEOUT = 60.0  # seconds, for a busy machine
Command = Callable[..., Result]

pytestmark = pytest.mark.xdist_group("stack")


@pytest.fixture(scope="module", autouse=True)
def started_functions(stack: DeployedStack) -> None:
    """With functions that have started, a message that fails can be given up after seconds."""
    for pipeline in stack.outputs["pipelines"].values():
        client = stack.account.client("lambda", pipeline["region"])
        client.invoke(FunctionName=pipeline["functionName"], Payload=b'{"Records": []}')


@pytest.fixture
def command(stack: DeployedStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
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


def pipeline_outputs(stack: DeployedStack) -> Mapping[str, Any]:
    outputs: Mapping[str, Any] = stack.outputs["pipelines"][PIPELINE]
    return outputs


def wait_until(condition: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, problem
        time.sleep(0.1)


@contextlib.contextmanager
def one_attempt(stack: DeployedStack) -> Iterator[None]:
    """A queue whose messages go to the dead letters at once."""
    sqs, url = stack.account.client("sqs", "eu-west-1"), pipeline_outputs(stack)["queueUrl"]
    names = ["RedrivePolicy", "VisibilityTimeout"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    redrive_policy = json.dumps({**json.loads(attributes["RedrivePolicy"]), "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive_policy, "VisibilityTimeout": "3"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


@contextlib.contextmanager
def broken_function(stack: DeployedStack) -> Iterator[None]:
    """A function without rights on the tables, whose messages go to the dead letters at once."""
    iam, pipeline = stack.account.client("iam", "us-east-1"), pipeline_outputs(stack)
    role_name = pipeline["roleArn"].rsplit("/", 1)[1]
    policies = {
        name: iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]
    }
    for name in policies:
        iam.delete_role_policy(RoleName=role_name, PolicyName=name)
    try:
        with one_attempt(stack):
            yield
    finally:
        for name, policy in policies.items():
            iam.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=json.dumps(policy))


def dead_letters(command: Command) -> dict[str, Any]:
    result = command("dead-letters", "list", "--pipeline", PIPELINE, "--queue", "dead-letters", "--json")
    assert result.exit_code in {0, 1}, result.output
    listed: dict[str, Any] = json.loads(result.stdout)
    return listed


def test_what_the_function_gave_up_is_blocked_after_repair_and_redrive(stack: DeployedStack, command: Command) -> None:
    assert dead_letters(command)["messages"] == 0
    message: Any = {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "It is on its way."}}}
    with broken_function(stack):
        stack.account.client("ses", "eu-west-1").send_email(
            Source="no-reply@shop.example", Destination={"ToAddresses": [ADDRESS]}, Message=message
        )
        wait_until(lambda: dead_letters(command)["messages"] == 1, "it did not come to the dead letters")
    (dead_letter,) = dead_letters(command)["sample"]
    assert (dead_letter["kind"], dead_letter["type"], dead_letter["readable"]) == ("bounce", "Permanent", True)
    assert blocked_item(context_of(stack), ADDRESS) is None

    assert command("dead-letters", "show", dead_letter["id"]).exit_code == 0
    result = command("dead-letters", "redrive", "--pipeline", PIPELINE, "--yes", "--json")
    assert (result.exit_code, json.loads(result.stdout)["moved"]) == (0, 1), result.output
    wait_until(lambda: blocked_item(context_of(stack), ADDRESS) is not None, "it is not blocked")
    assert dead_letters(command)["messages"] == 0


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (("eu-west-1", "999999999999", "shop.example"), "it is of another account than"),
        (("eu-west-1", "", "other.example"), "it is of an identity that is not"),
        (("us-east-1", "", "shop.example"), "it is of another Region than the pipeline's, eu-west-1"),
    ],
)
def test_feedback_of_another_source_is_a_dead_letter_at_once_and_can_be_discarded_and_restored(
    stack: DeployedStack, command: Command, tmp_path: Path, place: tuple[str, str, str], problem: str
) -> None:
    region, account, identity = place
    address = "forged@example.org"
    account = account or stack.account.id
    mail = {
        "timestamp": "2026-11-20T09:59:59.000Z",
        "messageId": "m",
        "destination": [address],
        "sourceArn": f"arn:aws:ses:{region}:{account}:identity/{identity}",
    }
    bounce = {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": address}],
        "timestamp": "2026-11-20T10:00:00.000Z",
    }
    sqs, pipeline = stack.account.client("sqs", "eu-west-1"), pipeline_outputs(stack)
    body = json.dumps({"notificationType": "Bounce", "bounce": bounce, "mail": mail})
    sqs.send_message(QueueUrl=pipeline["queueUrl"], MessageBody=body)
    wait_until(lambda: dead_letters(command)["messages"] == 1, "it did not come to the dead letters")
    (dead_letter,) = dead_letters(command)["sample"]
    assert (dead_letter["reason"], dead_letter["problem"][: len(problem)]) == ("unreadable", problem)
    assert blocked_item(context_of(stack), address) is None

    archive, options = tmp_path / "archive.jsonl", ("--note", "a test", "--yes")
    discard = ("dead-letters", "discard", "--reason", "unreadable", *options, "--archive")
    assert command(*discard, str(archive)).exit_code == 0
    assert dead_letters(command)["messages"] == 0
    assert command("dead-letters", "restore", str(archive), *options).exit_code == 0
    wait_until(lambda: dead_letters(command)["messages"] == 1, "it did not come back to the dead letters")
    (restored,) = dead_letters(command)["sample"]
    assert restored["sent_at"] == dead_letter["sent_at"]
    assert command(*discard, str(tmp_path / "again.jsonl")).exit_code == 0


def test_what_the_topic_could_not_deliver_is_judged_after_redrive(stack: DeployedStack, command: Command) -> None:
    # The emulator's SNS keeps nothing that it cannot deliver: the message is put where AWS's would.
    address = "refused@example.org"
    notification = json.dumps(
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
    sqs.send_message(QueueUrl=pipeline_outputs(stack)["subscriptionDeadLetterQueueUrl"], MessageBody=notification)
    result = command("dead-letters", "redrive", "--queue", "subscription-dead-letters", "--yes", "--json")
    assert (result.exit_code, json.loads(result.stdout)["moved"]) == (0, 1), result.output
    wait_until(lambda: blocked_item(context_of(stack), address) is not None, "it is not blocked")


def test_a_simulation_arrives_by_every_way_and_leaves_nothing_blocked(stack: DeployedStack, command: Command) -> None:
    result = command("simulate", "--timeout", str(TIMEOUT), "--json")
    assert result.exit_code == 0, result.output
    mails = [json.loads(line) for line in result.stdout.splitlines()]
    names = {"bounce", "suppressionlist", "ooto", "complaint"}
    assert {(mail["identity"], mail["configuration_set"], mail["mail"]) for mail in mails} == {
        *((identity, None, name) for identity in ("shop.example", "news.shop.example") for name in {*names, "success"}),
        *(("shop.example", "main", name) for name in names),
    }
    assert {mail["mail"] for mail in mails if not mail["published"]} == {*names, "success"} - {"ooto"}
    assert [blocked_item(context_of(stack), mail["address"]) for mail in mails] == [None] * len(mails)


def test_a_simulation_names_the_identity_that_ses_tells_nothing_of(stack: DeployedStack, command: Command) -> None:
    ses, topic = stack.account.client("ses", "eu-west-1"), pipeline_outputs(stack)["topicArn"]

    def set_topic(arn: str) -> None:
        ses.set_identity_notification_topic(Identity="news.shop.example", NotificationType="Bounce", SnsTopic=arn)

    set_topic("")
    try:
        result = command("simulate", "--only", "bounce", "--timeout", "4", "--json")
    finally:
        set_topic(topic)
    mails = [json.loads(line) for line in result.stdout.splitlines()]
    stopped_at = {(mail["identity"], mail["configuration_set"]): mail["stopped_at"] for mail in mails}
    assert (result.exit_code, stopped_at) == (
        1,
        {("shop.example", None): None, ("news.shop.example", None): "SNS", ("shop.example", "main"): None},
    ), result.output
