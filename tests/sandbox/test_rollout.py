"""A rollout of a hub and its member, each deployed into its account of the emulator, by the rollout's own runner.

Proves that what the hub exports reaches the member, that the member's feedback then reaches the hub's table, and what
the rollout's look at a stack sees. Not proved: roles assumed on the way, and the engine's part (tests/engine).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ses_feedback_cli.simulation.journey import HOPS
from ses_feedback_cli.simulation.mails import BOUNCE

from rollout import aws
from rollout.executor import Changes, Health, Tell
from rollout.plan import PlannedStack, plan
from rollout.record import Store, begin
from rollout.runner import Outcome, Runner
from sandbox import DeployedStack, Emulator, deploy
from sandbox.chain import watch
from sandbox.stack_context import blocked_items

pytestmark = pytest.mark.xdist_group("accounts")

TARGETS = """\
regions: [eu-central-1, eu-west-1]
roles: []
hub: {account: mail, region: eu-central-1}
accounts:
  - {name: mail, id: "333322221111", regions: {eu-central-1: {sources: [{identities: [mail.example.com]}]}}}
  - {name: shop, id: "666655554444", regions: {eu-west-1: {sources: [{identities: [shop.example.com]}]}}}
waves:
  - {name: rest, rest: true}
"""


class InTheSandbox:
    """An executor whose stacks are made by the sandbox."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.emulator = emulator
        self.stacks: dict[str, DeployedStack] = {}
        self._monkeypatch = monkeypatch

    def _as(self, stack: PlannedStack) -> PlannedStack:
        self._monkeypatch.setenv("AWS_ACCESS_KEY_ID", stack.account_id)  # which is how the emulator tells accounts
        return stack

    def account(self, stack: PlannedStack) -> str:
        return aws.account(self._as(stack))

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        return self.stacks[stack.name].outputs if stack.name in self.stacks else {}

    def preview(self, _stack: PlannedStack, _config: Mapping[str, object], _tell: Tell) -> Changes:
        return Changes({})

    def up(self, stack: PlannedStack, config: Mapping[str, object], _tell: Tell) -> Changes:
        made = deploy(self.emulator.account(stack.account_id), {"ses-feedback:tableRegion": "", **config})
        self.stacks[stack.name] = made
        return Changes({"create": len(made.resources)})

    drift = preview

    def health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> Health:
        return aws.health(self._as(stack), outputs)

    def stop(self) -> None:
        raise AssertionError


def test_a_member_rolled_out_after_its_hub_feeds_the_hubs_table(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    made, executor = plan(TARGETS), InTheSandbox(emulator, monkeypatch)
    record = begin(made, datetime.now(UTC))
    outcome = Runner(made, executor, Store(tmp_path / "record.json"), record, parallel=1).run()
    assert (outcome, [stack.error for stack in record.stacks]) == (Outcome.DONE, ["", ""])

    hub, member = executor.stacks["mail-eu-central-1"], executor.stacks["shop-eu-west-1"]
    assert member.outputs["blockedTableArn"] == hub.outputs["blockedTableArn"]
    with watch(member, hub) as chain:
        assert chain.wait_until_drained(60) == {}
        journey = chain.follow(BOUNCE, 60)
    assert (journey.failure, tuple(journey.seconds)) == (None, HOPS)
    (item,) = (item for item in blocked_items(hub) if item["value"] == BOUNCE.address())
    assert (item["reason"], item["account"]) == ("bounce", "666655554444")

    pipeline = member.outputs["pipelines"]["bounce-eu-west-1-shop-example-com"]
    sqs = member.account.client("sqs", "eu-west-1")
    sqs.send_message(QueueUrl=pipeline["deadLetterQueueUrl"], MessageBody="{}")
    found = executor.health(made.stacks[1], member.outputs)
    assert found == {"dead letters of bounce-eu-west-1-shop-example-com": 1}
