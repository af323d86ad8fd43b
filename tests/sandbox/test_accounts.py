"""The two stacks of examples/two-accounts, each in its account: what is allowed across accounts, and what is denied.

The emulator evaluates the policies that the program creates: across accounts, the caller's own and the table's must
both allow a call. MiniStack itself knows no table of another account; sandbox/server.py adds that.

Not proved: that DynamoDB accepts the resource policies (it checks that a role named in one exists, and blocks public
ones); how long a changed policy takes to apply; conditions on an organisation; a customer managed key, whose policy
must name the other account too.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from ses_feedback_cli.simulation.journey import HOPS
from ses_feedback_cli.simulation.mails import BOUNCE

from sandbox import DeployedStack, Emulator, SandboxError, deploy
from sandbox.chain import watch
from sandbox.iam_sender import Sender
from sandbox.stack_context import blocked_items, parse_arn

EXAMPLE = Path(__file__).parents[2] / "examples" / "two-accounts"
HUB, MEMBER, READER, OUTSIDER = "111122223333", "444455556666", "777788889999", "999900001111"
BLOCKED = BOUNCE.address()


pytestmark = pytest.mark.xdist_group("accounts")  # two stacks, made once


@dataclass
class TwoAccounts:
    """Hub and member, deployed, after one bounce in the member account."""

    hub: DeployedStack
    member: DeployedStack

    def user_of(self, account_id: str) -> Any:
        """A client of DynamoDB as a user whose own account allows every call on both tables."""
        account, arn = replace(self.hub.account, id=account_id), self.hub.outputs["blockedTableArn"]
        iam = account.client("iam", "us-east-1")
        name = f"user-{time.monotonic_ns()}"
        statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return account.client("dynamodb", parse_arn(arn).region, (key["AccessKeyId"], key["SecretAccessKey"]))


def example(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((EXAMPLE / f"Pulumi.{name}.yaml").read_text())["config"]
    return {"ses-feedback:tableRegion": "", "ses-feedback:surgeHourlyFloor": "", **config}


@pytest.fixture(scope="module")
def accounts(emulator: Emulator) -> TwoAccounts:
    hub = deploy(emulator.account(HUB), {**example("hub"), "ses-feedback:readerPrincipals": [MEMBER, READER]})
    tables = {f"ses-feedback:{key}": hub.outputs[key] for key in ("blockedTableArn", "historyTableArn")}
    member = deploy(emulator.account(MEMBER), {**example("member"), **tables})
    with watch(member, hub) as chain:
        assert chain.wait_until_drained(30) == {}
        journey = chain.follow(BOUNCE)
    assert (journey.failure, tuple(journey.seconds)) == (None, HOPS)
    return TwoAccounts(hub, member)


def test_the_example_is_of_two_accounts_and_two_regions(accounts: TwoAccounts) -> None:
    assert {resource.type for resource in accounts.member.resources}.isdisjoint(
        {"aws:dynamodb/table:Table", "aws:dynamodb/resourcePolicy:ResourcePolicy"}
    )
    (pipeline, _) = accounts.member.outputs["pipelines"].values()
    topic_arn, table_arn = parse_arn(pipeline["topicArn"]), parse_arn(accounts.hub.outputs["blockedTableArn"])
    assert (topic_arn.region, topic_arn.account) == ("eu-west-1", MEMBER)
    assert (table_arn.region, table_arn.account) == ("eu-central-1", HUB)
    assert (example("hub")["aws:allowedAccountIds"], example("member")["aws:allowedAccountIds"]) == ([HUB], [MEMBER])


def test_a_bounce_of_the_member_is_in_the_table_of_the_hub(accounts: TwoAccounts) -> None:
    (item,) = (item for item in blocked_items(accounts.hub) if item["value"] == BLOCKED)
    assert (item["reason"], item["account"]) == ("bounce", MEMBER)


@pytest.mark.parametrize("account", [HUB, MEMBER, READER])
def test_a_sender_with_the_hubs_policy_is_answered(accounts: TwoAccounts, account: str) -> None:
    sender_stack = replace(accounts.hub, account=replace(accounts.hub.account, id=account))
    answers = Sender(sender_stack).check([BLOCKED, "jane@example.com"])
    assert [(answer.address, answer.allowed) for answer in answers] == [(BLOCKED, False), ("jane@example.com", True)]


def test_a_sender_of_an_account_that_the_hub_does_not_name_is_refused(accounts: TwoAccounts) -> None:
    sender_stack = replace(accounts.hub, account=replace(accounts.hub.account, id=OUTSIDER))
    with pytest.raises(SandboxError, match="cannot ask: BatchGetItem: AccessDeniedException"):
        Sender(sender_stack).check([BLOCKED])


Call = Callable[[Any, str, str], object]
KEY = {"value": {"S": "of-nobody@example.com"}}
ROW = {**KEY, "entry": {"S": "any"}}
CALLS: dict[str, Call] = {
    "batch get": lambda client, blocked, _: client.batch_get_item(RequestItems={blocked: {"Keys": [KEY]}}),
    "get": lambda client, blocked, _: client.get_item(TableName=blocked, Key=KEY),
    "scan": lambda client, blocked, _: client.scan(TableName=blocked),
    "block": lambda client, blocked, _: client.put_item(TableName=blocked, Item=KEY),
    "unblock": lambda client, blocked, _: client.delete_item(TableName=blocked, Key=KEY),
    "read history": lambda client, _, history: client.batch_get_item(RequestItems={history: {"Keys": [ROW]}}),
    "write history": lambda client, _, history: client.put_item(TableName=history, Item=ROW),
    "delete history": lambda client, _, history: client.delete_item(TableName=history, Key=ROW),
    "record": lambda client, blocked, history: client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": history, "Item": ROW}},
            {"Delete": {"TableName": blocked, "Key": KEY}},
        ]
    ),
    "delete table": lambda client, blocked, _: client.delete_table(TableName=blocked),
}


@pytest.mark.parametrize(
    ("account", "allowed"),
    [
        (OUTSIDER, set()),
        (READER, {"batch get", "get"}),
        # A writer may do what a pipeline does, and no more: it cannot scan or delete a table.
        (MEMBER, {"batch get", "get", "block", "unblock", "read history", "write history", "record"}),
    ],
)
def test_whatever_its_own_account_allows_a_user_can_do_what_the_hub_names(
    accounts: TwoAccounts, account: str, allowed: set[str]
) -> None:
    user, outputs = accounts.user_of(account), accounts.hub.outputs
    items_before = {table: items(accounts.hub, table) for table in ("blocked", "history")}
    tables = outputs["blockedTableArn"], outputs["historyTableArn"]
    error_codes = {name: error_code(partial(call, user, *tables)) for name, call in CALLS.items()}
    assert error_codes == {name: None if name in allowed else "AccessDeniedException" for name in CALLS}
    if not allowed & {"block", "unblock", "write history", "record"}:
        assert {table: items(accounts.hub, table) for table in ("blocked", "history")} == items_before


def error_code(call: Callable[[], object]) -> str | None:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def items(hub: DeployedStack, table: str) -> list[dict[str, Any]]:
    arn = hub.outputs[f"{table}TableArn"]
    rows: list[dict[str, Any]] = hub.account.client("dynamodb", parse_arn(arn).region).scan(TableName=arn)["Items"]
    return sorted(rows, key=str)


@pytest.fixture
def without_policies(accounts: TwoAccounts) -> Iterator[Callable[[], None]]:
    """Deletes the resource policies of the hub's tables. Calling the value puts them back."""
    arns = [accounts.hub.outputs[key] for key in ("blockedTableArn", "historyTableArn")]
    client = accounts.hub.account.client("dynamodb", parse_arn(arns[0]).region)
    policies = {arn: client.get_resource_policy(ResourceArn=arn)["Policy"] for arn in arns}
    for arn in arns:
        client.delete_resource_policy(ResourceArn=arn)

    def restore() -> None:
        for arn, policy in policies.items():
            client.put_resource_policy(ResourceArn=arn, Policy=policy)

    yield restore
    restore()


def test_without_the_hubs_policies_a_record_waits_in_its_queue_until_they_are_there(
    accounts: TwoAccounts, without_policies: Callable[[], None]
) -> None:
    with watch(accounts.member, accounts.hub) as chain:
        journey = chain.follow(replace(BOUNCE, name="bounce+second"))
        assert journey.failure is not None
        assert journey.failure.hop == "DynamoDB"
        assert "could not record it: BatchGetItem: AccessDeniedException" in journey.failure.reason
        assert chain.wait_until_drained(0)["bounce"] == ["queue of bounce-eu-west-1-shop-example-com: 1"]
        without_policies()
        assert chain.wait_until_drained(60) == {}  # what AWS refuses comes back after half a minute
    assert "bounce+second@simulator.amazonses.com" in {item["value"] for item in blocked_items(accounts.hub)}
