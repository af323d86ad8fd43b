"""The blocked table and the history table: do they work, and are they protected?"""

from collections.abc import Iterable

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
)  # fmt: skip
