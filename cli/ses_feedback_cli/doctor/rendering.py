"""Presents the findings: as a tree and a summary for people, as JSON for programs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from ses_feedback_cli.doctor.observations import Observations
from ses_feedback_cli.doctor.rules import Finding, Observation, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def tree(observations: Observations, findings: Iterable[Finding]) -> Tree:
    """Every account and Region, with what was inspected there and the findings about it."""
    findings_by_region: dict[tuple[str, str], dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    inspected: tuple[Observation, ...] = (*observations.accounts, *observations.pipelines, *observations.tables)
    for observation in inspected:
        findings_by_region[observation.account, observation.region][observation.subject] = []
    for finding in findings:
        findings_by_region[finding.account, finding.region][finding.subject].append(finding)
    root = Tree("ses-feedback", hide_root=True)
    for (account, region), findings_by_subject in findings_by_region.items():
        region_branch = root.add(f"[bold]{escape(region)}[/bold] (account {escape(account)})")
        for subject, subject_findings in findings_by_subject.items():
            label = escape(subject) if subject_findings else f"{escape(subject)}: [green]no findings[/green]"
            subject_branch = region_branch.add(label)
            for finding in subject_findings:
                _add(subject_branch, finding)
    return root


def _add(branch: Tree, finding: Finding) -> None:
    style = _STYLES[finding.severity]
    text = f"[{style}]{finding.severity.value}[/{style}] {finding.id}: {escape(finding.message)}"
    finding_branch = branch.add(text)
    finding_branch.add(f"remediation: {escape(finding.remediation)}")
    finding_branch.add(f"runbook: {escape(finding.runbook)}")


def summary(observations: Observations, findings: Sequence[Finding]) -> str:
    """One sentence: what was inspected, and how many findings of each severity there are."""
    inspected = f"{_counted(len(observations.pipelines), 'pipeline')} and {_counted(len(observations.tables), 'table')}"
    if not observations.answered_calls:
        return f"Could not inspect {inspected}."
    parts = []
    for severity in Severity:
        number_by_id = Counter(finding.id for finding in findings if finding.severity is severity)
        if number_by_id:
            ids = ", ".join(f"{number} x {id_}" if number > 1 else id_ for id_, number in number_by_id.items())
            parts.append(f"{_counted(number_by_id.total(), severity.value)} ({ids})")
    return f"Inspected {inspected}: {', '.join(parts) if parts else 'no findings'}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_json(observations: Observations, findings: Sequence[Finding]) -> Mapping[str, Any]:
    """The same for programs."""
    severities = {finding.severity for finding in findings}
    return {
        "worst_severity": next((severity.value for severity in Severity if severity in severities), None),
        "summary": summary(observations, findings),
        "pipelines": [
            {"account": pipeline.account, "region": pipeline.region, "pipeline": pipeline.subject}
            for pipeline in observations.pipelines
        ],
        "tables": [
            {"account": table.account, "region": table.region, "table": table.table} for table in observations.tables
        ],
        "findings": [{**vars(finding), "severity": finding.severity.value} for finding in findings],
    }
