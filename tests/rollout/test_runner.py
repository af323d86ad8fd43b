"""The order of a rollout, what stops it, and how it goes on, with a fake in the place of Pulumi and AWS.

Real threads, so the laws hold for whatever order these take. Does not prove what the engine does: tests/engine does.
"""

import copy
import itertools
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.executor import Health, StackError
from rollout.plan import Plan
from rollout.record import Record, Step, Store, begin
from rollout.runner import Outcome, WrongAccountError
from tests.properties import profile_times
from tests.rollout.fake import ARNS, HUB, FakeExecutor, a_plan, runner

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
plans = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda sizes: a_plan(*([f"w{wave}s{number}" for number in range(size)] for wave, size in enumerate(sizes)))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout")


@st.composite
def troubles(draw: st.DrawFn) -> tuple[Plan, Mapping[tuple[str, str], int]]:
    """A plan, and how often a preview or update in it fails."""
    plan = draw(plans)
    calls = [(verb, one.name) for one in plan.stacks for verb in ("preview", "up")]
    return plan, draw(st.dictionaries(st.sampled_from(calls), st.integers(1, 2), max_size=4))


@given(troubles(), st.integers(1, 5))
@profile_times(0.15)
def test_a_wave_begins_only_when_all_before_it_is_done(
    folder: Path, trouble: tuple[Plan, Mapping[tuple[str, str], int]], parallel: int
) -> None:
    plan, fails = trouble
    executor, record = FakeExecutor(plan, fails), begin(plan, NOW)
    done_before: dict[str, bool] = {}
    wave_of = {one.name: number for number, wave in enumerate(plan.waves) for one in wave.stacks}

    def look(_verb: str, name: str) -> None:
        earlier = [one for number, wave in enumerate(record.waves) if number < wave_of[name] for one in wave.stacks]
        done_before[name] = all(one.step is Step.DONE for one in earlier)

    executor.before = look
    outcome = runner(plan, executor, record, folder, parallel=parallel).run()
    assert all(done_before.values())
    assert executor.most <= parallel
    failing = [wave_of[name] for (_, name), count in fails.items() if count]
    stopped_at = min(failing, default=len(plan.waves))
    assert outcome is (Outcome.FAILED if failing else Outcome.DONE)
    for number, (wave, entry) in enumerate(zip(plan.waves, record.waves, strict=True)):
        for one, its in zip(wave.stacks, entry.stacks, strict=True):
            fails_itself = any(name == one.name for _, name in fails)
            if number > stopped_at:
                assert its.step is Step.WAITING
                assert not [call for call in executor.calls if call[1] == one.name]
            elif number == stopped_at and fails_itself:
                assert its.step is Step.FAILED
                assert its.error
            else:  # the others of a wave that fails are finished, too
                assert its.step is Step.DONE


@given(troubles())
@profile_times(0.15)
def test_resume_does_what_is_left_and_repeats_nothing(
    folder: Path, trouble: tuple[Plan, Mapping[tuple[str, str], int]]
) -> None:
    plan, fails = trouble
    executor, record = FakeExecutor(plan, fails), begin(plan, NOW)
    for _ in range(sum(fails.values()) + 1):
        outcome = runner(plan, executor, record, folder).run()
    assert outcome is Outcome.DONE
    assert record.done
    assert record.finished
    assert all(executor.ups(one.name) == 1 for one in plan.stacks)


@given(plans, st.integers(0, 30), st.integers(1, 3))
@profile_times(0.15)
def test_stopping_at_any_call_begins_nothing_more_and_can_be_resumed(
    folder: Path, plan: Plan, at: int, parallel: int
) -> None:
    executor, record = FakeExecutor(plan), begin(plan, NOW)
    run = runner(plan, executor, record, folder, parallel=parallel)
    count = itertools.count()
    begun_after: list[str] = []

    def stop(_verb: str, name: str) -> None:
        if executor.stopped.is_set():
            begun_after.append(name)
        if next(count) == at:
            run.stop()

    executor.before = stop
    outcome = run.run()
    assert len(begun_after) <= parallel - 1, "only what was on its way already"
    for entry in record.stacks:
        assert (entry.step is Step.DONE) == (executor.ups(entry.name) == 1)
        assert entry.step in {Step.DONE, Step.WAITING, Step.HALF_DONE}
        if entry.step is Step.HALF_DONE:
            assert ("up", entry.name) in executor.calls
    assert outcome is (Outcome.STOPPED if executor.stopped.is_set() and not record.done else Outcome.DONE)
    again = FakeExecutor(plan)
    assert runner(plan, again, record, folder).run() is Outcome.DONE
    assert all(executor.ups(one.name) + again.ups(one.name) == 1 for one in plan.stacks)


@given(troubles())
@profile_times(0.1)
def test_a_crash_at_any_moment_can_be_resumed_from_the_file(
    folder: Path, trouble: tuple[Plan, Mapping[tuple[str, str], int]]
) -> None:
    plan, fails = trouble
    executor, record, store = FakeExecutor(plan, fails), begin(plan, NOW), Store(folder / "record.json")
    moments: list[tuple[Record, list[tuple[str, str]]]] = []
    lock = threading.Lock()

    def remember(_: Record) -> None:
        with lock:
            found = store.load()
            assert found is not None
            moments.append((found, list(executor.ended)))

    runner(plan, executor, record, folder, on_change=remember).run()
    for found, ended in moments[:: max(1, len(moments) // 8)]:
        done = [one.name for one in found.stacks if one.step is Step.DONE]
        assert all(("up", name) in ended for name in done), "nothing is said to be done that is not"
        again = FakeExecutor(plan)
        assert runner(plan, again, copy.deepcopy(found), folder).run() is Outcome.DONE
        assert {name for verb, name in again.ended if verb == "up"} == {one.name for one in plan.stacks} - set(done)


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return False


def soaked(folder: Path, looks: list[Health | StackError]) -> tuple[Outcome, Record, Clock]:
    """A wave with ten minutes to soak and one after it; `looks` at the first, the first one before the update."""
    plan, clock = a_plan(["canary"], ["rest"], soak=10), Clock()
    executor, record = FakeExecutor(plan), begin(plan, NOW)
    executor.wrong = {"canary": looks}
    outcome = runner(plan, executor, record, folder, now=clock, pause=clock.pause).run()
    return outcome, record, clock


def test_a_wave_is_watched_for_its_soak_time_before_the_next(tmp_path: Path) -> None:
    outcome, record, clock = soaked(tmp_path, [{}])
    assert outcome is Outcome.DONE
    assert clock.now == NOW + timedelta(minutes=20)
    assert record.stacks[-1].started == "2026-11-24T12:10:00+00:00"


def test_what_gets_worse_while_it_soaks_stops_the_next_wave(tmp_path: Path) -> None:
    outcome, record, clock = soaked(tmp_path, [{}, {}, {}, {"dead letters of bounce-a": 2}])
    assert outcome is Outcome.UNHEALTHY
    assert clock.now == NOW + timedelta(minutes=2)
    assert record.waves[1].problems == ["canary: dead letters of bounce-a: 2, before 0"]
    assert [one.step for one in record.stacks] == [Step.DONE, Step.DONE, Step.WAITING]


def test_what_was_wrong_before_is_not_the_rollouts_doing(tmp_path: Path) -> None:
    assert soaked(tmp_path, [{"alarm a in eu-west-1": 1}])[0] is Outcome.DONE
    outcome, record, _ = soaked(tmp_path, [{"dead letters of a": 3}, {"dead letters of a": 4}])
    assert outcome is Outcome.UNHEALTHY
    assert record.waves[1].problems == ["canary: dead letters of a: 4, before 3"]


def test_a_look_that_fails_matters_only_at_the_end(tmp_path: Path) -> None:
    assert soaked(tmp_path, [{}, StackError("throttled"), {}])[0] is Outcome.DONE
    outcome, record, _ = soaked(tmp_path, [{}, StackError("no right to look")])
    assert outcome is Outcome.UNHEALTHY
    assert record.waves[1].problems == ["canary: no right to look (could not look)"]


def test_an_unhealthy_wave_is_looked_at_again_by_resume_and_not_updated_again(tmp_path: Path) -> None:
    plan = a_plan(["canary"], ["rest"])
    executor, record = FakeExecutor(plan), begin(plan, NOW)
    executor.wrong = {"canary": [{}, {"alarm a in eu-west-1": 1}, {"alarm a in eu-west-1": 1}, {}]}
    outcomes = [runner(plan, executor, record, tmp_path).run() for _ in range(3)]
    assert outcomes == [Outcome.UNHEALTHY, Outcome.UNHEALTHY, Outcome.DONE]
    assert executor.ups("canary") == 1


def test_stopping_while_it_soaks_keeps_the_time_that_has_passed(tmp_path: Path) -> None:
    plan, clock = a_plan(["canary"], ["rest"], soak=10), Clock()
    executor, record = FakeExecutor(plan), begin(plan, NOW)

    def stop_at_once(seconds: float) -> bool:
        clock.pause(seconds)
        return True

    assert runner(plan, executor, record, tmp_path, now=clock, pause=stop_at_once).run() is Outcome.STOPPED
    clock.now = NOW + timedelta(minutes=9)
    assert runner(plan, FakeExecutor(plan), record, tmp_path, now=clock, pause=clock.pause).run() is Outcome.DONE
    assert record.stacks[-1].started == "2026-11-24T12:10:00+00:00"


def test_what_would_lose_data_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    plan = a_plan(["a", "b"])
    executor, record = FakeExecutor(plan), begin(plan, NOW)
    executor.lost = {"a": ("replace bounce-a-queue", "delete bounce-a-topic")}
    assert runner(plan, executor, record, tmp_path).run() is Outcome.FAILED
    failed = record.stacks[1]
    assert "replace bounce-a-queue, delete bounce-a-topic" in failed.error
    assert "--allow-loss" in failed.error
    assert ("up", "a") not in executor.calls
    assert executor.ups("b") == 1
    assert runner(plan, executor, record, tmp_path, allow_loss=["*-topic"]).run() is Outcome.FAILED
    assert "bounce-a-topic" not in failed.error
    assert runner(plan, executor, record, tmp_path, allow_loss=["*-topic", "bounce-a-queue"]).run() is Outcome.DONE


def test_a_wrong_account_is_refused_before_anything_is_asked_of_the_engine(tmp_path: Path) -> None:
    plan = a_plan(["a"], ["b"])
    executor = FakeExecutor(plan)
    executor.accounts |= dict.fromkeys("ab", "9" * 12)
    with pytest.raises(
        WrongAccountError, match=f"the credentials are of account {'9' * 12}: .*, {'2' * 12}, is needed"
    ):
        runner(plan, executor, begin(plan, NOW), tmp_path).run()
    assert executor.calls == []


def test_members_get_what_the_hub_exports(tmp_path: Path) -> None:
    plan = a_plan(["a"])
    executor = FakeExecutor(plan)
    assert runner(plan, executor, begin(plan, NOW), tmp_path).run() is Outcome.DONE
    assert executor.configs["a"] == {"aws:region": "eu-west-1"} | {
        f"ses-feedback:{key}": arn for key, arn in ARNS.items()
    }
    assert executor.configs[HUB] == {"aws:region": "eu-central-1"}


def test_a_hub_of_another_account_fails_its_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = a_plan(["a"])
    executor, record = FakeExecutor(plan), begin(plan, NOW)
    wrong = {key: arn.replace("1" * 12, "9" * 12) for key, arn in ARNS.items()}
    monkeypatch.setattr(executor, "outputs", lambda stack: wrong if stack.name == HUB else {})
    assert runner(plan, executor, record, tmp_path).run() is Outcome.FAILED
    assert "a table of the hub is needed" in record.stacks[1].error
