"""Writes the two pictures of docs/architecture.md: `python -m docs.architecture`. A test holds the page to the code.

The picture of the folders is drawn from the imports themselves. The picture of a bounce's way is drawn from the list
below, in which every arrow between two modules must be an import.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"

FOLDERS = {
    "__main__": "__main__.py",
    "stack": "stack/",
    "components": "components/",
    "ses_feedback": "handlers/ses_feedback/*.py<br>shared modules",
    "ses_feedback.canary": "handlers/ses_feedback/canary/",
    "ses_feedback.function": "handlers/ses_feedback/function/",
    "ses_feedback.history": "handlers/ses_feedback/history/",
    "ses_feedback.sender": "handlers/ses_feedback/sender/",
    "ses_feedback_cli": "cli/",
    "policy": "policy/",
    "rollout": "rollout/",
    "sandbox": "sandbox/",
    "bench": "bench/",
}
"""Python package -> the folder as the picture names it. A module belongs to the longest name that it begins with."""

NOT_IMPORTS = (
    ("components", "ses_feedback.canary", "bundles in the archive"),
    ("components", "ses_feedback.function", "bundles in the archive"),
    ("components", "ses_feedback.history", "bundles in the archive"),
    ("rollout", "__main__", "runs, once per stack"),
    ("sandbox", "__main__", "runs, against the emulator"),
    ("policy", "__main__", "checks what it registers"),
)
"""Dotted arrows: who uses a folder without importing it."""


@dataclass(frozen=True)
class Step:
    """One box of a bounce's way: a resource of AWS, or a module with the function that does the work."""

    id: str
    label: str
    module: str = ""
    function: str = ""


STEPS = (
    Step("ses", "SES: identity or configuration set"),
    Step("topic", "SNS topic"),
    Step("subscription_dead_letters", "subscription dead-letter queue"),
    Step("queue", "SQS queue"),
    Step("dead_letters", "dead-letter queue"),
    Step("handler", "SQS records in, partial batch response out", "ses_feedback.function.handler", "lambda_handler"),
    Step("batch", "one record: its feedback and what failed", "ses_feedback.function.batch", "read_record"),
    Step(
        "notification",
        "what SES reports about each recipient",
        "ses_feedback.function.notification",
        "parse_notification",
    ),
    Step("envelope", "the SES message without its envelope", "ses_feedback.function.envelope", "unwrap"),
    Step("origin", "only the pipeline's own source", "ses_feedback.function.origin", "check_origin"),
    Step("verdict", "one table of rules", "ses_feedback.function.verdict", "judge_all"),
    Step("event", "what the history stores", "ses_feedback.function.feedback_event", "feedback_event"),
    Step("writer", "two rounds of calls per batch, or three", "ses_feedback.history.writer", "HistoryWriter"),
    Step("transaction", "one transaction per address", "ses_feedback.history.transaction", "transaction_actions"),
    Step("state", "the summary of an address's history", "ses_feedback.history.state", "State"),
    Step("history_table", "DynamoDB history table"),
    Step("blocked_table", "DynamoDB blocked table"),
    Step("blocklist", "checked before each mail", "ses_feedback.sender.blocklist", "Blocklist"),
)
ARROWS = (
    ("ses", "topic", "publishes"),
    ("topic", "queue", "delivers"),
    ("topic", "subscription_dead_letters", "cannot deliver"),
    ("queue", "dead_letters", "never processed"),
    ("handler", "dead_letters", "cannot read, or AWS refuses for days"),
    ("queue", "handler", "event source mapping"),
    ("handler", "batch", "first"),
    ("batch", "notification", "1"),
    ("notification", "envelope", ""),
    ("batch", "origin", "2"),
    ("batch", "verdict", "3"),
    ("batch", "event", "4"),
    ("handler", "writer", "then"),
    ("writer", "transaction", ""),
    ("transaction", "state", ""),
    ("writer", "history_table", ""),
    ("writer", "blocked_table", ""),
    ("blocklist", "blocked_table", "reads"),
)


@cache
def imports() -> frozenset[tuple[str, str]]:
    """Every import between two modules of this repository, as (importer, imported)."""
    graph = grimp.build_graph(*sorted({name.partition(".")[0] for name in FOLDERS} - {"__main__"}))
    pairs = {
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    tree = ast.parse((ROOT / "__main__.py").read_text(encoding="utf-8"))
    pairs |= {("__main__", node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset(pairs)


def folder_of(module: str) -> str | None:
    """The folder of FOLDERS that a module belongs to; None if it is not ours."""
    return max((name for name in FOLDERS if f"{module}.".startswith(f"{name}.")), key=len, default=None)


def folder_imports() -> list[tuple[str, str]]:
    """Which folder imports which, once each, in the order of FOLDERS."""
    order = list(FOLDERS)
    pairs = {(folder_of(importer), folder_of(imported)) for importer, imported in imports()}
    between_folders = [(source, target) for source, target in pairs if source and target and source != target]
    return sorted(between_folders, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))


def _folders() -> Iterator[str]:
    yield "flowchart TD"
    for package, label in FOLDERS.items():
        yield f'  {_id(package)}["{label}"]'
    for source, target in folder_imports():
        yield f"  {_id(source)} --> {_id(target)}"
    for source, target, label in NOT_IMPORTS:
        yield f"  {_id(source)} -. {label} .-> {_id(target)}"


def _way() -> Iterator[str]:
    yield "flowchart TD"
    for step in STEPS:
        place = f"<br><small>{step.module}.{step.function}</small>" if step.module else ""
        opening, closing = ("[", "]") if step.module else ("([", "])")
        yield f'  {step.id}{opening}"{step.label}{place}"{closing}'
    for source, target, label in ARROWS:
        yield f"  {source} -->{f'|{label}|' if label else ''} {target}"


def _id(package: str) -> str:
    return package.strip("_").replace(".", "_")


def with_pictures(page: str) -> str:
    """The page with both pictures drawn anew."""
    for name, lines in (("folders", _folders()), ("bounce", _way())):
        page = _replaced(page, name, lines)
    return page


def _replaced(page: str, name: str, lines: Iterable[str]) -> str:
    begin, end = f"<!-- {name}: written by docs/architecture.py -->\n", f"<!-- end of {name} -->"
    before, _, from_begin = page.partition(begin)
    _, _, after = from_begin.partition(end)
    picture = "\n".join(lines)
    return f"{before}{begin}```mermaid\n{picture}\n```\n{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_pictures(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
