"""Event source mapping and function: is what arrives in the queue processed?"""

from collections.abc import Iterable

from ses_feedback.arn import Arn

from ses_feedback_cli.doctor.observations import PipelineObservation
from ses_feedback_cli.doctor.resources import EventSourceMapping, Function, Missing, Queue
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity

_LOGS = "aws logs tail {log_group} --region {region} --since {hours}h --filter-pattern '?ERROR ?timeout ?\"Runtime.\"'"
_MINIMUM_VISIBILITY_TIMEOUTS = 6  # times the function's timeout, as AWS recommends
_RUNNING_STATES = {"Enabled", "Enabling", "Creating", "Updating"}


def _mapping_missing(observed: PipelineObservation) -> bool:
    return observed.event_source_mapping is Missing.NOT_FOUND and observed.function is not Missing.NOT_FOUND


def _mapping_disabled(observed: PipelineObservation) -> Iterable[Fault]:
    mapping = observed.event_source_mapping
    if isinstance(mapping, EventSourceMapping) and mapping.state not in _RUNNING_STATES:
        yield {"uuid": mapping.uuid, "state": mapping.state}


def _partial_batch_responses_disabled(observed: PipelineObservation) -> Iterable[Fault]:
    mapping = observed.event_source_mapping
    if isinstance(mapping, EventSourceMapping) and "ReportBatchItemFailures" not in mapping.response_types:
        yield {"uuid": mapping.uuid}


def _function_missing(observed: PipelineObservation) -> bool:
    return observed.function is Missing.NOT_FOUND


def _function_failed(observed: PipelineObservation) -> Iterable[Fault]:
    function = observed.function
    if isinstance(function, Function) and "Failed" in {function.state, function.last_update_status}:
        state = f"state {function.state}, last update {function.last_update_status}"
        yield {"state": state, "reason": function.state_reason or "no reason given"}


def _function_stopped(observed: PipelineObservation) -> bool:
    return observed.reserved_concurrency == 0


def _function_uses_unknown_table(observed: PipelineObservation) -> Iterable[Fault]:
    if not isinstance(observed.function, Function):
        return
    # A table that was given by name cannot be compared with the ARNs in the function's environment.
    known_arns = {table for table in observed.stack_tables if Arn.parse(table)}
    for arn in observed.function.table_arns:
        if known_arns and arn not in known_arns:
            yield {"table": arn}


def _function_errors(observed: PipelineObservation) -> Iterable[Fault]:
    return _counted(observed.metrics.errors, observed)


def _function_throttled(observed: PipelineObservation) -> Iterable[Fault]:
    return _counted(observed.metrics.throttles, observed)


def _deliveries_failed(observed: PipelineObservation) -> Iterable[Fault]:
    return _counted(observed.metrics.failed_deliveries, observed)


def _counted(total: float | None, observed: PipelineObservation) -> Iterable[Fault]:
    return [{"number": int(total), "log_group": observed.pipeline.log_group_name}] if total else []


def _concurrency_too_low(observed: PipelineObservation) -> Iterable[Fault]:
    mapping, reserved = observed.event_source_mapping, observed.reserved_concurrency
    if not isinstance(mapping, EventSourceMapping) or not isinstance(reserved, int) or reserved == 0:
        return
    if mapping.maximum_concurrency is None or reserved < mapping.maximum_concurrency:
        yield {"reserved": reserved, "maximum": mapping.maximum_concurrency or "not limited", "uuid": mapping.uuid}


def _visibility_timeout_too_short(observed: PipelineObservation) -> Iterable[Fault]:
    queue, function = observed.queue, observed.function
    if not isinstance(queue, Queue) or not isinstance(function, Function):
        return
    minimum = _MINIMUM_VISIBILITY_TIMEOUTS * function.timeout_seconds
    if queue.visibility_timeout_seconds < minimum:
        yield {"seconds": queue.visibility_timeout_seconds, "minimum": minimum}


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "event-source-mapping-missing", Severity.ERROR, "event-source-mapping",
        "the function has no event source mapping for the queue: feedback stays in the queue",
        REFRESH, _mapping_missing,
    ),
    Rule(
        "event-source-mapping-disabled", Severity.ERROR, "event-source-mapping",
        "the event source mapping is {state}: feedback stays in the queue",
        "aws lambda update-event-source-mapping --region {region} --uuid {uuid} --enabled", _mapping_disabled,
    ),
    Rule(
        "partial-batch-responses-disabled", Severity.ERROR, "event-source-mapping",
        "the event source mapping takes no partial batch responses: messages that the function could not process are "
        "deleted",
        "aws lambda update-event-source-mapping --region {region} --uuid {uuid} "
        "--function-response-types ReportBatchItemFailures", _partial_batch_responses_disabled,
    ),
    Rule(
        "function-missing", Severity.ERROR, "function-missing",
        "the function {function_name} does not exist",
        REFRESH, _function_missing,
    ),
    Rule(
        "function-failed", Severity.ERROR, "function-missing",
        "Lambda cannot run the function: {state} ({reason})",
        REFRESH, _function_failed,
    ),
    Rule(
        "function-stopped", Severity.ERROR, "function-stopped",
        "the function's reserved concurrency is 0: it never runs",
        "aws lambda delete-function-concurrency --region {region} --function-name {function_name}", _function_stopped,
    ),
    Rule(
        "function-table-mismatch", Severity.ERROR, "function-missing",
        "the function writes to {table}, which is not a table of the given stacks",
        f"{REFRESH}, or give the outputs of that table's stack too", _function_uses_unknown_table,
    ),
    Rule(
        "function-errors", Severity.WARNING, "function-errors",
        "the function failed in the last {hours} h (times: {number})",
        _LOGS, _function_errors,
    ),
    Rule(
        "function-throttles", Severity.WARNING, "function-throttles",
        "the function was throttled in the last {hours} h (times: {number})",
        "aws lambda get-account-settings --region {region} --query AccountLimit", _function_throttled,
    ),
    Rule(
        "reserved-concurrency", Severity.WARNING, "function-throttles",
        "the function's reserved concurrency, {reserved}, is below the maximum concurrency of its event source "
        "mapping, {maximum}: the function is throttled in every storm",
        "aws lambda update-event-source-mapping --region {region} --uuid {uuid} "
        "--scaling-config MaximumConcurrency={reserved}", _concurrency_too_low,
    ),
    Rule(
        "notifications-failed", Severity.WARNING, "notifications-failed",
        "the topic could not deliver in the last {hours} h (times: {number})",
        "repair what other findings report; see the subscription dead-letter queue", _deliveries_failed,
    ),
    Rule(
        "visibility-timeout", Severity.WARNING, "visibility-timeout",
        "the queue's visibility timeout is {seconds} s: below {minimum} s, six times the function's timeout, a message "
        "can be processed twice",
        REFRESH, _visibility_timeout_too_short,
    ),
)  # fmt: skip
