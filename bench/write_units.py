"""What each kind of feedback costs to write, one after another about one address, by DynamoDB's rules of size.

Through the function, into tables that keep what is written. A write counts the larger of the item before and after,
per 1 KB, twice in a transaction (developer guide, "DynamoDB read and write operations"); an item that is deleted counts
as it was. Without the count of the domain, which is the same for each hard bounce (`bench.handler`).
"""

import contextlib
import io
import json
import math
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.handler import ENVIRONMENT, LambdaContext, Stub, hard_bounce, item_size, print_figure

_GOAL = 4
_ADDRESS = "first.last.0000010001@mail.example.org"
_SOFT = {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
_GMAIL = (
    "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking "
    "the recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1  "
    "https://support.google.com/mail/?p=NoSuchUser ffacd0b85a97d-42b5e3f2a1csi1234567f8f.1021 - gsmtp"
)


@dataclass
class _Tables(Stub):
    """DynamoDB that keeps what is written."""

    items: dict[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict)
    write_units: int = 0

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((table, request),) = RequestItems.items()
        keys = [_key(table, key) for key in request["Keys"]]
        return {"Responses": {table: [self.items[key] for key in keys if key in self.items]}, "UnprocessedKeys": {}}

    def transact_write_items(self, *, TransactItems: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        for action in TransactItems:
            ((kind, write),) = action.items()
            key = _key(write["TableName"], write["Item" if kind == "Put" else "Key"])
            before, after = self.items.pop(key, {}), write.get("Item", {})
            self.write_units += 2 * max(1, math.ceil(max(item_size(before), item_size(after)) / 1_024))
            if after:
                self.items[key] = after
        return {}

    def state_size(self) -> int:
        """Bytes of the state row."""
        return next((item_size(item) for key, item in self.items.items() if key[-1] == "state"), 0)


def _key(table: str, values: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    return (table, *(values[name]["S"] for name in ("value", "entry") if name in values))


def _notification(number: int, fields: Mapping[str, Any], **recipient: str) -> dict[str, Any]:
    notification = hard_bounce(f"{number:010}")
    notification["mail"]["destination"] = [_ADDRESS]
    bounce: dict[str, Any] = notification["bounce"]
    bounce["bouncedRecipients"][0] |= {"emailAddress": _ADDRESS, **recipient}
    bounce |= {"timestamp": f"2026-11-{number:02}T10:00:00.000Z", **fields}
    if "complaintFeedbackType" in fields:
        names = ("feedbackId", "timestamp", "complaintFeedbackType")
        complaint = {name: bounce[name] for name in names}
        notification |= {
            "notificationType": "Complaint",
            "complaint": {**complaint, "complainedRecipients": [{"emailAddress": _ADDRESS}]},
        }
        del notification["bounce"]
    return notification


def _costs(notifications: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """The write units of each, and the size of the state row after it."""
    from ses_feedback.function import handler  # noqa: PLC0415 - after the environment is set
    from ses_feedback.history.writer import HistoryWriter  # noqa: PLC0415

    tables: Any = _Tables()
    settings, _ = handler._service()
    history = HistoryWriter(settings.blocked_table, settings.history_table, tables)
    service, handler._service = handler._service, lambda: (settings, history)  # type: ignore[assignment]
    costs = []
    for number, notification in enumerate(notifications):
        record = {"messageId": str(number), "body": json.dumps(notification), "attributes": {}}
        before = tables.write_units
        with contextlib.redirect_stdout(io.StringIO()):
            handler.logger.registered_handler.setStream(io.StringIO())  # type: ignore[attr-defined]
            response = handler.lambda_handler({"Records": [record]}, LambdaContext())  # type: ignore[arg-type]
        assert response == {"batchItemFailures": []}, response
        costs.append((tables.write_units - before, tables.state_size()))
    handler._service = service
    return costs


def _act_costs() -> Iterable[tuple[str, int]]:
    from ses_feedback.history.event import Act, manual_event  # noqa: PLC0415
    from ses_feedback.history.writer import HistoryWriter  # noqa: PLC0415

    tables: Any = _Tables()
    history = HistoryWriter("blocked", "history", tables)
    acts: tuple[Act, ...] = ("import", "unblock")
    for act in acts:
        before = tables.write_units
        event = manual_event(act, _ADDRESS, actor="jane", note="", at=datetime.now(UTC))
        history.apply([event], deadline=time.monotonic() + 5)
        yield act, tables.write_units - before


def main() -> int:
    """Print the figures; the exit status says whether a first hard bounce is as cheap as promised."""
    os.environ.update(ENVIRONMENT)
    first_hard, *more_hard = _costs(_notification(number, {}) for number in (1, 2, 3))
    ((gmail, gmail_size),) = _costs([_notification(1, {}, diagnosticCode=_GMAIL)])
    soft = _costs(_notification(number, _SOFT, status="4.2.2") for number in range(1, 8))
    ignored, complaint_after = _costs(
        [
            _notification(1, {"bounceType": "Transient", "bounceSubType": "MessageTooLarge"}, status="5.3.4"),
            _notification(2, {"complaintFeedbackType": "abuse"}),
        ]
    )
    _, complaint_after_hard = _costs([_notification(1, {}), _notification(2, {"complaintFeedbackType": "abuse"})])

    print("write units of a feedback")
    print_figure("hard bounce, the first of its address", f"{first_hard[0]}", f"goal <= {_GOAL}")
    print_figure("the same, with an answer of Gmail's length", f"{gmail}", f"goal <= {_GOAL}")
    print_figure("bytes of the state row with that event", f"{gmail_size}", "1,024 are one unit")
    print_figure("hard bounce, the second and third", " / ".join(str(units) for units, _ in more_hard))
    print_figure("soft bounce, the first to seventh; the fifth blocks", " / ".join(str(units) for units, _ in soft))
    print_figure("bytes of the state row with seven soft bounces", f"{soft[-1][1]}")
    print_figure("complaint, the first of its address", f"{complaint_after[0]}")
    print_figure("complaint, after a hard bounce", f"{complaint_after_hard[0]}")
    print_figure("feedback that is ignored", f"{ignored[0]}")
    for act, units in _act_costs():
        print_figure(f"{act} of an address" + (" that was imported" if act == "unblock" else ""), f"{units}")
    return 0 if max(first_hard[0], gmail) <= _GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
