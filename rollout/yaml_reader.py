"""Reads a YAML document in which every value knows its path and its line, so that an error can name both."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from .words import did_you_mean, listed, nearest

T = TypeVar("T")
_MAX_VALUE_LENGTH = 80
_PLACEHOLDER = re.compile(r"\{[\w:]+\}")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file."""

    line: int
    message: str


@dataclass(frozen=True)
class Node:
    """A value of the document. `raw` is a scalar as written: YAML takes the account id 012345678901 for a number."""

    path: str
    line: int
    value: "dict[str, Node] | list[Node] | object"
    raw: str = ""

    @property
    def plain(self) -> object:
        """The value without paths and lines."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    def find(self, path: str) -> "Node":
        """The deepest existing value on a path such as `[0].identities[1]`, which is how errors name a value."""
        node = self
        for part in path.replace("[", ".").replace("]", "").split("."):
            if isinstance(node.value, dict) and part in node.value:
                node = node.value[part]
            elif isinstance(node.value, list) and part.isdigit() and int(part) < len(node.value):
                node = node.value[int(part)]
        return node


def read_text(path: Path) -> str:
    """The text of a file. Raises: ValueError, naming file and line, where it is not UTF-8; OSError."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8: save the file with the encoding UTF-8"
        raise ValueError(f"{path}:{line}: {message}") from None


class YamlReader:
    """Reads values and collects all mistakes instead of stopping at the first.

    A mistake that follows from another one is not a second mistake: `is_sound` tells what to leave unchecked.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._wrong_paths: list[list[str]] = []

    def is_sound(self, *paths: str) -> bool:
        """Whether no mistake is known at these paths, below them, or in a value that contains them."""
        return not any(
            all(part == other for part, other in zip(_parts(path), wrong_parts, strict=False))
            for path in paths
            for wrong_parts in self._wrong_paths
        )

    def read_document(self, content: str) -> Node | None:
        """Read a whole document; None if it is empty or not YAML."""
        try:
            root = yaml.compose(content, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            self._add_syntax_problem(error, content)
            return None
        except yaml.YAMLError as error:
            self.problems.append(Problem(1, f"invalid YAML: {' '.join(str(error).split())}"))
            return None
        if root is None:
            self.problems.append(Problem(1, "the file is empty: accounts, hub, regions and waves are needed"))
            return None
        return self._node(root, "", ())

    def _add_syntax_problem(self, error: yaml.MarkedYAMLError, content: str) -> None:
        lines = content.splitlines() or [""]
        line = (
            min(error.problem_mark.line + 1, len(lines)) if error.problem_mark else 1
        )  # the end is after the last line
        message = f"invalid YAML: {error.problem or error.context}"
        if placeholder := _PLACEHOLDER.search(lines[line - 1]):
            message += f"; put a text with {placeholder[0]} in quotes, since {{ begins a map here"
        self.problems.append(Problem(line, message))

    def _node(self, yaml_node: yaml.Node, path: str, ancestors: tuple[int, ...]) -> Node:
        line = yaml_node.start_mark.line + 1
        if id(yaml_node) in ancestors:
            node = Node(path, line, None)
            self.add_problem(node, f"{path} contains itself: write the value out")
            return node
        ancestors = (*ancestors, id(yaml_node))
        if isinstance(yaml_node, yaml.SequenceNode):
            entries = enumerate(yaml_node.value)
            return Node(path, line, [self._node(entry, f"{path}[{index}]", ancestors) for index, entry in entries])
        if isinstance(yaml_node, yaml.MappingNode):
            return Node(path, line, self._mapping(yaml_node, path, ancestors))
        try:
            value = yaml.SafeLoader("").construct_object(yaml_node)
        except (ValueError, yaml.YAMLError):
            value = str(yaml_node.value)
        return Node(path, line, value, str(yaml_node.value))

    def _mapping(self, yaml_node: yaml.MappingNode, path: str, ancestors: tuple[int, ...]) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        for key_node, value_node in yaml_node.value:
            key = str(key_node.value)
            key_path = _child_path(path, key)
            key_line = key_node.start_mark.line + 1
            if key in fields:
                message = f"{key_path} is already in line {fields[key].line}: name it once"
                self.add_problem(Node(key_path, key_line, None), message)
                continue
            node = self._node(value_node, key_path, ancestors)
            # The line of the key: the value itself may start a line later.
            fields[key] = Node(node.path, key_line, node.value, node.raw)
        return fields

    def add_value_problem(self, node: Node, requirement: str) -> None:
        """Record that a value is wrong, and what would be right."""
        value = repr(node.plain)
        shown = value if len(value) <= _MAX_VALUE_LENGTH else f"{value[:_MAX_VALUE_LENGTH]}…"
        self.add_problem(node, f"{node.path or 'the file'} is {shown}: {requirement}")

    def add_problem(self, node: Node, message: str) -> None:
        """Record a mistake in the line of `node`."""
        self.problems.append(Problem(node.line, message))
        self._wrong_paths.append(_parts(node.path))

    def read_fields(self, node: Node, keys: Iterable[str], required: Iterable[str] = ()) -> dict[str, Node]:
        """The fields of a map that have a value; unknown and missing keys are mistakes."""
        allowed = list(keys)
        if not isinstance(node.value, dict):
            self.add_value_problem(node, f"a map of {', '.join(allowed)} is needed")
            return {}
        meant = {self._add_unknown_key(field, key, allowed) for key, field in node.value.items() if key not in allowed}
        fields = {key: field for key, field in node.value.items() if key in allowed and field.value is not None}
        if missing := [key for key in required if key not in fields and key not in meant]:
            place = f"{node.path}: " if node.path else ""
            message = f"{place}{listed(missing)} are missing"
            if len(missing) == 1:
                message = f"{_child_path(node.path, missing[0])} is missing"
            self.problems.append(Problem(node.line, message))
            self._wrong_paths += [[*_parts(node.path), key] for key in missing]
        return fields

    def _add_unknown_key(self, node: Node, key: str, allowed: list[str]) -> str | None:
        """Record that there is no such key; returns the one that was probably meant, whose value is then wrong too."""
        meant = nearest(key, allowed)
        self.add_value_problem(
            node, f"there is no such key; there are {', '.join(allowed)}{did_you_mean(key, allowed)}"
        )
        if meant:
            self._wrong_paths.append([*_parts(node.path)[:-1], meant])
        return meant

    def require_entries(self, node: Node | None) -> None:
        """Record that a list or map, which has been read, is empty."""
        if node is not None and node.value in ([], {}) and self.is_sound(node.path):
            self.add_value_problem(node, "at least one is needed")

    def read_mapping(self, node: Node | None, description: str) -> Mapping[str, Node]:
        """A map whose keys the user chooses; `description` names them in an error."""
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.add_value_problem(node, f"a map of {description} is needed")
            return {}
        return node.value

    def read_list(self, node: Node | None, description: str) -> list[Node]:
        """The entries of a list; `description` names them in an error."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.add_value_problem(node, f"a list of {description} is needed")
            return []
        return node.value

    def read_value(self, node: Node | None, rule: Callable[[str, object], T], *, as_written: bool = False) -> T | None:
        """A value that passes a rule; None if there is no value or the rule refuses it."""
        if node is None or not self.is_sound(node.path):
            return None
        try:
            return rule(node.path, node.raw if as_written and node.raw else node.plain)
        except ValueError as error:
            self.add_problem(node, str(error))
            return None

    def read_values(self, node: Node | None, description: str, rule: Callable[[str, object], T]) -> list[T]:
        """The entries of a list, as written, that pass a rule; duplicates are mistakes."""
        values: list[T] = []
        for entry in self.read_list(node, description):
            value = self.read_value(entry, rule, as_written=True)
            if value in values:
                self.add_value_problem(entry, "it is already in the list; name it once")
            elif value is not None:
                values.append(value)
        return values


def _child_path(path: str, key: str) -> str:
    return f"{path}.{key}".lstrip(".")


def _parts(path: str) -> list[str]:
    """`accounts[1].id` in its parts; the document itself has none."""
    return [part for part in re.split(r"[.\[\]]", path) if part]
