"""All rules, and what they find. Pure: facts in, findings out."""

from collections.abc import Iterator
from typing import Any

from ses_feedback_cli.doctor.facts import Facts
from ses_feedback_cli.doctor.rules import account, delivery, encryption, looks, sources, tables, work
from ses_feedback_cli.doctor.rules.rule import RUNBOOKS, Finding, Rule, Severity, Subject, found

OF_PIPELINES = (*sources.RULES, *encryption.RULES, *delivery.RULES, *work.RULES)
ALL: tuple[Rule[Any], ...] = (*OF_PIPELINES, *tables.RULES, *account.RULES, *looks.RULES)

__all__ = ["ALL", "RUNBOOKS", "Finding", "Rule", "Severity", "Subject", "findings"]


def findings(facts: Facts) -> list[Finding]:
    """Everything that is wrong, the worst first of each pipeline, table and account."""
    order = list(Severity)
    all_ = list(_all(facts))
    places = list(dict.fromkeys((one.account, one.region, one.about) for one in all_))
    return sorted(all_, key=lambda one: (places.index((one.account, one.region, one.about)), order.index(one.severity)))


def _all(facts: Facts) -> Iterator[Finding]:
    for pipeline in facts.pipelines:
        for rule in OF_PIPELINES:
            yield from found(rule, pipeline, pipeline)
    for standing in facts.accounts:
        for of_account in account.RULES:
            yield from found(of_account, standing, standing)
    for table in facts.tables:
        for of_table in tables.RULES:
            yield from found(of_table, table, table)
    for look in looks.RULES:
        yield from looks.found(look, facts)
