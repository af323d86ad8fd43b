"""Rule on KMS keys: the services that bring feedback may use the keys of topics and queues."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.iam import UNKNOWN_TEXT, Answer
from policy.policy_documents import describe_statement, read_document
from policy.properties import describe, read_property
from policy.references import require_known
from policy.resource_types import KEY, KEY_ALIAS, KEY_POLICY
from policy.rule import CRITICAL, MANDATORY, Config, Rule
from policy.service_requests import decide_for_service, possible_account, possible_arn

# "Key management" in the SNS guide: SES encrypts what it publishes to a topic, and SNS what it sends to a queue.
_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_SES, _SNS = "ses.amazonaws.com", "sns.amazonaws.com"
_CONSEQUENCES = {
    _SES: "SES cannot publish, removes the topic and forwards feedback by email",
    _SNS: "SNS cannot send, and feedback is lost",
}


def keys_of(holders: Sequence[PolicyResource], key: str, path: FeedbackPath) -> Resources:
    """The KMS keys of the stack that a property of resources refers to, directly or by an alias."""
    aliases = path.referenced_from(holders, key, KEY_ALIAS)
    keys = [*path.referenced_from(holders, key, KEY), *path.referenced_from(aliases, "targetKeyId", KEY)]
    return list({found.urn: found for found in keys}.values())


def key_policies(key: PolicyResource, path: FeedbackPath) -> Resources:
    """The resources that set the policy of a key; none for AWS's default policy."""
    return path.resources_setting(key, "policy", KEY_POLICY, "keyId")


def key_documents(key: PolicyResource, path: FeedbackPath) -> list[Any]:
    """The policy of a key; AWS's default allows the account, and so those roles whose own policies allow it."""
    account = possible_account(possible_arn(key, "kms"))
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    return [read_document(policy) for policy in key_policies(key, path)] or [{"Statement": [statement]}]


def _check_key(key: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    if read_property(key, "isEnabled") is False:
        yield "The key is disabled: SES removes the topic, or SNS cannot send, and feedback is lost."
    policies = key_policies(key, path)
    if path.is_incomplete and not policies:
        return
    is_unknown = False
    for holder, service in _users(path):
        if key not in keys_of([holder], "kmsMasterKeyId", path):
            continue
        arn = possible_arn(key, "kms", "key/")
        sent = {"aws:SourceAccount": possible_account(possible_arn(holder, "")), "aws:SourceArn": UNKNOWN_TEXT}
        sources: Sequence[Mapping[str, str]] = [{}, sent]
        decisions = {
            action: decide_for_service(service, action, arn, key_documents(key, path), sources) for action in _ACTIONS
        }
        refused = [action for action, decision in decisions.items() if decision.answer is Answer.NO]
        is_unknown |= any(decision.answer is Answer.UNKNOWN for decision in decisions.values())
        if refused:
            denial = decisions[refused[0]].statement
            reason = f", which {describe_statement(denial)} denies" if denial else ""
            yield (
                f"The key's policy does not let {service} use it ({', '.join(refused)}){reason}, and "
                f"{describe(holder)} is encrypted with it: {_CONSEQUENCES[service]}."
            )
    if is_unknown:
        for policy in policies:
            require_known(policy, "policy")
        require_known(key, "arn")  # it holds the account, which a condition may name


def _users(path: FeedbackPath) -> list[tuple[PolicyResource, str]]:
    """What feedback is written to, with the service that writes it; a dead-letter queue gets it from SQS itself."""
    queues = {queue.urn: queue for queue in [*path.queues, *path.subscription_dead_letter_queues]}
    return [*((topic, _SES) for topic in path.topics), *((queue, _SNS) for queue in queues.values())]


RULES: Sequence[Rule] = (
    Rule(
        name="kms-key-allows-services", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="keys of topics and queues",
        description="The policy of a topic's key lets SES use it, and that of a queue's key lets SNS use it.",
        remediation="Enable the key, and allow kms:GenerateDataKey* and kms:Decrypt to ses.amazonaws.com for topics, "
        "and to sns.amazonaws.com for queues, in the policy of the key.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        relies_on=[(KEY_POLICY, "keyId", KEY)],
        select=lambda path: keys_of([holder for holder, _ in _users(path)], "kmsMasterKeyId", path), check=_check_key,
    ),
)  # fmt: skip
