"""The corpus of tests/events: each body with what it must lead to, as the table in its README says."""

import re
from dataclasses import dataclass
from pathlib import Path

EVENTS = Path(__file__).parents[1] / "events"
_ROW = re.compile(r"\| \[(?P<file>[^]]+)\]\([^)]+\) \| (?P<description>.*) \| (?P<expected>.*) \|")


@dataclass(frozen=True)
class Example:
    file: str
    description: str
    expected: tuple[str, ...]

    @property
    def body(self) -> str:
        return (EVENTS / self.file).read_text("utf-8")

    def feedback(self) -> list[str]:
        """The expected judgements, without skipped and failed records."""
        return [judgement for judgement in self.expected if not judgement.startswith(("skipped: ", "fails: "))]


def examples() -> list[Example]:
    table = (EVENTS / "README.md").read_text("utf-8")
    return [
        Example(match["file"], match["description"], tuple(match["expected"].split("<br>")))
        for match in _ROW.finditer(table)
    ]
