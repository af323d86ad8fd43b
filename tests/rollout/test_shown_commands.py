"""Every command that docs/rollout.md shows succeeds, and every command of the example workflow, in a shell.

A fake is in the place of Pulumi and AWS. A command of the page is tried in each situation of a rollout, from none to
one that has failed, until it succeeds: a new command on the page is tested without a change here. Added to it are only
`--yes` and `--program`. Does not prove that it succeeds on the engine, which tests/engine does, nor what GitHub does
with the workflow's expressions and actions.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout import aws_organizations, pulumi_deployer
from rollout.__main__ import main
from rollout.organization import OrganizationAccount
from rollout.plan import build_plan
from tests.rollout.fake_deployer import TABLE_ARNS, FakeDeployer
from tests.rollout.shown_commands import (
    ROOT,
    TARGETS,
    WORKFLOW,
    WORKFLOW_COMMANDS,
    WORKFLOW_STEPS,
    commands_of_page,
    has_option,
)

HUB, FAILING = "mail-eu-central-1", "shop-eu-west-1"
HUB_OUTPUTS = {key: arn.replace("1" * 12, "111122223333") for key, arn in TABLE_ARNS.items()}


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_", "PULUMI_", "AWS_"))]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())


class Situation:
    """A folder with the example, a program in Git, and what has been deployed so far."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program, self.targets = folder / "program", folder / TARGETS
        self.program.mkdir()
        (self.program / "Pulumi.yaml").write_text("name: ses-feedback\n")
        git(folder, "init", "-q", "program")
        self.commit()
        self.targets.parent.mkdir(parents=True)
        self.targets.write_text(without_soak_time((ROOT / TARGETS).read_text()))
        (folder / "outputs.json").write_text(json.dumps(HUB_OUTPUTS))
        for name in ("ask-in-chat", "post-to-chat"):
            (folder / name).write_text("#!/bin/sh\ncat\n")
            (folder / name).chmod(0o755)
        self.deployer = FakeDeployer(build_plan(self.targets.read_text()))
        monkeypatch.setattr(self.deployer, "outputs", self._outputs)
        monkeypatch.setattr(pulumi_deployer, "PulumiDeployer", lambda _options: self.deployer)
        monkeypatch.setattr(aws_organizations, "read_accounts", lambda *_: self._accounts())
        monkeypatch.chdir(folder)

    def run(self, command: str) -> int:
        """Run a subcommand without questions."""
        name, *arguments = shlex.split(command)
        if has_option(name, "--yes"):
            arguments.append("--yes")
        if has_option(name, "--program"):
            arguments += ["--program", str(self.program)]
        return main([name, *arguments])

    def commit(self) -> None:
        """Change the program."""
        commits = self.program / "commits.txt"
        commits.write_text(f"{commits.read_text() if commits.exists() else ''}one more\n")
        git(self.program, "add", "-A")
        git(self.program, "commit", "-q", "-m", "change")

    def _accounts(self) -> list[OrganizationAccount]:
        """An organization that has the accounts of the file."""
        accounts = yaml.safe_load(self.targets.read_text())["accounts"]
        return [OrganizationAccount(account["id"], account["name"], {"sends-mail": "yes"}) for account in accounts]

    def _outputs(self, stack: Any) -> Mapping[str, object]:
        return HUB_OUTPUTS if stack.name == HUB and self.deployer.update_count(HUB) else {}


def without_soak_time(targets: str) -> str:
    return re.sub(r"soakMinutes: \d+", "soakMinutes: 0", targets)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)  # noqa: S607 - the Git on PATH


def reviewed(situation: Situation) -> None:
    """Every stack was previewed, into a file."""
    assert situation.run(f"preview {TARGETS} --out reviewed.json") == 0


def succeeded(situation: Situation) -> None:
    """A rollout has succeeded."""
    assert situation.run(f"up {TARGETS}") == 0


def failed(situation: Situation) -> None:
    """After a rollout that succeeded, one of a later commit has failed."""
    succeeded(situation)
    situation.commit()
    situation.deployer.failures = {("update", FAILING): 1}
    assert situation.run(f"up {TARGETS}") == 1


def failed_with_review(situation: Situation) -> None:
    """The same, and a preview after it."""
    failed(situation)
    reviewed(situation)


def left(situation: Situation) -> None:
    """A Region of an account has left the targets file, and a rollout has succeeded without it."""
    succeeded(situation)
    content = yaml.safe_load(situation.targets.read_text())
    content["accounts"][-1]["regions"].popitem()
    situation.targets.write_text(yaml.safe_dump(content, sort_keys=False))
    succeeded(situation)


SITUATIONS: list[Callable[[Situation], None]] = [
    lambda _: None,
    reviewed,
    failed,
    succeeded,
    failed_with_review,
    left,
]


@pytest.mark.parametrize("command", commands_of_page())
def test_a_command_of_the_page_succeeds(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = []
    for index, prepare in enumerate(SITUATIONS):
        folder = tmp_path / str(index)
        folder.mkdir()
        monkeypatch.setenv("PULUMI_BACKEND_URL", (folder / "state").as_uri())
        situation = Situation(folder, monkeypatch)
        prepare(situation)
        capfd.readouterr()
        code = situation.run(command)
        if code == 0:
            return
        assert code != 2, f"not understood: {capfd.readouterr().err}"
        outcomes.append(f"{prepare.__doc__}: {capfd.readouterr().err}")
    pytest.fail("\n".join(outcomes))


class Repository:
    """A repository as the workflow wants it, and a shell that runs the workflow's steps in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "repository"
        for name in ("components", "policy", "rollout", "stack"):
            shutil.copytree(ROOT / name, self._folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Pulumi.yaml", self._folder)
        (self._folder / "__main__.py").touch()
        (self._folder / ".gitignore").write_text("__pycache__\n.venv\n")
        (self._folder / "targets.yaml").write_text(without_soak_time((ROOT / TARGETS).read_text()))
        git(self._folder, "init", "-q")
        self.commit("first")
        python = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {ROOT}/tests/rollout/fake_python.py "$@"\n'
        make = f'#!/bin/sh -e\n[ "$*" = .venv/ready ]\nmkdir -p .venv/bin\ncp {folder}/python .venv/bin/python\n'
        for name, content in (("python", python), ("make", make)):
            (folder / name).write_text(content)
            (folder / name).chmod(0o755)
        self._path_file = folder / "github-path"
        self._environment = {
            **os.environ,
            **{name: value for name, value in WORKFLOW["env"].items() if "${{" not in value},
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),  # the only thing that is not the workflow's own
            "PATH": f"{folder}:{os.environ['PATH']}",
            "GITHUB_PATH": str(self._path_file),
            "PYTHONPATH": f"{self._folder}:{ROOT}",
        }

    def commit(self, content: str) -> None:
        """Change the program."""
        (self._folder / "__main__.py").write_text(f"# {content}\n")
        git(self._folder, "add", "-A")
        git(self._folder, "commit", "-q", "-m", content)

    def run(self, command: str, failing: str = "") -> tuple[int, str]:
        """Run the steps of a job with this command until one fails; returns its exit code, and the output of all."""
        output = ""
        for step in WORKFLOW_STEPS:
            if "run" not in step:
                continue
            assert "if" not in step, "this shell knows no conditions"
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607 - as GitHub does
                cwd=self._folder,
                env={**self._environment, "COMMAND": command, "FAILING_UPDATE": failing},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            output += done.stdout
            if done.returncode:
                return done.returncode, output
        assert self._path_file.read_text().splitlines()[-1] == f"{self._folder}/.tools/bin"
        return 0, output


def test_every_command_of_the_workflow_runs_in_a_shell(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    run: set[str] = set()

    def check(command: str, code: int, part: str, failing: str = "") -> str:
        run.add(command)
        returned_code, output = repository.run(command, failing)
        assert (returned_code, part in output) == (code, True), output
        return output

    check("preview", 0, "13 succeeded; nothing was changed")
    output = check("up", 0, "13 succeeded\n")
    assert "secrets provider: awskms://alias/pulumi?region=eu-central-1" in output
    repository.commit("second")
    check("up", 1, "`resume` continues", failing=FAILING)
    check("up", 1, "records an unfinished rollout")
    check("status", 1, f"update of {FAILING} failed")
    check("resume", 0, "13 succeeded\n")
    repository.commit("third")
    check("up", 1, "`resume` continues", failing=HUB)
    assert f"program: {tmp_path}" not in check("rollback", 0, "13 succeeded\n"), (
        "but a worktree of the last good commit"
    )
    check("drift", 0, "nothing was changed")
    check("unlock", 0, "is not locked")
    assert run == set(WORKFLOW_COMMANDS), "each is run above"


def test_the_target_that_the_workflow_makes_exists() -> None:
    assert "\n.venv/ready:" in (ROOT / "Makefile").read_text()
