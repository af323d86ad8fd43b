"""Makes commands of functions: adds the options that all commands share, and turns errors into exit codes."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import describe_error
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.stack_outputs import read_stack_outputs

_PANEL = "Tables, Regions and credentials"


def _option(name: str, environment_variable: str | None, help_text: str) -> Any:
    return typer.Option(name, envvar=environment_variable, help=help_text, rich_help_panel=_PANEL)


def _context(
    table: Annotated[
        str | None, _option("--table", "SES_FEEDBACK_TABLE", "Blocked table: its ARN, or its name.")
    ] = None,
    history: Annotated[
        str | None, _option("--history", "SES_FEEDBACK_HISTORY", "History table: its ARN, or its name.")
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        _option("--outputs", "SES_FEEDBACK_OUTPUTS", "File of `pulumi stack output --json`; once per stack."),
    ] = None,
    stack: Annotated[
        list[str] | None, _option("--stack", None, "Pulumi stack whose outputs to read; once per stack.")
    ] = None,
    region: Annotated[list[str] | None, _option("--region", None, "AWS Region to work in; once per Region.")] = None,
    profile: Annotated[str | None, _option("--profile", None, "Profile of the AWS configuration.")] = None,
    actor: Annotated[
        str | None,
        _option("--actor", "SES_FEEDBACK_ACTOR", "Name to record for what you do. Without it: the credentials' ARN."),
    ] = None,
) -> Context:
    stack_outputs = read_stack_outputs(outputs or (), stack or ())
    return Context(table, history, tuple(region or ()), profile, actor, stack_outputs)


_SHARED = inspect.signature(_context, eval_str=True).parameters


def register(app: typer.Typer, function: Callable[..., ExitCode | None], name: str | None = None) -> None:
    """Make a command of a function that takes a `Context` first, and returns its exit code (None: OK)."""
    own_parameters = [*inspect.signature(function, eval_str=True).parameters.values()][1:]
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own_parameters, *_SHARED.values())
    ]

    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        code = run_guarded(lambda: function(_context(**{name: arguments.pop(name) for name in _SHARED}), **arguments))
        if code:
            raise typer.Exit(int(code))

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app.command(name or function.__name__.strip("_").replace("_", "-"))(run)


def run_guarded(command: Callable[[], ExitCode | None]) -> ExitCode:
    """Run a command; an error becomes one line on stderr and an exit code."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - `--help` needs none of AWS
    from ses_feedback.table import TableError  # noqa: PLC0415

    try:
        return command() or ExitCode.OK
    except KeyboardInterrupt:
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except ValueError as error:  # UsageError is one
        return _fail(str(error), ExitCode.USAGE)
    except (TableError, ClientError, BotoCoreError) as error:
        return _fail(describe_error(error), ExitCode.FAILED)


def _fail(message: str, code: ExitCode) -> ExitCode:
    sys.stderr.write(f"ses-feedback: {message}\n")
    return code
