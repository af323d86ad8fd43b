"""What docs/rollout.md and the workflow show is what the command says and takes."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from rollout.__main__ import app, main
from rollout.document import TargetsError
from rollout.plan import plan

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rollout.md").read_text()
WORKFLOW = (ROOT / "examples" / "rollout" / "github-actions.yaml").read_text()
EXAMPLE = ROOT / "examples" / "rollout" / "targets.yaml"

MISTAKEN = """\
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

  - {name: rest, accounts: [shop]}
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_plan_on_the_page_is_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(EXAMPLE)]) == 0
    shown = lines(capsys.readouterr().out)
    page = lines(PAGE)
    start = page.index(shown[0])
    assert [line.rstrip("─") for line in page[start : start + len(shown)]] == [line.rstrip("─") for line in shown]


def test_the_stacks_of_the_rollout_on_the_page_are_the_examples() -> None:
    table = PAGE[PAGE.index("At its end:") : PAGE.index("13 done")]
    rows = [line.split() for line in lines(table) if " done " in line]
    found = [tuple(row[-5:-3]) for row in rows]
    assert found == [(stack.name, stack.account_id) for stack in plan(EXAMPLE.read_text()).stacks]


def test_the_mistakes_on_the_page_are_told_like_that() -> None:
    with pytest.raises(TargetsError) as refused:
        plan(MISTAKEN)
    assert set(lines(str(refused.value))) >= set(lines(PAGE)[lines(PAGE).index(lines(str(refused.value))[0]) :][:3])
    assert len([line for line in lines(PAGE) if line.startswith("targets.yaml:")]) == 3


def commands() -> list[str]:
    text = PAGE + "".join(step.get("run", "") for step in yaml.safe_load(WORKFLOW)["jobs"]["rollout"]["steps"])
    found = re.findall(r"python -m rollout ((?!\")[^\n`#]+)", text)
    return found + re.findall(r"set -- (\w[^\n;]+)", text)


@pytest.mark.parametrize("line", commands())
def test_every_command_shown_exists_with_its_options(line: str) -> None:
    verb, *rest = shlex.split(line.replace('"$COMMAND"', "status"))
    known = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    options = {option for parameter in known.params for option in parameter.opts}
    assert {one for one in rest if one.startswith("--")} <= options


def test_the_workflow_has_no_long_lived_key_and_runs_one_rollout_at_a_time() -> None:
    read = yaml.safe_load(WORKFLOW)
    assert read["permissions"] == {"contents": "read", "id-token": "write"}
    assert read["concurrency"] == "rollout"
    assert "secrets." not in WORKFLOW
    offered = read[True]["workflow_dispatch"]["inputs"]["command"]["options"]  # YAML 1.1 reads `on` as true
    assert set(offered) <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
