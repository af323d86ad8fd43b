"""`preview --out` and `up --plan`, with a fake in the place of Pulumi and AWS.

Does not prove that the engine's update does what its preview showed a moment before.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout import pulumi_deployer
from rollout.__main__ import main
from rollout.deployer import Step
from rollout.plan import build_plan
from rollout.program_files import read_program_files
from rollout.record import Status
from rollout.record_file import RecordFile
from tests.rollout.fake_deployer import FakeDeployer
from tests.rollout.test_commands import MEMBER, TARGETS

HUB = "hub-eu-central-1"
Run = Callable[..., tuple[int, str]]


def step(operation: str, name: str, *properties: str) -> Step:
    return Step(operation, f"urn:pulumi:dev::ses-feedback::aws:sqs/queue:Queue::{name}", properties)


REVIEWED = (step("create", "bounce-queue"), step("update", "complaint-queue", "tags.owner", "tags.service"))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    (folder / "stack").mkdir(parents=True)
    (folder / "__main__.py").write_text("first")
    (folder / "stack" / "config.py").write_text("first")
    (folder / "targets.yaml").write_text(TARGETS)
    return folder


@pytest.fixture
def deployer(monkeypatch: pytest.MonkeyPatch) -> FakeDeployer:
    fake_deployer = FakeDeployer(build_plan(TARGETS))
    fake_deployer.steps = {HUB: (step("create", "table"),), MEMBER: REVIEWED}
    tables = {
        key: f"arn:aws:dynamodb:eu-central-1:111111111111:table/{key}" for key in ("blockedTableArn", "historyTableArn")
    }
    updated = ("update", HUB)
    monkeypatch.setattr(
        fake_deployer, "outputs", lambda stack: tables if stack.name == HUB and updated in fake_deployer.begun else {}
    )
    monkeypatch.setattr(pulumi_deployer, "PulumiDeployer", lambda _options: fake_deployer)
    return fake_deployer


@pytest.fixture
def run(program: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the program's folder; gives its exit code and all that it prints."""
    monkeypatch.chdir(program)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")

    def run_command(command: str, *options: str) -> tuple[int, str]:
        code = main([command, "targets.yaml", "--program", ".", *options])
        out, err = capsys.readouterr()
        return code, out + err

    return run_command


def test_what_was_reviewed_is_carried_out_also_when_the_hub_was_not_there_yet(run: Run, deployer: FakeDeployer) -> None:
    assert run("preview", "--out", "reviewed.json")[0] == 0
    deployer.steps[MEMBER] = REVIEWED[::-1]
    code, printed = run("up", "--yes", "--plan", "reviewed.json")
    assert code == 0, printed
    assert deployer.update_count(MEMBER) == deployer.update_count(HUB) == 1


@pytest.mark.parametrize(
    ("steps", "differences"),
    [
        ((*REVIEWED, step("delete", "topic")), ["not reviewed: delete topic"]),
        (REVIEWED[:1], ["only reviewed: update complaint-queue (tags.owner, tags.service)"]),
        ((), ["only reviewed: create bounce-queue"]),
        ((REVIEWED[0], step("replace", "complaint-queue", "name")), ["not reviewed: replace complaint-queue (name)"]),
        (
            (REVIEWED[0], step("update", "complaint-queue", "policy")),
            ["not reviewed: update complaint-queue (policy)", "only reviewed: update complaint-queue (tags.owner"],
        ),
    ],
)
def test_a_stack_that_would_take_other_steps_is_not_changed(
    run: Run, deployer: FakeDeployer, steps: tuple[Step, ...], differences: list[str]
) -> None:
    run("preview", "--out", "reviewed.json")
    deployer.steps[MEMBER] = steps
    for arguments in (["up", "--yes", "--plan", "reviewed.json"], ["resume"]):
        code, printed = run(*arguments)
        assert code == 1
        assert all(difference in printed for difference in differences)
    assert deployer.update_count(HUB) == 1
    assert ("update", MEMBER) not in deployer.begun
    deployer.steps[MEMBER] = REVIEWED
    assert run("resume")[0] == 0, "as soon as it would do what was reviewed"


def test_an_update_that_had_begun_goes_on_with_what_is_left_and_with_nothing_else(
    run: Run, deployer: FakeDeployer, program: Path
) -> None:
    run("preview", "--out", "reviewed.json")
    deployer.failures = {("update", MEMBER): 1}
    assert run("up", "--yes", "--plan", "reviewed.json")[0] == 1
    record = RecordFile(program / "targets.rollout.json").load()
    assert record
    assert record.stacks[1].status is Status.FAILED
    deployer.steps[MEMBER] = (REVIEWED[1], step("delete", "topic"))
    code, printed = run("resume")
    assert code == 1
    assert "not reviewed: delete topic" in printed
    assert "only reviewed" not in printed
    deployer.steps[MEMBER] = REVIEWED[1:]
    assert run("resume")[0] == 0


def test_another_program_or_plan_is_refused_before_anything_is_called(
    run: Run, deployer: FakeDeployer, program: Path
) -> None:
    run("preview", "--out", "reviewed.json")
    deployer.begun.clear()
    targets = program / "targets.yaml"
    targets.write_text(f"# a comment is no change\n{TARGETS}")
    for path, content, difference in (
        (program / "stack" / "config.py", "second", "files of the program: stack/config.py"),
        (program / "stack" / "new.py", "new", "files of the program: stack/new.py"),
        (targets, TARGETS.replace("shop.example", "x.example"), f"plan: stack {MEMBER}"),
        (targets, TARGETS.replace("all, ", "all, soakMinutes: 5, "), "plan: wave all"),
    ):
        before = path.read_text() if path.exists() else None
        path.write_text(content)
        code, printed = run("up", "--yes", "--plan", "reviewed.json")
        assert (code, deployer.begun) == (1, [])
        assert f"these have changed: {difference}. `preview --out`" in printed
        path.write_text(before) if before else path.unlink()
    assert run("up", "--yes", "--plan", "reviewed.json")[0] == 0


def test_a_preview_with_an_error_writes_no_plan(run: Run, deployer: FakeDeployer, program: Path) -> None:
    deployer.failures = {("preview", MEMBER): 1}
    code, printed = run("preview", "--out", "reviewed.json")
    assert code == 1
    assert "reviewed.json was not written" in printed
    assert not (program / "reviewed.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 9}, "has version 9"),
        ({"plan": {}}, "is not a reviewed plan (KeyError('waves'))"),
        ({"steps": {MEMBER: [{}]}}, "is not a reviewed plan (KeyError('properties'))"),
    ],
)
def test_a_file_that_is_no_reviewed_plan_is_refused(
    run: Run, deployer: FakeDeployer, program: Path, change: dict[str, object], message: str
) -> None:
    path = program / "reviewed.json"
    run("preview", "--out", "reviewed.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    deployer.begun.clear()
    code, printed = run("up", "--yes", "--plan", "reviewed.json")
    assert (code, deployer.begun) == (1, [])
    assert f"reviewed.json {message}" in printed
    assert "`preview --out`" in printed


@pytest.mark.parametrize("path", [".", "missing/reviewed.json"])
def test_a_file_that_cannot_be_written_is_refused_before_the_previews(
    run: Run, deployer: FakeDeployer, path: str
) -> None:
    code, printed = run("preview", "--out", path)
    assert (code, deployer.begun) == (1, [])
    assert f"--out is {path}: a file in a folder that exists is needed" in printed


def test_a_stack_that_was_not_reviewed_is_not_changed(run: Run, deployer: FakeDeployer, program: Path) -> None:
    path = program / "reviewed.json"
    run("preview", "--out", "reviewed.json")
    document = json.loads(path.read_text())
    del document["steps"][MEMBER]
    path.write_text(json.dumps(document))
    code, printed = run("up", "--yes", "--plan", "reviewed.json")
    assert (code, printed) == (
        1, f"reviewed.json has no steps of {MEMBER}: select what `preview --out` had, with --only\n"
    )  # fmt: skip
    assert not [operation for operation, _ in deployer.begun if operation == "update"]


def test_what_the_rollout_and_tools_write_is_not_of_the_program(program: Path) -> None:
    before = read_program_files(program)
    assert set(before) == {"__main__.py", "stack/config.py", "targets.yaml"}
    for name in (".venv/a.py", "stack/__pycache__/a.pyc", "Pulumi.dev.yaml", "targets.rollout.json", "out.json"):
        (program / name).parent.mkdir(exist_ok=True)
        (program / name).write_text("x")
    assert read_program_files(program, [program / "out.json"]) == before
