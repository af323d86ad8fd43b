"""The order of a rollout, what stops it, and how it resumes, with a fake in the place of Pulumi and AWS.

Real threads run, so the properties hold for every order that these take. Does not prove what the engine does:
tests/engine does.
"""

import copy
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.accounts import WrongAccountError
from rollout.deployer import HealthFindings, LostResource, StackError
from rollout.health import HealthProblem
from rollout.plan import Plan
from rollout.record import Record, Status, new_record
from rollout.record_file import RecordFile
from rollout.runner import Outcome
from tests.properties import profile_times
from tests.rollout.fake_deployer import HUB, TABLE_ARNS, FakeDeployer, create_runner, plan_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PlanWithFailures = tuple[Plan, Mapping[tuple[str, str], int]]
plans = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda sizes: plan_of(*([f"w{wave}s{stack}" for stack in range(size)] for wave, size in enumerate(sizes)))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout")


@st.composite
def plans_with_failures(draw: st.DrawFn) -> PlanWithFailures:
    """A plan whose waves tolerate some failures, and how often a preview or update in it fails."""
    plan = draw(plans)
    hub_wave, *waves = plan.waves
    plan = Plan((hub_wave, *(replace(wave, failure_tolerance=draw(st.integers(0, 2))) for wave in waves)))
    operations = [(operation, stack.name) for stack in plan.stacks for operation in ("preview", "update")]
    return plan, draw(st.dictionaries(st.sampled_from(operations), st.integers(1, 2), max_size=4))


@given(plans_with_failures(), st.integers(1, 5))
@profile_times(0.15)
def test_a_wave_begins_only_when_all_before_it_are_done_within_their_tolerance(
    folder: Path, plan_with_failures: PlanWithFailures, parallel: int
) -> None:
    plan, failures = plan_with_failures
    deployer, record = FakeDeployer(plan, failures), new_record(plan, NOW)
    earlier_waves_done: dict[str, bool] = {}
    wave_of_stack = {stack.name: index for index, wave in enumerate(plan.waves) for stack in wave.stacks}

    def check_earlier_waves(_operation: str, stack_name: str) -> None:
        earlier_waves = record.waves[: wave_of_stack[stack_name]]
        earlier_waves_done[stack_name] = all(
            {stack.status for stack in wave.stacks} <= {Status.SUCCEEDED, Status.FAILED}
            and sum(stack.status is Status.FAILED for stack in wave.stacks) <= wave.failure_tolerance
            for wave in earlier_waves
        )

    deployer.on_call = check_earlier_waves
    outcome = create_runner(plan, deployer, record, folder, parallel=parallel).run()
    assert all(earlier_waves_done.values())
    assert deployer.max_running <= parallel
    failing_stacks = {stack_name for (_, stack_name), count in failures.items() if count}
    stopped = False
    for wave, wave_record in zip(plan.waves, record.waves, strict=True):
        begun = {stack.name for stack in wave.stacks} & {stack_name for _, stack_name in deployer.begun}
        failed = {stack.name for stack in wave_record.stacks if stack.status is Status.FAILED}
        succeeded = {stack.name for stack in wave_record.stacks if stack.status is Status.SUCCEEDED}
        assert failed == begun & failing_stacks
        assert succeeded == begun - failing_stacks, "what has begun finishes"
        assert all(stack.status is Status.PENDING for stack in wave_record.stacks if stack.name not in begun)
        assert all(stack.error for stack in wave_record.stacks if stack.name in failed)
        assert not (stopped and begun)
        assert len(failed) <= wave.failure_tolerance + parallel
        stopped = stopped or len(failed) > wave.failure_tolerance
        if not stopped:
            assert begun == {stack.name for stack in wave.stacks}, "within the tolerance the wave goes on to its end"
    assert outcome is (Outcome.FAILED if failing_stacks & set(earlier_waves_done) else Outcome.SUCCEEDED)
    assert record.succeeded == (outcome is Outcome.SUCCEEDED)
    assert bool(record.finished_at) == record.succeeded


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 4), st.integers(1, 4))
@profile_times(0.3)
def test_no_stack_begins_after_more_have_failed_than_the_wave_tolerates(
    folder: Path, fails: list[bool], tolerance: int, parallel: int
) -> None:
    names = [f"s{index}" for index in range(len(fails))]
    hub_wave, wave = plan_of(names).waves
    plan = Plan((hub_wave, replace(wave, failure_tolerance=tolerance)))
    failing = {name for name, does_fail in zip(names, fails, strict=True) if does_fail}
    deployer = FakeDeployer(plan, {("update", name): 1 for name in failing})
    record = new_record(plan, NOW)
    create_runner(plan, deployer, record, folder, parallel=parallel).run()
    failed = [stack.name for stack in record.stacks if stack.status is Status.FAILED]
    begun = [name for operation, name in deployer.begun if operation == "preview" and name != HUB]
    assert len(failed) <= tolerance + parallel
    if len(failing) <= tolerance:
        assert set(begun) == set(names)
    else:
        assert len(failed) > tolerance
    if parallel == 1:
        last = [index for index, name in enumerate(names) if name in failing][tolerance : tolerance + 1]
        assert begun == names[: last[0] + 1 if last else None]


@given(plans_with_failures(), st.data(), st.integers(1, 3))
@profile_times(0.15)
def test_nothing_outside_the_selection_is_touched_and_resume_does_the_rest(
    folder: Path, plan_with_failures: PlanWithFailures, data: st.DataObject, parallel: int
) -> None:
    plan, failures = plan_with_failures
    deployer, record = FakeDeployer(plan, failures), new_record(plan, NOW)
    selected = data.draw(st.sets(st.sampled_from([stack.name for stack in plan.stacks]), min_size=1))
    checked: set[str] = set()
    deployer.on_health_check = checked.add
    outcome = create_runner(plan, deployer, record, folder, parallel=parallel, selected=selected).run()
    begun = {stack_name for _, stack_name in deployer.begun}
    assert begun <= selected
    assert checked <= selected
    for stack_record in record.stacks:
        if stack_record.name not in selected:
            assert stack_record.status is Status.PENDING
            assert not stack_record.started_at
    if not failures.keys() & {(operation, name) for operation in ("preview", "update") for name in selected}:
        assert outcome is Outcome.SUCCEEDED
        assert {stack.name for stack in record.stacks if stack.status is Status.SUCCEEDED} == selected
    for wave_record in record.waves:
        whole = all(stack.status is Status.SUCCEEDED for stack in wave_record.stacks)
        assert (wave_record.status is Status.SUCCEEDED) == whole
    for _ in range(sum(failures.values()) + 1):
        outcome = create_runner(plan, deployer, record, folder).run()
    assert outcome is Outcome.SUCCEEDED
    assert record.succeeded
    assert all(deployer.update_count(stack.name) == 1 for stack in plan.stacks)


@given(plans_with_failures())
@profile_times(0.15)
def test_resume_updates_what_is_not_updated_and_repeats_nothing(
    folder: Path, plan_with_failures: PlanWithFailures
) -> None:
    plan, failures = plan_with_failures
    deployer, record = FakeDeployer(plan, failures), new_record(plan, NOW)
    for _ in range(sum(failures.values()) + 1):
        outcome = create_runner(plan, deployer, record, folder).run()
    assert outcome is Outcome.SUCCEEDED
    assert record.succeeded
    assert record.finished_at
    assert all(deployer.update_count(stack.name) == 1 for stack in plan.stacks)


@given(plans, st.integers(0, 30), st.integers(1, 3))
@profile_times(0.15)
def test_stopping_at_any_operation_begins_nothing_more_and_can_be_resumed(
    folder: Path, plan: Plan, stop_at: int, parallel: int
) -> None:
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    runner = create_runner(plan, deployer, record, folder, parallel=parallel)
    operation_count = itertools.count()
    begun_after_stop: list[str] = []

    def stop(_operation: str, stack_name: str) -> None:
        if deployer.stopped.is_set():
            begun_after_stop.append(stack_name)
        if next(operation_count) == stop_at:
            runner.stop()

    deployer.on_call = stop
    outcome = runner.run()
    assert len(begun_after_stop) <= parallel - 1, "only operations that had begun already"
    for stack_record in record.stacks:
        assert (stack_record.status is Status.SUCCEEDED) == (deployer.update_count(stack_record.name) == 1)
        assert stack_record.status in {Status.SUCCEEDED, Status.PENDING, Status.INTERRUPTED}
        if stack_record.status is Status.INTERRUPTED:
            assert ("update", stack_record.name) in deployer.begun
    stopped = deployer.stopped.is_set() and not record.succeeded
    assert outcome is (Outcome.STOPPED if stopped else Outcome.SUCCEEDED)
    second_deployer = FakeDeployer(plan)
    assert create_runner(plan, second_deployer, record, folder).run() is Outcome.SUCCEEDED
    for stack in plan.stacks:
        assert deployer.update_count(stack.name) + second_deployer.update_count(stack.name) == 1


@given(plans_with_failures())
@profile_times(0.1)
def test_after_a_crash_at_any_time_the_rollout_resumes_from_the_file(
    folder: Path, plan_with_failures: PlanWithFailures
) -> None:
    plan, failures = plan_with_failures
    deployer, record, record_file = (
        FakeDeployer(plan, failures),
        new_record(plan, NOW),
        RecordFile(folder / "record.json"),
    )
    snapshots: list[tuple[Record, list[tuple[str, str]]]] = []
    lock = threading.Lock()

    def take_snapshot(_: Record) -> None:
        with lock:
            saved_record = record_file.load()
            assert saved_record is not None
            snapshots.append((saved_record, list(deployer.succeeded)))

    create_runner(plan, deployer, record, folder, on_change=take_snapshot).run()
    for saved_record, succeeded in snapshots[:: max(1, len(snapshots) // 8)]:
        recorded = {stack.name for stack in saved_record.stacks if stack.status is Status.SUCCEEDED}
        assert all(("update", stack_name) in succeeded for stack_name in recorded), "no success is recorded too early"
        second_deployer = FakeDeployer(plan)
        assert create_runner(plan, second_deployer, copy.deepcopy(saved_record), folder).run() is Outcome.SUCCEEDED
        updated = {stack_name for operation, stack_name in second_deployer.succeeded if operation == "update"}
        assert updated == {stack.name for stack in plan.stacks} - recorded


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return False


def run_with_soak_time(folder: Path, health_checks: list[HealthFindings | StackError]) -> tuple[Outcome, Record, Clock]:
    """A canary wave with a soak time of ten minutes, and one after it.

    `health_checks` are the results for the canary, the first of them before its update.
    """
    plan, clock = plan_of(["canary"], ["late"], soak_minutes=10), Clock()
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    deployer.health_checks = {"canary": health_checks}
    outcome = create_runner(plan, deployer, record, folder, now=clock, pause=clock.pause).run()
    assert RecordFile(folder / "record.json").load() == record
    return outcome, record, clock


def test_a_wave_soaks_before_the_next_begins(tmp_path: Path) -> None:
    outcome, record, clock = run_with_soak_time(tmp_path, [{}])
    assert outcome is Outcome.SUCCEEDED
    assert clock.now == NOW + timedelta(minutes=20)
    assert record.stacks[-1].started_at == "2026-11-24T12:10:00+00:00"


def test_health_that_gets_worse_during_the_soak_time_stops_the_next_wave(tmp_path: Path) -> None:
    outcome, record, clock = run_with_soak_time(tmp_path, [{}, {}, {}, {"dead letters of bounce-a": 2}])
    assert outcome is Outcome.UNHEALTHY
    assert clock.now == NOW + timedelta(minutes=2)
    assert record.waves[1].health_problems == [HealthProblem("canary", "dead letters of bounce-a: 2, before 0")]
    assert [stack.status for stack in record.stacks] == [Status.SUCCEEDED, Status.SUCCEEDED, Status.PENDING]


def run_tolerant_wave(
    folder: Path, health_checks: dict[str, list[HealthFindings | StackError]], **failures: int
) -> tuple[Outcome, Record, Clock]:
    """A wave of three stacks of which one may fail, with a soak time of ten minutes, and a wave after it."""
    hub_wave, wave, late = plan_of(["a", "b", "c"], ["late"], soak_minutes=10).waves
    plan, clock = Plan((hub_wave, replace(wave, failure_tolerance=1), late)), Clock()
    deployer = FakeDeployer(plan, {("update", name): count for name, count in failures.items()})
    deployer.health_checks = {name: list(results) for name, results in health_checks.items()}
    record = new_record(plan, NOW)
    outcome = create_runner(plan, deployer, record, folder, now=clock, pause=clock.pause, parallel=1).run()
    return outcome, record, clock


def test_a_stack_that_is_worse_in_the_soak_time_counts_as_a_failure(tmp_path: Path) -> None:
    worse: list[HealthFindings | StackError] = [{}, {"alarm": 1}]
    outcome, record, clock = run_tolerant_wave(tmp_path, {"a": worse})
    assert (outcome, clock.now) == (Outcome.UNHEALTHY, NOW + timedelta(minutes=20)), "both waves to their end"
    assert [wave.status for wave in record.waves] == [Status.SUCCEEDED, Status.FAILED, Status.SUCCEEDED]
    assert record.waves[1].health_problems == [HealthProblem("a", "alarm: 1, before 0")]
    assert not record.succeeded
    for health_checks, failures in (({"a": worse, "b": worse}, {}), ({"a": worse}, {"b": 1})):
        outcome, record, clock = run_tolerant_wave(tmp_path, health_checks, **failures)
        assert (outcome, clock.now) == (Outcome.UNHEALTHY, NOW), "one more than tolerated stops at once"
        assert record.stacks[-1].status is Status.PENDING


def test_a_stack_that_was_worse_once_counts_also_when_it_is_well_again(tmp_path: Path) -> None:
    once: list[HealthFindings | StackError] = [{}, {"alarm": 1}, {}]
    later: list[HealthFindings | StackError] = [{}, {}, {}, {"dead letters": 1}, StackError("throttled")]
    outcome, record, _ = run_tolerant_wave(tmp_path, {"a": once})
    assert outcome is Outcome.UNHEALTHY
    assert record.waves[1].failed_stacks == {"a"}
    outcome, record, clock = run_tolerant_wave(tmp_path, {"a": once, "b": later})
    assert (outcome, clock.now) == (Outcome.UNHEALTHY, NOW + timedelta(minutes=2))
    assert record.waves[1].failed_stacks == {"a", "b"}
    assert run_tolerant_wave(tmp_path, {"b": later})[1].waves[1].health_problems == [
        HealthProblem("b", "dead letters: 1, before 0")
    ]


def test_health_checks_that_are_not_possible_count_at_the_end_of_the_soak_time(tmp_path: Path) -> None:
    refused: list[HealthFindings | StackError] = [{}, StackError("no permission")]
    outcome, record, _ = run_tolerant_wave(tmp_path, {"a": refused})
    assert (outcome, record.stacks[-1].status) == (Outcome.UNHEALTHY, Status.SUCCEEDED)
    outcome, record, clock = run_tolerant_wave(tmp_path, {"a": refused, "b": refused})
    assert (outcome, record.stacks[-1].status) == (Outcome.UNHEALTHY, Status.PENDING)
    assert clock.now == NOW + timedelta(minutes=10)


def test_tolerated_failures_are_retried_by_resume_and_no_other_stack_is_updated_again(tmp_path: Path) -> None:
    hub_wave, wave, late = plan_of(["a", "b"], ["late"]).waves
    plan = Plan((hub_wave, replace(wave, failure_tolerance=1), late))
    deployer, record = FakeDeployer(plan, {("update", "a"): 2}), new_record(plan, NOW)
    outcomes = [create_runner(plan, deployer, record, tmp_path).run() for _ in range(3)]
    assert outcomes == [Outcome.FAILED, Outcome.FAILED, Outcome.SUCCEEDED]
    assert deployer.begun.count(("update", "a")) == 3
    assert all(deployer.begun.count(("update", name)) == 1 for name in ("b", "late"))


def test_a_wave_in_which_nothing_was_updated_does_not_soak(tmp_path: Path) -> None:
    hub_wave, wave, late = plan_of(["a"], ["late"], soak_minutes=10).waves
    plan, clock = Plan((hub_wave, replace(wave, failure_tolerance=1), late)), Clock()
    deployer, record = FakeDeployer(plan, {("preview", "a"): 1}), new_record(plan, NOW)
    outcome = create_runner(plan, deployer, record, tmp_path, now=clock, pause=clock.pause).run()
    assert (outcome, clock.now) == (Outcome.FAILED, NOW + timedelta(minutes=10)), "only the late wave soaks"
    assert record.waves[1].status is Status.FAILED


def test_a_member_without_a_deployed_hub_says_what_to_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(["a"])
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    monkeypatch.setattr(deployer, "outputs", lambda _: {})
    assert create_runner(plan, deployer, record, tmp_path, selected={"a"}).run() is Outcome.FAILED
    assert record.stacks[1].error == f"the tables are in the hub's stack {HUB}, which is not deployed: update it first"


def test_health_that_was_bad_before_the_update_does_not_stop_the_rollout(tmp_path: Path) -> None:
    assert run_with_soak_time(tmp_path, [{"alarm a in eu-west-1": 1}])[0] is Outcome.SUCCEEDED
    outcome, record, _ = run_with_soak_time(tmp_path, [{"dead letters of a": 3}, {"dead letters of a": 4}])
    assert outcome is Outcome.UNHEALTHY
    assert record.waves[1].health_problems == [HealthProblem("canary", "dead letters of a: 4, before 3")]


def test_a_health_check_that_cannot_be_made_matters_only_at_the_end(tmp_path: Path) -> None:
    assert run_with_soak_time(tmp_path, [{}, StackError("throttled"), {}])[0] is Outcome.SUCCEEDED
    outcome, record, clock = run_with_soak_time(tmp_path, [{}, StackError("no permission")])
    assert outcome is Outcome.UNHEALTHY
    assert clock.now == NOW + timedelta(minutes=10)
    (problem,) = record.waves[1].health_problems
    assert problem == HealthProblem("canary", "no permission", unreachable=True)
    assert str(problem) == "canary: health check not possible: no permission"


def test_what_decides_is_the_field_and_not_the_message_of_a_problem(tmp_path: Path) -> None:
    misleading_name = "alarm health check not possible"
    outcome, _, clock = run_with_soak_time(tmp_path, [{}, {misleading_name: 1}])
    assert (outcome, clock.now) == (Outcome.UNHEALTHY, NOW), "it stops at once, as for every alarm"


def test_an_unhealthy_wave_is_checked_again_by_resume_and_not_updated_again(tmp_path: Path) -> None:
    plan = plan_of(["canary"], ["late"])
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    deployer.health_checks = {"canary": [{}, {"alarm a in eu-west-1": 1}, {"alarm a in eu-west-1": 1}, {}]}
    outcomes = [create_runner(plan, deployer, record, tmp_path).run() for _ in range(3)]
    assert outcomes == [Outcome.UNHEALTHY, Outcome.UNHEALTHY, Outcome.SUCCEEDED]
    assert deployer.update_count("canary") == 1


def test_stopping_during_the_soak_time_keeps_the_time_that_has_passed(tmp_path: Path) -> None:
    plan, clock = plan_of(["canary"], ["late"], soak_minutes=10), Clock()
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)

    def stop_at_once(seconds: float) -> bool:
        clock.pause(seconds)
        return True

    outcome = create_runner(plan, deployer, record, tmp_path, now=clock, pause=stop_at_once).run()
    assert outcome is Outcome.STOPPED
    clock.now = NOW + timedelta(minutes=9)
    outcome = create_runner(plan, FakeDeployer(plan), record, tmp_path, now=clock, pause=clock.pause).run()
    assert outcome is Outcome.SUCCEEDED
    assert record.stacks[-1].started_at == "2026-11-24T12:10:00+00:00"


def test_an_update_that_would_lose_data_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    plan = plan_of(["a", "b"])
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    deployer.lost_resources = {
        "a": (LostResource("replace", "bounce-a-queue"), LostResource("delete", "bounce-a-topic"))
    }

    def run(*allow_loss: str) -> Outcome:
        return create_runner(plan, deployer, record, tmp_path, allow_loss=allow_loss).run()

    assert run() is Outcome.FAILED
    failed_stack = record.stacks[1]
    assert "replace bounce-a-queue, delete bounce-a-topic" in failed_stack.error
    assert "--allow-loss" in failed_stack.error
    assert ("update", "a") not in deployer.begun
    assert deployer.update_count("b") == 1
    assert run("*-topic") is Outcome.FAILED
    assert "bounce-a-topic" not in failed_stack.error
    assert run("*-topic", "bounce-a-queue") is Outcome.SUCCEEDED


def test_nothing_begins_after_an_error_that_is_not_a_stacks(tmp_path: Path) -> None:
    """Such as a record that cannot be written: the rollout ends, so no stack begins that nobody would see."""
    plan = plan_of(["a", "b", "c"])
    deployer, record, raised = FakeDeployer(plan), new_record(plan, NOW), threading.Event()

    def on_call(operation: str, stack_name: str) -> None:
        if (operation, stack_name) == ("update", "a"):
            assert raised.wait(10)
            time.sleep(0.2)  # in which c could begin
        if stack_name == "b":
            raised.set()
            raise OSError("the disk is full")

    deployer.on_call = on_call
    with pytest.raises(OSError, match="the disk is full"):
        create_runner(plan, deployer, record, tmp_path, parallel=2).run()
    assert "c" not in {stack_name for _, stack_name in deployer.begun}
    assert deployer.update_count("a") == 1


def test_a_wrong_account_is_refused_before_any_operation(tmp_path: Path) -> None:
    plan = plan_of(["a"], ["b"])
    deployer = FakeDeployer(plan)
    deployer.account_ids |= dict.fromkeys("ab", "9" * 12)
    message = f"the credentials belong to account {'9' * 12}: .*, {'2' * 12}, is needed"
    with pytest.raises(WrongAccountError, match=message):
        create_runner(plan, deployer, new_record(plan, NOW), tmp_path).run()
    assert deployer.begun == []


def test_members_get_the_outputs_of_the_hub(tmp_path: Path) -> None:
    plan = plan_of(["a"])
    deployer = FakeDeployer(plan)
    assert create_runner(plan, deployer, new_record(plan, NOW), tmp_path).run() is Outcome.SUCCEEDED
    table_config = {f"ses-feedback:{key}": arn for key, arn in TABLE_ARNS.items()}
    assert deployer.configs["a"] == {"aws:region": "eu-west-1"} | table_config
    assert deployer.configs[HUB] == {"aws:region": "eu-central-1"}


def test_a_hub_of_another_account_fails_its_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(["a"])
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    wrong_arns = {key: arn.replace("1" * 12, "9" * 12) for key, arn in TABLE_ARNS.items()}
    monkeypatch.setattr(deployer, "outputs", lambda stack: wrong_arns if stack.name == HUB else {})
    assert create_runner(plan, deployer, record, tmp_path).run() is Outcome.FAILED
    assert "a table of the hub is needed" in record.stacks[1].error
