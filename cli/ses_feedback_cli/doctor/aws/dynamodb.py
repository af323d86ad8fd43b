"""Reads the blocked table and the history table."""

from collections.abc import Mapping
from typing import Any

from ses_feedback.history.table_settings import SETTINGS_KEY
from ses_feedback.table import decode, encode

from ses_feedback_cli.doctor.aws import calls
from ses_feedback_cli.doctor.aws.clients import Reader
from ses_feedback_cli.doctor.observations import TableObservation
from ses_feedback_cli.doctor.resources import Missing


def read_table(
    reader: Reader, table: str, kind: str, account: str, region: str, stack_settings: Mapping[str, int]
) -> TableObservation:
    """A table and its settings. ``table``: ARN or name; ``kind``: blocked or history."""
    response = reader.read(calls.TABLE, TableName=table)
    if isinstance(response, Missing):
        unknown = Missing.UNKNOWN
        return TableObservation(table, account, region, kind, response, unknown, unknown, unknown)
    description = response["Table"]
    time_to_live = reader.read(calls.TIME_TO_LIVE, TableName=table)
    backups = reader.read(calls.BACKUPS, TableName=table)
    return TableObservation(
        table,
        account,
        region,
        kind,
        description["TableStatus"],
        bool(description.get("DeletionProtectionEnabled")),
        time_to_live if isinstance(time_to_live, Missing) else _ttl_attribute(time_to_live["TimeToLiveDescription"]),
        backups if isinstance(backups, Missing) else _recovery_enabled(backups["ContinuousBackupsDescription"]),
        _read_settings(reader, table) if kind == "history" else Missing.UNKNOWN,
        stack_settings if kind == "history" else {},
    )


def _read_settings(reader: Reader, table: str) -> Mapping[str, Any] | Missing:
    response = reader.read(calls.SETTINGS, TableName=table, Key=encode(SETTINGS_KEY), ConsistentRead=True)
    if isinstance(response, Missing):
        return response
    return decode(response["Item"]) if "Item" in response else Missing.NOT_FOUND


def _ttl_attribute(description: Mapping[str, Any]) -> str | None:
    enabled = description.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return str(description.get("AttributeName")) if enabled else None


def _recovery_enabled(description: Mapping[str, Any]) -> bool:
    return bool(description.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED")
