"""What both tables must hold after a workload, computed in memory, and how tables that were read differ from it.

The model is that of the tests (`tests.handlers.model`): it looks at all events of an address at once, in the plainest
way. Of the library it uses what an event and its history row are, and nothing of the state, the fold and the writer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.verdict import RULES
from ses_feedback.history.event import Event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state_row import with_embedded_events

from bench.workload import Notification
from tests.handlers.model import expected_item

Row = Mapping[str, Any]
_RULES = {rule.name: rule for rule in RULES}
_TECHNICAL = ("recorded_at", "expires_at", "pipeline")
"""When it came and which way: not the feedback's."""
_SHOWN = 5


def differences(notifications: Iterable[Notification], blocked: Iterable[Row], history: Iterable[Row]) -> list[str]:
    """Where the tables differ from what the notifications must lead to: a few examples of each sort. Empty if nowhere.

    Of the history's rows only those of feedback are compared: states follow from them, as the blocked items do.
    """
    events = _events(notifications)
    expected_rows = {(event.address, event.entry): _comparable(event.row) for event in events}
    rows = {
        (row["value"], row["entry"]): _comparable(row)
        for row in with_embedded_events(map(dict, history))
        if str(row["entry"]).startswith("feedback#")
    }
    by_address: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_address[event.address].append(event)
    computed = ((address, expected_item(of_address, SoftBouncePolicy())) for address, of_address in by_address.items())
    expected_items = {address: {"value": address, **item} for address, item in computed if item is not None}
    items = {str(item["value"]): dict(item) for item in blocked}
    return [*_compare("history", expected_rows, rows), *_compare("blocked", expected_items, items)]


def expected_entries(notifications: Iterable[Notification]) -> int:
    """How many rows of feedback the history must have."""
    return len({(event.address, event.entry) for event in _events(notifications)})


def _events(notifications: Iterable[Notification]) -> list[Event]:
    now = datetime.now(UTC)
    return [
        feedback_event(feedback, _RULES[rule], pipeline="", now=now)
        for notification in notifications
        for feedback, rule in notification.judgements
    ]


def _comparable(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (*_TECHNICAL, "value", "entry")}


def _compare(table: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> Iterator[str]:
    missing = [key for key in expected if key not in found]
    unexpected = [key for key in found if key not in expected]
    different = [key for key in expected if key in found and expected[key] != found[key]]
    for name, keys in (("missing", missing), ("not expected", unexpected), ("different", different)):
        if keys:
            yield f"{table}: {len(keys)} of {len(expected)} {name}, such as {keys[:_SHOWN]}"
    for key in different[:1]:
        yield f"{table}: {key} is {found[key]}, must be {expected[key]}"
