"""Every command that docs/rollout.md shows, in the order of a rollout's life, on the real engine if it is on PATH.

Three stacks have names that the page uses. Added to each command are only `--yes` and the folders. There is no AWS: the
account, the health and the organization are fixed. Does not prove that AWS accepts a stack.
"""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout import aws, aws_organizations
from rollout.__main__ import main
from rollout.organization import OrganizationAccount
from tests.engine.test_engine import MISSING
from tests.engine.test_rollout import HUB_ACCOUNT_ID
from tests.engine.test_rollout import program as program  # noqa: PLC0414 # a fixture
from tests.rollout.git_repository import commit_all, git, isolate_git
from tests.rollout.shown_commands import TARGETS, commands_of_page, has_option

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
    pytest.mark.xdist_group("engine"),
]

REGIONS = {"news": "eu-central-1", "shop": "eu-west-1", "billing": "us-east-1"}
IDS = {"news": HUB_ACCOUNT_ID, "shop": "2" * 12, "billing": "3" * 12}


class Shell:
    """Runs the page's commands beside a targets file with the hub `news` and two members."""

    def __init__(self, program: Path) -> None:
        self.program, self.targets = program, program.parent / TARGETS
        self.targets.parent.mkdir(parents=True)
        self.shown: set[str] = set()

    def write_targets(self, *members: str) -> None:
        accounts: list[dict[str, Any]] = [
            {
                "name": name,
                "id": IDS[name],
                "labels": [name],
                "regions": {REGIONS[name]: {"sources": [{"identities": [f"{name}.example.com"]}]}},
            }
            for name in ("news", *members)
        ]
        wave_of = {"shop": "early", "billing": "remaining"}
        content = {
            "regions": list(REGIONS.values()),
            "roles": [],
            "hub": {"account": "news", "region": REGIONS["news"]},
            "accounts": accounts,
            "waves": [{"name": wave_of[name], "accounts": [name]} for name in members]
            or [{"name": "all", "accounts": ["news"]}],
            "organization": {
                "units": ["ou-ab12-11112222"],
                "roles": [],
                "account": {"regions": {"eu-west-1": {"sources": [{"identities": ["{name}.example.com"]}]}}},
            },
        }
        self.targets.write_text(yaml.safe_dump(content, sort_keys=False))

    def run(self, command: str, code: int = 0) -> None:
        """Run a command of the page, which ends with this exit code."""
        name, *arguments = shlex.split(command)
        self.shown.add(shlex.join([name, TARGETS, *arguments]))
        folders = {"--program": self.program, "--folder": self.program, "--policy-pack": self.program / "policy"}
        for option, folder in folders.items():
            arguments += [option, str(folder)] if has_option(name, option) else []
        arguments += ["--yes"] if has_option(name, "--yes") else []
        assert main([name, TARGETS, *arguments]) == code, command


@pytest.fixture
def shell(program: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    isolate_git(monkeypatch)
    (program / ".gitignore").write_text(".venv/\n__pycache__/\n*.egg-info/\n")
    git(program, "init", "-q")
    commit_all(program)
    for name in ("ask-in-chat", "post-to-chat"):
        (program.parent / name).write_text("#!/bin/sh\ncat >/dev/null\n")
        (program.parent / name).chmod(0o755)
    accounts = [OrganizationAccount(id_, name, {}) for name, id_ in IDS.items()]
    monkeypatch.setattr(aws_organizations, "read_accounts", lambda *_: accounts)
    monkeypatch.setattr(aws, "count_dead_letters", lambda _stack, _outputs: {})
    monkeypatch.chdir(program.parent)
    return Shell(program)


def test_every_command_of_the_page_on_the_engine(shell: Shell) -> None:
    shell.write_targets("shop", "billing")
    for command in ("plan", "files", "accounts", "preview", "preview --out reviewed.json"):
        shell.run(command)
    for command in ("up --plan reviewed.json", "status", "drift"):
        shell.run(command)
    for command in ("up --until early", "resume --only shop-eu-west-1 --only news", "resume"):
        shell.run(command)
    shell.run("preview --out reviewed.json")
    for command in ("up --restart --plan reviewed.json", "up --restart"):
        shell.run(command)
    shell.run("up --approve ./ask-in-chat --notify './post-to-chat --channel mail'")

    with (shell.program / "__main__.py").open("a") as program:
        program.write("\nraise RuntimeError\n")
    commit_all(shell.program)
    shell.run("up", 1)
    shell.run("rollback")
    git(shell.program, "revert", "--no-edit", "HEAD")

    shell.write_targets("shop")
    shell.run("up")
    shell.run("retire billing-us-east-1")
    shell.write_targets()
    shell.run("up")
    shell.run("retire")
    shell.run("unlock")
    assert shell.shown == set(commands_of_page())
