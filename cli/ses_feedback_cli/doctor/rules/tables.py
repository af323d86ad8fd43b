"""The blocked table and the history table: do they work, and are they protected?"""

from collections.abc import Iterable, Mapping
from typing import Any

from ses_feedback.history.table_settings import TableSettings
from ses_feedback.table import TableError

from ses_feedback_cli.doctor.observations import TableObservation
from ses_feedback_cli.doctor.resources import Missing
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity

_TTL_ATTRIBUTE = "expires_at"
_WORKING_STATUSES = {"ACTIVE", "UPDATING"}


def _table_missing(table: TableObservation) -> bool:
    return table.status is Missing.NOT_FOUND


def _table_not_active(table: TableObservation) -> Iterable[Fault]:
    if not isinstance(table.status, Missing) and table.status not in _WORKING_STATUSES:
        yield {"status": table.status}


def _wrong_ttl_attribute(table: TableObservation) -> Iterable[Fault]:
    if isinstance(table.ttl_attribute, Missing) or table.ttl_attribute == _TTL_ATTRIBUTE:
        return
    yield {"state": f"uses the attribute {table.ttl_attribute}" if table.ttl_attribute else "is off"}


def _point_in_time_recovery_disabled(table: TableObservation) -> bool:
    return table.point_in_time_recovery is False


def _deletion_protection_disabled(table: TableObservation) -> bool:
    return table.deletion_protection is False


def _settings_missing(table: TableObservation) -> bool:
    return table.settings is Missing.NOT_FOUND


def _unusable_settings(table: TableObservation) -> Iterable[Fault]:
    try:
        TableSettings.read(_settings_item(table))
    except TableError as error:
        yield {"problem": error}


def _other_settings(table: TableObservation) -> Iterable[Fault]:
    if table.settings is Missing.UNKNOWN or any(_unusable_settings(table)):
        return
    for name, number in TableSettings.read(_settings_item(table)).numbers().items():
        first, *others = name.split("_")
        key = first + "".join(map(str.capitalize, others))
        if table.stack_settings.get(key, number) != number:
            yield {"setting": key, "table_value": number, "stack_value": int(table.stack_settings[key])}


def _settings_item(table: TableObservation) -> Mapping[str, Any]:
    """Empty where there is none: the defaults count."""
    return {} if isinstance(table.settings, Missing) else table.settings


RULES: tuple[Rule[TableObservation], ...] = (
    Rule(
        "table-missing", Severity.ERROR, "table",
        "the {kind} table {table} does not exist",
        "restore it from its backup before any `pulumi up`, which would create an empty one: the runbook explains how",
        _table_missing,
    ),
    Rule(
        "table-not-active", Severity.ERROR, "table",
        "the {kind} table cannot be used: its status is {status}",
        "aws dynamodb describe-table --region {region} --table-name {table}; INACCESSIBLE_ENCRYPTION_CREDENTIALS is "
        "about its key",
        _table_not_active,
    ),
    Rule(
        "table-ttl", Severity.WARNING, "table-settings",
        f"time to live of the {{kind}} table {{state}}; it must use the attribute {_TTL_ATTRIBUTE}",
        REFRESH, _wrong_ttl_attribute,
    ),
    Rule(
        "table-point-in-time-recovery", Severity.WARNING, "table-settings",
        "the {kind} table has no point-in-time recovery",
        "aws dynamodb update-continuous-backups --region {region} --table-name {table} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        _point_in_time_recovery_disabled,
    ),
    Rule(
        "table-deletion-protection", Severity.WARNING, "table-settings",
        "the {kind} table can be deleted: its deletion protection is off",
        "deletionProtection: true in the configuration (the default), and pulumi up --refresh",
        _deletion_protection_disabled,
    ),
    Rule(
        "settings-missing", Severity.WARNING, "settings",
        "the {kind} table has no settings: everybody who writes to it uses the defaults",
        f"{REFRESH} of the stack that owns the tables", _settings_missing,
    ),
    Rule(
        "settings-unusable", Severity.ERROR, "settings",
        "nothing is written to the {kind} table: {problem}",
        f"{REFRESH} of the stack that owns the tables; for a newer schema, update the other stacks and this command",
        _unusable_settings,
    ),
    Rule(
        "settings-mismatch", Severity.ERROR, "settings",
        "{setting} is {table_value} in the {kind} table, which decides, and {stack_value} in the stack that owns it",
        f"{REFRESH} of the stack that owns the tables", _other_settings,
    ),
)  # fmt: skip
