"""Mapping and function: is what arrives processed?"""

from ses_feedback_cli.doctor.facts import Absent, EventMapping, Function, PipelineFacts, Queue
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity, when

_UP = "pulumi up --refresh"
_LOGS = "aws logs tail {log_group} --region {region} --since {hours}h --filter-pattern '?ERROR ?timeout ?\"Runtime.\"'"
_VISIBILITY = 6  # times the function's time-out, by AWS's advice


def _mapping_off(facts: PipelineFacts) -> Found:
    one = facts.mapping
    if isinstance(one, EventMapping) and one.state not in {"Enabled", "Enabling", "Creating", "Updating"}:
        return [{"uuid": one.uuid, "state": one.state}]
    return []


def _whole_batches(facts: PipelineFacts) -> Found:
    one = facts.mapping
    if isinstance(one, EventMapping) and "ReportBatchItemFailures" not in one.responses:
        return [{"uuid": one.uuid}]
    return []


def _not_active(facts: PipelineFacts) -> Found:
    one = facts.function
    if isinstance(one, Function) and (one.state == "Failed" or one.last_update == "Failed"):
        return [
            {"state": f"state {one.state}, last update {one.last_update}", "reason": one.reason or "no reason given"}
        ]
    return []


def _other_tables(facts: PipelineFacts) -> Found:
    if not isinstance(facts.function, Function) or not facts.known_tables:
        return []
    # Tables given by name cannot be compared with the ARNs that the function has.
    known = {table for table in facts.known_tables if table.startswith("arn:")}
    return [{"table": one} for one in facts.function.tables if known and one not in known]


def _short_visibility(facts: PipelineFacts) -> Found:
    queue, function = facts.queue, facts.function
    if not isinstance(queue, Queue) or not isinstance(function, Function):
        return []
    least = _VISIBILITY * function.timeout_seconds
    return [{"seconds": queue.visibility_seconds, "least": least}] if queue.visibility_seconds < least else []


def _some(value: float | None, facts: PipelineFacts) -> Found:
    return [{"number": int(value), "log_group": facts.pipeline.log_group_name}] if value else []


RULES: tuple[Rule[PipelineFacts], ...] = (
    Rule(
        "mapping-missing", Severity.ERROR, "mapping",
        "nothing takes feedback from the queue: the function has no event source mapping for it",
        _UP, lambda facts: when(facts.mapping is Absent.GONE and facts.function is not Absent.GONE),
    ),
    Rule(
        "mapping-off", Severity.ERROR, "mapping",
        "the event source mapping is {state}: feedback stays in the queue",
        "aws lambda update-event-source-mapping --region {region} --uuid {uuid} --enabled", _mapping_off,
    ),
    Rule(
        "mapping-whole-batches", Severity.ERROR, "mapping",
        "the event source mapping takes no partial batch responses: what the function could not process is deleted",
        "aws lambda update-event-source-mapping --region {region} --uuid {uuid} "
        "--function-response-types ReportBatchItemFailures", _whole_batches,
    ),
    Rule(
        "function-missing", Severity.ERROR, "function-missing",
        "the function {function_name} is gone",
        _UP, lambda facts: when(facts.function is Absent.GONE),
    ),
    Rule(
        "function-broken", Severity.ERROR, "function-missing",
        "Lambda cannot run the function: {state} ({reason})",
        _UP, _not_active,
    ),
    Rule(
        "function-stopped", Severity.ERROR, "function-stopped",
        "the function's reserved concurrency is 0: it never runs",
        "aws lambda delete-function-concurrency --region {region} --function-name {function_name}",
        lambda facts: when(facts.reserved_concurrency == 0),
    ),
    Rule(
        "function-table", Severity.ERROR, "function-missing",
        "the function writes to {table}, which is no table of the stacks that were given",
        f"{_UP}, or give the outputs of that table's stack too", _other_tables,
    ),
    Rule(
        "function-errors", Severity.WARNING, "function-errors",
        "the function failed in the last {hours} h (times: {number})",
        _LOGS, lambda facts: _some(facts.counted.errors, facts),
    ),
    Rule(
        "function-throttles", Severity.WARNING, "function-throttles",
        "the function was throttled in the last {hours} h (times: {number})",
        "aws lambda get-account-settings --region {region} --query AccountLimit",
        lambda facts: _some(facts.counted.throttles, facts),
    ),
    Rule(
        "notifications-failed", Severity.WARNING, "notifications-failed",
        "the topic gave up on deliveries in the last {hours} h (times: {number})",
        "mend what other findings name; see the subscription dead-letter queue",
        lambda facts: _some(facts.counted.failed_deliveries, facts),
    ),
    Rule(
        "visibility-timeout", Severity.WARNING, "visibility-timeout",
        "the queue shows a message again after {seconds} s; {least} s or more, six times the function's time-out, "
        "keep it from being processed twice",
        _UP, _short_visibility,
    ),
)  # fmt: skip
