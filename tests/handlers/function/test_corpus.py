"""Every notification of tests/events is judged as the table there says."""

import json
import re
from datetime import UTC, datetime

import pytest
from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.notification import DIAGNOSTIC_LIMIT, parse_notification
from ses_feedback.function.verdict import RULES, judge_all

from tests.handlers.corpus import EVENTS, Example, examples

SENT_AT = datetime(2026, 11, 20, 10, 0, 1, 123_000, tzinfo=UTC)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ALL = examples()


def outcome(body: str, *, times: bool) -> tuple[str, ...]:
    """What a body leads to, in the words of the table."""
    try:
        notification = parse_notification(body, sent_at=SENT_AT, now=NOW)
    except UnreadableError as error:
        return (f"fails: {error}",)
    judgements = []
    for feedback, rule in judge_all(notification.feedback):
        flags = [flag for flag in ("ambiguous", "forwarded") if getattr(feedback, flag)]
        time = [f"at {feedback.occurred_at}"] if times else []
        judgements.append(" ".join([feedback.address, rule.verdict.value, rule.name, *flags, *time]))
    skipped = [f"skipped: {notification.skipped}"] if notification.skipped else []
    return (*judgements, *skipped, *(f"fails: {problem}" for problem in notification.problems))


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.file)
def test_it_is_judged_as_the_table_says(example: Example) -> None:
    times = any(" at " in judgement for judgement in example.feedback())
    assert outcome(example.body, times=times) == example.expected, example.description


def test_the_table_has_every_file_once() -> None:
    files = sorted(path.name for path in EVENTS.iterdir() if path.name != "README.md")
    assert sorted(example.file for example in ALL) == files
    assert len(files) >= 80


def test_the_corpus_meets_every_rule() -> None:
    rules_met = {judgement.split()[2] for example in ALL for judgement in example.feedback() if '"' not in judgement}
    assert rules_met == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    "subtype",
    [
        *("General", "NoEmail", "Suppressed", "OnAccountSuppressionList", "OnTenantSuppressionList"),
        *("EmailValidationSuppressed", "UnsubscribedRecipient", "MailboxFull", "MessageTooLarge", "ContentRejected"),
        *("AttachmentRejected", "CustomTimeoutExceeded", "Undetermined"),
    ],
)
def test_the_corpus_has_every_subtype_that_aws_documents(subtype: str) -> None:
    assert any(f'"bounceSubType": "{subtype}"' in example.body for example in ALL)


def test_origin_comes_from_the_mail() -> None:
    (feedback,) = parse_notification((EVENTS / "fields-delegate.json").read_text(), sent_at=SENT_AT, now=NOW).feedback
    assert (feedback.identity, feedback.account, feedback.region) == ("shop.example", "210987654321", "eu-west-1")


def test_origin_comes_from_the_envelope_if_the_mail_has_none() -> None:
    body = (EVENTS / "permanent-general-eventbridge.json").read_text()
    (feedback,) = parse_notification(
        body.replace('"sourceArn"', '"other"').replace('"sendingAccountId"', '"o"'), sent_at=SENT_AT, now=NOW
    ).feedback
    assert (feedback.identity, feedback.account, feedback.region) == ("shop.example", "123456789012", "eu-west-1")


def test_a_diagnostic_is_cut_and_can_be_stored() -> None:
    for file in ("fields-long-diagnostic.json", "fields-foreign-diagnostic.json"):
        (feedback,) = parse_notification((EVENTS / file).read_text(), sent_at=SENT_AT, now=NOW).feedback
        assert len(feedback.diagnostic) <= DIAGNOSTIC_LIMIT
        assert feedback.diagnostic.encode().startswith(b"smtp; 550 5.1.1 ")


def test_without_a_feedback_id_the_same_report_has_the_same_one_in_any_envelope() -> None:
    body = (EVENTS / "fields-no-feedback-id.json").read_text()
    (feedback,) = parse_notification(body, sent_at=SENT_AT, now=NOW).feedback
    (again,) = parse_notification(
        '{"detail-type":"Email Bounced","detail":' + body + "}", sent_at=NOW, now=NOW
    ).feedback
    (other,) = parse_notification(body.replace("10:00:00.000Z", "10:00:07.000Z"), sent_at=SENT_AT, now=NOW).feedback
    assert feedback.feedback_id.startswith("derived-")
    assert feedback.feedback_id == again.feedback_id != other.feedback_id


def bounced(times: dict[str, str], **mail: object) -> str:
    """A hard bounce with these times of bounce and mail."""
    report = {
        "bounceType": "Permanent",
        "feedbackId": "id",
        "bouncedRecipients": [{"emailAddress": "jane@example.org"}],
    }
    message = {"timestamp": times.get("mail"), **mail}
    return json.dumps(
        {"notificationType": "Bounce", "bounce": {**report, "timestamp": times.get("bounce")}, "mail": message}
    )


@pytest.mark.parametrize(
    ("times", "counts_from"),
    [
        # The record's time is made up (test events have one of 2018): what arrived cannot lie before its mail.
        ({"mail": "2026-11-22T10:00:00Z", "bounce": "2026-11-22T10:00:05Z"}, "2026-11-22T10:00:05.000Z"),
        # Mail and bounce of the future: neither is believed, the time of arrival counts.
        ({"mail": "2099-01-01T00:00:00Z", "bounce": "2099-01-01T00:00:00Z"}, "2026-11-24T00:00:00.000Z"),
        # No mail's time to fall back on.
        ({"bounce": "2099-01-01T00:00:00Z"}, "2026-11-24T00:00:00.000Z"),
        ({"mail": "2026-11-20T09:00:00Z", "bounce": "2026-11-20T10:16:02Z"}, "2026-11-20T09:00:00.000Z"),
        ({"mail": "2026-11-20T09:00:00Z", "bounce": "2026-11-20T10:14:59Z"}, "2026-11-20T10:14:59.000Z"),
        ({"mail": "2026-11-20T09:00:00Z", "bounce": "2026-11-20T08:45:00Z"}, "2026-11-20T08:45:00.000Z"),
        ({"mail": "2026-11-20T09:00:00Z", "bounce": "2026-11-20T08:44:59Z"}, "2026-11-20T09:00:00.000Z"),
        ({"mail": "2026-11-20T09:00:00", "bounce": "0001-01-01T00:00:00+05:00"}, "2026-11-20T09:00:00.000Z"),
    ],
)
def test_a_time_that_cannot_be_is_not_believed(times: dict[str, str], counts_from: str) -> None:
    (feedback,) = parse_notification(bounced(times), sent_at=SENT_AT, now=NOW).feedback
    assert feedback.occurred_at == counts_from


def test_a_destination_that_is_no_address_is_still_one_of_several() -> None:
    times = {"mail": "2026-11-20T09:00:00Z"}
    body = bounced(times, destination=["friends:;", "list@example.com"])
    assert [feedback.address for feedback in parse_notification(body, sent_at=SENT_AT, now=NOW).feedback] == [
        "jane@example.org"
    ]


def test_an_only_destination_that_is_no_address_gets_no_feedback() -> None:
    times = {"mail": "2026-11-20T09:00:00Z"}
    body = bounced(times, destination=["friends:;"])
    assert [feedback.address for feedback in parse_notification(body, sent_at=SENT_AT, now=NOW).feedback] == [
        "jane@example.org"
    ]
    nobody = parse_notification(body.replace("jane@", ""), sent_at=SENT_AT, now=NOW)
    assert (nobody.feedback, len(nobody.problems)) == ((), 1)
    without_recipients = re.sub(r'"bouncedRecipients": \[.*?\]', '"bouncedRecipients": []', body)
    with pytest.raises(UnreadableError, match="without recipients"):
        parse_notification(without_recipients, sent_at=SENT_AT, now=NOW)


def test_the_region_is_the_topics_if_the_mail_names_none() -> None:
    message = bounced({"mail": "2026-11-20T09:00:00Z"})
    body = json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-3:123456789012:t", "Message": message})
    (feedback,) = parse_notification(body, sent_at=SENT_AT, now=NOW).feedback
    assert feedback.region == "eu-west-3"


def test_the_strongest_verdict_counts_whatever_comes_first() -> None:
    body = json.loads((EVENTS / "address-twice.json").read_text())
    body["bounce"]["bouncedRecipients"].reverse()
    ((_, rule),) = judge_all(parse_notification(json.dumps(body), sent_at=SENT_AT, now=NOW).feedback)
    assert rule.name == "hard-bounce"
