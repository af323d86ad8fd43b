"""A rollout of twelve stacks on the real engine, with the policy pack, if the tools are on PATH (see test_engine).

There is no AWS: the account and the health of each stack are fixed. Does not prove that AWS accepts a stack.
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

HUB_ACCOUNT_ID = "123456789012"  # which the stand-in for the AWS plugin puts into every ARN
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the program, since the stacks' files are written beside it, with its own backend."""
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
    monkeypatch.setattr(aws, "read_account_id", lambda stack: stack.account_id)
    monkeypatch.setattr(aws, "check_health", lambda _stack, _outputs: {})
    yield copy
    shutil.rmtree(backend)


def write_targets_file(path: Path, **domains: str) -> None:
    """Three accounts with four Regions each; `domains` replaces the domain of an account."""
    accounts = []
    for name, account_id in (("mail", HUB_ACCOUNT_ID), ("early", "2" * 12), ("late", "3" * 12)):
        sources = {"sources": [{"identities": [domains.get(name, f"{name}.example.com")]}]}
        accounts.append({"name": name, "id": account_id, "regions": dict.fromkeys(REGIONS, sources)})
    content = {
        "regions": list(REGIONS),
        "roles": [],
        "defaults": {"tags": {"service": "ses-feedback"}},
        "hub": {"account": "mail", "region": "eu-central-1"},
        "accounts": accounts,
        "waves": [{"name": name, "accounts": [name]} for name in ("mail", "early", "late")],
    }
    path.write_text(json.dumps(content))  # JSON is YAML too


def test_twelve_stacks_are_updated_in_waves_and_lost_queues_stop_the_wave_after_theirs(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets_path = tmp_path / "targets.yaml"
    options = ["--program", str(program), "--policy-pack", str(program / "policy"), "--json"]

    def run(command: str, *more_options: str) -> tuple[int, dict[str, Any]]:
        code = main([command, str(targets_path), *options, *more_options])
        return code, json.loads(capsys.readouterr().out)

    def statuses(report: dict[str, Any]) -> dict[str, set[str]]:
        return {wave["name"]: {stack["status"] for stack in wave["stacks"]} for wave in report["waves"]}

    all_succeeded = {name: {"succeeded"} for name in ("hub", "mail", "early", "late")}
    write_targets_file(targets_path)
    code, report = run("up", "--yes")
    assert (code, statuses(report)) == (0, all_succeeded)
    stacks = [stack for wave in report["waves"] for stack in wave["stacks"]]
    assert len(stacks) == 12
    assert all(stack["changes"]["create"] > 40 for stack in stacks)

    write_targets_file(
        targets_path, early="other.example.com"
    )  # another source, so the queues and topics of the old one go
    code, report = run("up", "--yes")
    assert (code, statuses(report)) == (
        1,
        {"hub": {"succeeded"}, "mail": {"succeeded"}, "early": {"failed"}, "late": {"pending"}},
    )
    assert "delete bounce-eu-west-1-early-example-com-queue" in report["waves"][2]["stacks"][1]["error"]

    code, report = run("resume", "--allow-loss", "*-early-example-com-*")
    assert (code, statuses(report)) == (0, all_succeeded)
    changes_of_stacks = [stack["changes"] for stack in report["waves"][2]["stacks"]]
    assert all(changes["create"] == changes["delete"] > 30 for changes in changes_of_stacks)
    assert {operation for stack in report["waves"][3]["stacks"] for operation in stack["changes"]} == {"same"}

    assert run("drift")[0] == 0


def test_a_stack_that_leaves_is_destroyed_and_its_rights_go_after_it(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    targets_path, hub_file = tmp_path / "targets.yaml", program / "Pulumi.mail-eu-central-1.yaml"
    retired_id = "2" * 12
    monkeypatch.setattr(aws, "count_dead_letters", lambda _stack, _outputs: {})

    def run(command: str) -> dict[str, Any]:
        options = ["--yes", "--program", str(program), "--policy-pack", str(program / "policy"), "--json"]
        code = main([command, str(targets_path), *options])
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert code == 0, report
        return report

    write_targets_file(targets_path)
    content = json.loads(targets_path.read_text())
    for account in content["accounts"]:
        account["regions"] = {"eu-central-1": account["regions"]["eu-central-1"]}
    for names in (("mail", "early"), ("mail",)):
        for key in ("accounts", "waves"):
            content[key] = [entry for entry in content[key] if entry["name"] in names]
        targets_path.write_text(json.dumps(content))
        report = run("up")
    assert [stack["name"] for stack in report["plan"]["leaving"]] == ["early-eu-central-1"]
    assert set(report["waves"][0]["stacks"][0]["changes"]) == {"same"}
    assert retired_id in hub_file.read_text()

    retired, hub = (wave["stacks"][0] for wave in run("retire")["waves"])
    assert set(retired["changes"]) == {"delete"}
    assert retired["changes"]["delete"] > 40
    assert "delete" in hub["changes"], "the policies of the tables: no account is left in them"
    assert retired_id not in hub_file.read_text()
    assert not (program / "Pulumi.early-eu-central-1.yaml").exists()
    assert "early-eu-central-1" not in {path.stem for path in (tmp_path / "state").rglob("stacks/**/*.json")}
