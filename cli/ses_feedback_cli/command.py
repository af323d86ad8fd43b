"""What all commands share: the options that say where, and the exit codes."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ses_feedback_cli.codes import Code
from ses_feedback_cli.context import Context, MissingError, read_outputs

_PANEL = "Where"


def _option(name: str, variable: str | None, text: str, *more: str) -> Any:
    return typer.Option(name, *more, envvar=variable, help=text, rich_help_panel=_PANEL)


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
        list[str] | None, _option("--stack", None, "Pulumi stack to ask for its outputs; once per stack.")
    ] = None,
    region: Annotated[list[str] | None, _option("--region", None, "Region to look at; once per Region.")] = None,
    profile: Annotated[str | None, _option("--profile", None, "Profile of the AWS configuration.")] = None,
    actor: Annotated[
        str | None,
        _option("--actor", "SES_FEEDBACK_ACTOR", "Who acts, for the record. Without it: the ARN of the credentials."),
    ] = None,
) -> Context:
    read = read_outputs(outputs or (), stack or ())
    return Context(table, history, tuple(region or ()), profile, actor, read)


_SHARED = inspect.signature(_context, eval_str=True).parameters


def register(app: typer.Typer, function: Callable[..., Code | None], name: str | None = None) -> None:
    """Make a command of a function that takes a `Context` first, and returns its exit code (none: OK)."""
    own = [*inspect.signature(function, eval_str=True).parameters.values()][1:]
    parameters = [
        *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own),
        *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in _SHARED.values()),
    ]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        code = guarded(lambda: function(_context(**{key: given.pop(key) for key in _SHARED}), **given))
        if code:
            raise typer.Exit(int(code))

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    app.command(name or function.__name__.strip("_").replace("_", "-"))(run)


def guarded(work: Callable[[], Code | None]) -> Code:
    """Run a command; an error becomes one line and an exit code."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - `--help` needs none of AWS
    from ses_feedback.table import TableError  # noqa: PLC0415

    try:
        return work() or Code.OK
    except KeyboardInterrupt:
        return _failed("interrupted", Code.INTERRUPTED)
    except MissingError as error:
        return _failed(str(error), Code.USAGE)
    except ValueError as error:
        return _failed(str(error), Code.USAGE)
    except (TableError, ClientError, BotoCoreError) as error:
        return _failed(told(error), Code.FAILED)


def told(error: Exception) -> str:
    """An error of AWS in a line: operation and code; of a refusal also what was refused, which names no address."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from ses_feedback.table import describe  # noqa: PLC0415

    if isinstance(error, ClientError):
        text = f"{error.operation_name}: {describe(error)}"
        if "AccessDenied" in describe(error) or "AuthorizationError" in describe(error):
            text += f": {error.response['Error'].get('Message', '')}"
        return text
    return describe(error) if isinstance(error, BotoCoreError) and not str(error) else str(error)


def _failed(text: str, code: Code) -> Code:
    sys.stderr.write(f"ses-feedback: {text}\n")
    return code
