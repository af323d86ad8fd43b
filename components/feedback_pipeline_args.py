"""The inputs of a pipeline: their meaning, range and default."""

from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from components import capacity, inputs
from components.arn import Arn


class FeedbackPipelineArgs(TypedDict):
    kind: str
    """Which feedback: ``bounce`` or ``complaint``."""
    blocked_table_arn: pulumi.Input[str]
    """ARN of the blocked table; it may be in another Region or account."""
    history_table_arn: pulumi.Input[str]
    """ARN of the history table, in the same Region and account as the blocked table."""
    identities: NotRequired[list[str]]
    """Domains and e-mail addresses, verified in SES in this Region, whose feedback to process. Default: none."""
    configuration_set_name: NotRequired[pulumi.Input[str]]
    """Configuration set whose feedback to process. Together with `identities`, a bounce that SES reports through both
    counts once. Default: none."""
    region: NotRequired[pulumi.Input[str]]
    """Region of every resource of the pipeline, from which SES sends the mail. Default: the provider's Region."""
    include_original_headers: NotRequired[pulumi.Input[bool]]
    """Whether SES adds the mail's headers, which are personal data, to an identity's notifications. Default: false."""
    email_forwarding: NotRequired[bool]
    """Whether SES also forwards feedback about the identities by e-mail. SES accepts false once an identity has a topic
    for both kinds: set it on the second pipeline, and make that depend on the first. Default: left as it is."""
    protected: NotRequired[list[str]]
    """Addresses (``jane@example.org``), domains (``example.org``) and local parts of any domain (``abuse@``) that
    feedback never blocks; as many as the 4 KB of the function's environment hold, and the history table holds more.
    Default: none."""
    sending_accounts: NotRequired[list[str]]
    """Further accounts that feedback may name, as with sending authorization: delegate senders of the identities, or
    owners of identities that this account sends by; as many as the 4 KB of the function's environment hold.
    Default: none."""
    automatic_redrive: NotRequired[bool]
    """Whether the function moves dead letters back by itself, once each, when an outage is over; never what it could
    not read. Default: true."""
    redrive_principals: NotRequired[list[str]]
    """ARNs of the roles and users in this account that may also send to the queue, to redrive by hand. Default: none.
    """
    message_retention_days: NotRequired[pulumi.Input[int]]
    """Days for which the queue keeps a message, 1 to 13; the dead-letter queues keep it 14. Default: 7."""
    batch_size: NotRequired[pulumi.Input[int]]
    """Most messages in one invocation, 1 to 10000. Default: 10. More than 10 need a batching window."""
    maximum_batching_window_seconds: NotRequired[pulumi.Input[int]]
    """Seconds to wait for a batch to fill, 0 to 300. Default: 0."""
    maximum_concurrency: NotRequired[pulumi.Input[int]]
    """Most invocations at the same time, 2 to 1000. Default: as many as `table_write_units_per_second` needs."""
    table_write_units_per_second: NotRequired[pulumi.Input[int]]
    """Write units a second that each table takes from this pipeline, 25 to 10000000. Default: what a new table
    takes at once, 4000."""
    function_memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of the function in MB, 128 to 10240. Default: 256."""
    function_timeout_seconds: NotRequired[pulumi.Input[int]]
    """Timeout of the function in seconds, 3 to 900; the queue hides a message six times as long or longer. Default: 30.
    """
    log_retention_days: NotRequired[pulumi.Input[int]]
    """Days to keep the function's logs, one of the numbers that CloudWatch Logs accepts. Default: 30."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key, in this Region, for topic, queues and logs. Default: SQS's own key for the queues."""
    table_kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of the tables, if they have one: the function needs permission to decrypt. Default: none."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Permissions boundary of the roles of the function and of its schedule, which invokes it. Default: none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of every resource that takes tags. Default: none."""


DEAD_LETTER_RETENTION_DAYS = 14
"""SQS keeps a message no longer (API reference, CreateQueue)."""
LARGEST_BATCH_WITHOUT_WINDOW = 10
"""A larger batch needs a batching window (Lambda API reference, CreateEventSourceMapping, BatchSize)."""

_LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""CloudWatch Logs takes these numbers of days and no other (API reference, PutRetentionPolicy)."""

# Ranges are AWS's own (botocore's service models of sqs, lambda and logs), unless a comment says otherwise.
RULES: dict[str, inputs.Rule[Any]] = {
    "kind": inputs.kind,
    "blocked_table_arn": inputs.table_arn,
    "history_table_arn": inputs.table_arn,
    "identities": inputs.each(inputs.identity),
    "configuration_set_name": inputs.configuration_set,
    "region": inputs.region,
    "include_original_headers": inputs.boolean,
    "email_forwarding": inputs.boolean,
    # The handler library has the same limits (tests/test_limits.py compares them).
    "protected": inputs.each(inputs.protected_pattern),
    "sending_accounts": inputs.each(inputs.account_id),
    "automatic_redrive": inputs.boolean,
    "redrive_principals": inputs.each(inputs.role_or_user),
    # Less than the dead-letter queue keeps a message: the message keeps its first enqueue time when it moves there.
    "message_retention_days": inputs.IntegerRange(1, DEAD_LETTER_RETENTION_DAYS - 1, "days"),
    "batch_size": inputs.IntegerRange(1, 10_000, "messages"),
    "maximum_batching_window_seconds": inputs.IntegerRange(0, 300, "seconds"),
    "maximum_concurrency": inputs.IntegerRange(capacity.MIN_CONCURRENCY, capacity.MAX_CONCURRENCY, "batches"),
    "table_write_units_per_second": inputs.IntegerRange(capacity.MIN_UNITS, capacity.MAX_UNITS, "write units a second"),
    "function_memory_mb": inputs.IntegerRange(128, 10_240, "MB"),
    # At least what one slow call of DynamoDB takes, with time for the queues.
    "function_timeout_seconds": inputs.IntegerRange(3, 900, "seconds"),
    "log_retention_days": inputs.choice(_LOG_RETENTION_DAYS),
    "kms_key_arn": inputs.kms_key_arn,
    "table_kms_key_arn": inputs.kms_key_arn,
    "permissions_boundary_arn": inputs.policy_arn,
    "tags": inputs.tags,
}


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """How a pipeline works, wherever its feedback comes from and goes to: checked inputs and their defaults."""

    include_original_headers: pulumi.Input[bool] = False
    protected: list[str] = field(default_factory=list)
    sending_accounts: list[str] = field(default_factory=list)
    automatic_redrive: bool = True
    redrive_principals: list[str] = field(default_factory=list)
    message_retention_days: pulumi.Input[int] = 7
    batch_size: pulumi.Input[int] = 10
    maximum_batching_window_seconds: pulumi.Input[int] = 0
    maximum_concurrency: pulumi.Input[int] | None = None
    table_write_units_per_second: pulumi.Input[int] | None = None
    function_memory_mb: pulumi.Input[int] = 256
    function_timeout_seconds: pulumi.Input[int] = 30
    log_retention_days: pulumi.Input[int] = 30
    permissions_boundary_arn: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class FeedbackPipelineInputs(PipelineSettings):
    """The checked inputs of a pipeline."""

    kind: str
    blocked_table_arn: pulumi.Input[str]
    history_table_arn: pulumi.Input[str]
    identities: list[str] = field(default_factory=list)
    configuration_set_name: pulumi.Input[str] | None = None
    region: pulumi.Input[str] | None = None
    email_forwarding: bool | None = None
    kms_key_arn: pulumi.Input[str] | None = None
    table_kms_key_arn: pulumi.Input[str] | None = None
    tags: pulumi.Input[inputs.Tags] = field(default_factory=dict)


def read(args: FeedbackPipelineArgs) -> FeedbackPipelineInputs:
    """The checked inputs. Raises: ValueError, naming the input and its value."""
    checked = inputs.read_inputs(FeedbackPipelineInputs, args, RULES)
    if not checked.identities and checked.configuration_set_name is None:
        requirement = "at least one identity, or configuration_set_name, is needed"
        raise inputs.InputError("identities", checked.identities, requirement)
    if checked.email_forwarding is not None and not checked.identities:
        requirement = "identities are needed, since it is a setting of an identity"
        raise inputs.InputError("email_forwarding", checked.email_forwarding, requirement)
    inputs.check_together(check_batching, checked.batch_size, checked.maximum_batching_window_seconds)
    inputs.check_together(check_tables, checked.blocked_table_arn, checked.history_table_arn)
    return checked


def check_batching(batch_size: int, window_seconds: int, input_name: inputs.InputName = str) -> None:
    """Raises: ValueError for a large batch without a batching window."""
    if batch_size > LARGEST_BATCH_WITHOUT_WINDOW and window_seconds < 1:
        requirement = f"at least 1 is needed with {input_name('batch_size')} {batch_size}"
        raise inputs.InputError(input_name("maximum_batching_window_seconds"), window_seconds, requirement)


def check_tables(
    blocked_table_arn: str | None, history_table_arn: str | None, input_name: inputs.InputName = str
) -> None:
    """Raises: ValueError for tables in two Regions or accounts: one transaction writes both."""
    blocked, history = Arn.parse(blocked_table_arn or ""), Arn.parse(history_table_arn or "")
    if (blocked and (blocked.region, blocked.account)) != (history and (history.region, history.account)):
        blocked_table = f"{input_name('blocked_table_arn')} ({blocked_table_arn})"
        requirement = f"the Region and account of {blocked_table} is needed: one transaction writes both tables"
        raise inputs.InputError(input_name("history_table_arn"), history_table_arn, requirement)
