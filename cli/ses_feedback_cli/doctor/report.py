"""Tells people what was found: a tree of Regions and pipelines, and one sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from ses_feedback_cli.doctor.facts import Facts
from ses_feedback_cli.doctor.rules import Finding, Severity, Subject

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
Place = tuple[str, str]


def tree(facts: Facts, found: Iterable[Finding]) -> Tree:
    """Every account and Region, in it all that was looked at, with what is wrong and how to mend it."""
    places: dict[Place, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    looked: tuple[Subject, ...] = (*facts.accounts, *facts.pipelines, *facts.tables)
    for subject in looked:
        places[subject.account, subject.region][subject.about] = []
    for finding in found:
        places[finding.account, finding.region][finding.about].append(finding)
    root = Tree("ses-feedback", hide_root=True)
    for (account, region), abouts in places.items():
        branch = root.add(f"[bold]{escape(region)}[/bold] (account {escape(account)})")
        for about, ones in abouts.items():
            leaf = branch.add(escape(about) if ones else f"{escape(about)}: [green]nothing found[/green]")
            for one in ones:
                _add(leaf, one)
    return root


def _add(leaf: Tree, one: Finding) -> None:
    style = _STYLES[one.severity]
    said = leaf.add(f"[{style}]{one.severity.value}[/{style}] {one.id}: {escape(one.says)}")
    said.add(f"mend: {escape(one.mend)}")
    said.add(f"more: {escape(one.runbook)}")


def sentence(facts: Facts, found: Iterable[Finding]) -> str:
    """What a person takes away."""
    found = list(found)
    of = f"{_count(len(facts.pipelines), 'pipeline')} and {_count(len(facts.tables), 'table')}"
    parts = []
    for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO):
        ids = Counter(one.id for one in found if one.severity is severity)
        if ids:
            which = ", ".join(f"{number} x {id_}" if number > 1 else id_ for id_, number in ids.items())
            number = ids.total()
            parts.append(f"{number} {severity.value}{'' if number == 1 else 's'} ({which})")
    if not facts.answered:
        return f"Nothing could be asked about {of}."
    return f"Looked at {of}: {', '.join(parts) if parts else 'nothing is wrong'}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def document(facts: Facts, found: Iterable[Finding]) -> Mapping[str, Any]:
    """The same for programs."""
    found = list(found)
    worst = next((severity.value for severity in Severity if any(one.severity is severity for one in found)), None)
    return {
        "worst": worst,
        "summary": sentence(facts, found),
        "pipelines": [{"account": one.account, "region": one.region, "pipeline": one.about} for one in facts.pipelines],
        "tables": [{"account": one.account, "region": one.region, "table": one.table} for one in facts.tables],
        "findings": [
            {
                "id": one.id,
                "severity": one.severity.value,
                "account": one.account,
                "region": one.region,
                "about": one.about,
                "says": one.says,
                "mend": one.mend,
                "runbook": one.runbook,
            }
            for one in found
        ],
    }
