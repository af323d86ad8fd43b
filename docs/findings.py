#!/usr/bin/env python3
"""Writes the table of the findings of `ses-feedback doctor` into docs/operations.md: `python -m docs.findings`.

A test compares the table with the rules.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ses_feedback_cli.doctor.rules import ALL_RULES

RUNBOOKS = Path(__file__).resolve().with_name("operations.md")
_BEGIN, _END = "<!-- findings: written by docs/findings.py -->\n", "<!-- end -->"


def with_table(page: str) -> str:
    """The page with its table of findings written again."""
    before, after_begin = page.split(_BEGIN)
    _, _, after = after_begin.partition(_END)
    return f"{before}{_BEGIN}| finding | severity | meaning |\n|---|---|---|\n{''.join(_rows())}{_END}{after}"


def _rows() -> Iterator[str]:
    for rule in ALL_RULES:
        message = re.sub(r"\{(\w+)\}", lambda value: f"*{value[1].replace('_', ' ')}*", rule.message)
        yield f"| [`{rule.id}`](#{rule.anchor}) | {rule.severity.value} | {message} |\n"


if __name__ == "__main__":
    RUNBOOKS.write_text(with_table(RUNBOOKS.read_text(encoding="utf-8")), encoding="utf-8")
