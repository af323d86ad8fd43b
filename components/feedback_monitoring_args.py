"""The inputs of the monitoring: their meaning, range and default."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi

from components import inputs


class FeedbackMonitoringArgs(TypedDict):
    bounce_pipelines: NotRequired[dict[str, pulumi.Input[dict[str, str]]]]
    """Pipelines of bounces to monitor: the output `monitored` of each, under a name for its alarms. Default: none."""
    complaint_pipelines: NotRequired[dict[str, pulumi.Input[dict[str, str]]]]
    """Pipelines of complaints to monitor, likewise; at least one pipeline of either kind is needed. Default: none."""
    canaries: NotRequired[dict[str, pulumi.Input[dict[str, str]]]]
    """Canaries to monitor: the output `monitored` of each, under the name that `bounce_pipelines` and
    `complaint_pipelines` have for the pipelines that it tests. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """Region of the pipelines, the alarms and the dashboard. Default: the pipelines' Region."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Topic in this Region to notify of alarms; its policy must let CloudWatch publish. Default: a new topic."""
    alarm_emails: NotRequired[list[str]]
    """E-mail addresses to subscribe to the new topic; each gets a mail to confirm. Default: none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of the new topic, in this Region; its policy must let CloudWatch use it. Default: none."""
    runbook_url: NotRequired[pulumi.Input[str]]
    """URL of the runbooks, to which each alarm adds its section. Default: docs/operations.md, a path in this project's
    repository."""
    bounce_rate_warning: NotRequired[pulumi.Input[float]]
    """Bounce rate of the warning alarm, a fraction. Default: 0.05, at which AWS reviews an account."""
    bounce_rate_critical: NotRequired[pulumi.Input[float]]
    """Bounce rate of the critical alarm, above the warning. Default: 0.1, at which AWS may pause an account."""
    complaint_rate_warning: NotRequired[pulumi.Input[float]]
    """Complaint rate of the warning alarm, a fraction. Default: 0.001, at which AWS reviews an account."""
    complaint_rate_critical: NotRequired[pulumi.Input[float]]
    """Complaint rate of the critical alarm, above the warning. Default: 0.005, at which AWS may pause an account."""
    oldest_message_seconds: NotRequired[pulumi.Input[int]]
    """Age of a queue's oldest message at which the alarm goes off, 60 to 1209600 seconds. Default: 900."""
    missing_feedback_hours: NotRequired[int]
    """Hours in which to look for feedback that SES counted and no pipeline processed, 2 to 48; 0 for no such alarm.
    There is none for a kind whose pipelines all have a canary. Default: 24."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of every resource that takes tags. Default: none."""


AWS_RATE_LIMITS: dict[str, float] = {
    "bounce_rate_warning": 0.05,
    "bounce_rate_critical": 0.1,
    "complaint_rate_warning": 0.001,
    "complaint_rate_critical": 0.005,
}
"""Where AWS reviews an account and where it may pause it (SES Developer Guide, "Amazon SES enforcement FAQs")."""

RULES: dict[str, inputs.Rule[Any]] = {
    "bounce_pipelines": inputs.named,
    "complaint_pipelines": inputs.named,
    "canaries": inputs.named,
    "region": inputs.region,
    "alarm_topic_arn": inputs.topic_arn,
    "alarm_emails": inputs.each(inputs.email),
    "kms_key_arn": inputs.kms_key_arn,
    "runbook_url": inputs.url,
    **dict.fromkeys(AWS_RATE_LIMITS, inputs.fraction),
    # Up to the longest that SQS keeps a message (API reference, SetQueueAttributes, MessageRetentionPeriod).
    "oldest_message_seconds": inputs.IntegerRange(60, 1_209_600, "seconds"),
    # Two hours must agree; 48 is the longest warm-up of an alarm (CloudWatch API reference, WarmUpConfiguration).
    "missing_feedback_hours": inputs.IntegerRange(2, 48, "hours", zero="no such alarm"),
    "tags": inputs.tags,
}


@dataclass(frozen=True, kw_only=True)
class FeedbackMonitoringInputs:
    """The checked inputs of the monitoring, and their defaults."""

    bounce_pipelines: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    complaint_pipelines: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    canaries: dict[str, pulumi.Input[dict[str, str]]] = field(default_factory=dict)
    region: pulumi.Input[str] | None = None
    alarm_topic_arn: pulumi.Input[str] | None = None
    alarm_emails: list[str] = field(default_factory=list)
    kms_key_arn: pulumi.Input[str] | None = None
    runbook_url: pulumi.Input[str] = "docs/operations.md"
    bounce_rate_warning: pulumi.Input[float] = AWS_RATE_LIMITS["bounce_rate_warning"]
    bounce_rate_critical: pulumi.Input[float] = AWS_RATE_LIMITS["bounce_rate_critical"]
    complaint_rate_warning: pulumi.Input[float] = AWS_RATE_LIMITS["complaint_rate_warning"]
    complaint_rate_critical: pulumi.Input[float] = AWS_RATE_LIMITS["complaint_rate_critical"]
    oldest_message_seconds: pulumi.Input[int] = 900
    missing_feedback_hours: int = 24
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)

    @property
    def pipelines(self) -> dict[str, dict[str, pulumi.Input[dict[str, str]]]]:
        """The pipelines by kind and by the name that the program gave them."""
        return {kind: getattr(self, f"{kind}_pipelines") for kind in inputs.KINDS}


def read(args: FeedbackMonitoringArgs) -> FeedbackMonitoringInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    checked = inputs.read_inputs(FeedbackMonitoringInputs, args, RULES)
    if not any(checked.pipelines.values()):
        requirement = "at least one pipeline is needed, here or as complaint_pipelines"
        raise inputs.InputError("bounce_pipelines", {}, requirement)
    if checked.alarm_topic_arn is not None:
        for name in ("alarm_emails", "kms_key_arn"):
            if args.get(name):
                requirement = "leave it out with alarm_topic_arn: it is for the topic that is created without one"
                raise inputs.InputError(name, args.get(name), requirement)
    for kind in inputs.KINDS:
        warning, critical = (getattr(checked, f"{kind}_rate_{level}") for level in ("warning", "critical"))
        inputs.check_together(partial(check_rates, kind), warning, critical)
    return checked


def check_rates(kind: str, warning: float, critical: float) -> None:
    """Raises: ValueError for a warning that is not below the critical rate."""
    if warning >= critical:
        requirement = f"less than {kind}_rate_critical ({critical}) is needed"
        raise inputs.InputError(f"{kind}_rate_warning", warning, requirement)
