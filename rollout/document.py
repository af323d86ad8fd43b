"""A YAML document whose every value knows its path and its line, so that an error can say where it is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import yaml

from components import inputs

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a file."""

    line: int
    text: str


class TargetsError(ValueError):
    """All that is wrong with a file, in the order of its lines."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{file}:{problem.line}: {problem.text}" for problem in self.problems))


@dataclass(frozen=True)
class Node:
    """A value of the document. `text` is a scalar as it was written: 012345678901 is no number where it is an id."""

    path: str
    line: int
    value: "dict[str, Node] | list[Node] | object"
    text: str = ""

    @property
    def plain(self) -> object:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    def find(self, path: str) -> "Node":
        """The deepest value on a path such as `[0].identities[1]`, as errors name it."""
        node = self
        for part in path.replace("[", ".").replace("]", "").split("."):
            if isinstance(node.value, dict) and part in node.value:
                node = node.value[part]
            elif isinstance(node.value, list) and part.isdigit() and int(part) < len(node.value):
                node = node.value[int(part)]
        return node


class Reader:
    """Reads values and collects what is wrong with them, rather than to stop at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def document(self, text: str) -> Node | None:
        """Read a document; None if it is no YAML at all, or empty."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(Problem(line, f"this is no YAML: {error.problem or error.context}"))
            return None
        except yaml.YAMLError as error:
            self.problems.append(Problem(1, f"this is no YAML: {error}"))
            return None
        if root is None:
            self.problems.append(Problem(1, "the file is empty: accounts, hub, regions and waves are needed"))
            return None
        return self._node(root, "", ())

    def _node(self, node: yaml.Node, path: str, above: tuple[int, ...]) -> Node:
        line = node.start_mark.line + 1
        if id(node) in above:
            self.problems.append(Problem(line, f"{path} contains itself: write it out"))
            return Node(path, line, None)
        above = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            return Node(
                path, line, [self._node(entry, f"{path}[{index}]", above) for index, entry in enumerate(node.value)]
            )
        if isinstance(node, yaml.MappingNode):
            fields: dict[str, Node] = {}
            for key, value in node.value:
                name = str(key.value)
                where = f"{path}.{name}".lstrip(".")
                if name in fields:
                    text = f"{where} is in line {fields[name].line} already: name it once"
                    self.problems.append(Problem(key.start_mark.line + 1, text))
                    continue
                read = self._node(value, where, above)
                # The line of the key: a block below it begins a line later.
                fields[name] = Node(read.path, key.start_mark.line + 1, read.value, read.text)
            return Node(path, line, fields)
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except (ValueError, yaml.YAMLError):
            value = str(node.value)
        return Node(path, line, value, str(node.value))

    def refuse(self, node: Node, right: str) -> None:
        """Note that a value is wrong, and what would be right."""
        self.problems.append(Problem(node.line, str(inputs.input_error(node.path or "the file", node.plain, right))))

    def note(self, node: Node, text: str) -> None:
        """Note what is wrong at a place."""
        self.problems.append(Problem(node.line, text))

    def fields(self, node: Node, known: Iterable[str], required: Iterable[str] = ()) -> dict[str, Node]:
        """The fields of a map that have a value; notes unknown and missing ones."""
        names = list(known)
        if not isinstance(node.value, dict):
            self.refuse(node, f"a map of {', '.join(names)} is needed")
            return {}
        for key, field in node.value.items():
            if key not in names:
                self.refuse(field, f"there is no such key; there are {', '.join(names)}")
        given = {key: field for key, field in node.value.items() if key in names and field.value is not None}
        for key in required:
            if key not in given:
                self.problems.append(Problem(node.line, f"{f'{node.path}.{key}'.lstrip('.')} is missing"))
        return given

    def map(self, node: Node | None, of: str) -> Mapping[str, Node]:
        """A map with keys of the user's own."""
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.refuse(node, f"a map of {of} is needed")
            return {}
        return node.value

    def entries(self, node: Node | None, of: str) -> list[Node]:
        """The entries of a list."""
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.refuse(node, f"a list of {of} is needed")
            return []
        return node.value

    def value(self, node: Node | None, rule: Callable[[str, object], T], *, as_written: bool = False) -> T | None:
        """A value that passes a rule; None if there is none or it does not."""
        if node is None:
            return None
        try:
            return rule(node.path, node.text if as_written and node.text else node.plain)
        except ValueError as error:
            self.problems.append(Problem(node.line, str(error)))
            return None

    def values(self, node: Node | None, of: str, rule: Callable[[str, object], T]) -> list[T]:
        """The entries of a list without doubles, as they were written, that pass a rule."""
        read: list[T] = []
        for entry in self.entries(node, of):
            value = self.value(entry, rule, as_written=True)
            if value in read:
                self.refuse(entry, "it is in the list already; name it once")
            elif value is not None:
                read.append(value)
        return read
