"""The command line accepts the commands in docs/support.md. Not proved: that they help."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from ses_feedback_cli.app import app
from typer.core import TyperGroup

TEXT = (Path(__file__).parents[2] / "docs" / "support.md").read_text(encoding="utf-8")
SECTIONS = tuple(re.findall(r"^## (.+)$", TEXT, re.MULTILINE))


def commands() -> list[str]:
    """Every command line of the sections, once; one that continues on the next line counts as one."""
    command_lines: set[str] = set()
    for section in SECTIONS:
        section_text = TEXT.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0].replace("\\\n", " ")
        lines = re.findall(r"^ *(ses-feedback [^\n|]+)", section_text, re.MULTILINE)
        command_lines |= {line.strip() for line in lines}
    return sorted(command_lines)


def test_the_sections_are_found() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command: str) -> None:
    _, name, *arguments = shlex.split(command, comments=True)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    group.commands[name].make_context(name, arguments)
