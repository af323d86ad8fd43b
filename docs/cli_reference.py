"""Writes docs/reference/cli.md: `python -m docs.cli_reference`. A test compares the page with the code.

Made from the commands themselves, not from what they print, which depends on the terminal.
"""

import ast
import enum
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from ses_feedback_cli import exit_codes
from ses_feedback_cli.app import app

NAME = "ses-feedback"
PAGE = Path(__file__).resolve().parent / "reference" / "cli.md"

_HEAD = """# The command line

Generated from `cli/ses_feedback_cli` by `python -m docs.cli_reference`. Install it with uv, or with pip into a virtual
environment. `https://…/ses-feedback` stands for the URL of this repository; `git+file:///path/of/a/checkout` works as
well. In a checkout, `make .venv/ready` installs it as `.venv/bin/ses-feedback`.

    uv tool install 'ses-feedback-cli @ git+https://…/ses-feedback#subdirectory=cli'
    pip install 'git+https://…/ses-feedback#subdirectory=handlers' 'git+https://…/ses-feedback#subdirectory=cli'

`ses-feedback --install-completion` makes the shell complete commands and options.
"""
_VALUES = {"str": "TEXT", "Path": "PATH", "int": "NUMBER", "float": "NUMBER", "datetime": "TIME"}

Row = Sequence[str]
Table = tuple[Row, ...]


def files() -> dict[Path, str]:
    """The content of each generated file."""
    return {PAGE: page(typer.main.get_command(app))}


def page(root: Any) -> str:
    """The page of a command and its subcommands."""
    commands = list(_walk(root, (NAME,)))
    shared = _shared([command for _, command in commands])
    panels = "".join(f"## {name}\n\n{_table(_OPTIONS, rows)}\n" for name, rows in shared.items())
    index = "".join(
        f"| [`{' '.join(path)}`](#{'-'.join(path)}) | {_short_help(command)} |\n" for path, command in commands[1:]
    )
    parts = [
        _HEAD,
        f"| command | does |\n|---|---|\n{index}",
        f"## Exit codes\n\n{_table(('code', 'means'), tuple(_exit_codes()))}",
        panels.rstrip("\n") + "\n" if panels else "",
        *(_section(path, command, shared) for path, command in commands),
    ]
    return "\n".join(part for part in parts if part)


_OPTIONS = ("option", "default", "environment", "meaning")


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and all its subcommands, in the order of their help."""
    yield path, command
    for name, subcommand in getattr(command, "commands", {}).items():
        if not subcommand.hidden:
            yield from _walk(subcommand, (*path, name))


def _section(path: tuple[str, ...], command: Any, shared: dict[str, Table]) -> str:
    is_group = hasattr(command, "commands")
    parameters = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    own_rows: list[Row] = []
    shared_panels = []
    for name, rows in _panels(command).items():
        if name in shared:
            shared_panels.append(name)
        else:
            own_rows += rows
    usage = [*path, *(["[OPTIONS]"] if parameters else []), *map(_usage, arguments), *(["COMMAND"] if is_group else [])]
    parts = [f"## {' '.join(path)}\n", f"    {' '.join(usage)}\n", _help(command)]
    if arguments:
        rows_of_arguments = tuple((f"`{_name(argument)}`", argument.help or "") for argument in arguments)
        parts.append(_table(("argument", "meaning"), rows_of_arguments))
    if own_rows:
        parts.append(_table(_OPTIONS, tuple(own_rows)))
    if shared_panels:
        parts.append(f"And the options of {', '.join(f'[{name}](#{_anchor(name)})' for name in shared_panels)}.\n")
    return "\n".join(part for part in parts if part)


def _panels(command: Any) -> dict[str, Table]:
    """Options by the panel of the help that they are in."""
    panels: dict[str, list[Row]] = {}
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.hidden:
            panels.setdefault(parameter.rich_help_panel or "", []).append(_option(parameter))
    return {name: tuple(rows) for name, rows in panels.items()}


def _shared(commands: Iterable[Any]) -> dict[str, Table]:
    """Panels that more than one command has, with the same options in each: these are shown once."""
    tables_by_panel: dict[str, list[Table]] = {}
    for command in commands:
        for name, rows in _panels(command).items():
            tables_by_panel.setdefault(name, []).append(rows)
    return {
        name: tables[0]
        for name, tables in tables_by_panel.items()
        if name and len(tables) > 1 and len(set(tables)) == 1
    }


def _option(option: Any) -> Row:
    names = [*option.opts, *option.secondary_opts]
    usage = ", ".join(f"`{' '.join(filter(None, (name, _value(option))))}`" for name in names)
    default = option.default
    has_no_default = default is None or default is False or callable(default) or default in ("", [], ())
    variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
    required = "(required) " if option.required else ""
    return (
        usage,
        "" if has_no_default else f"`{default}`",
        ", ".join(f"`{name}`" for name in variables),
        f"{required}{option.help or ''}",
    )


def _usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _value(option: Any) -> str:
    """The value that the option takes; empty for a flag."""
    if option.is_flag:
        return ""
    if option.metavar:
        return str(option.metavar)
    annotation = option.type_descriptor.annotation
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "|".join(str(member.value) for member in annotation)
    if option.min is not None or option.max is not None:
        return f"{'' if option.min is None else option.min}..{'' if option.max is None else option.max}"
    return _VALUES.get(getattr(annotation, "__name__", ""), "VALUE")


def _help(command: Any) -> str:
    """The paragraphs of the help; one that begins with a backspace keeps its lines: it is code."""
    paragraphs = inspect.cleandoc(command.help or "").partition("\f")[0].replace("``", "`").split("\n\n")
    return "\n\n".join(map(_paragraph, paragraphs)) + "\n"


def _paragraph(paragraph: str) -> str:
    if not paragraph.startswith("\b\n"):
        return paragraph
    return "\n".join(f"    {line}" for line in paragraph.removeprefix("\b\n").splitlines())


def _short_help(command: Any) -> str:
    return " ".join((command.short_help or command.help or "").split("\n\n")[0].split())


def _exit_codes() -> Iterator[Row]:
    """The exit codes, each with its docstring."""
    statements = ast.parse(inspect.getsource(exit_codes)).body
    (enum_class,) = (statement for statement in statements if isinstance(statement, ast.ClassDef))
    for statement, next_statement in pairwise(enum_class.body):
        match statement, next_statement:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(docstring))):
                yield str(exit_codes.ExitCode[name].value), docstring


def _table(head: Row, rows: Table) -> str:
    """A table, without columns that are empty in all rows."""
    shown = [index for index in range(len(head)) if index == 0 or any(row[index] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(line[index]) for index in shown)} |\n" for line in lines)


def _cell(content: str) -> str:
    return re.sub(r"\s+", " ", content).replace("``", "`").replace("|", "\\|")


def _anchor(name: str) -> str:
    """The anchor of a heading, as Markdown renderers make it."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, "utf-8")
