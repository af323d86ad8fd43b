"""Writes the help of the command line for people: `python -m docs.cli_reference`. A test holds the page to the code.

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

Generated from `cli/ses_feedback_cli` by `python -m docs.cli_reference`. Install it with uv, or into an environment
with pip; a checkout has it as `.venv/bin/ses-feedback`:

    uv tool install 'ses-feedback-cli @ git+https://…/ses-feedback#subdirectory=cli'
    pip install 'git+https://…/ses-feedback#subdirectory=handlers' 'git+https://…/ses-feedback#subdirectory=cli'

`ses-feedback --install-completion` makes the shell complete commands and options.
"""
_VALUES = {"str": "TEXT", "Path": "PATH", "int": "NUMBER", "float": "NUMBER", "datetime": "TIME"}

Row = Sequence[str]
Table = tuple[Row, ...]


def files() -> dict[Path, str]:
    """What each file must hold."""
    return {PAGE: page(typer.main.get_command(app))}


def page(root: Any) -> str:
    """The page of a command with all that it has."""
    commands = list(_walk(root, (NAME,)))
    shared = _shared([command for _, command in commands])
    panels = "".join(f"## {name}\n\n{_text(_OPTIONS, rows)}\n" for name, rows in shared.items())
    index = "".join(f"| [`{' '.join(path)}`](#{'-'.join(path)}) | {_short(one)} |\n" for path, one in commands[1:])
    parts = [
        _HEAD,
        f"| command | does |\n|---|---|\n{index}",
        f"## Exit codes\n\n{_text(('code', 'means'), tuple(_codes()))}",
        panels.rstrip("\n") + "\n" if panels else "",
        *(_section(path, command, shared) for path, command in commands),
    ]
    return "\n".join(part for part in parts if part)


_OPTIONS = ("option", "default", "environment", "meaning")


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and all below it, in the order of their help."""
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield from _walk(one, (*path, name))


def _section(path: tuple[str, ...], command: Any, shared: dict[str, Table]) -> str:
    group = hasattr(command, "commands")
    given = [one for one in command.params if not one.hidden]
    arguments = [one for one in given if one.param_type_name == "argument"]
    own: list[Row] = []
    panels = []
    for name, rows in _panels(command).items():
        if name in shared:
            panels.append(name)
        else:
            own += rows
    usage = [*path, *(["[OPTIONS]"] if given else []), *map(_usage, arguments), *(["COMMAND"] if group else [])]
    parts = [f"## {' '.join(path)}\n", f"    {' '.join(usage)}\n", _help(command)]
    if arguments:
        parts.append(_text(("argument", "meaning"), tuple((f"`{_name(one)}`", one.help or "") for one in arguments)))
    if own:
        parts.append(_text(_OPTIONS, tuple(own)))
    if panels:
        parts.append(f"And the options of {', '.join(f'[{name}](#{_anchor(name)})' for name in panels)}.\n")
    return "\n".join(part for part in parts if part)


def _panels(command: Any) -> dict[str, Table]:
    """Options by the panel of the help that they stand in."""
    found: dict[str, list[Row]] = {}
    for one in command.params:
        if one.param_type_name == "option" and not one.hidden:
            found.setdefault(one.rich_help_panel or "", []).append(_option(one))
    return {name: tuple(rows) for name, rows in found.items()}


def _shared(commands: Iterable[Any]) -> dict[str, Table]:
    """Panels that are the same wherever they stand, and stand in more than one place: these are shown once."""
    seen: dict[str, list[Table]] = {}
    for command in commands:
        for name, rows in _panels(command).items():
            seen.setdefault(name, []).append(rows)
    return {name: all_[0] for name, all_ in seen.items() if name and len(all_) > 1 and len(set(all_)) == 1}


def _option(one: Any) -> Row:
    names = [*one.opts, *one.secondary_opts]
    said = ", ".join(f"`{' '.join(filter(None, (name, _value(one))))}`" for name in names)
    default = one.default
    shown = "" if default is None or default is False or callable(default) or default in ([], ()) else f"`{default}`"
    variables = [one.envvar] if isinstance(one.envvar, str) else one.envvar or []
    required = "(required) " if one.required else ""
    return said, shown, ", ".join(f"`{name}`" for name in variables), f"{required}{one.help or ''}"


def _usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _value(one: Any) -> str:
    """What stands behind the option: nothing behind a flag."""
    if one.is_flag:
        return ""
    if one.metavar:
        return str(one.metavar)
    kind = one.type_descriptor.annotation
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(member.value) for member in kind)
    if one.min is not None or one.max is not None:
        return f"{'' if one.min is None else one.min}..{'' if one.max is None else one.max}"
    return _VALUES.get(getattr(kind, "__name__", ""), "VALUE")


def _help(command: Any) -> str:
    """The paragraphs of the help; one that keeps its lines (it begins with a backspace) is code."""
    paragraphs = inspect.cleandoc(command.help or "").partition("\f")[0].replace("``", "`").split("\n\n")
    shown = [
        "\n".join(f"    {line}" for line in one.removeprefix("\b\n").splitlines()) if one.startswith("\b\n") else one
        for one in paragraphs
    ]
    return "\n\n".join(shown) + "\n"


def _short(command: Any) -> str:
    return " ".join((command.short_help or command.help or "").split("\n\n")[0].split())


def _codes() -> Iterator[Row]:
    """The exit codes with what is written under each."""
    (made,) = (one for one in ast.parse(inspect.getsource(exit_codes)).body if isinstance(one, ast.ClassDef))
    for line, below in pairwise(made.body):
        match line, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                yield str(exit_codes.ExitCode[name].value), text


def _text(head: Row, rows: Table) -> str:
    """A table, without the columns that say nothing."""
    kept = [index for index in range(len(head)) if index == 0 or any(row[index] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(line[index]) for index in kept)} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|")


def _anchor(name: str) -> str:
    """What a heading's link is called where Markdown is shown."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
