"""What docs/rollout.md and the workflow show is what the command prints and accepts."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from rollout.__main__ import main
from rollout.commands import app
from rollout.health import HealthProblem
from rollout.plan import build_plan
from rollout.record import Status
from rollout.runner import Outcome

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rollout.md").read_text()
WORKFLOW = (ROOT / "examples" / "rollout" / "github-actions.yaml").read_text()
EXAMPLE = ROOT / "examples" / "rollout" / "targets.yaml"

FILE_WITH_MISTAKES = """\
regions: [eu-central-1, eu-west-1]
roles: ["arn:aws:iam::{account}:role/deploy"]
hub: {account: mail, region: eu-central-1}

accounts:

  - name: mail
    id: "111122223333"
    regions:
      eu-central-1: {sources: [{identities: [example.com]}]}
  - name: shop
    id: "111122223333"
    labels: [early]
    regions:
      eu-wst-1: {sources: [{identities: [shop.example.com]}]}

waves:
  - {name: early, labels: [early]}

  - {name: late, accounts: [shop]}
"""


def content_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_plan_on_the_page_is_the_plan_of_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(EXAMPLE)]) == 0
    printed, page = content_lines(capsys.readouterr().out), content_lines(PAGE)
    start = page.index(printed[0])
    assert page[start : start + len(printed)] == printed


def test_the_stacks_of_the_rollout_on_the_page_are_those_of_the_example() -> None:
    table = PAGE[PAGE.index("At the end:") : PAGE.index("13 succeeded")]
    rows = [line.split() for line in content_lines(table) if " succeeded " in line]
    stacks = [tuple(row[-5:-3]) for row in rows]
    assert stacks == [(stack.name, stack.account_id) for stack in build_plan(EXAMPLE.read_text()).stacks]


def test_the_errors_on_the_page_are_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("targets.yaml").write_text(FILE_WITH_MISTAKES)
    assert main(["plan", "targets.yaml"]) == 1
    printed = content_lines(capsys.readouterr().err)
    assert [line for line in content_lines(PAGE) if line.startswith("targets.yaml:")] == printed


def test_the_page_explains_every_result_that_is_no_success() -> None:
    problem = HealthProblem("shop-eu-west-1", "DescribeAlarms: throttled", unreachable=True)
    assert "| `health check not possible` |" in PAGE
    assert ": health check not possible: " in str(problem)
    for word in (Status.FAILED, Status.INTERRUPTED, Outcome.FAILED, Outcome.UNHEALTHY, Outcome.NOT_APPROVED):
        assert f"`{word}`" in PAGE


def shown_commands() -> list[str]:
    steps = yaml.safe_load(WORKFLOW)["jobs"]["rollout"]["steps"]
    text = PAGE + "".join(step.get("run", "") for step in steps)
    command_lines: list[str] = re.findall(r"python -m rollout ((?!\")[^\n`#]+)", text)
    return command_lines + re.findall(r"set -- (\w[^\n;]+)", text)


@pytest.mark.parametrize("command_line", shown_commands())
def test_every_command_shown_exists_with_its_options(command_line: str) -> None:
    name, *arguments = shlex.split(command_line.replace('"$COMMAND"', "status"))
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= options


def test_the_workflow_has_no_long_lived_key_and_runs_one_rollout_at_a_time() -> None:
    workflow = yaml.safe_load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert workflow["concurrency"] == "rollout"
    assert "secrets." not in WORKFLOW
    offered_commands = workflow[True]["workflow_dispatch"]["inputs"]["command"][
        "options"
    ]  # YAML 1.1 reads `on` as true
    assert set(offered_commands) <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
