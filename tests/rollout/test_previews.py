"""Previews and drift of a whole plan, with a fake in the place of Pulumi and AWS."""

from collections.abc import Mapping

from rollout.deployer import Changes, LostResource, OnProgress
from rollout.plan import PlannedStack
from rollout.previews import detect_drift, preview_updates
from rollout.record import Status
from tests.rollout.fake_deployer import TABLE_ARNS, FakeDeployer, plan_of


def test_every_stack_is_previewed_also_after_one_that_fails() -> None:
    plan = plan_of(["a", "b"], ["c"])
    deployer = FakeDeployer(plan, {("preview", "a"): 1})
    record = preview_updates(plan, deployer, parallel=2)
    assert [stack.status for stack in record.stacks] == [
        Status.SUCCEEDED,
        Status.FAILED,
        Status.SUCCEEDED,
        Status.SUCCEEDED,
    ]
    assert record.stacks[1].error == "preview of a failed"
    assert not record.succeeded
    assert {operation for operation, _ in deployer.begun} == {"preview"}
    assert deployer.max_running <= 2


def test_a_preview_says_what_up_would_refuse() -> None:
    plan = plan_of(["a"])
    deployer = FakeDeployer(plan)
    deployer.lost_resources = {"a": (LostResource("replace", "queue-a"),)}
    assert "replace queue-a" in preview_updates(plan, deployer).stacks[1].error
    assert preview_updates(plan, deployer, allow_loss=["queue-*"]).succeeded


def test_before_the_hub_is_deployed_members_are_previewed_with_arns_of_its_account_and_region() -> None:
    plan = plan_of(["a"])
    configs: list[dict[str, object]] = []

    class DeployerWithoutHub(FakeDeployer):
        def outputs(self, stack: PlannedStack) -> dict[str, object]:  # noqa: ARG002
            return {}

        def preview(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
            configs.append(dict(config))
            return super().preview(stack, config, on_progress)

    assert preview_updates(plan, DeployerWithoutHub(plan)).succeeded
    (member_config,) = [config for config in configs if "ses-feedback:blockedTableArn" in config]
    member_table_arn, table_arn = str(member_config["ses-feedback:blockedTableArn"]), TABLE_ARNS["blockedTableArn"]
    assert member_table_arn.rpartition("/")[0] == table_arn.rpartition("/")[0]


def test_drift_names_the_resources_that_changed() -> None:
    plan = plan_of(["a", "b"])
    deployer = FakeDeployer(plan)
    deployer.drifted_names = {"b": ("queue-b", "topic-b")}
    record = detect_drift(plan, deployer)
    assert [stack.error for stack in record.stacks] == ["", "", "drifted: queue-b, topic-b"]
    assert {operation for operation, _ in deployer.begun} == {"drift"}
