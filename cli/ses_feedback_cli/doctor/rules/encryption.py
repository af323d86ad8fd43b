"""Keys of topic and queues: can SES and SNS use them?"""

from collections.abc import Iterable, Iterator
from typing import Any

from ses_feedback_cli.doctor.allowed import allows
from ses_feedback_cli.doctor.facts import Absent, Key, PipelineFacts, Queue, Topic
from ses_feedback_cli.doctor.rules.parts import context_of, queues
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity

_UP = "pulumi up --refresh"
_SES, _SNS = "ses.amazonaws.com", "sns.amazonaws.com"


def _keys(facts: PipelineFacts) -> Iterator[tuple[str, Key, str, str]]:
    """What has a key, that key, and the service that must be able to use it, on behalf of what."""
    if isinstance(facts.topic, Topic) and facts.topic.key:
        identity = next(iter(facts.pipeline.identities), None)
        kind = f"identity/{identity}" if identity else f"configuration-set/{facts.pipeline.configuration_set}"
        source = f"arn:{facts.pipeline.topic_arn.split(':')[1]}:ses:{facts.region}:{facts.account}:{kind}"
        yield "topic", facts.topic.key, _SES, source
    for which, _, queue in queues(facts):
        if which != "dead-letter queue" and isinstance(queue, Queue) and queue.key:
            yield which, queue.key, _SNS, facts.pipeline.topic_arn


def _fixed_keys(facts: PipelineFacts) -> Found:
    return [{"which": which, "key": key.id, "service": who} for which, key, who, _ in _keys(facts) if key.managed]


def _unusable_keys(facts: PipelineFacts) -> Found:
    return [
        {"which": which, "key": key.id, "state": "deleted" if key.state is Absent.GONE else key.state}
        for which, key, _, _ in _keys(facts)
        if not key.managed and key.state not in {"Enabled", Absent.UNSEEN}
    ]


def _closed_keys(facts: PipelineFacts) -> Iterable[dict[str, Any]]:
    for which, key, who, source in _keys(facts):
        if key.managed or isinstance(key.policy, Absent):
            continue
        context = context_of(source, facts.account)
        wanted = ("kms:Decrypt", "kms:GenerateDataKey")
        refused = [one for one in wanted if not allows(key.policy, who, one, "*", context)]
        if refused:
            yield {"which": which, "key": key.id, "service": who, "actions": " and ".join(refused)}


RULES: tuple[Rule[PipelineFacts], ...] = (
    Rule(
        "key-of-aws", Severity.ERROR, "encryption",
        "the {which} is encrypted with {key}: {service} cannot use it, and its policy cannot be changed",
        f"{_UP}; a customer key: customerKey or kmsKeyArn in the configuration", _fixed_keys,
    ),
    Rule(
        "key-unusable", Severity.ERROR, "encryption",
        "the key of the {which}, {key}, is not usable: {state}",
        "aws kms cancel-key-deletion --region {region} --key-id {key}; then the same with enable-key",
        _unusable_keys,
    ),
    Rule(
        "key-policy", Severity.ERROR, "encryption",
        "the policy of the {which}'s key, {key}, does not let {service} {actions}",
        f"{_UP}; a key of your own: the statement of docs/operations.md#encryption", _closed_keys,
    ),
)  # fmt: skip
