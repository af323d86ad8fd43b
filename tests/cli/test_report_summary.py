"""The counts of a report, on rows that the history writer wrote. Not tested: what DynamoDB returns."""

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import Event, manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.table import encode
from ses_feedback_cli.report.ranking import RankingBuilder
from ses_feedback_cli.report.summary import Summary
from ses_feedback_cli.report.summary_builder import SummaryBuilder

from tests.cli.report_sample import FIRST_DAY, NOW, bounce, count, record, sample_month, soft_bounce
from tests.handlers.fake_dynamodb import Store


def summarize(*events: Event, includes_addresses: bool = False) -> Summary:
    return count(record(events), includes_addresses=includes_addresses)


def test_feedback_counts_by_day_rule_domain_and_identity() -> None:
    summary = summarize(
        *(bounce(f"person{number}@one.example") for number in range(3)),
        soft_bounce("late@two.example", NOW - timedelta(days=1)),
        bounce("angry@one.example", kind="complaint", type="abuse", subtype=""),
    )
    assert summary.bounces.total == {"block": 3, "count": 1}
    assert {day: counts for day, counts in summary.bounces.days.items() if counts} == {
        "2026-11-24": {"block": 3},
        "2026-11-23": {"count": 1},
    }
    assert [*summary.bounces.days] == [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(30)]
    assert [(name_counts.name, name_counts.total) for name_counts in summary.bounces.rules] == [
        ("hard-bounce", 3),
        ("mailbox-full", 1),
    ]
    assert [(name_counts.name, name_counts.counts) for name_counts in summary.bounces.identities] == [
        ("shop.example", {"block": 3, "count": 1})
    ]
    assert summary.complaints.total == {"block": 1}


def test_every_ranking_adds_up_to_the_total() -> None:
    summary = count(sample_month())
    for feedback in (summary.bounces, summary.complaints):
        for ranking in (feedback.rules, feedback.domains, feedback.identities):
            total = Counter(ranking.others or {})
            for name_counts in ranking:
                total.update(name_counts.counts)
            assert total == Counter(feedback.total)
        by_day: Counter[str] = Counter()
        for counts in feedback.days.values():
            by_day.update(counts)
        assert by_day == Counter(feedback.total)


def test_events_before_the_period_do_not_count() -> None:
    before, first = bounce("a@one.example", NOW - timedelta(days=30)), bounce("a@one.example", NOW - timedelta(days=29))
    assert summarize(before, first).bounces.total == {"block": 1}


def test_a_domain_with_few_addresses_is_not_named() -> None:
    """A domain with two addresses may belong to two persons, however many bounces it has."""
    small_domain = [bounce(f"person{number % 2}@small.example", NOW - timedelta(hours=number)) for number in range(10)]
    large_domain = [bounce(f"person{number}@large.example") for number in range(3)]
    domains = summarize(*small_domain, *large_domain).bounces.domains
    assert [name_counts.name for name_counts in domains] == ["large.example"]
    assert domains.others == {"block": 10}
    all_domains = summarize(*small_domain, *large_domain, includes_addresses=True).bounces.domains
    assert [name_counts.name for name_counts in all_domains] == ["small.example", "large.example"]
    assert all_domains.others is None


def test_each_chart_needs_enough_addresses_of_its_own() -> None:
    """Three bounced addresses of a domain do not hide which of them complained."""
    bounced = [bounce(f"person{number}@large.example") for number in range(3)]
    summary = summarize(*bounced, bounce("person0@large.example", kind="complaint", type="abuse", subtype=""))
    assert [name_counts.name for name_counts in summary.complaints.domains] == []


def test_an_identity_that_is_an_address_shows_its_domain() -> None:
    event = bounce("a@one.example", identity="jane.doe@shop.example")
    assert [name_counts.name for name_counts in summarize(event).bounces.identities] == ["…@shop.example"]
    assert [name_counts.name for name_counts in summarize(event, includes_addresses=True).bounces.identities] == [
        "jane.doe@shop.example"
    ]


def test_soft_bounces_are_counted_for_addresses_that_are_not_blocked() -> None:
    summary = summarize(
        *(soft_bounce("twice@one.example", NOW - timedelta(days=number)) for number in range(2)),
        *(soft_bounce("over@one.example", NOW - timedelta(days=number)) for number in range(5)),
        soft_bounce("hard@one.example", NOW - timedelta(days=1)),
        bounce("hard@one.example"),
        soft_bounce("old@one.example", NOW - timedelta(days=31)),
        soft_bounce("once@one.example"),
        includes_addresses=True,
    )
    assert summary.soft_bounces.mails == {1: 1, 2: 1, 3: 0, 4: 0, 5: 0}
    assert summary.soft_bounces.addresses == (("twice@one.example", 2), ("once@one.example", 1))
    assert summary.blocked.permanent == {"bounce": 1}
    assert summary.blocked.temporary == {"soft-bounces": 1}


def test_two_notifications_about_one_mail_are_one_mail() -> None:
    copies = [
        bounce(
            "a@one.example", type="Transient", subtype="MailboxFull", status="4.2.2", message_id="m", feedback_id=id_
        )
        for id_ in ("identity", "configuration-set")
    ]
    assert summarize(*copies).soft_bounces.mails[1] == 1


def test_soft_bounces_before_an_unblock_do_not_count() -> None:
    unblock = manual_event("unblock", "a@one.example", actor="me", note="", at=NOW)
    summary = summarize(soft_bounce("a@one.example", NOW - timedelta(days=1)), unblock)
    assert summary.soft_bounces.total == 0
    assert summary.manual_changes == {"block": 0, "unblock": 1, "import": 0}


def test_a_hold_is_temporary_and_a_confirmed_one_permanent() -> None:
    dns_failure: Any = {"status": "5.4.4", "diagnostic": "smtp; 550 5.4.4 Invalid domain"}
    summary = summarize(
        bounce("held@one.example", **dns_failure),
        soft_bounce("held@one.example", NOW - timedelta(days=1)),
        bounce("gone@one.example", NOW - timedelta(days=20), **dns_failure),
        bounce("gone@one.example", NOW - timedelta(days=1), **dns_failure),
        bounce("hard@one.example"),
    )
    assert summary.bounces.total == {"hold": 3, "count": 1, "block": 1}
    assert (summary.blocked.permanent, summary.blocked.temporary) == ({"bounce": 2}, {"hold": 1})
    assert summary.blocked.confirmed == 1
    assert summary.soft_bounces.total == 0


def test_a_block_that_has_ended_does_not_count() -> None:
    past = [soft_bounce("a@one.example", NOW - timedelta(days=31 + number)) for number in range(5)]
    assert summarize(*past).blocked.total == 0


def test_values_that_others_put_into_the_tables_are_not_shown() -> None:
    """An adopted table can contain anything, also an address in any attribute."""
    store = Store()
    store.rows("blocked")["x",] = encode({"value": "x", "reason": "jane.doe@secret.example said so"})
    store.rows("blocked")["y",] = encode({"value": "y"})
    rows = [
        {"value": "jane.doe", "entry": "feedback#1", "occurred_at": "2026-11-24T00:00:00.000Z", "kind": "bounce",
         "verdict": "block", "rule": "jane.doe@secret.example"},
        {"value": "a@b.example", "entry": "feedback#2", "occurred_at": "2026-11-24T00:00:00.000Z"},
        {"value": "a@b.example", "entry": "state", "version": "jane.doe"},
        {"value": "a@b.example", "entry": "note", "text": "jane.doe@secret.example"},
    ]  # fmt: skip
    for row in rows:
        store.rows("history")[str(row["value"]), str(row["entry"])] = encode(row)
    summary = count(store, includes_addresses=True)
    assert summary.blocked.permanent == {"other": 2}
    assert [name_counts.name for name_counts in summary.bounces.rules] == ["other"]
    assert [name_counts.name for name_counts in summary.bounces.domains] == ["other"]
    assert summary.unreadable_rows == 3
    assert "jane" not in str(summary)


def test_what_is_about_no_address_does_not_count() -> None:
    store = Store()
    at = "2026-11-24T00:00:00.000Z"
    for row in (
        {"value": "protected", "entry": f"manual#{at}#1", "act": "protect", "occurred_at": at},
        {"value": "domain#one.example", "entry": f"manual#{at}#2", "act": "release", "occurred_at": at},
        {"value": "domain#a@one.example", "entry": f"manual#{at}#3", "act": "block", "occurred_at": at},  # an address
    ):
        store.rows("history")[row["value"], row["entry"]] = encode(row)
    summary = count(store)
    assert summary.unreadable_rows == 0
    assert {act: number for act, number in summary.manual_changes.items() if number} == {"block": 1}


def test_the_feedback_of_tests_does_not_count() -> None:
    summary = summarize(bounce("bounce+canary-shop-1a2b3c4d@simulator.amazonses.com"), bounce("jane@one.example"))
    assert (summary.bounces.total, summary.unreadable_rows) == ({"block": 1}, 0)


def test_the_list_of_addresses_with_soft_bounces_is_limited() -> None:
    builder = SummaryBuilder(date(2026, 11, 24), NOW, SoftBouncePolicy(), includes_addresses=True)
    soft_bounce_row = {"at": "2026-11-24T00:00:00.000Z", "id": "x"}
    for number in range(1_000):
        builder.count_history_row(
            {"value": f"p{number}@one.example", "entry": "state", "version": 1, "soft": [soft_bounce_row]}
        )
    soft_bounces = builder.summary().soft_bounces
    assert soft_bounces.total == 1_000
    assert len(soft_bounces.addresses or ()) == 200


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["block", "count"])), max_size=400), st.integers(2, 12))
def test_with_too_many_names_counts_are_too_low_by_at_most_the_undercount(
    rows: list[tuple[int, str]], limit: int
) -> None:
    builder, exact = RankingBuilder(limit), Counter(name for name, _ in rows)
    for name, verdict in rows:
        builder.add(str(name), verdict, f"address of {name}")
    ranking = builder.ranking(1, shown=limit)
    assert ranking.undercount <= 2 * len(rows) / limit
    kept = {name_counts.name: name_counts.total for name_counts in ranking}
    for name, exact_count in exact.items():
        assert exact_count - ranking.undercount <= kept.get(str(name), 0) <= exact_count
    assert sum(kept.values()) + sum((ranking.others or {}).values()) == len(rows)


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_a_large_domain_is_kept_among_more_names_than_the_limit(order: str) -> None:
    rows = ["large.example"] * 3_000 + [f"{number}.example" for number in range(30_000)]
    if order == "shuffled":
        random.Random(1).shuffle(rows)  # noqa: S311 - no secret
    builder = RankingBuilder(1_000)
    for number, name in enumerate(rows):
        builder.add(name, "block", f"person{number}")
    (large_domain,) = builder.ranking(3)
    assert large_domain.name == "large.example"
    assert 3_000 - 66 <= large_domain.total <= 3_000
