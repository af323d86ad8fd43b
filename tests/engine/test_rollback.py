"""What was reviewed, two runners at once, and the way back after a commit, on the real engine if it is on PATH.

There is no AWS: the account and the health of each stack are fixed. Does not prove what AWS does with an older program.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollout.record_file import RecordFile
from tests.engine.test_engine import MISSING, ROOT
from tests.engine.test_rollout import HUB_ACCOUNT_ID
from tests.engine.test_rollout import program as program  # noqa: PLC0414 # a fixture
from tests.rollout.git_repository import commit_all, git, isolate_git

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
    pytest.mark.xdist_group("engine"),
]

MAIN = """\
import sys
from rollout import aws
from rollout.__main__ import main
aws.read_account_id = lambda stack: stack.account_id
aws.check_health = lambda _stack, _outputs: {}
sys.exit(main(sys.argv[1:]))
"""


class Rollout:
    """Runs `python -m rollout`, each command in a process of its own."""

    def __init__(self, program: Path) -> None:
        self.program, self.folder = program, program.parent
        self.record = RecordFile(self.folder / "state" / "ses-feedback-rollout" / "targets.json")

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        pack = ("--policy-pack", str(self.program / "policy")) if command != "unlock" else ()
        arguments = [
            sys.executable,
            "-c",
            MAIN,
            command,
            "targets.yaml",
            "--program",
            str(self.program),
            *pack,
            *options,
        ]
        return subprocess.Popen(
            arguments,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str, *options: str) -> tuple[int, str]:
        with self.start(command, *options) as process:
            printed, _ = process.communicate(timeout=600)
        return process.returncode, printed


@pytest.fixture
def rollout(program: Path, monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """A hub and a member, of a program that is in Git."""
    isolate_git(monkeypatch)
    (program / ".gitignore").write_text(".venv/\n__pycache__/\n*.egg-info/\n")
    git(program, "init", "-q")
    commit_all(program)
    accounts = [
        {"name": name, "id": account_id, "regions": {"eu-central-1": {"sources": [{"identities": [f"{name}.org"]}]}}}
        for name, account_id in (("mail", HUB_ACCOUNT_ID), ("shop", "2" * 12))
    ]
    content = {
        "regions": ["eu-central-1"],
        "roles": [],
        "hub": {"account": "mail", "region": "eu-central-1"},
        "accounts": accounts,
        "waves": [{"name": "all", "remainingAccounts": True}],
    }
    (program.parent / "targets.yaml").write_text(json.dumps(content))
    return Rollout(program)


def test_what_was_reviewed_is_carried_out_by_one_runner_and_a_rollback_leads_back_to_it(rollout: Rollout) -> None:
    assert rollout.run("preview", "--out", "reviewed.json")[0] == 0, "with placeholders, as there is no hub yet"
    with rollout.start("up", "--yes", "--plan", "reviewed.json") as first:
        deadline = time.monotonic() + 60
        while rollout.record.lock_holder() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        code, printed = rollout.run("up", "--yes")
        assert (code, f"(process {first.pid})" in printed) == (1, True), printed
        code, printed = rollout.run("unlock", "--yes")
        assert (code, "cannot be unlocked" in printed) == (1, True), printed
        printed, _ = first.communicate(timeout=600)
    assert first.returncode == 0, printed

    good_commit = git(rollout.program, "rev-parse", "HEAD")
    with (rollout.program / "__main__.py").open("a") as main:
        main.write("\nraise RuntimeError\n")
    code, printed = rollout.run("up", "--yes", "--plan", "reviewed.json")
    assert (code, "files of the program: __main__.py" in printed) == (1, True), printed
    commit_all(rollout.program)
    assert rollout.run("up", "--yes")[0] == 1
    code, printed = rollout.run("rollback", "--yes")
    assert code == 0, printed
    record = rollout.record.load()
    assert record
    assert record.program_commit == good_commit
    assert [set(stack.changes) for stack in record.stacks] == [{"same"}, {"same"}]
