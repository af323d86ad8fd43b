"""Each rule: silent on what is healthy, and alone when its own fact is broken.

Not proved: that AWS says the broken thing as the facts have it; tests/sandbox/test_doctor.py does for an emulator.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.doctor.facts import Counted, Facts, Identity
from ses_feedback_cli.doctor.rules import ALL, Severity, findings

from components import alarms
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from docs import findings as findings_page
from tests.aws_commands import unknown_options
from tests.cli.doctor.cases import CASES, FIRST, GONE, REFUSED, SECOND, UNSEEN, broken, part
from tests.cli.doctor.healthy import FACTS, HEALTHY, PIPELINE, STANDING, TABLES


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert findings(FACTS) == []


@pytest.mark.parametrize(("id_", "facts"), CASES, ids=[f"{number}-{id_}" for number, (id_, _) in enumerate(CASES)])
def test_what_is_broken_is_found_and_nothing_else(id_: str, facts: Facts) -> None:
    found = findings(facts)
    assert [one.id for one in found] == [id_]
    (one,) = found
    for text in (one.says, one.mend):
        assert text
        assert not re.search(r"\{\w*\}(?!')", text)  # all names are filled in
        assert "None" not in text
    assert one.account
    assert one.region in {"eu-west-1", "eu-central-1"}


def test_every_rule_is_broken_by_some_case() -> None:
    assert {rule.id for rule in ALL} == {id_ for id_, _ in CASES}
    assert len({rule.id for rule in ALL}) == len(ALL)


def test_what_was_not_seen_is_never_called_broken() -> None:
    names = (
        "destinations",
        "topic",
        "subscription",
        "queue",
        "dead_letters",
        "subscription_dead_letters",
        "mapping",
        "function",
    )
    unseen = replace(
        broken(HEALTHY, dict.fromkeys((*names, "reserved_concurrency"), UNSEEN)),
        identities=tuple(Identity(name, UNSEEN, UNSEEN) for name in PIPELINE.identities),
        counted=Counted(),
        known_tables=frozenset(),
    )
    tables = tuple(replace(one, status=UNSEEN, protected=UNSEEN, ttl=UNSEEN, recovery=UNSEEN) for one in TABLES)
    standing = replace(STANDING, seen=False, production=False, sending=False, suppressed=(), bounce_rate=None)
    assert findings(Facts("123456789012", (unseen,), tables, (standing,))) == []


def test_a_pipeline_without_configuration_set_or_key_lacks_nothing() -> None:
    bare = replace(
        HEALTHY,
        pipeline=replace(PIPELINE, configuration_set=None),
        destinations=None,
        **part("topic", key=None),
        **part("queue", key=None),
    )
    assert findings(replace(FACTS, pipelines=(bare,))) == []


def test_one_missing_right_is_one_finding_that_names_all_it_hides() -> None:
    facts = replace(FACTS, unseen=(REFUSED, replace(REFUSED, about="complaint-shop")))
    (one,) = findings(facts)
    assert "bounce-shop, complaint-shop" in one.says
    assert "sns:GetTopicAttributes" in one.says


def test_the_worst_of_a_pipeline_comes_first() -> None:
    facts = replace(
        HEALTHY,
        identities=(replace(FIRST, forwarding=True), SECOND),
        counted=Counted(errors=2),
        mapping=GONE,
    )
    severities = [one.severity for one in findings(replace(FACTS, pipelines=(facts,)))]
    assert severities == [Severity.ERROR, Severity.WARNING, Severity.INFO]


def test_the_limits_are_those_of_the_alarms() -> None:
    rates = [rule for rule in ALL if "-rate-" in rule.id]
    assert len(rates) == 4
    for rule in rates:
        limit = float(getattr(FeedbackMonitoringInputs, rule.id.replace("-", "_")))
        field = rule.id.rpartition("-")[0].replace("-", "_")
        below, at = ({field: value} for value in (limit - 1e-6, limit))
        assert not list(rule.find(broken(STANDING, below)))
        assert list(rule.find(broken(STANDING, at)))
    (age,) = (rule for rule in ALL if rule.id == "oldest-message")
    limit = float(FeedbackMonitoringInputs.oldest_message_seconds)  # type: ignore[arg-type] # a number
    assert not list(age.find(replace(HEALTHY, counted=Counted(oldest_seconds=limit - 1))))
    assert list(age.find(replace(HEALTHY, counted=Counted(oldest_seconds=limit))))


RUNBOOKS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.mark.parametrize("rule", ALL, ids=[rule.id for rule in ALL])
def test_every_rule_has_a_runbook(rule: Any) -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOKS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rule.anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_a_finding_that_an_alarm_also_tells_has_the_alarms_runbook() -> None:
    suffixes = {alarm.suffix for alarm in (*alarms.PIPELINE_ALARMS, *alarms.REGION_ALARMS)}
    assert {rule.id: rule.anchor for rule in ALL if rule.id in suffixes} == {name: name for name in suffixes}


def test_the_table_of_findings_is_made_from_the_rules() -> None:
    text = RUNBOOKS.read_text(encoding="utf-8")
    assert findings_page.with_table(text) == text, "run `python -m docs.findings`"


def commands() -> list[str]:
    """Every `aws ...` that mends something, up to where the sentence goes on."""
    return sorted({found for rule in ALL for found in re.findall(r"\baws [a-z0-9]+ [a-z-]+[^;,(]*", rule.mend)})


@pytest.mark.parametrize("command", commands())
def test_what_mends_exists_and_takes_these_options(command: str) -> None:
    assert unknown_options(command) == set()
