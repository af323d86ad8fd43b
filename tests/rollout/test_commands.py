"""The subcommands of `python -m rollout`, with a fake in the place of Pulumi and AWS."""

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout import pulumi_deployer
from rollout.__main__ import main
from rollout.plan import build_plan
from rollout.record import Status
from rollout.record_file import RecordFile
from rollout.record_store import this_process
from tests.rollout.fake_deployer import FakeDeployer

TARGETS = """\
regions: [eu-central-1, eu-west-1]
roles: ["arn:aws:iam::{account}:role/deploy"]
hub: {account: hub, region: eu-central-1}
accounts:
  - {name: hub, id: "111111111111", regions: {eu-central-1: {sources: [{identities: [example.com]}]}}}
  - {name: shop, id: "222222222222", regions: {eu-west-1: {sources: [{identities: [shop.example.com]}]}}}
waves:
  - {name: all, remainingAccounts: true}
"""
MEMBER = "shop-eu-west-1"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGETS)
    return file


@pytest.fixture
def deployer(monkeypatch: pytest.MonkeyPatch) -> FakeDeployer:
    fake_deployer = FakeDeployer(build_plan(TARGETS))
    hub_outputs = {
        key: f"arn:aws:dynamodb:eu-central-1:111111111111:table/{key}" for key in ("blockedTableArn", "historyTableArn")
    }
    monkeypatch.setattr(fake_deployer, "outputs", lambda stack: hub_outputs if stack.name == "hub-eu-central-1" else {})
    monkeypatch.setattr(pulumi_deployer, "PulumiDeployer", lambda _options: fake_deployer)
    return fake_deployer


@pytest.fixture
def run(targets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")  # so the record is beside the targets file

    def run_command(command: str, *options: str) -> tuple[int, str, str]:
        code = main([command, str(targets), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return run_command


def test_up_writes_the_record_and_status_reads_it(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    code, out, err = run("up", "--yes")
    assert code == 0
    assert f"{MEMBER}: succeeded: 1 create" in err
    assert MEMBER in out
    assert run("status")[:2] == (0, out)
    assert targets.with_suffix(".rollout.json").is_file()
    assert len(deployer.succeeded) == 4


def test_a_failure_is_reported_in_full_and_resume_continues(run: Run, deployer: FakeDeployer) -> None:
    deployer.failures = {("update", MEMBER): 1}
    code, out, err = run("up", "--yes")
    assert code == 1
    assert f"{MEMBER}:\n  update of {MEMBER} failed" in out
    assert "`resume` continues" in err
    assert run("status")[0] == 1
    code, _, err = run("up", "--yes")
    assert code == 1
    assert "records an unfinished rollout: run `resume`, or `up --restart`" in err
    assert run("resume")[0] == 0
    assert deployer.update_count("hub-eu-central-1") == deployer.update_count(MEMBER) == 1
    assert run("up", "--yes")[0] == 0, "after a finished one, the next"


def test_the_report_is_json_and_nothing_else_on_stdout(run: Run, deployer: FakeDeployer) -> None:
    deployer.failures = {("preview", MEMBER): 1}
    _, out, _ = run("up", "--yes", "--json")
    stack = json.loads(out)["waves"][1]["stacks"][0]
    assert (stack["name"], stack["status"], stack["error"]) == (MEMBER, "failed", f"preview of {MEMBER} failed")
    _, out, _ = run("preview", "--json")
    assert json.loads(out)["waves"][0]["stacks"][0]["changes"] == {"create": 1}


def test_up_does_not_begin_without_confirmation(run: Run, deployer: FakeDeployer) -> None:
    code, _, err = run("up")
    assert code == 1
    assert "--yes" in err
    assert deployer.begun == []


def test_resume_needs_a_record_and_refuses_one_of_another_plan(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    code, _, err = run("resume")
    assert code == 1
    assert "`up` begins a rollout" in err
    deployer.failures = {("update", MEMBER): 1}
    run("up", "--yes")
    targets.write_text(TARGETS.replace("shop.example.com", "other.example.com"))
    code, _, err = run("resume")
    assert code == 1
    assert "another plan" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "has record version None: version 2 is needed"),
        ('{"version": 1, "waves": []}', "has record version 1: version 2 is needed"),
        ('{"version": 2}', "is not a rollout record (KeyError('waves'))"),
        ('{"version": 2, "waves": [{}]}', "is not a rollout record (KeyError('status'))"),
        ('{"version": 2, "waves": [], "plan_digest": "", "started_at": "", "extra": 1}', "is not a rollout record"),
        ("[]", "is not a rollout record"),
        ("{", "is not a rollout record"),
    ],
)
def test_a_file_that_is_not_a_record_of_this_version_is_refused_and_left(
    run: Run, deployer: FakeDeployer, targets: Path, content: str, message: str
) -> None:
    record_path = targets.with_suffix(".rollout.json")
    record_path.write_text(content)
    for arguments in (["up", "--yes"], ["resume"], ["status"]):
        code, _, err = run(*arguments)
        assert code == 1
        assert f"{record_path} {message}" in err
        assert "move it away" in err
    assert record_path.read_text() == content
    assert deployer.begun == []


def test_two_rollouts_of_one_record_exclude_each_other(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    with RecordFile(targets.with_suffix(".rollout.json")).locked():
        code, _, err = run("up", "--yes")
    assert code == 1
    assert "another rollout with this record is running" in err
    assert deployer.begun == []


def test_a_wrong_account_is_reported_before_anything_is_changed(run: Run, deployer: FakeDeployer) -> None:
    deployer.account_ids[MEMBER] = "9" * 12
    for arguments in (["up", "--yes"], ["preview"]):
        code, _, err = run(*arguments)
        assert code == 1
        assert "the credentials belong to account 999999999999" in err
        assert "Nothing was changed." in err
    assert deployer.begun == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_gracefully_and_resume_continues(
    run: Run, deployer: FakeDeployer, number: signal.Signals, request: pytest.FixtureRequest
) -> None:
    previous_handler = signal.signal(number, signal.default_int_handler)  # under nohup, SIGHUP is ignored
    request.addfinalizer(lambda: signal.signal(number, previous_handler))

    def interrupt(operation: str, stack_name: str) -> None:
        if (operation, stack_name) == ("update", MEMBER):
            os.kill(os.getpid(), number)
            assert deployer.stopped.wait(20)

    deployer.on_call = interrupt
    code, out, err = run("up", "--yes")
    assert code == 130
    assert "interrupted" in out
    assert "stopped; `resume` continues" in err
    assert signal.getsignal(number) is signal.default_int_handler
    deployer.on_call = lambda _operation, _stack_name: None
    deployer.stopped = threading.Event()
    assert run("resume")[0] == 0


def test_what_is_not_selected_stays_pending_and_resume_goes_on(run: Run, deployer: FakeDeployer) -> None:
    code, out, err = run("up", "--yes", "--until", "hub-eu-central-1", "--json")
    assert code == 0
    statuses = [stack["status"] for wave in json.loads(out)["waves"] for stack in wave["stacks"]]
    assert statuses == ["succeeded", "pending"]
    assert "1 succeeded, 1 pending; all that was selected has succeeded; `resume` continues with the rest" in err
    assert {stack_name for _, stack_name in deployer.begun} == {"hub-eu-central-1"}
    code, _, err = run("up", "--yes")
    assert (code, deployer.update_count(MEMBER)) == (1, 0)
    assert "records an unfinished rollout" in err
    assert run("resume", "--only", "shop")[0] == 0
    assert deployer.update_count("hub-eu-central-1") == deployer.update_count(MEMBER) == 1
    assert run("status")[0] == 0


@pytest.mark.parametrize("command", ["up", "resume", "preview", "drift", "plan"])
def test_an_unknown_name_is_refused_before_anything_begins(run: Run, deployer: FakeDeployer, command: str) -> None:
    if command == "resume":
        run("up", "--yes", "--only", "wave:hub")
        deployer.begun.clear()
    for option in ("--only", "--until"):
        code, _, err = run(command, option, "shpo")
        assert code == 1
        assert f"{option} is 'shpo': there is no wave or account or stack of this name; the nearest are shop" in err
    assert deployer.begun == []


def test_previews_and_drift_of_a_selection_show_nothing_else(run: Run, deployer: FakeDeployer) -> None:
    deployer.failures = {("preview", "hub-eu-central-1"): 9, ("drift", "hub-eu-central-1"): 9}
    for command in ("preview", "drift"):
        deployer.begun.clear()
        code, out, _ = run(command, "--only", MEMBER, "--json")
        assert code == 0
        assert [stack["name"] for wave in json.loads(out)["waves"] for stack in wave["stacks"]] == [MEMBER]
        assert [stack_name for _, stack_name in deployer.begun] == [MEMBER]
    _, out, _ = run("plan", "--only", "wave:all")
    assert MEMBER in out
    assert "hub-eu-central-1" not in out
    _, out, _ = run("plan", "--until", "wave:hub", "--json")
    assert [wave["name"] for wave in json.loads(out)["waves"]] == ["hub"]


def test_the_record_says_why_a_wave_stopped(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    tolerant = TARGETS.replace("remainingAccounts: true", "remainingAccounts: true, failureTolerancePercentage: 100")
    targets.write_text(tolerant)
    deployer.failures = {("update", MEMBER): 1}
    code, out, err = run("up", "--yes")
    assert code == 1
    assert "1 failed, 1 may fail" in out
    assert "failed; `resume` continues" in err
    assert run("resume")[0] == 0


def test_drift_is_exit_code_1(run: Run, deployer: FakeDeployer) -> None:
    assert run("drift")[0] == 0
    deployer.drifted_names = {MEMBER: ("queue",)}
    code, out, _ = run("drift")
    assert code == 1
    assert "drifted: queue" in out


def test_without_pulumi_it_says_so(targets: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["preview", str(targets)]) == 1
    assert "the Pulumi CLI must be on PATH" in capsys.readouterr().err


def test_a_policy_pack_that_is_not_there_is_named(targets: Path, capsys: Any) -> None:
    assert main(["preview", str(targets), "--policy-pack", "/nowhere"]) == 1
    assert "/nowhere/PulumiPolicy.yaml is needed" in capsys.readouterr().err


def test_after_a_crash_status_shows_what_was_interrupted_and_resume_finishes_it(
    run: Run, deployer: FakeDeployer, targets: Path
) -> None:
    record_file = RecordFile(targets.with_suffix(".rollout.json"))
    deployer.failures = {("update", MEMBER): 1}
    run("up", "--yes")
    record = record_file.load()
    assert record
    record.waves[1].status = record.stacks[1].status = Status.UPDATING
    record_file.save(record)
    assert "interrupted" in run("status")[1]
    with record_file.locked():
        code, out, err = run("status")
        assert code == 1
        assert "updating" in out
        assert "running" in err
    assert run("resume")[0] == 0
    assert deployer.update_count(MEMBER) == 1


def test_unlock_asks_and_tells_what_it_did(run: Run, targets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_file = RecordFile(targets.with_suffix(".rollout.json"))
    assert "is not locked" in run("unlock")[2]
    with record_file.locked():
        code, _, err = run("unlock")
        assert code == 1
        assert "--yes" in err
        code, _, err = run("unlock", "--yes")
        assert code == 1
        assert "cannot be unlocked" in err
    monkeypatch.setattr(RecordFile, "lock_holder", lambda _: this_process())
    monkeypatch.setattr(RecordFile, "unlock", lambda _: None)
    code, _, err = run("unlock", "--yes")
    assert code == 0
    assert "`resume` continues" in err
