"""Any text at all: it is judged, acknowledged or refused, in time that grows with its length and no faster."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function.envelope import UnreadableError
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import ParsedNotification, parse_notification
from ses_feedback.function.verdict import judge_all
from ses_feedback.table import encode

from tests.handlers.corpus import examples
from tests.properties import profile_times

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MEBIBYTE = 1_048_576
OBJECTS = [json.loads(example.body) for example in examples() if example.body.startswith("{\n")]


def parse_and_judge(text: object) -> ParsedNotification | None:
    """Read and judge as the handler does; what would be stored must be storable."""
    try:
        notification = parse_notification(text, sent_at=NOW, now=NOW)
    except UnreadableError:
        return None
    for feedback, rule in judge_all(notification.feedback):
        event = feedback_event(feedback, rule, pipeline="p", now=NOW)
        item = encode({"value": event.address, "entry": event.entry, **event.row})
        assert event.address, "DynamoDB refuses an empty key, and with it the whole call"
        assert len(json.dumps(item, ensure_ascii=False).encode()) < 10_000
        assert len(event.entry.encode()) <= 1_024
    assert all(
        "@" not in problem or "name@domain" in problem or "the @" in problem for problem in notification.problems
    )
    return notification


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a JSON value something can be put in place of something else."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A notification as SES sends it, with some of its values replaced or gone."""
    value = json.loads(json.dumps(draw(st.sampled_from(OBJECTS))))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places(value)[1:] or [("x",)]))
        target = value
        for key in path:
            target = target[key]
        if draw(st.booleans()):
            target[last] = draw(json_values)
        elif isinstance(target, dict):
            target.pop(last, None)
    return json.dumps(value)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | json_values | json_values.map(json.dumps))
def test_any_text_and_any_json(text: object) -> None:
    parse_and_judge(text)


@profile_times(5)
@given(damaged())
def test_any_damage_to_a_notification(text: str) -> None:
    parse_and_judge(text)


@profile_times(3)
@given(st.sampled_from([example.body for example in examples()]), st.data())
def test_any_cut_or_change_of_characters(body: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 40)))
    parse_and_judge(body[:start] + data.draw(st.text(max_size=5)) + body[end:])


def bounce_of(addresses: list[str], destination: list[str] | None = None) -> str:
    bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address} for address in addresses]}
    mail = {"timestamp": "2026-11-20T10:00:00Z", "destination": destination or []}
    return json.dumps({"notificationType": "Bounce", "bounce": bounce, "mail": mail})


def with_long_address(pattern: str) -> str:
    return bounce_of([pattern * (MEBIBYTE // len(pattern))])


LARGE: dict[str, Callable[[], str]] = {
    "brackets": lambda: "[" * MEBIBYTE,
    "braces": lambda: '{"a":' * (MEBIBYTE // 5),
    "digits": lambda: "1" * MEBIBYTE,
    "digits in a field": lambda: '{"notificationType":' + "1" * MEBIBYTE + "}",
    "spaces": lambda: " " * MEBIBYTE,
    "quotes": lambda: '"' * MEBIBYTE,
    "backslashes": lambda: '"' + "\\\\" * (MEBIBYTE // 2) + '"',
    "a long text": lambda: "Successfully validated" * (MEBIBYTE // 22),
    "an unknown object": lambda: json.dumps({"x": "b" * MEBIBYTE}),
    "many fields": lambda: json.dumps({"notificationType": "Bounce", **{f"f{n}": n for n in range(60_000)}}),
    "a long address": lambda: with_long_address("a"),
    "open brackets in an address": lambda: with_long_address("<"),
    "open comments in an address": lambda: with_long_address("("),
    "quotes in an address": lambda: with_long_address('"'),
    "escapes in an address": lambda: with_long_address('"\\'),
    "ats in an address": lambda: with_long_address("a@"),
    "letters of other scripts": lambda: with_long_address("\u00fc"),
    "many recipients": lambda: bounce_of(["jane@example.org"] * 40_000),
    "many addresses at the limit": lambda: bounce_of(["<" * 2_000 + "a@b.example>"] * 100),
    "many quoted addresses": lambda: bounce_of(['"' + "\\a" * 990 + '"@b.example'] * 100),
    "many comments": lambda: bounce_of(["(" * 1_000 + "a@b.example"] * 100),
    "many international domains": lambda: bounce_of(["a@" + "\u00fc." * 900 + "example"] * 100),
    "many destinations": lambda: bounce_of(["jane@example.org"], ['"' + "\\a" * 990 + '"@b.example'] * 500),
    "a long timestamp": lambda: json.dumps(
        {"eventType": "Bounce", "bounce": {"bounceType": "x", "timestamp": " " * MEBIBYTE}}
    ),
    "a long diagnostic": lambda: json.dumps(
        {
            "notificationType": "Bounce",
            "bounce": {
                "bounceType": "Transient",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": "a@b.example", "diagnosticCode": "550 5." * (MEBIBYTE // 6)}],
            },
            "mail": {"timestamp": "2026-11-20T10:00:00Z"},
        }
    ),
    "wrapped again and again": lambda: _wrapped(8),
    "a long feedback id": lambda: json.dumps(
        {"notificationType": "Bounce", "bounce": {"bounceType": "x", "feedbackId": "\u00fc" * 500_000}}
    ),
}


def _wrapped(times: int) -> str:
    text = "{}"
    for _ in range(times):
        text = json.dumps({"Type": "Notification", "Message": text})
    return text


@pytest.mark.parametrize("name", LARGE)
def test_a_body_of_one_mebibyte_takes_no_longer_than_reading_it(name: str) -> None:
    text = LARGE[name]()
    started = time.process_time()
    parse_and_judge(text)
    assert time.process_time() - started < 0.25, (
        "such a body takes 10 to 60 ms; growth with the square would take minutes"
    )
