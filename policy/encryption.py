"""Rules on encryption: feedback, which holds addresses, is encrypted with keys that SES and SNS can use."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.arn import Arn
from policy.feedback_path import FeedbackPath
from policy.properties import is_set, read_property
from policy.resource_types import LOG_GROUP, QUEUE, TABLE, TOPIC
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, Config, Rule, Setting

_RESOURCE_TYPES = {TOPIC: "topics", QUEUE: "queues", TABLE: "tables", LOG_GROUP: "logGroups"}
"""The name of each type in the setting `resourceTypes`."""
_RESOURCE_TYPES_SCHEMA = {"type": "array", "items": {"type": "string", "enum": list(_RESOURCE_TYPES.values())}}
_KEY_PROPERTIES = {
    TOPIC: ("kmsMasterKeyId",),
    QUEUE: ("kmsMasterKeyId",),
    TABLE: ("serverSideEncryption", "kmsKeyArn"),
    LOG_GROUP: ("kmsKeyId",),
}


def _check_queue_encryption(queue: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if not is_set(queue, "kmsMasterKeyId") and read_property(queue, "sqsManagedSseEnabled") is not True:
        yield "The queue is not encrypted, neither by SQS nor by a KMS key: it stores addresses in plain text."


def _check_aws_managed_key(resource: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    key = _kms_key(resource)
    if _is_aws_managed(key):
        yield (
            f"The KMS key {key} is managed by AWS, and its policy allows neither SES nor SNS to use it: feedback is "
            "not delivered."
        )


def _kms_key(resource: PolicyResource) -> str:
    """The key of a resource, empty for none; an unknown one that depends on another resource is no AWS managed key."""
    keys = _KEY_PROPERTIES[resource.resource_type]
    try:
        return str(read_property(resource, *keys) or "")
    except UnknownValueError:
        if resource.property_dependencies.get(keys[0]):
            return "a key of this stack"
        raise


def _is_aws_managed(key: str) -> bool:
    """Whether a key is given by an AWS managed alias or its ARN; the rules see no other sign of it."""
    arn = Arn.parse(key)
    return (arn.resource if arn else key).startswith("alias/aws/")


def _check_customer_managed_key(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    if _RESOURCE_TYPES[resource.resource_type] not in config["resourceTypes"]:
        return
    key = _kms_key(resource)
    if not key or _is_aws_managed(key):
        yield (
            "The resource has no customer managed key, which the configuration of this rule requires: the key's policy "
            "cannot limit who decrypts feedback."
        )


RULES: Sequence[Rule] = (
    Rule(
        name="queue-encrypted", severity=HIGH, level=MANDATORY, applies_to="queues and dead-letter queues",
        description="Queues and dead-letter queues are encrypted.",
        remediation="Set sqsManagedSseEnabled, or a customer managed key.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
        select=lambda path: path.all_queues, check=_check_queue_encryption,
    ),
    Rule(
        name="kms-key-not-aws-managed", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="topics, queues and dead-letter queues",
        description="No topic or queue uses an AWS managed key, such as alias/aws/sns or alias/aws/sqs.",
        remediation="Use a customer managed key whose policy allows ses.amazonaws.com and sns.amazonaws.com, or none.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        select=lambda path: [*path.topics, *path.all_queues], check=_check_aws_managed_key,
    ),
    Rule(
        name="kms-key-required", severity=MEDIUM, level=MANDATORY, before_creation=True,
        applies_to="topics, queues, tables and log groups",
        description="Resources of the configured types use a customer managed key.",
        remediation="Set a key of the same Region whose policy allows the services to use it.",
        url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
        select=lambda path: [*path.topics, *path.all_queues, *path.tables, *path.log_groups],
        check=_check_customer_managed_key, required_setting="resourceTypes",
        settings={
            "resourceTypes": Setting(
                [], "The types that need one: topics, queues, tables, logGroups. Empty: none.", _RESOURCE_TYPES_SCHEMA
            ),
        },
    ),
)  # fmt: skip
