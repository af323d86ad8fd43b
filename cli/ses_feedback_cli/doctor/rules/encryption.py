"""KMS keys of the topic and the queues: can SES and SNS use them?"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ses_feedback_cli.doctor.observations import PipelineObservation
from ses_feedback_cli.doctor.resource_policy import SES_PRINCIPAL, SNS_PRINCIPAL, allows, service_context
from ses_feedback_cli.doctor.resources import Key, Missing, Queue, Topic
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity

_REQUIRED_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


class _KeyUse(NamedTuple):
    resource: str
    """What is encrypted with the key, for people."""
    key: Key
    service: str
    """The service principal that must be able to use the key."""
    source_arn: str
    """The resource for which the service uses it."""


def _key_uses(observed: PipelineObservation) -> Iterator[_KeyUse]:
    if isinstance(observed.topic, Topic) and observed.topic.key:
        yield _KeyUse("topic", observed.topic.key, SES_PRINCIPAL, next(iter(observed.source_arns()), ""))
    for name, _, queue in observed.delivery_targets():
        if isinstance(queue, Queue) and queue.key:
            yield _KeyUse(name, queue.key, SNS_PRINCIPAL, observed.pipeline.topic_arn)


def _aws_managed_key(observed: PipelineObservation) -> Iterable[Fault]:
    for use in _key_uses(observed):
        if use.key.aws_managed:
            yield {"resource": use.resource, "key": use.key.id, "service": use.service}


def _key_unusable(observed: PipelineObservation) -> Iterable[Fault]:
    for use in _key_uses(observed):
        if not use.key.aws_managed and use.key.state not in {"Enabled", Missing.UNKNOWN}:
            state = "deleted" if use.key.state is Missing.NOT_FOUND else use.key.state
            yield {"resource": use.resource, "key": use.key.id, "state": state}


def _key_policy_denies_service(observed: PipelineObservation) -> Iterable[Fault]:
    for use in _key_uses(observed):
        policy = use.key.policy
        if use.key.aws_managed or isinstance(policy, Missing):
            continue
        context = service_context(use.source_arn, observed.account)
        denied = [action for action in _REQUIRED_ACTIONS if not allows(policy, use.service, action, "*", context)]
        if denied:
            actions = " and ".join(denied)
            yield {"resource": use.resource, "key": use.key.id, "service": use.service, "actions": actions}


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "aws-managed-key", Severity.ERROR, "encryption",
        "the {resource} is encrypted with the AWS managed key {key}: {service} cannot use it, and its key policy "
        "cannot be changed",
        f"{REFRESH}; for a customer managed key: customerKey or kmsKeyArn in the configuration", _aws_managed_key,
    ),
    Rule(
        "key-unusable", Severity.ERROR, "encryption",
        "the key of the {resource}, {key}, is not usable: {state}",
        "aws kms cancel-key-deletion --region {region} --key-id {key}; then the same with enable-key",
        _key_unusable,
    ),
    Rule(
        "key-policy", Severity.ERROR, "encryption",
        "the policy of the key of the {resource}, {key}, does not let {service} perform {actions}",
        f"{REFRESH}; for a key of your own: the statement in docs/operations.md#encryption", _key_policy_denies_service,
    ),
)  # fmt: skip
