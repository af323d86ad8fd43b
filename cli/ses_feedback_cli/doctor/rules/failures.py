"""What fails: does it come back for long enough, and do its dead letters go back by themselves?"""

from collections.abc import Iterable

from ses_feedback_cli.doctor.observations import PipelineObservation, queue_name
from ses_feedback_cli.doctor.resources import Function, Missing, Queue
from ses_feedback_cli.doctor.rules.delivery import OLDEST_MESSAGE_LIMIT_SECONDS
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity

_MINIMUM_RETRIES = 0.5  # of the retention: the program sets 0.99


def _refused(observed: PipelineObservation) -> Iterable[Fault]:
    seconds = observed.metrics.refused_seconds
    if seconds is not None and seconds >= OLDEST_MESSAGE_LIMIT_SECONDS:
        yield {"minutes": int(seconds / 60), "log_group": observed.pipeline.log_group_name}


def _queues_unknown(observed: PipelineObservation) -> Iterable[Fault]:
    if not isinstance(observed.function, Function):
        return
    pipeline = observed.pipeline
    expected_urls = {
        "QUEUE_URL": pipeline.queue_url,
        "DEAD_LETTER_QUEUE_URL": pipeline.dead_letter_queue_url,
        "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": pipeline.subscription_dead_letter_queue_url,
    }
    actual_urls = observed.function.queue_urls
    wrong = [name for name, url in expected_urls.items() if queue_name(actual_urls.get(name, "")) != queue_name(url)]
    if wrong:
        yield {"variables": ", ".join(wrong)}


def _redrive_schedule_missing(observed: PipelineObservation) -> Iterable[Fault]:
    if observed.redrive_schedule is Missing.NOT_FOUND:
        yield {"schedule": observed.pipeline.redrive_schedule}


def _redrive_schedule_disabled(observed: PipelineObservation) -> Iterable[Fault]:
    if observed.redrive_schedule == "DISABLED":
        yield {"schedule": observed.pipeline.redrive_schedule}


def _retries_too_short(observed: PipelineObservation) -> Iterable[Fault]:
    queue = observed.queue
    if not isinstance(queue, Queue) or queue.dead_letter_queue_arn is None:
        return
    duration = queue.max_receive_count * queue.visibility_timeout_seconds
    if duration < _MINIMUM_RETRIES * queue.retention_seconds:
        yield {
            "count": queue.max_receive_count,
            "seconds": queue.visibility_timeout_seconds,
            "outage": _duration(duration),
            "retention": _duration(queue.retention_seconds),
        }


def _duration(seconds: int) -> str:
    """In the largest unit of which it has two or more."""
    for unit_seconds, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} seconds"


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "feedback-refused", Severity.WARNING, "feedback-refused",
        "AWS refused to record feedback that was {minutes} minutes old, in the last {hours} h",
        "aws logs tail {log_group} --region {region} --since {hours}h --filter-pattern '\"not recorded\"'", _refused,
    ),
    Rule(
        "function-environment", Severity.WARNING, "function-environment",
        "the function's environment does not name its queues ({variables}): what it cannot read becomes a dead letter "
        "late, and nothing is redriven automatically",
        REFRESH, _queues_unknown,
    ),
    Rule(
        "redrive-schedule-missing", Severity.WARNING, "automatic-redrive",
        "the schedule {schedule} does not exist: dead letters of an outage stay until somebody moves them",
        REFRESH, _redrive_schedule_missing,
    ),
    Rule(
        "redrive-schedule-disabled", Severity.WARNING, "automatic-redrive",
        "the schedule {schedule} is disabled: dead letters of an outage stay until somebody moves them",
        "pulumi up --refresh enables it, if the reason for disabling it is gone", _redrive_schedule_disabled,
    ),
    Rule(
        "queue-receive-count", Severity.WARNING, "queue-redrive",
        "the queue moves a message to the dead-letter queue after {count} receives, {seconds} s apart: an outage of "
        "{outage} makes dead letters, although the queue keeps messages for {retention}",
        REFRESH, _retries_too_short,
    ),
)  # fmt: skip
