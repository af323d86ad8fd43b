"""Encryption: feedback holds addresses, and some keys that look right stop its way."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.path import LOG_GROUP, QUEUE, TABLE, TOPIC, FeedbackPath
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, Config, Rule, Setting
from policy.wiring import known, present

_KINDS = {"topics": TOPIC, "queues": QUEUE, "tables": TABLE, "logs": LOG_GROUP}
_SOME = {"type": "array", "items": {"type": "string", "enum": list(_KINDS)}}
_KEYS = {"tables": ("serverSideEncryption", "kmsKeyArn"), "logs": ("kmsKeyId",)}


def _encrypted(queue: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if not present(queue, "kmsMasterKeyId") and known(queue, "sqsManagedSseEnabled") is not True:
        yield "it is not encrypted: neither sqsManagedSseEnabled nor a key is given."


def _managed_key(resource: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    key = _key(resource, "kmsMasterKeyId")
    if _is_managed(key):
        yield f"its key is {key}, whose policy lets neither SES nor SNS use it: feedback is not delivered."


def _key(resource: PolicyResource, *keys: str) -> str:
    """The key that is given. One that is made from another resource is a customer's, known or not."""
    try:
        return str(known(resource, *keys) or "")
    except UnknownValueError:
        if resource.property_dependencies.get(keys[0]):
            return "a key of this stack"
        raise


def _is_managed(key: str) -> bool:
    """Whether a key is named as one that AWS manages: by its alias, or by the ARN of that."""
    return key.rsplit(":", 1)[-1].startswith("alias/aws/")


def _customer_key(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    kind = next(name for name, type_ in _KINDS.items() if type_ == resource.resource_type)
    if kind not in config["kinds"]:
        return
    key = _key(resource, *_KEYS.get(kind, ("kmsMasterKeyId",)))
    if not key or _is_managed(key):
        yield "it has no customer managed key."


RULES: Sequence[Rule] = (
    Rule(
        name="queues-are-encrypted", severity=HIGH, level=MANDATORY, looks_at="queues of every purpose",
        says="Queues of feedback and their dead-letter queues are encrypted.",
        fix="Set sqsManagedSseEnabled, or give a customer managed key.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
        subjects=lambda path: path.all_queues, problems=_encrypted,
    ),
    Rule(
        name="no-key-that-stops-feedback", severity=CRITICAL, level=MANDATORY, looks_at="topics and queues",
        says="No topic and no queue is under a key that AWS manages, such as alias/aws/sns or alias/aws/sqs.",
        fix="Use a customer managed key whose policy lets ses.amazonaws.com and sns.amazonaws.com use it, or none.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        subjects=lambda path: [*path.topics, *path.all_queues], problems=_managed_key, early=True,
    ),
    Rule(
        name="customer-keys", severity=MEDIUM, level=MANDATORY, looks_at="topics, queues, tables, log groups",
        says="What holds feedback is under a customer managed key, where the configuration asks for it.",
        fix="Give a key of the same Region whose policy lets the services use it.",
        url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
        subjects=lambda path: [*path.topics, *path.all_queues, *path.tables, *path.log_groups],
        problems=_customer_key, on="kinds", early=True,
        settings={"kinds": Setting([], "Which need one: of topics, queues, tables, logs. Empty: none.", _SOME)},
    ),
)  # fmt: skip
