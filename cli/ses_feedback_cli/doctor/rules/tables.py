"""The blocked table and the history table: do they answer, and are they kept?"""

from ses_feedback_cli.doctor.facts import Absent, TableFacts
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity, when

_UP = "pulumi up --refresh"
_TTL = "expires_at"
_WORKING = {"ACTIVE", "UPDATING"}


def _status(facts: TableFacts) -> Found:
    if isinstance(facts.status, Absent) or facts.status in _WORKING:
        return []
    return [{"status": facts.status}]


def _ttl(facts: TableFacts) -> Found:
    if isinstance(facts.ttl, Absent) or facts.ttl == _TTL:
        return []
    return [{"how": f"by {facts.ttl}, not by {_TTL}" if facts.ttl else f"never; they should by {_TTL}"}]


RULES: tuple[Rule[TableFacts], ...] = (
    Rule(
        "table-missing", Severity.ERROR, "table",
        "the {what} table {table} is gone",
        "restore it from its backup before any `pulumi up`, which would make an empty one: the runbook says how",
        lambda facts: when(facts.status is Absent.GONE),
    ),
    Rule(
        "table-unusable", Severity.ERROR, "table",
        "the {what} table does not serve: its status is {status}",
        "aws dynamodb describe-table --region {region} --table-name {table}; INACCESSIBLE_ENCRYPTION_CREDENTIALS is "
        "about its key",
        _status,
    ),
    Rule(
        "table-ttl", Severity.WARNING, "table-settings",
        "items of the {what} table expire {how}",
        _UP, _ttl,
    ),
    Rule(
        "table-recovery", Severity.WARNING, "table-settings",
        "the {what} table has no point-in-time recovery",
        "aws dynamodb update-continuous-backups --region {region} --table-name {table} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
        lambda facts: when(facts.recovery is False),
    ),
    Rule(
        "table-protection", Severity.WARNING, "table-settings",
        "the {what} table can be deleted: its deletion protection is off",
        "deletionProtection: true in the configuration (the default), and pulumi up --refresh",
        lambda facts: when(facts.protected is False),
    ),
)  # fmt: skip
