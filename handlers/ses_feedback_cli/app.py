"""All commands under one name."""

from importlib.metadata import version
from typing import Annotated

import typer

from ses_feedback_cli.command import register
from ses_feedback_cli.commands.check import check
from ses_feedback_cli.commands.report import report

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with its variables shows addresses
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ses-feedback {version('ses-feedback')}")
        raise typer.Exit


@app.callback()
def _about(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Amazon SES bounces and complaints: who is blocked and why, undo it, and see what is broken."""


for command in (check, report):
    register(app, command)
