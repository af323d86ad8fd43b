"""The page of the command line's help, tried on commands with every kind of parameter."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from ses_feedback_cli.app import app
from ses_feedback_cli.command import register
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode

from docs import cli_reference


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


def pick(
    context: Context,
    fruit: Annotated[Fruit, typer.Argument(help="Which | one.")],
    count: Annotated[int, typer.Option("--count", "-c", help="How many.", min=1, max=9)] = 3,
    rest: Annotated[list[Path] | None, typer.Option("--rest", help="Where to.", envvar="REST")] = None,
    name: Annotated[str, typer.Option("--name", help="What for.")] = ...,
    hide: Annotated[bool, typer.Option("--hide/--show", help="Whether.", hidden=False)] = False,
    secret: Annotated[bool, typer.Option("--secret", hidden=True)] = False,
) -> None:
    """Pick fruit.

    \b
    ses-feedback basket pick apple

    Needs nothing.
    """


@pytest.fixture
def page() -> str:
    app, group = typer.Typer(), typer.Typer(help="A basket.")
    for parent in (app, group):
        register(parent, pick)
    app.add_typer(group, name="basket")
    return cli_reference.page(typer.main.get_command(app))


def test_commands_of_commands_are_there(page: str) -> None:
    for heading in (
        "## ses-feedback\n",
        "## ses-feedback pick\n",
        "## ses-feedback basket\n",
        "## ses-feedback basket pick\n",
    ):
        assert heading in page
    assert "| [`ses-feedback basket pick`](#ses-feedback-basket-pick) | Pick fruit. |" in page
    assert "    ses-feedback basket pick [OPTIONS] FRUIT\n" in page


@pytest.mark.parametrize(
    "line",
    [
        "| `FRUIT` | Which \\| one. |",
        "| `--count 1..9`, `-c 1..9` | `3` |  | How many. |",
        "| `--rest PATH` |  | `REST` | Where to. |",
        "| `--name TEXT` |  |  | (required) What for. |",
        "| `--hide`, `--show` |  |  | Whether. |",
    ],
)
def test_arguments_and_options_have_all_that_is_said_of_them(page: str, line: str) -> None:
    assert line in page


def test_what_is_hidden_stays_hidden(page: str) -> None:
    assert "--secret" not in page


def test_what_keeps_its_lines_is_code(page: str) -> None:
    assert "Pick fruit.\n\n    ses-feedback basket pick apple\n\nNeeds nothing.\n" in page


def test_what_commands_share_is_there_once(page: str) -> None:
    assert page.count("`--profile TEXT`") == 1
    assert page.count("And the options of [Tables, Regions and credentials](#tables-regions-and-credentials).") == 2


def test_every_exit_code_is_explained(page: str) -> None:
    for code in ExitCode:
        assert f"\n| {code.value} | " in page


def test_the_terminal_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cli_reference.files()
    for name, value in {"COLUMNS": "40", "TERM": "dumb", "NO_COLOR": "1", "SES_FEEDBACK_TABLE": "mine"}.items():
        monkeypatch.setenv(name, value)
    assert cli_reference.files() == before


def test_every_command_has_its_section() -> None:
    (content,) = cli_reference.files().values()
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"\n## ses-feedback {name}\n" in content
