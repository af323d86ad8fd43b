"""All rules of the doctor, and the findings that they give. Pure."""

from collections.abc import Iterator
from typing import Any

from ses_feedback_cli.doctor.observations import Observations
from ses_feedback_cli.doctor.rules import (
    access,
    account,
    canary,
    delivery,
    encryption,
    failures,
    processing,
    sources,
    tables,
)
from ses_feedback_cli.doctor.rules.rule import RUNBOOKS, Finding, Observation, Rule, Severity, findings_of

PIPELINE_RULES = (*sources.RULES, *encryption.RULES, *delivery.RULES, *processing.RULES, *failures.RULES, *canary.RULES)
ALL_RULES: tuple[Rule[Any], ...] = (*PIPELINE_RULES, *tables.RULES, *account.RULES, *access.RULES)

__all__ = ["ALL_RULES", "RUNBOOKS", "Finding", "Observation", "Rule", "Severity", "findings"]


def findings(observations: Observations) -> list[Finding]:
    """All findings, grouped by pipeline, table and account; the most severe first in each group."""
    unsorted = list(_all_findings(observations))
    groups = list(dict.fromkeys(map(_group, unsorted)))
    severities = list(Severity)
    return sorted(unsorted, key=lambda finding: (groups.index(_group(finding)), severities.index(finding.severity)))


def _group(finding: Finding) -> tuple[str, str, str]:
    return finding.account, finding.region, finding.subject


def _all_findings(observations: Observations) -> Iterator[Finding]:
    for pipeline in observations.pipelines:
        for pipeline_rule in PIPELINE_RULES:
            yield from findings_of(pipeline_rule, pipeline)
    for observed_account in observations.accounts:
        for account_rule in account.RULES:
            yield from findings_of(account_rule, observed_account)
    for table in observations.tables:
        for table_rule in tables.RULES:
            yield from findings_of(table_rule, table)
    for access_rule in access.RULES:
        yield from access.findings_of(access_rule, observations)
