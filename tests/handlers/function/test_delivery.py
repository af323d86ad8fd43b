"""(2) The same feedback in any dialect, envelope, order, batch and number: the function's tables do not show it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from ses_feedback.function import handler as handler_module
from ses_feedback.function.settings import Settings
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.state_row import EVENT

from tests.handlers.conftest import Function
from tests.handlers.fake_dynamodb import FakeDynamoDB, Store
from tests.handlers.simulation import inline_history
from tests.properties import profile_times

POLICY = SoftBouncePolicy(threshold=2)
REPORTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("Bounce", {"bounceType": "Permanent", "bounceSubType": "General"}, {"action": "failed", "status": "5.1.1"}),
    ("Bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull"}, {"action": "failed", "status": "5.2.2"}),
    ("Bounce", {"bounceType": "Transient", "bounceSubType": "General"}, {}),
    ("Complaint", {"complaintFeedbackType": "abuse", "complaintSubType": None}, {}),
    ("Complaint", {"complaintFeedbackType": "not-spam"}, {}),
]


def notification(number: int, report: int, day: int) -> tuple[str, dict[str, Any]]:
    kind, fields, status = REPORTS[report]
    recipients = "bouncedRecipients" if kind == "Bounce" else "complainedRecipients"
    body = {
        **fields,
        recipients: [{"emailAddress": "jane@example.org", **status}],
        "timestamp": f"2026-11-{day:02}T10:00:00.000Z",
        "feedbackId": f"id-{number}",
    }
    mail = {"timestamp": "2026-10-01T00:00:00.000Z", "messageId": f"mail-{number}", "destination": ["jane@example.org"]}
    return kind, {kind.lower(): body, "mail": mail}


@st.composite
def spellings(draw: st.DrawFn, kind: str, content: dict[str, Any]) -> str:
    """The notification as either dialect writes it, wrapped as anything on the way may wrap it."""
    identity = draw(st.booleans())
    message = {"notificationType" if identity else "eventType": kind, **content}
    if identity:
        message[kind.lower()] = {**message[kind.lower()], "remoteMtaIp": "198.51.100.7"}
    else:
        message["mail"] = {**message["mail"], "tags": {"ses:configuration-set": ["main"]}}
    event = {"version": "0", "detail-type": "Email Bounced", "source": "aws.ses", "detail": message}
    text = json.dumps(draw(st.sampled_from([message, event]))) + draw(st.sampled_from(["", "\n"]))
    return json.dumps({"Type": "Notification", "Message": text}) if draw(st.booleans()) else text


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Each notification once and raw; and as it may come: any spelling, more than once, in any order and batches."""
    reports = draw(st.lists(st.tuples(st.integers(0, len(REPORTS) - 1), st.integers(1, 19)), max_size=8))
    notifications = [notification(number, *report) for number, report in enumerate(reports)]
    in_order = [json.dumps({"notificationType": kind, **content}) for kind, content in notifications]
    repeated = draw(st.lists(st.sampled_from(notifications), max_size=6)) if notifications else []
    as_delivered = [draw(spellings(kind, content)) for kind, content in draw(st.permutations(notifications + repeated))]
    size = draw(st.integers(1, 6))
    return in_order, [as_delivered[start : start + size] for start in range(0, len(as_delivered), size)]


def tables(batches: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    client: Any = FakeDynamoDB(store)
    service = (Settings("blocked", "history", "bounce-shop"), inline_history(client, POLICY))
    monkeypatch.setattr(handler_module, "_service", lambda: service)
    function = Function(client)
    for batch in batches:
        assert function.send(*batch) == []
    return store


def content(store: Store) -> Iterator[tuple[Any, Any]]:
    for key, item in store.rows("blocked").items():
        yield key, item
    for key, row in store.rows_of_addresses().items():
        technical = ("revision", "recorded_at", "expires_at", EVENT)
        yield key, {name: value for name, value in row.items() if name not in technical}


@profile_times(0.6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
def test_2_the_tables_show_what_happened_and_not_how_it_came(
    monkeypatch: pytest.MonkeyPatch, environment: object, delivered: tuple[list[str], list[list[str]]]
) -> None:
    assert environment
    handler_module.metrics.set_default_dimensions(pipeline="bounce-shop")
    in_order, as_delivered = delivered
    assert dict(content(tables(as_delivered, monkeypatch))) == dict(
        content(tables([[body] for body in in_order], monkeypatch))
    )
