"""The command `ses-feedback` with all its subcommands."""

from typing import Annotated

import typer

from ses_feedback_cli.command import register
from ses_feedback_cli.commands import dead_letters, surges
from ses_feedback_cli.commands.block import block
from ses_feedback_cli.commands.check import check
from ses_feedback_cli.commands.doctor import doctor
from ses_feedback_cli.commands.export import export
from ses_feedback_cli.commands.import_list import import_
from ses_feedback_cli.commands.list_ import list_
from ses_feedback_cli.commands.protect import protect, unprotect
from ses_feedback_cli.commands.rejudge import rejudge
from ses_feedback_cli.commands.report import report
from ses_feedback_cli.commands.show import show
from ses_feedback_cli.commands.simulate import simulate
from ses_feedback_cli.commands.sync import sync
from ses_feedback_cli.commands.unblock import unblock

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with its variables shows addresses
)


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version  # noqa: PLC0415 - it would slow down each start

        typer.echo(f"ses-feedback {version('ses-feedback')}")
        raise typer.Exit


@app.callback()
def _about(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Amazon SES bounces and complaints: see who is blocked and why, undo blocks, and find what is broken."""


for command in (
    check,
    simulate,
    doctor,
    block,
    list_,
    show,
    unblock,
    protect,
    unprotect,
    rejudge,
    import_,
    export,
    sync,
    report,
):
    register(app, command)
app.add_typer(surges.group, name="surges")
app.add_typer(dead_letters.group, name="dead-letters")
