"""What the record keeps from one rollout to the next."""

from datetime import UTC, datetime
from pathlib import Path

from rollout.plan_json import parse_plan
from rollout.record import new_record
from rollout.record_file import RecordFile
from tests.rollout.fake_deployer import HUB, FakeDeployer, create_runner, plan_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_stacks_whose_update_has_begun_stay_in_the_record_when_they_leave_the_plan(tmp_path: Path) -> None:
    plan, smaller_plan = plan_of(["a", "b"], ["c"]), plan_of(["a"])
    first_record = new_record(plan, NOW)
    create_runner(plan, FakeDeployer(plan, {("update", "b"): 1, ("preview", "a"): 1}), first_record, tmp_path).run()
    assert set(first_record.deployed) == {HUB, "b"}, "a failed update may have created something; a preview has not"
    record = new_record(smaller_plan, NOW, first_record)
    create_runner(smaller_plan, FakeDeployer(smaller_plan), record, tmp_path).run()
    saved_record = RecordFile(tmp_path / "record.json").load()
    assert saved_record
    assert saved_record.deployed == {stack.name: stack for stack in plan.stacks if stack.name != "c"}


def test_a_plan_read_from_its_json_is_equal() -> None:
    plan = plan_of(["a", "b"], ["c"], soak_minutes=5)
    assert parse_plan(plan.as_json()) == plan
