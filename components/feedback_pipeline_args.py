"""The inputs of a pipeline: their meaning, range and default."""

from typing import Any, NotRequired, TypedDict

import pulumi

from components import inputs


class FeedbackPipelineArgs(TypedDict):
    kind: str
    """Which feedback: ``bounce`` or ``complaint``."""
    blocked_table_arn: pulumi.Input[str]
    """ARN of the blocked table; it may be in another Region or account."""
    history_table_arn: pulumi.Input[str]
    """ARN of the history table, in the same Region and account as the blocked table."""
    identities: NotRequired[list[str]]
    """Domains and e-mail addresses, verified in SES in this Region, whose feedback to take. Default: none."""
    configuration_set_name: NotRequired[pulumi.Input[str]]
    """Configuration set whose feedback to take; with `identities`, too, a bounce counts once. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """Region of everything here, which is the Region SES sends from. Default: the provider's Region."""
    include_original_headers: NotRequired[pulumi.Input[bool]]
    """Whether SES adds the mail's headers, which are personal data, to an identity's notifications. Default: false."""
    email_forwarding: NotRequired[bool]
    """Whether SES mails feedback about the identities, too. It takes false once an identity has topics for both kinds:
    give it to the second pipeline, which depends on the first. Default: left as it is."""
    soft_bounce_threshold: NotRequired[pulumi.Input[int]]
    """Soft bounces that block an address, 1 to 20. Default: 5."""
    soft_bounce_window_days: NotRequired[pulumi.Input[int]]
    """Days within which they must fall, 1 to 365. Default: 30."""
    soft_block_days: NotRequired[pulumi.Input[int]]
    """Days for which they block, 1 to 365 and at most 12 windows. Default: 30."""
    max_receive_count: NotRequired[pulumi.Input[int]]
    """Attempts before a message goes to the dead-letter queue, 1 to 1000. Default: 5, the least that Lambda advises."""
    message_retention_days: NotRequired[pulumi.Input[int]]
    """Days the queue keeps a message, 1 to 13; the dead-letter queues keep it 14. Default: 7."""
    batch_size: NotRequired[pulumi.Input[int]]
    """Most messages in one invocation, 1 to 10000. Default: 10. Above 10 needs a batching window."""
    maximum_batching_window_seconds: NotRequired[pulumi.Input[int]]
    """Seconds to wait for a batch to fill, 0 to 300. Default: 0."""
    maximum_concurrency: NotRequired[pulumi.Input[int]]
    """Most invocations at once, 2 to 1000. Default: Lambda's own scaling."""
    function_memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of the function in MB, 128 to 10240. Default: 256."""
    function_timeout_seconds: NotRequired[pulumi.Input[int]]
    """Time-out of the function in seconds, 1 to 900; the queue hides a message six times as long. Default: 30."""
    log_retention_days: NotRequired[pulumi.Input[int]]
    """Days to keep the function's logs, one of the numbers CloudWatch Logs takes. Default: 30."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key, in this Region, for topic, queues and logs. Default: queues by SQS's own key."""
    table_kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of the tables, if they have one: the function needs the right to decrypt. Default: none."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Permissions boundary of the function's role. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of everything here that takes tags. Default: none."""


DEFAULTS: dict[str, object] = {
    "soft_bounce_threshold": 5,
    "soft_bounce_window_days": 30,
    "soft_block_days": 30,
    "max_receive_count": 5,
    "message_retention_days": 7,
    "batch_size": 10,
    "maximum_batching_window_seconds": 0,
    "function_memory_mb": 256,
    "function_timeout_seconds": 30,
    "log_retention_days": 30,
    "include_original_headers": False,
    "tags": {},
}
"""What holds where the user says nothing."""


def read(args: FeedbackPipelineArgs) -> dict[str, Any]:
    """The checked inputs, defaults filled in; an input that was not given and has no default is absent.

    Raises: ValueError, naming the input and its value.
    """
    given = inputs.given(args, FeedbackPipelineArgs.__annotations__)
    checked = {key: inputs.check(rule, key, given[key]) for key, rule in inputs.PIPELINE.items() if key in given}
    result: dict[str, Any] = DEFAULTS | {"identities": []} | checked
    for key in ("kind", "blocked_table_arn", "history_table_arn"):
        if key not in result:
            raise inputs.refuse(key, None, "it is needed")
    if not result["identities"] and "configuration_set_name" not in result:
        raise inputs.refuse(
            "identities", result["identities"], "at least one identity, or configuration_set_name, is needed"
        )
    if "email_forwarding" in result and not result["identities"]:
        raise inputs.refuse(
            "email_forwarding", result["email_forwarding"], "identities are needed, whose forwarding it is"
        )
    combined = {key: result[key] for key in inputs.COMBINED}
    if any(isinstance(value, pulumi.Output) for value in combined.values()):
        pulumi.Output.all(**combined).apply(inputs.combination)
    else:
        inputs.combination(combined)
    return result
