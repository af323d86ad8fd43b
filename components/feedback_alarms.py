"""The alarms on what the rules decided about feedback: data, as in `alarms`. docs/operations.md has a runbook for each.

The function publishes the metric Feedback with these four dimensions, for the feedback that it recorded.
"""

from components.alarms import HOUR, NAMESPACE, SERVICE, Alarm
from components.inputs import KINDS


def _feedback_alarm(
    suffix: str,
    description: str,
    *,
    verdict: str,
    rule: str,
    threshold: float = 1.0,
    kinds: tuple[str, ...] = KINDS,
    rationale: str,
) -> Alarm:
    """An alarm on the feedback that one rule decided within an hour."""
    return Alarm(
        suffix=suffix,
        description=description,
        namespace=NAMESPACE,
        metric_name="Feedback",
        dimension_name="pipeline",
        dimension_property="name",
        other_dimensions={"service": SERVICE, "verdict": verdict, "rule": rule},
        kinds=kinds,
        statistic="Sum",
        period=HOUR,
        threshold=threshold,
        rationale=f"{rationale} A rule that decided nothing has no data.",
    )


FEEDBACK_ALARMS: tuple[Alarm, ...] = (
    _feedback_alarm(
        "surge",
        "Hard bounces of one recipient domain are far above its usual: they only hold.",
        verdict="hold",
        rule="surge-hold",
        kinds=("bounce",),
        rationale="One held bounce means that the domain's own past was exceeded, which is rare. An hour, so that a "
        "surge that lasts is one alarm.",
    ),
    _feedback_alarm(
        "sender-refused",
        "Receivers refuse the sender's mail, not the recipients: nobody is blocked for good, and mail is lost.",
        verdict="count",
        rule="sender-refused",
        threshold=10.0,
        kinds=("bounce",),
        rationale="Single receivers refuse single mails every day; ten within an hour have a common cause at the "
        "sender.",
    ),
    _feedback_alarm(
        "protected-address",
        "There is feedback about a protected address, which is not blocked.",
        verdict="ignore",
        rule="protected",
        rationale="Protected addresses are few, and somebody chose each: every feedback about one is worth a look.",
    ),
    Alarm(
        suffix="feedback-refused",
        description="AWS has refused feedback for long: it waits in the queue, and its addresses are still mailed.",
        namespace=NAMESPACE,
        metric_name="RefusedAge",
        dimension_name="pipeline",
        dimension_property="name",
        other_dimensions={"service": SERVICE},
        statistic="Maximum",
        period=HOUR,
        evaluation_periods=3,
        threshold="oldest_message_seconds",
        rationale="The age of what AWS refused, at each attempt: what it takes within a quarter of an hour is nobody's "
        "work. The attempts become rare, up to 2.4 hours apart, so one of the last three hours decides. When AWS takes "
        "it again, there is no data, and the alarm goes back.",
    ),
    Alarm(
        suffix="bounces-not-counted",
        description="The function cannot count the hard bounces of a domain: the breaker does not open.",
        namespace=NAMESPACE,
        metric_name="Uncounted",
        dimension_name="pipeline",
        dimension_property="name",
        other_dimensions={"service": SERVICE},
        kinds=("bounce",),
        statistic="Sum",
        period=HOUR,
        threshold=10.0,
        rationale="A count that fails once makes the breaker open a little later. Ten an hour are no accident: the "
        "function lacks a permission, or the table refuses writes.",
    ),
)
"""The alarms of each pipeline on what was decided about its feedback; those of some rules are for one kind only."""
