"""Adds accounts to the text of a targets file and removes others; every other line stays as it is."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*")
"""Scalars that YAML reads as they are written, without quotes; but for those that it reads as a boolean or null."""

_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")


@dataclass(frozen=True)
class Entry:
    """One account in the file. Its lines are those from `first_line` until before `end_line`, counted from 0."""

    name: str
    id: str
    first_line: int
    end_line: int


@dataclass(frozen=True)
class NewAccount:
    """One account to add. `fill_in` turns a text of the template into that of this account."""

    name: str
    id: str
    fill_in: Callable[[str], str]


class AccountsText:
    """The text of a targets file.

    Raises: ValueError if `accounts` is not a list with one entry under each `-`, or if the template has an alias.
    """

    def __init__(self, content: str) -> None:
        """`content` must be YAML, and a map that has `organization.account`."""
        self._content = content
        self._lines = content.splitlines(keepends=True)
        self._new_line = "\r\n" if self._lines[0].endswith("\r\n") else "\n"
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        self._template = _field(_field(root, "organization"), "account")
        accounts = _field(root, "accounts")
        if not isinstance(accounts, yaml.SequenceNode) or accounts.flow_style or not accounts.value:
            raise ValueError("accounts must be a list with one entry under each -: begin it with the hub's account")
        self.entries = self._read_entries(accounts)

    def edit(self, removed_ids: Collection[str], new_accounts: Sequence[NewAccount]) -> str:
        """The text without some entries, and with new ones after the last that stays."""
        removed = [entry for entry in self.entries if entry.id in removed_ids]
        position = max(
            (entry.end_line for entry in self.entries if entry not in removed), default=self.entries[0].first_line
        )
        removed_lines = {line for entry in removed for line in range(entry.first_line, entry.end_line)}
        before, after = (
            [self._lines[line] for line in lines if line not in removed_lines]
            for lines in (range(position), range(position, len(self._lines)))
        )
        if before and not before[-1].endswith("\n"):
            before[-1] += self._new_line
        return "".join([*before, *map(self._new_entry, new_accounts), *after])

    def _read_entries(self, accounts: yaml.SequenceNode) -> list[Entry]:
        """The blank lines and comments above an entry belong to it; above the first, only the comments."""
        dash_lines = [self._dash_line(node.start_mark.line) for node in accounts.value]
        self._column = self._lines[dash_lines[0]].index("-")
        end = accounts.end_mark  # where the next key begins, or the end of a file whose last line may have no end
        next_line = end.line + 1 if end.column else end.line
        end_lines = [self._content_end(line) for line in (*dash_lines[1:], next_line)]
        first_line = self._content_end(dash_lines[0])
        while not self._lines[first_line].strip():
            first_line += 1
        starts = [first_line, *end_lines[:-1]]
        return [
            Entry(_text(node, "name"), _text(node, "id"), start, end)
            for node, start, end in zip(accounts.value, starts, end_lines, strict=True)
        ]

    def _dash_line(self, line: int) -> int:
        """The line of the dash of an entry whose value begins in `line`."""
        while not self._lines[line].lstrip().startswith("-"):
            line -= 1
        return line

    def _content_end(self, line: int) -> int:
        """The line after what is written above `line`, without blank lines and comments as far left as a dash."""

        def belongs_below(text: str) -> bool:
            stripped = text.lstrip(" ")
            return not stripped.strip() or (stripped.startswith("#") and len(text) - len(stripped) <= self._column)

        while belongs_below(self._lines[line - 1]):
            line -= 1
        return line

    def _new_entry(self, account: NewAccount) -> str:
        """The lines of a new entry: name, id, and the template as it is written in the file."""
        has_blank_lines = len(self.entries) > 1 and not self._lines[self.entries[1].first_line].strip()
        indentation = " " * (self._column + 2)
        fields = [f"name: {_scalar(account.name)}", f'id: "{account.id}"']
        fields += [self._template_field(key, value, account) for key, value in self._template.value]
        text = f"\n{indentation}".join(fields)
        lines = [*([""] if has_blank_lines else []), f"{' ' * self._column}- {text}"]
        return "".join(f"{line.rstrip()}{self._new_line}" for line in "\n".join(lines).split("\n"))

    def _template_field(self, key: yaml.Node, value: yaml.Node, account: NewAccount) -> str:
        """A key of the template and its value, filled in and moved to the indentation of an entry."""
        start, end = key.start_mark.index, value.end_mark.index
        text, position = "", start
        for scalar in _scalars(value):
            if not start < scalar.start_mark.index < end:
                raise ValueError(f"organization.account.{key.value} has an alias: write the value out")
            filled = account.fill_in(scalar.value)
            if filled != scalar.value:
                text += self._content[position : scalar.start_mark.index] + _scalar(filled)
                position = scalar.end_mark.index
        comment = _COMMENT.match(self._content, end)
        lines = (text + self._content[position : comment.end() if comment else end]).splitlines()
        while not lines[-1].strip() or lines[-1].lstrip().startswith("#"):  # a block ends where the next key begins
            lines.pop()
        shift = self._column + 2 - key.start_mark.column
        first, *others = lines
        return "\n".join([first, *(_shifted(line, shift) for line in others)])


def _shifted(line: str, columns: int) -> str:
    return " " * columns + line if columns >= 0 else line.removeprefix(" " * -columns)


def _scalar(text: str) -> str:
    """A string as YAML; in quotes where YAML would read something else without them."""
    is_plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """The scalars of a value in the order of the text, keys included."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (*_scalars(key), *_scalars(value))


def _field(node: yaml.Node | None, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _text(node: yaml.Node, name: str) -> str:
    value = _field(node, name)
    return str(value.value) if isinstance(value, yaml.ScalarNode) else ""
