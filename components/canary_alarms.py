"""The alarms on canaries: data, as in `alarms`. docs/operations.md has a runbook for each.

A canary publishes its metrics of each pipeline that it tests under that pipeline's name, once a day.
"""

from typing import Any

from components.alarms import HOUR, NAMESPACE, SERVICE, Alarm

_METRIC: dict[str, Any] = {
    "namespace": NAMESPACE,
    "metric_name": "CanaryFailed",
    "dimension_name": "pipeline",
    "dimension_property": "name",
    "other_dimensions": {"service": SERVICE},
    "period": HOUR,
}
_MISSING_HOURS = 30

CANARY_ALARMS: tuple[Alarm, ...] = (
    Alarm(
        **_METRIC,
        suffix="canary-failed",
        description="A mail to SES's mailbox simulator did not block its address in time: feedback is late or lost.",
        statistic="Sum",
        treat_missing_data="ignore",
        rationale="The mail, the address and the way are always the same, so one failure means something. Between two "
        "runs the alarm stays as it is: nothing is repaired because an hour has passed.",
    ),
    Alarm(
        **_METRIC,
        suffix="canary-missing",
        description="The canary did not run: nothing tests whether feedback is processed.",
        statistic="SampleCount",
        comparison_operator="LessThanThreshold",
        datapoints_to_alarm=_MISSING_HOURS,
        evaluation_periods=_MISSING_HOURS,
        treat_missing_data="breaching",
        warm_up_hours=_MISSING_HOURS,
        rationale="It runs every 24 hours; six more are for a delay and for the longest run. An hour without a run has "
        "no data, which counts as none. A new alarm waits as long.",
    ),
)
"""The alarms of each pipeline that a canary tests."""
