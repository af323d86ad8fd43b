"""What a report counts, on rows as the function's own writer writes them. Does not prove what DynamoDB returns."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.history.event import manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.table import encode
from ses_feedback_cli.report.numbers import Numbers, Summary
from ses_feedback_cli.report.tally import Tally

from tests.cli.report_sample import FIRST_DAY, NOW, bounce, counted, month, soft, written
from tests.handlers.fake_dynamodb import Store


def summary(*events: object, addresses: bool = False) -> Summary:
    return counted(written(events), addresses=addresses).summary()  # type: ignore[arg-type]


def test_feedback_counts_by_day_rule_domain_and_identity() -> None:
    found = summary(
        *(bounce(f"person{number}@one.example") for number in range(3)),
        soft("late@two.example", NOW - timedelta(days=1)),
        bounce("angry@one.example", kind="complaint", type="abuse", subtype=""),
    )
    assert found.bounces.total == {"block": 3, "count": 1}
    assert {day: counts for day, counts in found.bounces.days.items() if counts} == {
        "2026-11-24": {"block": 3},
        "2026-11-23": {"count": 1},
    }
    assert [*found.bounces.days] == [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(30)]
    assert [(line.name, line.total) for line in found.bounces.rules] == [("hard-bounce", 3), ("mailbox-full", 1)]
    assert [(line.name, line.counts) for line in found.bounces.identities] == [
        ("shop.example", {"block": 3, "count": 1})
    ]
    assert found.complaints.total == {"block": 1}


def test_every_ranking_adds_up_to_the_total() -> None:
    found = counted(month()).summary()
    for numbers in (found.bounces, found.complaints):
        for ranking in (numbers.rules, numbers.domains, numbers.identities):
            total = Counter(ranking.others or {})
            for line in ranking:
                total.update(line.counts)
            assert total == Counter(numbers.total)
        by_day: Counter[str] = Counter()
        for counts in numbers.days.values():
            by_day.update(counts)
        assert by_day == Counter(numbers.total)


def test_what_happened_before_the_period_does_not_count() -> None:
    before, first = bounce("a@one.example", NOW - timedelta(days=30)), bounce("a@one.example", NOW - timedelta(days=29))
    assert summary(before, first).bounces.total == {"block": 1}


def test_a_domain_of_few_addresses_has_no_name() -> None:
    """Two people, however often they bounce: their domain may be theirs alone."""
    few = [bounce(f"person{number % 2}@few.example", NOW - timedelta(hours=number)) for number in range(10)]
    some = [bounce(f"person{number}@some.example") for number in range(3)]
    found = summary(*few, *some).bounces.domains
    assert [line.name for line in found] == ["some.example"]
    assert found.others == {"block": 10}
    asked = summary(*few, *some, addresses=True).bounces.domains
    assert [line.name for line in asked] == ["few.example", "some.example"]
    assert asked.others is None


def test_each_chart_asks_for_enough_addresses_of_its_own() -> None:
    """Three people of a domain bounced: that does not tell which of them complained."""
    bounced = [bounce(f"person{number}@some.example") for number in range(3)]
    found = summary(*bounced, bounce("person0@some.example", kind="complaint", type="abuse", subtype=""))
    assert [line.name for line in found.complaints.domains] == []


def test_an_identity_that_is_an_address_shows_its_domain() -> None:
    event = bounce("a@one.example", identity="jane.doe@shop.example")
    assert [line.name for line in summary(event).bounces.identities] == ["…@shop.example"]
    assert [line.name for line in summary(event, addresses=True).bounces.identities] == ["jane.doe@shop.example"]


def test_who_waits_has_soft_bounces_and_is_not_blocked() -> None:
    found = summary(
        *(soft("twice@one.example", NOW - timedelta(days=number)) for number in range(2)),
        *(soft("over@one.example", NOW - timedelta(days=number)) for number in range(5)),
        soft("hard@one.example", NOW - timedelta(days=1)),
        bounce("hard@one.example"),
        soft("old@one.example", NOW - timedelta(days=31)),
        soft("once@one.example"),
        addresses=True,
    )
    assert found.waiting.mails == {1: 1, 2: 1, 3: 0, 4: 0, 5: 0}
    assert found.waiting.addresses == (("twice@one.example", 2), ("once@one.example", 1))
    assert found.blocked.for_good == {"bounce": 1}
    assert found.blocked.for_a_while == {"soft-bounces": 1}


def test_both_notifications_about_one_mail_are_one_mail() -> None:
    copies = [
        bounce("a@one.example", type="Transient", subtype="MailboxFull", status="4.2.2", message_id="m", feedback_id=f)
        for f in ("identity", "configuration-set")
    ]
    assert summary(*copies).waiting.mails[1] == 1


def test_who_was_unblocked_does_not_wait() -> None:
    lifted = manual_event("unblock", "a@one.example", actor="me", note="", at=NOW)
    found = summary(soft("a@one.example", NOW - timedelta(days=1)), lifted)
    assert found.waiting.total == 0
    assert found.acts == {"block": 0, "unblock": 1, "import": 0}


def test_a_block_that_is_over_is_none() -> None:
    past = [soft("a@one.example", NOW - timedelta(days=31 + number)) for number in range(5)]
    assert summary(*past).blocked.total == 0


def test_what_others_put_into_the_tables_shows_none_of_its_words() -> None:
    """A table that was adopted may hold anything, and people write addresses everywhere."""
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
    found = counted(store, addresses=True).summary()
    assert found.blocked.for_good == {"other": 2}
    assert [line.name for line in found.bounces.rules] == ["other"]
    assert [line.name for line in found.bounces.domains] == ["other"]
    assert found.unreadable == 3
    assert "jane" not in str(found)


def test_the_waiting_list_is_short_however_many_wait() -> None:
    numbers = Numbers(date(2026, 11, 24), NOW, SoftBouncePolicy(), addresses=True)
    mark = {"at": "2026-11-24T00:00:00.000Z", "id": "x"}
    for number in range(1_000):
        numbers.history({"value": f"p{number}@one.example", "entry": "state", "version": 1, "soft": [mark]})
    found = numbers.summary().waiting
    assert found.total == 1_000
    assert len(found.addresses or ()) == 200


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["block", "count"])), max_size=400), st.integers(2, 12))
def test_a_full_tally_is_too_low_by_no_more_than_it_says(rows: list[tuple[int, str]], limit: int) -> None:
    tally, exact = Tally(limit), Counter(name for name, _ in rows)
    for name, verdict in rows:
        tally.add(str(name), verdict, f"address of {name}")
    found = tally.ranking(1, shown=limit)
    assert found.missed <= 2 * len(rows) / limit
    kept = {line.name: line.total for line in found}
    for name, count in exact.items():
        assert count - found.missed <= kept.get(str(name), 0) <= count
    assert sum(kept.values()) + sum((found.others or {}).values()) == len(rows)


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_a_large_domain_is_found_among_more_names_than_are_kept(order: str) -> None:
    rows = ["large.example"] * 3_000 + [f"{number}.example" for number in range(30_000)]
    if order == "shuffled":
        random.Random(1).shuffle(rows)  # noqa: S311 - no secret
    tally = Tally(1_000)
    for number, name in enumerate(rows):
        tally.add(name, "block", f"person{number}")
    (line,) = tally.ranking(3)
    assert line.name == "large.example"
    assert 3_000 - 66 <= line.total <= 3_000
