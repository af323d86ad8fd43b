"""The commands that approve a wave and are told what happened: real processes, with a fake in the place of Pulumi."""

import json
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rollout import hooks as hooks_module
from rollout.hooks import Hooks
from rollout.plan import Plan
from rollout.record import Record, Status, new_record
from rollout.runner import Outcome, Runner
from tests.rollout.fake_deployer import HUB, FakeDeployer, create_runner, plan_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Command:
    """A command that keeps what it gets, and ends with the first code in its file, or with 0."""

    def __init__(self, folder: Path, *codes: int) -> None:
        self._reports, self._codes = folder / "reports", folder / "codes"
        self.allow(*codes)
        script = folder / "command.py"
        script.write_text(
            "import sys, pathlib\n"
            f"codes = pathlib.Path({str(self._codes)!r})\n"
            f"with open({str(self._reports)!r}, 'a') as reports:\n"
            "    reports.write(sys.stdin.read() + '\\n')\n"
            "print('said by the command')\n"
            "first, *rest = codes.read_text().split() or ['0']\n"
            "codes.write_text(' '.join(rest))\n"
            "sys.exit(int(first))\n"
        )
        self.line = f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"

    def allow(self, *codes: int) -> None:
        self._codes.write_text(" ".join(map(str, codes)))

    @property
    def reports(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._reports.read_text().splitlines()] if self._reports.exists() else []


def statuses(record: Record) -> list[Status]:
    return [stack.status for stack in record.stacks]


def rollout_of(plan: Plan, folder: Path, record: Record, deployer: FakeDeployer, **hooks: str) -> Runner:
    return create_runner(plan, deployer, record, folder, hooks=Hooks(**hooks))


def test_every_wave_but_the_first_is_approved_and_resume_asks_again(tmp_path: Path) -> None:
    plan, command = plan_of(["a"], ["b"]), Command(tmp_path, 0, 1)
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    assert rollout_of(plan, tmp_path, record, deployer, approve=command.line).run() is Outcome.NOT_APPROVED
    assert statuses(record) == [Status.SUCCEEDED, Status.SUCCEEDED, Status.PENDING]
    assert [(report["wave"]["name"], report["next"]) for report in command.reports] == [
        ("hub", {"name": "w0", "stacks": ["a"]}),
        ("w0", {"name": "w1", "stacks": ["b"]}),
    ]
    assert rollout_of(plan, tmp_path, record, deployer, approve=command.line).run() is Outcome.SUCCEEDED
    assert [report["next"]["name"] for report in command.reports] == ["w0", "w1", "w1"]
    assert record.waves[2].approved_at


def test_a_wave_that_was_approved_or_has_begun_is_not_asked_for_again(tmp_path: Path) -> None:
    plan, command = plan_of(["a"]), Command(tmp_path)
    deployer, record = FakeDeployer(plan, {("update", "a"): 1}), new_record(plan, NOW)
    assert rollout_of(plan, tmp_path, record, deployer, approve=command.line).run() is Outcome.FAILED
    assert rollout_of(plan, tmp_path, record, deployer, approve=command.line).run() is Outcome.SUCCEEDED
    assert len(command.reports) == 1


def test_the_report_has_status_changes_and_health_of_the_wave_and_no_error(tmp_path: Path) -> None:
    plan, command = plan_of(["a", "b"], ["c"]), Command(tmp_path)
    deployer, record = FakeDeployer(plan, {("update", "b"): 1}), new_record(plan, NOW)
    assert rollout_of(plan, tmp_path, record, deployer, notify=command.line).run() is Outcome.FAILED
    hub, wave, end = command.reports
    assert (hub["event"], hub["outcome"], hub["wave"]["name"]) == ("wave", "succeeded", "hub")
    assert (wave["event"], wave["outcome"], wave["next"]) == ("wave", "failed", {"name": "w1", "stacks": ["c"]})
    assert wave["wave"]["stacks"] == [
        {"name": "a", "accountId": "2" * 12, "region": "eu-west-1", "status": "succeeded", "changes": {"create": 1}},
        {"name": "b", "accountId": "2" * 12, "region": "eu-west-1", "status": "failed", "changes": {}},
    ]
    assert (end["event"], end["outcome"]) == ("end", "failed")
    assert [reported["status"] for reported in end["waves"]] == ["succeeded", "failed", "pending"]
    assert record.stacks[2].error
    assert record.stacks[2].error not in json.dumps(command.reports)


def test_the_report_names_what_is_not_healthy(tmp_path: Path) -> None:
    plan, command = plan_of(["a"]), Command(tmp_path)
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    deployer.health_checks = {"a": [{}, {"dead letters of bounce-a": 2}]}
    assert rollout_of(plan, tmp_path, record, deployer, notify=command.line).run() is Outcome.UNHEALTHY
    assert command.reports[-2]["wave"]["healthProblems"] == ["a: dead letters of bounce-a: 2, before 0"]


def test_a_notification_that_fails_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, command = plan_of(["a"]), Command(tmp_path, 3)
    record = new_record(plan, NOW)
    assert rollout_of(plan, tmp_path, record, FakeDeployer(plan), notify=command.line).run() is Outcome.SUCCEEDED
    assert "command.py: exit code 3" in capsys.readouterr().err
    assert len(command.reports) == 3


def test_a_notification_that_does_not_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hooks_module, "NOTIFY_SECONDS", 0.1)
    Hooks(notify="sleep 600").notify({})
    assert "warning: --notify sleep 600: ended after 0.1 seconds" in capsys.readouterr().err


def test_a_command_that_does_not_read_its_report_decides_all_the_same() -> None:
    report = {"wave": "x" * 1_000_000}
    assert Hooks(approve="true").approve(report)
    assert not Hooks(approve="false").approve(report)


def test_a_stop_ends_the_command_that_approves(tmp_path: Path) -> None:
    plan = plan_of(["a"])
    record, begun = new_record(plan, NOW), tmp_path / "begun"
    script = tmp_path / "approve.sh"
    script.write_text(f"#!/bin/sh\ntouch {begun}\nexec sleep 600\n")
    script.chmod(0o755)
    runner = rollout_of(plan, tmp_path, record, FakeDeployer(plan), approve=str(script))
    with ThreadPoolExecutor() as pool:
        outcome = pool.submit(runner.run)
        while not begun.exists() and not outcome.done():
            time.sleep(0.01)
        runner.stop()
        assert outcome.result(20) is Outcome.STOPPED
    assert statuses(record) == [Status.SUCCEEDED, Status.PENDING]


def test_after_a_stop_no_command_is_asked_and_no_wave_counts_as_approved(tmp_path: Path) -> None:
    plan, command = plan_of(["a"]), Command(tmp_path)
    for options in ({"approve": command.line}, {}):
        record = new_record(plan, NOW)
        hooks = Hooks(**options)
        runner = create_runner(plan, FakeDeployer(plan), record, tmp_path, hooks=hooks)
        hooks.notify = lambda _report, stop=runner.stop: stop()  # type: ignore[method-assign, misc]
        assert runner.run() is Outcome.STOPPED
        assert command.reports == []
        assert record.waves[1].approved_at == ""


def test_a_stop_just_before_the_command_that_approves_holds_too() -> None:
    hooks = Hooks(approve="sleep 600")
    hooks.stop()
    assert not hooks.approve({})


def test_the_reports_of_a_selection_name_only_what_is_selected(tmp_path: Path) -> None:
    plan, command = plan_of(["a"], ["b", "c"]), Command(tmp_path)
    deployer, record = FakeDeployer(plan), new_record(plan, NOW)
    hooks = Hooks(command.line, command.line)
    create_runner(plan, deployer, record, tmp_path, hooks=hooks, selected={HUB, "c"}).run()
    hub, approval, last, _ = command.reports
    assert hub["next"] == approval["next"] == {"name": "w1", "stacks": ["c"]}
    assert approval["wave"]["name"] == "hub"
    assert last["next"] is None


@pytest.mark.parametrize("command", ["", "/nowhere/approve", "no-such-command --x", "approve 'open"])
def test_a_command_that_there_is_not_is_refused_before_anything_is_changed(command: str) -> None:
    for option in ("approve", "notify"):
        with pytest.raises(ValueError, match=f"--{option} is .*a command"):
            Hooks(**{option: command})


def test_what_the_command_prints_is_not_in_the_result(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Hooks(notify=Command(tmp_path).line).notify({})
    out, err = capfd.readouterr()
    assert (out, err) == ("", "said by the command\n")
