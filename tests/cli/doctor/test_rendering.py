"""What the command writes for people and for programs. Pure: observations in, text out."""

import io
import json
from dataclasses import replace

from rich.console import Console
from ses_feedback_cli.doctor.observations import Observations
from ses_feedback_cli.doctor.rendering import as_json, summary, tree
from ses_feedback_cli.doctor.rules import findings

from tests.cli.doctor.cases import FIRST_IDENTITY, NOT_FOUND, SECOND_IDENTITY, UNKNOWN
from tests.cli.doctor.healthy import HEALTHY, HEALTHY_PIPELINE

FAULTY = replace(
    HEALTHY,
    pipelines=(
        replace(
            HEALTHY_PIPELINE,
            event_source_mapping=NOT_FOUND,
            identities=(replace(FIRST_IDENTITY, topic_arn="arn:[red]x"), SECOND_IDENTITY),
        ),
        # The healthy policies of topic and keys name another account.
        replace(
            HEALTHY_PIPELINE,
            account="999999999999",
            topic=UNKNOWN,
            queue=UNKNOWN,
            subscription_dead_letter_queue=UNKNOWN,
        ),
    ),
)


def tree_lines(observations: Observations) -> list[str]:
    output = io.StringIO()
    Console(file=output, width=300, highlight=False).print(tree(observations, findings(observations)))
    return [line.strip("│├└─ ").rstrip() for line in output.getvalue().splitlines()]


def test_everything_that_was_inspected_is_shown_even_without_findings() -> None:
    assert tree_lines(HEALTHY) == [
        "eu-west-1 (account 123456789012)",
        "account: no findings",
        "bounce-shop: no findings",
        "eu-central-1 (account 123456789012)",
        "blocked table: no findings",
        "history table: no findings",
    ]


def test_a_finding_is_followed_by_its_remediation_and_its_runbook() -> None:
    lines = tree_lines(FAULTY)
    index = next(number for number, line in enumerate(lines) if line.startswith("error event-source-mapping-missing: "))
    assert lines[index + 1].startswith("remediation: ")
    assert lines[index + 2] == "runbook: docs/operations.md#event-source-mapping"


def test_two_accounts_in_one_region_are_shown_separately() -> None:
    lines = tree_lines(FAULTY)
    index = lines.index("eu-west-1 (account 999999999999)")
    assert lines[index + 1].startswith("bounce-shop: no findings")


def test_names_from_aws_are_not_markup() -> None:
    assert any("arn:[red]x" in line for line in tree_lines(FAULTY))


def test_the_summary_counts_findings_by_severity_and_id() -> None:
    assert summary(HEALTHY, []) == "Inspected 1 pipeline and 2 tables: no findings."
    text = summary(FAULTY, findings(FAULTY))
    assert "2 errors (identity-topic-mismatch, event-source-mapping-missing)" in text
    assert summary(Observations("123456789012"), []).startswith("Could not inspect")


def test_json_has_the_findings_and_the_worst_severity() -> None:
    document = json.loads(json.dumps(as_json(FAULTY, findings(FAULTY))))
    assert document["worst_severity"] == "error"
    assert [finding["id"] for finding in document["findings"]] == [
        "identity-topic-mismatch",
        "event-source-mapping-missing",
    ]
    assert document["findings"][0].keys() == {
        *("id", "severity", "account", "region", "subject", "message", "remediation", "runbook")
    }
    assert as_json(HEALTHY, [])["worst_severity"] is None
