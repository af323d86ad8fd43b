"""`rollback`, and `resume` with the commit that a rollout began with, with real Git and a fake in the place of Pulumi.

Does not prove that the engine can update a stack to an older program.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rollout import pulumi_deployer
from rollout.__main__ import main
from rollout.options import DeployerOptions
from rollout.plan import build_plan
from rollout.record import Record, RecordError, Status, new_record
from rollout.record_file import RecordFile
from rollout.rollback import choose_rollback
from tests.rollout.fake_deployer import FakeDeployer, plan_of
from tests.rollout.git_repository import commit_all, git, isolate_git
from tests.rollout.test_commands import MEMBER, TARGETS

HUB = "hub-eu-central-1"
NEW_ACCOUNT = """\
  - {name: news, id: "333333333333", regions: {eu-west-1: {sources: [{identities: [news.example.com]}]}}}
waves:"""
LARGER_TARGETS = TARGETS.replace("waves:", NEW_ACCOUNT)
Run = Callable[..., tuple[int, str]]


class FakePulumi(FakeDeployer):
    """Remembers of which program each update was."""

    def __init__(self) -> None:
        super().__init__(build_plan(LARGER_TARGETS))
        self.programs: list[tuple[str, str]] = []
        self.program = ""

    def open(self, options: DeployerOptions) -> FakeDeployer:
        self.program = (options.program / "__main__.py").read_text()
        return self

    def outputs(self, stack: Any) -> Any:
        arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/"
        return {f"{key}TableArn": f"{arn}{key}" for key in ("blocked", "history")} if stack.name == HUB else {}

    def update(self, stack: Any, config: Any, on_progress: Any) -> Any:
        self.programs.append((stack.name, self.program))
        return super().update(stack, config, on_progress)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolate_git(monkeypatch)
    folder = tmp_path / "program"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "Pulumi.yaml").write_text(f"{{name: ses-feedback, backend: {{url: 'file://{tmp_path}/state'}}}}")
    (folder / "__main__.py").write_text("first")
    commit_all(folder)
    (tmp_path / "targets.yaml").write_text(TARGETS)
    return folder


@pytest.fixture
def deployer(monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    fake_pulumi = FakePulumi()
    monkeypatch.setattr(pulumi_deployer, "PulumiDeployer", fake_pulumi.open)
    return fake_pulumi


@pytest.fixture
def run(program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives its exit code and all that it prints."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)

    def run_command(command: str, *options: str) -> tuple[int, str]:
        code = main([command, str(program.parent / "targets.yaml"), "--program", str(program), *options])
        out, err = capsys.readouterr()
        return code, out + err

    return run_command


def load(program: Path) -> Record:
    record = RecordFile(program.parent / "state" / "ses-feedback-rollout" / "targets.json").load()
    assert record
    return record


def commit_second(program: Path) -> str:
    (program / "__main__.py").write_text("second")
    return commit_all(program)


def test_a_rollback_is_of_the_program_and_the_plan_that_succeeded_and_can_be_resumed(
    run: Run, deployer: FakePulumi, program: Path
) -> None:
    first = git(program, "rev-parse", "HEAD")
    assert run("up", "--yes")[0] == 0
    assert load(program).program_commit == first
    second = commit_second(program)
    (program.parent / "targets.yaml").write_text(LARGER_TARGETS)
    deployer.failures = {("update", MEMBER): 2}
    assert run("up", "--yes")[0] == 1
    assert load(program).program_commit == second
    assert deployer.programs[2] == (HUB, "second")

    deployer.programs.clear()
    assert "--yes" in run("rollback")[1], "it asks"
    code, printed = run("rollback", "--yes")
    assert code == 1, "the member fails once more"
    assert "news-eu-west-1; it stays deployed" in printed
    assert deployer.programs == [(HUB, "first"), (MEMBER, "first")]
    writers = deployer.configs[HUB]["ses-feedback:writerPrincipals"]
    assert writers == ["222222222222", "333333333333"], "the account that was added is deployed, and keeps its rights"
    assert run("status")[0] == 1
    assert git(program, "status", "--porcelain") == ""
    assert (program / "__main__.py").read_text() == "second"

    code, printed = run("resume")
    assert code == 0, printed
    assert deployer.programs[2:] == [(MEMBER, "first")]
    record = load(program)
    assert (record.program_commit, record.is_rollback, record.succeeded) == (first, True, True)
    assert set(record.deployed) == {HUB, MEMBER, "news-eu-west-1"}
    code, printed = run("rollback", "--yes")
    assert code == 1
    assert "the last good one: --commit names one" in printed
    assert run("up", "--yes")[0] == 0, "the next rollout is of the program and the file as they are"
    assert deployer.programs[-1][1] == "second"


def test_a_rollback_to_a_named_commit_records_its_whole_id(run: Run, deployer: FakePulumi, program: Path) -> None:
    first = git(program, "rev-parse", "HEAD")
    git(program, "tag", "v1")
    commit_second(program)
    assert run("up", "--yes")[0] == 0
    code, printed = run("rollback", "--yes", "--commit", "no-such-tag")
    assert code == 1
    assert "does not have commit 'no-such-tag'" in printed
    assert run("rollback", "--yes", "--commit", "v1")[0] == 0
    assert load(program).program_commit == first
    assert deployer.programs[-1] == (MEMBER, "first")


def test_a_rollout_resumes_with_the_program_it_began_with(run: Run, deployer: FakePulumi, program: Path) -> None:
    deployer.failures = {("update", MEMBER): 1}
    assert run("up", "--yes")[0] == 1
    commit_second(program)
    code, printed = run("resume")
    assert code == 0
    assert "The rollout began with commit" in printed
    assert deployer.programs == [(HUB, "first"), (MEMBER, "first"), (MEMBER, "first")]


def record_of(commit: str, *, succeeded: bool = True) -> Record:
    record = new_record(plan_of(["a"]), datetime(2026, 11, 24, tzinfo=UTC))
    record.program_commit = commit
    for wave in record.waves:
        wave.status = Status.SUCCEEDED if succeeded else Status.FAILED
    return record


@pytest.mark.parametrize(
    ("good_commit", "last_record", "reason"),
    [
        (None, None, "no rollout has succeeded yet"),
        ("", None, "was not in Git"),
        ("abc-dirty", record_of("def", succeeded=False), "had files that were not committed"),
        ("abc", record_of("abc"), "the last rollout has succeeded, and its commit abc is the last good one"),
    ],
)
def test_a_rollback_is_refused_with_its_reason(
    tmp_path: Path, good_commit: str | None, last_record: Record | None, reason: str
) -> None:
    store = RecordFile(tmp_path / "targets.json")
    if good_commit is not None:
        store.save_last_success(record_of(good_commit))
    with pytest.raises(RecordError, match=reason):
        choose_rollback(store, last_record, None)
    if good_commit is not None:
        assert choose_rollback(store, last_record, "v1") == (record_of(good_commit), "v1")


def test_a_rollback_goes_to_the_last_success(tmp_path: Path) -> None:
    store = RecordFile(tmp_path / "targets.json")
    store.save_last_success(record_of("abc"))
    for last_record in (None, record_of("def", succeeded=False), record_of("abc", succeeded=False), record_of("def")):
        assert choose_rollback(store, last_record, None) == (record_of("abc"), "abc")


@pytest.mark.usefixtures("deployer")
def test_a_reviewed_plan_in_the_folder_of_the_program_is_not_a_change_of_it(run: Run, program: Path) -> None:
    commit, path = git(program, "rev-parse", "HEAD"), str(program / "reviewed.json")
    assert run("preview", "--out", path)[0] == 0
    assert run("up", "--yes", "--plan", path, "--only", "hub")[0] == 0
    assert load(program).program_commit == commit
    code, printed = run("resume")
    assert code == 0
    assert "goes on with it" not in printed, "the program is still the one that the rollout began with"
    code, printed = run("retire")
    assert (code, printed) == (0, "no stack leaves: every deployed one is in the targets file\n")
