"""The table of rules: complete, each rule reachable, and the page for people is its image."""

import itertools
from typing import Any

import pytest
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import RULES, Verdict, judge

from docs.verdict_reference import files


def feedback(kind: str, type_: str, subtype: str, **report: Any) -> Feedback:
    return Feedback(kind, "jane@example.org", "id", "2026-11-20T10:00:00.000Z", type_, subtype, **report)


def test_the_page_is_what_the_table_says() -> None:
    for path, text in files().items():
        assert path.read_text("utf-8") == text, "run python -m docs.verdict_reference"


def test_names_are_unique_and_every_rule_gives_reason_and_source() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.reason and rule.source for rule in RULES)


def test_every_feedback_has_a_verdict() -> None:
    values = ["", "Permanent", "Transient", "Undetermined", "General", "abuse", "not-spam", "something new"]
    for kind, type_, subtype in itertools.product(("bounce", "complaint"), values, values):
        assert judge(feedback(kind, type_, subtype)) in RULES


# Beside the corpus: status and diagnostic as servers give them.
@pytest.mark.parametrize(
    ("status", "diagnostic", "verdict"),
    [
        ("5.1.0", "", Verdict.BLOCK),
        ("5.1.1", "", Verdict.BLOCK),
        ("5.1.2", "", Verdict.HOLD),
        ("5.1.3", "", Verdict.BLOCK),
        ("5.1.4", "", Verdict.BLOCK),
        ("5.1.5", "", Verdict.COUNT),
        ("5.1.6", "", Verdict.BLOCK),
        ("5.1.7", "", Verdict.COUNT),
        ("5.1.8", "", Verdict.COUNT),
        ("5.1.10", "", Verdict.BLOCK),
        ("5.1.11", "", Verdict.COUNT),
        ("5.2.1", "", Verdict.BLOCK),
        ("5.2.2", "", Verdict.COUNT),
        ("5.4.4", "", Verdict.HOLD),
        ("5.4.310", "", Verdict.HOLD),
        ("5.4.3", "", Verdict.COUNT),
        ("5.4.7", "", Verdict.COUNT),
        ("5.4.14", "", Verdict.HOLD),
        ("5.4.300", "", Verdict.COUNT),
        ("5.4.312", "", Verdict.HOLD),
        ("5.4.316", "", Verdict.COUNT),
        ("5.4.1", "", Verdict.COUNT),
        ("5.0.0", "", Verdict.COUNT),
        ("5.0.0", "smtp; 550 5.1.1 user unknown", Verdict.BLOCK),
        ("5.0.0", "smtp; 550-5.2.1 disabled", Verdict.BLOCK),
        ("5.0.0", "smtp; 550 #5.1.1 unknown", Verdict.BLOCK),
        ("5.0.0", "smtp; 550 user unknown", Verdict.BLOCK),
        ("5.0.0", "smtp; 550 relay 5.1.1.7 said no", Verdict.COUNT),
        ("5.0.0", "smtp; 554 5.1.1.9 is listed", Verdict.COUNT),
        ("", "smtp; 550 5.1.1 user unknown", Verdict.BLOCK),
        ("", "smtp; 451 4.1.1 try later", Verdict.COUNT),
        ("5.3.0", "smtp; 550 5.1.1 user unknown", Verdict.COUNT),
        ("4.1.1", "smtp; 550 5.1.1 user unknown", Verdict.COUNT),
        ("", "", Verdict.IGNORE),
    ],
)
@pytest.mark.parametrize(("type_", "subtype"), [("Transient", "General"), ("Undetermined", "Undetermined")])
def test_the_status_of_a_general_soft_bounce(
    type_: str, subtype: str, status: str, diagnostic: str, verdict: Verdict
) -> None:
    assert judge(feedback("bounce", type_, subtype, status=status, diagnostic=diagnostic)).verdict is verdict


@pytest.mark.parametrize("subtype", ["MailboxFull", "MessageTooLarge", "ContentRejected", "AttachmentRejected"])
def test_a_status_overrides_no_subtype_that_speaks_of_something_else(subtype: str) -> None:
    assert judge(feedback("bounce", "Transient", subtype, status="5.1.1")).verdict is not Verdict.BLOCK


@pytest.mark.parametrize(
    "report", [{"action": "delayed"}, {"status": "4.2.2"}, {"action": "Delayed", "status": "5.1.1"}]
)
@pytest.mark.parametrize("subtype", ["General", "NoEmail", "Suppressed", "OnAccountSuppressionList", "new"])
def test_a_recipient_whose_own_report_says_delayed_counts(subtype: str, report: dict[str, str]) -> None:
    assert judge(feedback("bounce", "Permanent", subtype, **report)).name == "recipient-delayed"
