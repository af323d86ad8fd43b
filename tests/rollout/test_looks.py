"""Previews and drift of a whole plan, with a fake in the place of Pulumi and AWS."""

from collections.abc import Mapping

from rollout.executor import Changes, Tell
from rollout.looks import drift, preview
from rollout.plan import PlannedStack
from rollout.record import Step
from tests.rollout.fake import ARNS, FakeExecutor, a_plan


def test_a_preview_looks_at_every_stack_and_goes_on_after_one_that_fails() -> None:
    plan = a_plan(["a", "b"], ["c"])
    executor = FakeExecutor(plan, {("preview", "a"): 1})
    record = preview(plan, executor, parallel=2)
    assert [one.step for one in record.stacks] == [Step.DONE, Step.FAILED, Step.DONE, Step.DONE]
    assert record.stacks[1].error == "preview of a failed"
    assert not record.done
    assert {verb for verb, _ in executor.calls} == {"preview"}
    assert executor.most <= 2


def test_a_preview_says_what_up_would_refuse() -> None:
    plan = a_plan(["a"])
    executor = FakeExecutor(plan)
    executor.lost = {"a": ("replace queue-a",)}
    assert "replace queue-a" in preview(plan, executor).stacks[1].error
    assert preview(plan, executor, allow_loss=["queue-*"]).done


def test_before_the_hub_is_up_members_are_previewed_with_arns_of_its_account_and_region() -> None:
    plan = a_plan(["a"])
    configs: list[dict[str, object]] = []

    class NoHub(FakeExecutor):
        def outputs(self, stack: PlannedStack) -> dict[str, object]:  # noqa: ARG002
            return {}

        def preview(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
            configs.append(dict(config))
            return super().preview(stack, config, tell)

    assert preview(plan, NoHub(plan)).done
    (member,) = [config for config in configs if "ses-feedback:blockedTableArn" in config]
    assert str(member["ses-feedback:blockedTableArn"]).rpartition("/")[0] == ARNS["blockedTableArn"].rpartition("/")[0]


def test_drift_names_the_resources_that_changed() -> None:
    plan = a_plan(["a", "b"])
    executor = FakeExecutor(plan)
    executor.lost = {"b": ("queue-b", "topic-b")}
    record = drift(plan, executor)
    assert [one.error for one in record.stacks] == ["", "", "not as it was left: queue-b, topic-b"]
    assert {verb for verb, _ in executor.calls} == {"drift"}
