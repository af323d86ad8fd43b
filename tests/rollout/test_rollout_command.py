"""`python -m rollout` as a person runs it, with a fake in the place of Pulumi and AWS."""

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout import __main__ as command
from rollout.plan import plan
from rollout.record import Step, Store
from tests.rollout.fake import FakeExecutor

TARGETS = """\
regions: [eu-central-1, eu-west-1]
roles: ["arn:aws:iam::{account}:role/deploy"]
hub: {account: hub, region: eu-central-1}
accounts:
  - {name: hub, id: "111111111111", regions: {eu-central-1: {sources: [{identities: [example.com]}]}}}
  - {name: shop, id: "222222222222", regions: {eu-west-1: {sources: [{identities: [shop.example.com]}]}}}
waves:
  - {name: all, rest: true}
"""
MEMBER = "shop-eu-west-1"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGETS)
    return file


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> FakeExecutor:
    fake = FakeExecutor(plan(TARGETS))
    hub = {
        key: f"arn:aws:dynamodb:eu-central-1:111111111111:table/{key}" for key in ("blockedTableArn", "historyTableArn")
    }
    monkeypatch.setattr(fake, "outputs", lambda stack: hub if stack.name == "hub-eu-central-1" else {})
    monkeypatch.setattr(command, "_engine", lambda *_: fake)
    return fake


@pytest.fixture
def run(targets: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def one(verb: str, *options: str) -> tuple[int, str, str]:
        code = command.main([verb, str(targets), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return one


def test_up_writes_the_record_and_status_reads_it(run: Run, executor: FakeExecutor, targets: Path) -> None:
    code, out, err = run("up", "--yes")
    assert code == 0
    assert f"{MEMBER}: done: 1 create" in err
    assert MEMBER in out
    assert run("status")[:2] == (0, out)
    assert targets.with_suffix(".rollout.json").is_file()
    assert len(executor.ended) == 4


def test_a_failure_is_told_whole_and_resume_goes_on(run: Run, executor: FakeExecutor) -> None:
    executor.fails = {("up", MEMBER): 1}
    code, out, err = run("up", "--yes")
    assert code == 1
    assert f"{MEMBER}:\n  up of {MEMBER} failed" in out
    assert "`resume` goes on" in err
    assert run("status")[0] == 1
    code, _, err = run("up", "--yes")
    assert code == 1
    assert "is not finished: `resume`, or `up --restart`" in err
    assert run("resume")[0] == 0
    assert executor.ups("hub-eu-central-1") == executor.ups(MEMBER) == 1
    assert run("up", "--yes")[0] == 0, "after a finished one, the next"


def test_the_report_is_json_and_nothing_else_on_stdout(run: Run, executor: FakeExecutor) -> None:
    executor.fails = {("preview", MEMBER): 1}
    _, out, _ = run("up", "--yes", "--json")
    stack = json.loads(out)["waves"][1]["stacks"][0]
    assert (stack["name"], stack["step"], stack["error"]) == (MEMBER, "failed", f"preview of {MEMBER} failed")
    _, out, _ = run("preview", "--json")
    assert json.loads(out)["waves"][0]["stacks"][0]["changes"] == {"create": 1}


def test_up_does_not_begin_without_a_yes(run: Run, executor: FakeExecutor) -> None:
    code, _, err = run("up")
    assert code == 1
    assert "--yes" in err
    assert executor.calls == []


def test_resume_refuses_a_record_of_another_plan_or_none(run: Run, executor: FakeExecutor, targets: Path) -> None:
    code, _, err = run("resume")
    assert code == 1
    assert "`up` begins a rollout" in err
    executor.fails = {("up", MEMBER): 1}
    run("up", "--yes")
    targets.write_text(TARGETS.replace("shop.example.com", "other.example.com"))
    code, _, err = run("resume")
    assert code == 1
    assert "of another plan" in err


def test_a_record_that_is_none_is_refused_and_left(run: Run, executor: FakeExecutor, targets: Path) -> None:
    record = targets.with_suffix(".rollout.json")
    record.write_text("{}")
    code, _, err = run("up", "--yes")
    assert code == 1
    assert f"{record} is no record of a rollout" in err
    assert record.read_text() == "{}"
    assert executor.calls == []


def test_two_rollouts_of_one_record_exclude_each_other(run: Run, executor: FakeExecutor, targets: Path) -> None:
    with Store(targets.with_suffix(".rollout.json")).held():
        code, _, err = run("up", "--yes")
    assert code == 1
    assert "another rollout of it is under way" in err
    assert executor.calls == []


def test_a_wrong_account_is_told_before_anything_is_changed(run: Run, executor: FakeExecutor) -> None:
    executor.accounts[MEMBER] = "9" * 12
    for verb in (["up", "--yes"], ["preview"]):
        code, _, err = run(*verb)
        assert code == 1
        assert "the credentials are of account 999999999999" in err
        assert "Nothing was changed." in err
    assert executor.calls == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_in_good_order_and_says_how_to_go_on(
    run: Run, executor: FakeExecutor, number: signal.Signals, request: pytest.FixtureRequest
) -> None:
    found = signal.signal(number, signal.default_int_handler)  # under nohup, SIGHUP is ignored
    request.addfinalizer(lambda: signal.signal(number, found))

    def interrupt(verb: str, name: str) -> None:
        if (verb, name) == ("up", MEMBER):
            os.kill(os.getpid(), number)
            assert executor.stopped.wait(20)

    executor.before = interrupt
    code, out, err = run("up", "--yes")
    assert code == 130
    assert "half done" in out
    assert "stopped; `resume` goes on" in err
    assert signal.getsignal(number) is signal.default_int_handler
    executor.before = lambda _verb, _name: None
    executor.stopped = threading.Event()
    assert run("resume")[0] == 0


def test_drift_is_exit_code_1(run: Run, executor: FakeExecutor) -> None:
    assert run("drift")[0] == 0
    executor.lost = {MEMBER: ("queue",)}
    code, out, _ = run("drift")
    assert code == 1
    assert "not as it was left: queue" in out


def test_without_pulumi_it_says_so(targets: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert command.main(["preview", str(targets)]) == 1
    assert "the Pulumi CLI must be on PATH" in capsys.readouterr().err


def test_a_policy_pack_that_is_not_there_is_named(targets: Path, capsys: Any) -> None:
    assert command.main(["preview", str(targets), "--policy-pack", "/nowhere"]) == 1
    assert "/nowhere/PulumiPolicy.yaml is needed" in capsys.readouterr().err


def test_after_a_crash_status_and_resume_take_what_was_under_way_for_half_done(
    run: Run, executor: FakeExecutor, targets: Path
) -> None:
    store = Store(targets.with_suffix(".rollout.json"))
    executor.fails = {("up", MEMBER): 1}
    run("up", "--yes")
    record = store.load()
    assert record
    record.waves[1].step = record.stacks[1].step = Step.UPDATING
    store.save(record)
    assert "half done" in run("status")[1]
    with store.held():
        code, out, err = run("status")
        assert code == 1
        assert "updating" in out
        assert "under way" in err
    assert run("resume")[0] == 0
    assert executor.ups(MEMBER) == 1
