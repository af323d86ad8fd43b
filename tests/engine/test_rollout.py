"""A rollout of twelve stacks on the real engine, with the policy pack, where these are on PATH (see test_engine).

AWS's part is not there: the account and the health of each stack are given. Does not prove that AWS accepts a stack.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout import aws
from rollout.__main__ import main
from tests.engine.test_engine import MISSING, NOT_COPIED, ROOT, alone

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
    pytest.mark.xdist_group("engine"),
]

HUB_ACCOUNT = "123456789012"  # the stand-in's, which it puts into every ARN
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the program, since its stacks' files are written beside it, and a backend of its own."""
    copy = tmp_path / "program"
    for folder in ("cli", "components", "handlers", "stack", "policy"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=NOT_COPIED)
    for file in ("Pulumi.yaml", "__main__.py", "README.md", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / file, copy)
    backend = tmp_path / "state"
    backend.mkdir()
    for name in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    for name, value in alone(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "account", lambda stack: stack.account_id)
    monkeypatch.setattr(aws, "health", lambda _stack, _outputs: {})
    yield copy
    shutil.rmtree(backend)


def targets(file: Path, **domains: str) -> None:
    """Three accounts in four Regions each; `domains` replaces the domain of an account."""
    accounts = []
    for name, number in (("mail", HUB_ACCOUNT), ("early", "2" * 12), ("late", "3" * 12)):
        sources = {"sources": [{"identities": [domains.get(name, f"{name}.example.com")]}]}
        accounts.append({"name": name, "id": number, "regions": dict.fromkeys(REGIONS, sources)})
    content = {
        "regions": list(REGIONS),
        "roles": [],
        "defaults": {"tags": {"service": "ses-feedback"}},
        "hub": {"account": "mail", "region": "eu-central-1"},
        "accounts": accounts,
        "waves": [{"name": name, "accounts": [name]} for name in ("mail", "early", "late")],
    }
    file.write_text(json.dumps(content))  # which is YAML, too


def test_twelve_stacks_go_up_in_waves_and_lost_queues_stop_the_wave_after_theirs(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "targets.yaml"
    options = ["--program", str(program), "--policy-pack", str(program / "policy"), "--json"]

    def run(verb: str, *more: str) -> tuple[int, dict[str, Any]]:
        code = main([verb, str(file), *options, *more])
        return code, json.loads(capsys.readouterr().out)

    def steps(report: dict[str, Any]) -> dict[str, set[str]]:
        return {wave["name"]: {stack["step"] for stack in wave["stacks"]} for wave in report["waves"]}

    all_done = {name: {"done"} for name in ("hub", "mail", "early", "late")}
    targets(file)
    code, report = run("up", "--yes")
    assert (code, steps(report)) == (0, all_done)
    stacks = [stack for wave in report["waves"] for stack in wave["stacks"]]
    assert len(stacks) == 12
    assert all(stack["changes"]["create"] > 40 for stack in stacks)

    targets(file, early="other.example.com")  # another source: its queues and topics go
    code, report = run("up", "--yes")
    assert (code, steps(report)) == (1, {"hub": {"done"}, "mail": {"done"}, "early": {"failed"}, "late": {"waiting"}})
    assert "delete bounce-eu-west-1-early-example-com-queue" in report["waves"][2]["stacks"][1]["error"]

    code, report = run("resume", "--allow-loss", "*-early-example-com-*")
    assert (code, steps(report)) == (0, all_done)
    changed = [stack["changes"] for stack in report["waves"][2]["stacks"]]
    assert all(changes["create"] == changes["delete"] > 30 for changes in changed)
    assert {operation for stack in report["waves"][3]["stacks"] for operation in stack["changes"]} == {"same"}

    assert run("drift")[0] == 0
