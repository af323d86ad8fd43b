"""The Typer application to which every module of this folder adds its command."""

import typer

app = typer.Typer(
    help="One stack per account and Region, updated in waves.", no_args_is_help=True, pretty_exceptions_enable=False
)
