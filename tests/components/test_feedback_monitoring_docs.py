"""The runbooks and the picture of the dashboard: up to date, complete, and with commands that exist.

Does not prove that a runbook solves the problem.
"""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.aws_commands import unknown_options
from tests.components.test_feedback_monitoring import ALARM, monitored_canary, record_monitoring
from tests.recorder import RegisteredResource

DOCS = Path(__file__).parents[2] / "docs"
RUNBOOKS = (DOCS / "operations.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (.+)$", RUNBOOKS, re.MULTILINE)


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "monitoring.py"))


def every_alarm() -> list[RegisteredResource]:
    """Those of a Region without a canary, and of one with a canary."""
    graphs = record_monitoring(), record_monitoring(canaries={"shop": monitored_canary()})
    return [alarm for graph in graphs for alarm in graph.of(ALARM)]


def test_every_alarm_links_to_a_runbook_that_is_there() -> None:
    links = {alarm.inputs["alarmDescription"].rsplit("#", 1)[1] for alarm in every_alarm()}
    assert len(links) == 20
    assert links <= set(SECTIONS)
    anchors = {section.lower().replace(" ", "-") for section in SECTIONS}
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOKS)) <= anchors


def test_the_table_of_alarms_is_made_from_what_is_deployed(script: dict[str, Any]) -> None:
    assert script["with_table"](RUNBOOKS) == RUNBOOKS, "run docs/monitoring.py"


def test_the_picture_is_drawn_from_what_is_deployed(script: dict[str, Any]) -> None:
    picture = script["picture"](script["example"]())
    assert (DOCS / "dashboard.svg").read_text(encoding="utf-8") == picture, "run docs/monitoring.py"
    for alarm in every_alarm():
        assert f">{alarm.name.removeprefix('m-')}<" in picture


def commands() -> list[str]:
    """Every `aws ...` command in the runbooks, once; a command may continue on the next line."""
    runbooks = re.sub(r'"\$\((?:of|canary) (\w+)\)"', r"\1", RUNBOOKS.replace("\\\n", " "))
    return sorted({command.strip() for command in re.findall(r"\baws [a-z0-9]+ [a-z-]+[^\n`)]*", runbooks)})


@pytest.mark.parametrize("command", commands())
def test_commands_exist_and_take_these_options(command: str) -> None:
    assert unknown_options(command) == set()


def test_the_commands_are_found() -> None:
    assert len(commands()) > 15
    assert set(re.findall(r"\$\(canary (\w+)\)", RUNBOOKS)) <= {"functionName", "logGroupName"}
    assert set(re.findall(r"\$\(of (\w+)\)", RUNBOOKS)) <= {
        *(
            "topicArn",
            "queueUrl",
            "deadLetterQueueUrl",
            "subscriptionDeadLetterQueueUrl",
            "functionName",
            "logGroupName",
            "redriveSchedule",
        ),
    }
