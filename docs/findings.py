#!/usr/bin/env python3
"""Writes the table of what `ses-feedback doctor` finds into docs/operations.md: `python -m docs.findings`.

A test holds the table to the rules.
"""

from collections.abc import Iterator
from pathlib import Path

from ses_feedback_cli.doctor.rules import ALL

RUNBOOKS = Path(__file__).resolve().with_name("operations.md")
_BEGIN, _END = "<!-- findings: written by docs/findings.py -->\n", "<!-- end -->"


def with_table(text: str) -> str:
    """The text of the runbooks with its table of findings made anew."""
    before, rest = text.split(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}| finding | severity | what is wrong |\n|---|---|---|\n{''.join(_rows())}{_END}{after}"


def _rows() -> Iterator[str]:
    for rule in ALL:
        says = rule.says.replace("{", "*").replace("}", "*").replace("_", " ")
        yield f"| [`{rule.id}`](#{rule.anchor}) | {rule.severity.value} | {says} |\n"


if __name__ == "__main__":
    RUNBOOKS.write_text(with_table(RUNBOOKS.read_text(encoding="utf-8")), encoding="utf-8")
