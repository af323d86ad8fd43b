"""The breaker: when it opens and closes, what it costs, and the night on which a provider refuses everybody."""

import itertools
import random
import time
from collections import Counter
from typing import Any

import pytest
from ses_feedback.history.event import Event
from ses_feedback.history.protected import LIST_KEY, Protected
from ses_feedback.history.safeguards import Safeguards
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.surges import EXCEPTIONAL_DAYS, OPEN_HOURS, DomainHours, SurgePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome, Result
from ses_feedback.table import decode, encode

from tests.handlers.fake_dynamodb import FakeDynamoDB, Store, client_error
from tests.handlers.model import DAY, RULES_USED, START, make_act, make_feedback
from tests.handlers.simulation import FOREVER, inline_history
from tests.tables import settings_item

HOUR_MILLISECONDS = 3_600_000
START_HOUR = round(START.timestamp()) // 3_600
HARD = next(rule for rule in RULES_USED if rule.name == "hard-bounce")
_numbers = itertools.count()


def bounce(address: str, hour: float = 0) -> Event:
    return make_feedback(next(_numbers), address, HARD, START + hour / 24 * DAY)


def row(hours: dict[int, int]) -> dict[str, int]:
    return {f"h{START_HOUR + hour}": number for hour, number in hours.items()}


def opened(hours: DomainHours, hour: float, number: int) -> int:
    """Of ``number`` bounces in that hour, how many came before the breaker was open."""
    is_open = [hours.count(round((START_HOUR + hour) * HOUR_MILLISECONDS)) for _ in range(number)]
    assert is_open == sorted(is_open), "it does not close within the hour"
    return is_open.count(False)


@pytest.mark.parametrize(
    ("past", "opens_at"),
    [
        ({}, 100),
        ({-24 * day: 10 for day in range(1, 28)}, 100),
        ({-24 * day: 50 for day in range(1, 28)}, 150),
        ({-24 * day: 1_000 for day in range(1, 28)}, 3_000),
        ({-24 * 7 * week: 1_000 for week in (1, 2, 3, 4)}, 3_000),  # a weekly newsletter
        ({-24 * day: 1_000 for day in range(29, 60)}, 100),  # too long ago
        ({-24 * day: 9_000 for day in range(1, EXCEPTIONAL_DAYS + 1)}, 100),  # the last bad nights are not usual
        ({-24 * day: 9_000 for day in range(1, EXCEPTIONAL_DAYS + 2)}, 27_000),  # but what stays is
    ],
)
def test_it_opens_far_above_the_usual_hour(past: dict[int, int], opens_at: int) -> None:
    hours = DomainHours(row(past), SurgePolicy())
    assert opened(hours, 0, opens_at - 1) == opens_at - 1
    assert opened(hours, 0.5, 2) == 0


def test_it_stays_open_for_some_hours_and_closes_by_itself() -> None:
    surge = row({0: 500})
    assert opened(DomainHours(surge, SurgePolicy()), OPEN_HOURS, 5) == 0
    assert opened(DomainHours(surge, SurgePolicy()), OPEN_HOURS + 1, 5) == 5


def test_floor_and_factor_are_settings() -> None:
    assert opened(DomainHours(None, SurgePolicy(hourly_floor=5)), 0, 9) == 4
    past = row({-24 * day: 10 for day in range(1, 9)})
    assert opened(DomainHours(past, SurgePolicy(hourly_floor=5, factor=2)), 0, 30) == 19


def test_old_hours_become_days_and_decide_the_same() -> None:
    """Over half a year, through the writer's own updates: the row stays small, and usual hours stay usual."""
    store, sizes = Store(), []
    client: Any = FakeDynamoDB(store)
    key = {"value": "domain#example.org", "entry": "hours"}
    for hour in range(180 * 24):
        stored = decode(store.rows("history").get(("domain#example.org", "hours"), {}))
        hours = DomainHours(stored, SurgePolicy())
        number = 40 if hour % 24 == 9 else 1
        is_open = [hours.count((START_HOUR + hour) * HOUR_MILLISECONDS) for _ in range(number)]
        assert not any(is_open)
        expression, values = hours.update()
        assert len(expression) < 4_096
        client.update_item(
            TableName="history",
            Key=encode(key),
            UpdateExpression=expression,
            ExpressionAttributeValues=encode(values),
        )
        sizes.append(sum(len(name) + 4 for name in stored))
    assert max(sizes) < 3_000
    last = DomainHours(decode(store.rows("history")["domain#example.org", "hours"]), SurgePolicy())
    assert opened(last, 180 * 24, 120) == 119


def apply(client: FakeDynamoDB, events: list[Event], safeguards: Safeguards | None = None) -> list[Result]:
    writer = HistoryWriter("blocked", "history", client, safeguards=safeguards)  # type: ignore[arg-type]
    return writer.apply(events, deadline=time.monotonic() + 60)


def test_a_batch_costs_one_read_one_transaction_and_one_small_write_a_domain() -> None:
    client = FakeDynamoDB(Store())
    apply(client, [bounce(f"person{n}@example{n % 3}.org") for n in range(10)])
    assert client.calls == ["BatchGetItem", "TransactWriteItems"]
    assert client.counts == ["UpdateItem"] * 3
    assert client.keys == 10 * 2 + 3 + 2


def test_a_bounce_is_counted_when_it_is_written_and_not_when_dynamodb_refuses_it() -> None:
    """Else each delivery in an outage would count it, and what comes after the outage would look like a surge."""
    client = FakeDynamoDB(Store(), lambda operation: "denied" if operation == "TransactWriteItems" else None)
    for _ in range(3):
        assert [result.outcome for result in apply(client, [bounce("jane@example.org")])] == [Outcome.FAILED]
    assert client.counts == []


def test_what_is_no_hard_bounce_is_not_counted() -> None:
    client = FakeDynamoDB(Store())
    rules = [rule for rule in RULES_USED if rule.name != "hard-bounce"]
    events = [make_feedback(next(_numbers), f"person{n}@example.org", rule, START) for n, rule in enumerate(rules)]
    apply(client, [*events, make_act(1, "jane@example.org", "block", START, None)])
    assert client.counts == []


def test_bounces_of_the_mailbox_simulator_are_tests_and_never_a_surge() -> None:
    """Else a load test would make each canary of the account fail: its newest bounce would only hold."""
    client = FakeDynamoDB(Store())
    client.store.set_settings(settings_item(surges=SurgePolicy(hourly_floor=1)))
    address = "bounce+canary-shop-1a2b3c4d@simulator.amazonses.com"
    assert [result.outcome for result in apply(client, [bounce(address)])] == [Outcome.RECORDED]
    assert client.counts == []
    assert decode(client.store.rows("blocked")[(address,)])["reason"] == "bounce"


def test_a_second_delivery_counts_nothing() -> None:
    client = FakeDynamoDB(Store())
    events = [bounce("jane@example.org")]
    assert [apply(client, events)[0].outcome for _ in range(2)] == [Outcome.RECORDED, Outcome.DUPLICATE]
    assert client.counts == ["UpdateItem"]


def counted(store: Store) -> int:
    """Hard bounces of example.org, by its row."""
    row = decode(store.rows("history").get(("domain#example.org", "hours"), {}))
    return sum(number for name, number in row.items() if name.startswith("h"))


def test_a_bounce_of_an_address_that_is_refused_is_not_counted() -> None:
    """Else each of its many deliveries would count it, as in an outage."""
    store = Store()
    later = {"value": "jane@example.org", "entry": "state", "schema": 3, "revision": 1}
    store.rows("history")["jane@example.org", "state"] = encode(later)
    events = [bounce("jane@example.org"), bounce("amy@example.org")]
    for outcome in (Outcome.RECORDED, Outcome.DUPLICATE):
        results = apply(FakeDynamoDB(store), events)
        assert [result.outcome for result in results] == [Outcome.FAILED, outcome]
    assert counted(store) == 1


def test_bounces_for_which_a_transaction_has_no_room_are_counted_once() -> None:
    store = Store()
    addresses = [f"person{number}@example.org" for number in range(32)]
    soft = next(rule for rule in RULES_USED if rule.name == "soft-bounce")
    apply(FakeDynamoDB(store), [make_feedback(next(_numbers), address, soft, START) for address in addresses])
    client = FakeDynamoDB(store)  # each bounce moves a soft one out of the state
    apply(client, [bounce(address) for address in addresses])
    assert client.calls.count("TransactWriteItems") > 1
    assert counted(store) == 32


def test_a_count_that_fails_fails_no_feedback_and_is_told() -> None:
    def refuse(operation: str) -> None:
        if operation == "UpdateItem":
            raise client_error("UpdateItem", "AccessDeniedException")

    writer = HistoryWriter("blocked", "history", FakeDynamoDB(Store(), refuse))  # type: ignore[arg-type]
    (result,) = writer.apply([bounce("jane@example.org")], deadline=time.monotonic() + 5)
    assert result.outcome is Outcome.RECORDED
    assert writer.count_failures == ["UpdateItem: AccessDeniedException"]


def test_what_is_stored_of_a_held_bounce_says_so_and_a_bounce_outside_a_surge_blocks_for_good() -> None:
    client = FakeDynamoDB(Store())
    client.store.set_settings(settings_item(surges=SurgePolicy(hourly_floor=3), hold_days=7))
    results = apply(client, [bounce(f"person{n}@example.org") for n in range(4)])
    assert [result.recorded and result.recorded.row["rule"] for result in results] == [
        *("hard-bounce", "hard-bounce", "surge-hold", "surge-hold")
    ]
    held = decode(client.store.rows("blocked")["person3@example.org",])
    assert (held["reason"], held["rule"], held["expires_at"]) == ("hold", "surge-hold", START.timestamp() + 8 * 86_400)
    apply(client, [bounce("person3@example.org", hour=24 * 20)])
    assert decode(client.store.rows("blocked")["person3@example.org",])["reason"] == "bounce"


@pytest.mark.parametrize("pattern", ["jane@example.org", "example.org", "jane@"])
@pytest.mark.parametrize("is_in_table", [False, True])
def test_feedback_about_what_is_protected_is_kept_and_never_blocks(pattern: str, is_in_table: bool) -> None:
    client = FakeDynamoDB(Store())
    safeguards = Safeguards() if is_in_table else Safeguards(protected=Protected.read([pattern]))
    if is_in_table:
        client.store.rows("history")["protected", "list"] = encode({**LIST_KEY, "patterns": [pattern]})
    complaint = next(rule for rule in RULES_USED if rule.name == "complaint")
    events = [bounce("jane@example.org"), make_feedback(next(_numbers), "jane@example.org", complaint, START)]
    for result in apply(client, events, safeguards):
        assert result.recorded is not None
        assert (result.recorded.row["verdict"], result.recorded.row["rule"]) == ("ignore", "protected")
    assert client.store.rows("blocked") == {}
    assert client.counts == []
    apply(client, [bounce("other@example.net")], safeguards)
    assert len(client.store.rows("blocked")) == 1


def test_protection_does_not_stop_an_operator() -> None:
    client = FakeDynamoDB(Store())
    act = make_act(1, "jane@example.org", "block", START, None)
    apply(client, [act], Safeguards(protected=Protected.read(["jane@example.org"])))
    assert len(client.store.rows("blocked")) == 1


def test_the_night_on_which_a_provider_refuses_everybody() -> None:
    """As with Gmail on 14 and 15 December 2020: 100,000 mails an hour, of which 2 percent bounce as usual, a third of
    them to one provider; for seven hours that one refuses everybody.

    No living address is blocked for good but the few before the breaker opened; no dead one of other domains is missed.
    The batches are larger than a function's, for speed: that changes when a count is seen by no more than a batch.
    """
    generator = random.Random(14)  # noqa: S311 - the same each time
    store = Store()
    for domain, peak in (("mad.example", 670), ("sane.example", 1_330)):
        past = row({-24 * day: peak for day in range(1, 28)})
        key = {"value": f"domain#{domain}", "entry": "hours"}
        store.rows("history")[key["value"], key["entry"]] = encode({**key, **past})
    writer = inline_history(FakeDynamoDB(store), SoftBouncePolicy())
    dead: set[str] = set()
    false_bounces = 0
    for hour in range(-1, 8):
        is_mad = 0 <= hour < 7
        sample = 20  # one in twenty of the provider's living customers
        usual = [f"dead-{hour}-{n}@{'mad' if n % 3 == 0 else 'sane'}.example" for n in range(2_000)]
        living = [f"living-{hour}-{n}@mad.example" for n in range(32_000 // sample)] if is_mad else []
        dead.update(usual)
        false_bounces += len(living)
        events = [bounce(address, hour + n / 40_000) for n, address in enumerate(usual + living)]
        generator.shuffle(events)
        for start in range(0, len(events), 100):
            results = writer.apply(events[start : start + 100], deadline=FOREVER)
            assert {result.outcome for result in results} == {Outcome.RECORDED}
    items = {key[0]: decode(item) for key, item in store.rows("blocked").items()}
    for_good = Counter(address.split("-")[0] for address, item in items.items() if "expires_at" not in item)
    assert false_bounces == 7 * 1_600
    assert 0 < for_good["living"] <= 3 * 670 + 100
    assert all(address in items for address in dead), "none of the dead is mailed now"
    assert all("expires_at" not in items[address] for address in dead if address.endswith("sane.example"))
    assert {items[f"living-6-{n}@mad.example"]["rule"] for n in range(1_600)} == {"surge-hold"}
