"""DynamoDB in memory, as far as the library uses it: strict about requests, atomic, and ready to fail at any call.

moto is exact but too slow for thousands of runs; tests/handlers/function runs on moto, test_dynamodb.py on both moto
and the emulator. What this fake accepts, both accept.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from ses_feedback.history.state_row import with_embedded_events
from ses_feedback.table import decode

Key = tuple[str, ...]
Fault = str
"""A key of FAULTS."""


class Crash(BaseException):
    """The process is gone: nothing may catch this."""


def client_error(operation: str, code: str, reasons: list[str] | None = None, status: int = 400) -> ClientError:
    response: Any = {
        "ResponseMetadata": {"HTTPStatusCode": status},
        "Error": {"Code": code, "Message": "about jane@example.org"},
    }
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, operation)


FAULTS: dict[Fault, tuple[bool, Callable[[str], BaseException]]] = {
    # name: (whether the call takes effect, what the caller sees)
    "throttled": (False, lambda name: client_error(name, "ThrottlingException")),
    "internal": (False, lambda name: client_error(name, "InternalServerError")),
    "denied": (False, lambda name: client_error(name, "AccessDeniedException")),
    "conflict": (
        False,
        lambda name: client_error(name, "TransactionCanceledException", ["None", "TransactionConflict"]),
    ),
    "lost request": (False, lambda _: ReadTimeoutError(endpoint_url="https://dynamodb")),
    "lost response": (True, lambda _: ReadTimeoutError(endpoint_url="https://dynamodb")),
    "crash before": (False, lambda _: Crash()),
    "crash after": (True, lambda _: Crash()),
}


class Store:
    """The tables, shared by every client."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, dict[str, Any]]] = {"blocked": {}, "history": {}}
        self.lock = threading.Lock()

    def rows(self, table: str) -> dict[Key, dict[str, Any]]:
        return self.tables[table]

    def rows_of_addresses(self) -> dict[Key, dict[str, Any]]:
        """The history as those who read it see it, without the counts of domains and the settings."""
        rows = [*with_embedded_events(map(decode, self.tables["history"].values()))]
        by_key: dict[Key, dict[str, Any]] = {(row["value"], row["entry"]): row for row in rows}
        assert len(rows) == len(by_key), "an event is stored once, in a row of its own or embedded"
        return {key: row for key, row in by_key.items() if key[1] not in ("hours", "settings")}

    def set_settings(self, item: dict[str, Any]) -> None:
        """Put the item with the table's settings, as the program does."""
        self.tables["history"][_key(item)] = item


def _key(item: Mapping[str, Mapping[str, str]]) -> Key:
    return tuple(item[name]["S"] for name in ("value", "entry") if name in item)


class FakeDynamoDB:
    """One client. ``before`` is called at the start of each call and names the fault to inject, if any."""

    def __init__(self, store: Store, before: Callable[[str], Fault | None] = lambda _: None) -> None:
        self.store = store
        self.before = before
        self.calls: list[str] = []
        self.counts: list[str] = []
        """Calls that count the hard bounces of a domain: beside the others, at any time."""
        self.keys = 0

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((table, request),) = RequestItems.items()
        keys = request["Keys"]
        self.keys += len(keys)
        assert 1 <= len(keys) <= 100
        assert len({_key(key) for key in keys}) == len(keys), "DynamoDB refuses a key that is requested twice"
        assert table == "blocked" or request["ConsistentRead"], "the writer must see what was written before"
        fault = self._start("BatchGetItem")
        if fault == "unprocessed":
            keys, unprocessed_keys = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        else:
            unprocessed_keys = []
        with self.store.lock:
            rows = self.store.rows(table)
            items = [rows[_key(key)] for key in keys if _key(key) in rows]
        self._end("BatchGetItem", fault)
        unprocessed = {table: {**request, "Keys": unprocessed_keys}} if unprocessed_keys else {}
        return {"Responses": {table: items}, "UnprocessedKeys": unprocessed}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 1 <= len(TransactItems) <= 100
        fault = self._start("TransactWriteItems")
        with self.store.lock:
            self._commit(TransactItems)
        self._end("TransactWriteItems", fault)
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Counts as boto3 would: numbers only, as the writer uses it."""
        fault = self._start("UpdateItem")
        values = request["ExpressionAttributeValues"]
        with self.store.lock:
            row = self.store.rows(request["TableName"]).setdefault(_key(request["Key"]), dict(request["Key"]))
            for clause, body in re.findall(r"(SET|ADD|REMOVE) (.*?)(?= ADD | REMOVE |$)", request["UpdateExpression"]):
                for part in body.split(", "):
                    name, value = part.split(" ")[0], part.split(" ")[-1]
                    if clause == "REMOVE":
                        row.pop(name, None)
                    elif clause == "ADD":
                        row[name] = {"N": str(int(row.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))}
                    else:
                        row[name] = values[value]
        self._end("UpdateItem", fault)
        return {}

    def _start(self, operation: str) -> Fault | None:
        (self.counts if operation == "UpdateItem" else self.calls).append(operation)
        fault = self.before(operation)
        if fault in FAULTS and not FAULTS[fault][0]:
            raise FAULTS[fault][1](operation)
        return fault

    def _end(self, operation: str, fault: Fault | None) -> None:
        if fault in FAULTS:
            raise FAULTS[fault][1](operation)

    def _commit(self, actions: list[dict[str, Any]]) -> None:
        targets, reasons = [], []
        for action in actions:
            ((kind, write),) = action.items()
            key = _key(write["Item"] if kind == "Put" else write["Key"])
            targets.append((write["TableName"], key))
            row = self.store.rows(write["TableName"]).get(key)
            reasons.append("None" if _holds(write, row) else "ConditionalCheckFailed")
        assert len(set(targets)) == len(targets), "DynamoDB refuses two actions on one item"
        if set(reasons) != {"None"}:
            raise client_error("TransactWriteItems", "TransactionCanceledException", reasons)
        for action, (table, key) in zip(actions, targets, strict=True):
            if "Put" in action:
                self.store.rows(table)[key] = action["Put"]["Item"]
            else:
                self.store.rows(table).pop(key, None)


def _holds(write: Mapping[str, Any], row: Mapping[str, Any] | None) -> bool:
    match write.get("ConditionExpression"):
        case None:
            return True
        case "attribute_not_exists(#v)":
            assert write["ExpressionAttributeNames"] == {"#v": "value"}
            return row is None
        case "#r = :n OR #v = :n":
            assert write["ExpressionAttributeNames"] == {"#r": "revision", "#v": "version"}
            revision = write["ExpressionAttributeValues"][":n"]
            return row is not None and revision in (row.get("revision"), row.get("version"))
        case "#r = :r AND #d = :d":
            assert write["ExpressionAttributeNames"] == {"#r": "rule", "#d": "verdict"}
            values = write["ExpressionAttributeValues"]
            return row is not None and (row["rule"], row["verdict"]) == (values[":r"], values[":d"])
        case other:
            raise AssertionError(f"a condition that this fake does not know: {other}")
