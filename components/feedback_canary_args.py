"""The inputs of a canary: their meaning, range and default."""

from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from components import feedback_pipeline_args, inputs
from components.monitored_pipeline import MonitoredPipeline


class FeedbackCanaryArgs(TypedDict):
    sender: str
    """E-mail address that the mails come from, of an identity that the pipelines process: its feedback is what is
    tested. SES must have verified the identity in this Region."""
    blocked_table_arn: pulumi.Input[str]
    """ARN of the blocked table; it may be in another Region or account."""
    bounce_pipeline: NotRequired[pulumi.Input[dict[str, str]]]
    """Pipeline of bounces to test: its output `monitored`. Default: bounces are not tested."""
    complaint_pipeline: NotRequired[pulumi.Input[dict[str, str]]]
    """Pipeline of complaints to test, likewise; at least one of the two is needed. Default: complaints are not
    tested."""
    configuration_set_name: NotRequired[pulumi.Input[str]]
    """Configuration set to send by. Needed, too, where the identity has a default one: sending by it takes a right of
    its own. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """Region of every resource of the canary, which its pipelines must have, too. Default: the pipelines' Region."""
    timeout_seconds: NotRequired[pulumi.Input[int]]
    """Seconds from sending a mail within which its address must be blocked, 30 to 840. Default: 300."""
    log_retention_days: NotRequired[pulumi.Input[int]]
    """Days to keep the function's logs, one of the numbers that CloudWatch Logs accepts. Default: 30."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key, in this Region, for the logs. Default: none."""
    table_kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of the blocked table, if it has one: the function needs permission to decrypt.
    Default: none."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Permissions boundary of both roles. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of every resource that takes tags. Default: none."""


_LONGEST_TIMEOUT = 840
"""A function runs for 900 seconds at most (Lambda Developer Guide, "Lambda quotas"); a minute is for sending."""

_SHARED_WITH_PIPELINES = (
    *("blocked_table_arn", "configuration_set_name", "region", "log_retention_days", "kms_key_arn"),
    *("table_kms_key_arn", "permissions_boundary_arn", "tags"),
)
RULES: dict[str, inputs.Rule[Any]] = {
    "sender": inputs.email,
    **{f"{kind}_pipeline": MonitoredPipeline.of_kind(kind) for kind in inputs.KINDS},
    "timeout_seconds": inputs.IntegerRange(30, _LONGEST_TIMEOUT, "seconds"),
    **{name: feedback_pipeline_args.RULES[name] for name in _SHARED_WITH_PIPELINES},
}


@dataclass(frozen=True, kw_only=True)
class FeedbackCanaryInputs:
    """The checked inputs of a canary, and their defaults."""

    sender: str
    blocked_table_arn: pulumi.Input[str]
    bounce_pipeline: pulumi.Input[MonitoredPipeline] | None = None
    complaint_pipeline: pulumi.Input[MonitoredPipeline] | None = None
    configuration_set_name: pulumi.Input[str] | None = None
    region: pulumi.Input[str] | None = None
    timeout_seconds: pulumi.Input[int] = 300
    log_retention_days: pulumi.Input[int] = 30
    kms_key_arn: pulumi.Input[str] | None = None
    table_kms_key_arn: pulumi.Input[str] | None = None
    permissions_boundary_arn: pulumi.Input[str] | None = None
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)

    @property
    def pipelines(self) -> dict[str, pulumi.Input[MonitoredPipeline]]:
        """The pipelines to test, by kind."""
        pipelines = {kind: getattr(self, f"{kind}_pipeline") for kind in inputs.KINDS}
        return {kind: pipeline for kind, pipeline in pipelines.items() if pipeline is not None}


def read(args: FeedbackCanaryArgs) -> FeedbackCanaryInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    checked = inputs.read_inputs(FeedbackCanaryInputs, args, RULES)
    if not checked.pipelines:
        raise inputs.InputError("bounce_pipeline", None, "a pipeline is needed, here or as complaint_pipeline")
    return checked
