"""Each rule: no finding for what is healthy, and exactly one where its own condition is met.

Not tested: that AWS reports a fault as the observations hold it; tests/sandbox/test_doctor.py tests an emulator.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ses_feedback_cli.doctor.observations import Observations
from ses_feedback_cli.doctor.resources import CanaryState, Identity, PipelineMetrics
from ses_feedback_cli.doctor.rules import ALL_RULES, Severity, findings

from components import alarms
from components.canary_alarms import CANARY_ALARMS
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from docs import findings as findings_page
from tests.aws_commands import unknown_options
from tests.cli.doctor.cases import (
    CASES,
    DENIED_CALL,
    FIRST_IDENTITY,
    NOT_FOUND,
    SECOND_IDENTITY,
    UNKNOWN,
    changed,
    resource,
)
from tests.cli.doctor.healthy import HEALTHY, HEALTHY_ACCOUNT, HEALTHY_PIPELINE, HEALTHY_TABLES, PIPELINE

RUNBOOKS = Path(__file__).parents[3] / "docs" / "operations.md"


def test_there_are_no_findings_where_nothing_is_wrong() -> None:
    assert findings(HEALTHY) == []


@pytest.mark.parametrize(
    ("finding_id", "observations"),
    CASES,
    ids=[f"{number}-{finding_id}" for number, (finding_id, _) in enumerate(CASES)],
)
def test_a_fault_gives_its_finding_and_no_other(finding_id: str, observations: Observations) -> None:
    (finding,) = findings(observations)
    assert finding.id == finding_id
    for text in (finding.message, finding.remediation):
        assert text
        assert not re.search(r"\{\w*\}(?!')", text)  # all values are filled in
        assert "None" not in text
    assert finding.account
    assert finding.region in {"eu-west-1", "eu-central-1"}


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in ALL_RULES} == {finding_id for finding_id, _ in CASES}
    assert len({rule.id for rule in ALL_RULES}) == len(ALL_RULES)


def test_what_is_unknown_gives_no_finding() -> None:
    names = (
        "event_destinations",
        "topic",
        "subscription",
        "queue",
        "dead_letter_queue",
        "subscription_dead_letter_queue",
        "event_source_mapping",
        "function",
        "redrive_schedule",
        "reserved_concurrency",
    )
    pipeline = replace(
        changed(HEALTHY_PIPELINE, dict.fromkeys(names, UNKNOWN)),
        identities=tuple(Identity(name, UNKNOWN, UNKNOWN) for name in PIPELINE.identities),
        metrics=PipelineMetrics(),
        canary=CanaryState(UNKNOWN, UNKNOWN),
        stack_tables=frozenset(),
    )
    tables = tuple(
        replace(
            table,
            status=UNKNOWN,
            deletion_protection=UNKNOWN,
            ttl_attribute=UNKNOWN,
            point_in_time_recovery=UNKNOWN,
            settings=UNKNOWN,
        )
        for table in HEALTHY_TABLES
    )
    account = replace(
        HEALTHY_ACCOUNT,
        details_known=False,
        production_access=False,
        sending_enabled=False,
        suppressed_reasons=(),
        bounce_rate=None,
    )
    assert findings(Observations("123456789012", (pipeline,), tables, (account,))) == []


def test_other_settings_than_the_stacks_are_named_with_both_values_also_where_the_default_counts() -> None:
    for settings, in_table in (({"schema": 1, "soft_bounce_threshold": 4}, 4), (NOT_FOUND, 5)):
        table = replace(HEALTHY_TABLES[1], settings=settings, stack_settings={"softBounceThreshold": 3})
        messages = [finding.message for finding in findings(replace(HEALTHY, tables=(table,)))]
        assert messages[0] == (
            f"softBounceThreshold is {in_table} in the history table, which decides, and 3 in the stack that owns it"
        )


def test_a_pipeline_needs_neither_configuration_set_nor_keys_nor_schedule_nor_canary() -> None:
    pipeline = replace(
        HEALTHY_PIPELINE,
        pipeline=replace(PIPELINE, configuration_set=None, canary=None),
        event_destinations=None,
        redrive_schedule=None,
        canary=None,
        metrics=PipelineMetrics(),
        **resource("topic", key=None),
        **resource("queue", key=None),
    )
    assert findings(replace(HEALTHY, pipelines=(pipeline,))) == []


def test_a_missing_permission_is_one_finding_that_names_all_subjects() -> None:
    failed_calls = (DENIED_CALL, replace(DENIED_CALL, subject="complaint-shop"))
    (finding,) = findings(replace(HEALTHY, failed_calls=failed_calls))
    assert "bounce-shop, complaint-shop" in finding.message
    assert "sns:GetTopicAttributes" in finding.message


def test_the_most_severe_findings_of_a_pipeline_come_first() -> None:
    pipeline = replace(
        HEALTHY_PIPELINE,
        identities=(replace(FIRST_IDENTITY, email_forwarding=True), SECOND_IDENTITY),
        metrics=PipelineMetrics(errors=2),
        event_source_mapping=NOT_FOUND,
    )
    severities = [finding.severity for finding in findings(replace(HEALTHY, pipelines=(pipeline,)))]
    assert severities == [Severity.ERROR, Severity.WARNING, Severity.INFO]


def test_the_limits_are_those_of_the_alarms() -> None:
    rate_rules = [rule for rule in ALL_RULES if "-rate-" in rule.id]
    assert len(rate_rules) == 4
    for rule in rate_rules:
        limit = float(getattr(FeedbackMonitoringInputs, rule.id.replace("-", "_")))
        field = rule.id.rpartition("-")[0].replace("-", "_")
        assert not rule.faults(changed(HEALTHY_ACCOUNT, {field: limit - 1e-6}))
        assert rule.faults(changed(HEALTHY_ACCOUNT, {field: limit}))
    limit = float(FeedbackMonitoringInputs.oldest_message_seconds)  # type: ignore[arg-type] # a number
    for rule_id, field in (("oldest-message", "oldest_message_seconds"), ("feedback-refused", "refused_seconds")):
        (age_rule,) = (rule for rule in ALL_RULES if rule.id == rule_id)
        for seconds, faulty in ((limit - 1, False), (limit, True)):
            pipeline = replace(HEALTHY_PIPELINE, metrics=replace(PipelineMetrics(), **{field: seconds}))
            assert bool(age_rule.faults(pipeline)) is faulty


@pytest.mark.parametrize("rule", ALL_RULES, ids=[rule.id for rule in ALL_RULES])
def test_every_rule_has_a_runbook(rule: Any) -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOKS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rule.anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_a_finding_with_the_name_of_an_alarm_has_the_runbook_of_the_alarm() -> None:
    # The finding dead-letters counts what dead-letters-growing sees grow.
    all_alarms = (*alarms.PIPELINE_ALARMS, *alarms.REGION_ALARMS, *CANARY_ALARMS)
    alarm_names = {alarm.suffix for alarm in all_alarms} | {"feedback-refused"}
    anchors = {rule.id: rule.anchor for rule in ALL_RULES if rule.id in alarm_names}
    assert anchors == {name: name for name in alarm_names}


def test_the_table_of_findings_is_made_from_the_rules() -> None:
    page = RUNBOOKS.read_text(encoding="utf-8")
    assert findings_page.with_table(page) == page, "run `python -m docs.findings`"


def remediation_commands() -> list[str]:
    """Every `aws ...` command of a remediation, up to where the sentence continues."""
    return sorted(
        {command for rule in ALL_RULES for command in re.findall(r"\baws [a-z0-9]+ [a-z-]+[^;,(]*", rule.remediation)}
    )


@pytest.mark.parametrize("command", remediation_commands())
def test_the_commands_exist_and_take_these_options(command: str) -> None:
    assert unknown_options(command) == set()
