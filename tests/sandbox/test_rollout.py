"""A rollout of a hub and its member, each deployed into its account of the emulator.

Proves that the outputs of the hub reach the member, that the member's feedback then reaches the hub's table, and what a
health check finds. Does not prove that roles are assumed, nor what the engine does (tests/engine).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ses_feedback_cli.simulation.journey import HOPS
from ses_feedback_cli.simulation.mails import BOUNCE

from rollout import aws
from rollout.deployer import Changes, HealthFindings, OnProgress
from rollout.plan import PlannedStack, build_plan
from rollout.record import new_record
from rollout.record_file import RecordFile
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
  - {name: remaining, remainingAccounts: true}
"""


class SandboxDeployer:
    """A deployer that deploys stacks with the sandbox."""

    def __init__(self, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.emulator = emulator
        self.stacks: dict[str, DeployedStack] = {}
        self._monkeypatch = monkeypatch

    def _use_account_of(self, stack: PlannedStack) -> PlannedStack:
        self._monkeypatch.setenv("AWS_ACCESS_KEY_ID", stack.account_id)  # by which the emulator selects the account
        return stack

    def account_id(self, stack: PlannedStack) -> str:
        return aws.read_account_id(self._use_account_of(stack))

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        return self.stacks[stack.name].outputs if stack.name in self.stacks else {}

    def preview(self, _stack: PlannedStack, _config: Mapping[str, object], _on_progress: OnProgress) -> Changes:
        return Changes({})

    def update(self, stack: PlannedStack, config: Mapping[str, object], _on_progress: OnProgress) -> Changes:
        account = self.emulator.account(stack.account_id)
        sandbox_stack = deploy(account, {"ses-feedback:tableRegion": "", "ses-feedback:surgeHourlyFloor": "", **config})
        self.stacks[stack.name] = sandbox_stack
        return Changes({"create": len(sandbox_stack.resources)})

    detect_drift = preview

    def check_health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        return aws.check_health(self._use_account_of(stack), outputs)

    def stop(self) -> None:
        raise AssertionError


def test_a_member_rolled_out_after_its_hub_feeds_the_hubs_table(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    plan, deployer = build_plan(TARGETS), SandboxDeployer(emulator, monkeypatch)
    record = new_record(plan, datetime.now(UTC))
    outcome = Runner(plan, deployer, RecordFile(tmp_path / "record.json"), record, parallel=1).run()
    assert (outcome, [stack.error for stack in record.stacks]) == (Outcome.SUCCEEDED, ["", ""])

    hub, member = deployer.stacks["mail-eu-central-1"], deployer.stacks["shop-eu-west-1"]
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
    findings = deployer.check_health(plan.stacks[1], member.outputs)
    assert findings == {"dead letters of bounce-eu-west-1-shop-example-com": 1}
