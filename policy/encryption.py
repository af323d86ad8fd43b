"""Encryption: feedback holds addresses, and some keys that look right stop its way."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.path import LOG_GROUP, QUEUE, TABLE, TOPIC, FeedbackPath
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import attribute, known, present

_MANAGED = ("alias/aws/sns", "alias/aws/sqs")
_KINDS = {"topics": TOPIC, "queues": QUEUE, "tables": TABLE, "logs": LOG_GROUP}


def _encrypted(queue: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if "kmsMasterKeyId" in list(queue.props) and present(queue, "kmsMasterKeyId"):
        return
    if known(queue, "sqsManagedSseEnabled") is not True:
        yield "it is not encrypted: neither sqsManagedSseEnabled nor a key is given."


def _managed_key(resource: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    key = attribute(resource, "kmsMasterKeyId") or ""
    if key.endswith(_MANAGED):
        yield f"its key is {key}, whose policy lets neither SES nor SNS use it: feedback is not delivered."


def _customer_key(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    kind = next(name for name, type_ in _KINDS.items() if type_ == resource.resource_type)
    if kind not in config["kinds"]:
        return
    if kind == "tables":
        given = bool((known(resource, "serverSideEncryption") or {}).get("enabled"))
        given = given and _names_a_key(resource)
    else:
        given = present(resource, "kmsKeyId" if kind == "logs" else "kmsMasterKeyId")
    if not given:
        yield "it has no customer managed key."


def _names_a_key(table: PolicyResource) -> bool:
    """Whether a table's encryption names a key; one made in the same stack is unknown in a preview."""
    if table.property_dependencies.get("serverSideEncryption"):
        return True
    return bool(known(table, "serverSideEncryption", "kmsKeyArn"))


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
        says="No topic is under alias/aws/sns and no queue under alias/aws/sqs.",
        fix="Use a customer managed key whose policy lets ses.amazonaws.com and sns.amazonaws.com use it, or none.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        subjects=lambda path: [*path.topics, *path.all_queues], problems=_managed_key,
    ),
    Rule(
        name="customer-keys", severity=MEDIUM, level=MANDATORY, looks_at="topics, queues, tables, log groups",
        says="What holds feedback is under a customer managed key, where the configuration asks for it.",
        fix="Give a key of the same Region whose policy lets the services use it.",
        url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
        subjects=lambda path: [*path.topics, *path.all_queues, *path.tables, *path.log_groups],
        problems=_customer_key, on="kinds",
        settings={"kinds": Setting([], "Which need one: of topics, queues, tables, logs. Empty: none.", TEXTS)},
    ),
)  # fmt: skip
