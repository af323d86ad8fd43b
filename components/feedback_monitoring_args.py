"""The inputs of the monitoring: their meaning, range and default."""

from typing import Any, NotRequired, TypedDict

import pulumi

from components import inputs


class FeedbackMonitoringArgs(TypedDict):
    bounce_pipelines: NotRequired[dict[str, pulumi.Input[dict[str, str]]]]
    """Pipelines of bounces to watch: the output `monitored` of each, under a name for its alarms. Default: none."""
    complaint_pipelines: NotRequired[dict[str, pulumi.Input[dict[str, str]]]]
    """Pipelines of complaints to watch, likewise; a pipeline of either kind is needed. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """Region of the pipelines and of everything here. Default: the pipelines' Region."""
    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """Topic in this Region to notify, which lets CloudWatch publish. Default: a topic of its own."""
    alarm_emails: NotRequired[list[str]]
    """E-mail addresses to notify by the own topic; each gets a mail to confirm. Default: none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of the own topic, in this Region; its policy must let CloudWatch use it. Default: none."""
    runbook_url: NotRequired[pulumi.Input[str]]
    """Address of the runbooks, to which each alarm adds its section. Default: docs/operations.md, a path here."""
    bounce_rate_warning: NotRequired[pulumi.Input[float]]
    """Bounce rate that warns, a fraction. Default: 0.05, at which AWS reviews an account."""
    bounce_rate_critical: NotRequired[pulumi.Input[float]]
    """Bounce rate that is critical, above the warning. Default: 0.1, at which AWS may pause an account."""
    complaint_rate_warning: NotRequired[pulumi.Input[float]]
    """Complaint rate that warns, a fraction. Default: 0.001, at which AWS reviews an account."""
    complaint_rate_critical: NotRequired[pulumi.Input[float]]
    """Complaint rate that is critical, above the warning. Default: 0.005, at which AWS may pause an account."""
    oldest_message_seconds: NotRequired[pulumi.Input[int]]
    """Age of the oldest feedback in a queue that alarms, 60 to 1209600 seconds. Default: 900."""
    missing_feedback_hours: NotRequired[int]
    """Hours in which to look for feedback that nothing processed, 2 to 48; 0 for no such alarm. Default: 24."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of everything here that takes tags. Default: none."""


AWS_LIMITS: dict[str, float] = {
    "bounce_rate_warning": 0.05,
    "bounce_rate_critical": 0.1,
    "complaint_rate_warning": 0.001,
    "complaint_rate_critical": 0.005,
}
"""Where AWS reviews an account and where it may pause it (SES Developer Guide, "Amazon SES enforcement FAQs")."""

DEFAULTS: dict[str, Any] = {
    "alarm_emails": [],
    "runbook_url": "docs/operations.md",
    **AWS_LIMITS,
    "oldest_message_seconds": 900,
    "missing_feedback_hours": 24,
    "tags": {},
}
"""What holds where the user says nothing."""


def read(args: FeedbackMonitoringArgs) -> dict[str, Any]:
    """The checked inputs, defaults filled in, pipelines as `{kind: {key: pipeline}}`; what was not given is absent.

    Raises: ValueError, naming the input and its value.
    """
    given = inputs.given(args, FeedbackMonitoringArgs.__annotations__)
    checked = {key: inputs.check(rule, key, given[key]) for key, rule in inputs.MONITORING.items() if key in given}
    result: dict[str, Any] = DEFAULTS | checked
    result["pipelines"] = {
        kind: inputs.named(f"{kind}_pipelines", given.get(f"{kind}_pipelines") or {}) for kind in inputs.KINDS
    }
    if not any(result["pipelines"].values()):
        raise inputs.refuse("bounce_pipelines", {}, "at least one pipeline is needed, here or as complaint_pipelines")
    if "alarm_topic_arn" in result:
        for key in ("alarm_emails", "kms_key_arn"):
            if given.get(key):
                right = "leave it out with alarm_topic_arn: it is for the topic that is made without one"
                raise inputs.refuse(key, given[key], right)
    rates = {key: result[key] for key in AWS_LIMITS}
    if any(isinstance(value, pulumi.Output) for value in rates.values()):
        pulumi.Output.all(**rates).apply(inputs.rates)
    else:
        inputs.rates(rates)
    return result
