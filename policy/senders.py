"""Who may send: SES to the topic, the topic to the queue, and nobody else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.path import QUEUE_POLICY, TOPIC, TOPIC_POLICY, FeedbackPath
from policy.rule import CRITICAL, HIGH, MANDATORY, Config, Rule
from policy.wiring import items, known, linked

Statement = Mapping[str, Any]
_EXACT = frozenset({"arnequals", "arnlike", "stringequals", "stringlike"})


def statements(holders: Sequence[PolicyResource]) -> list[Statement]:
    """The statements of all policies of a resource; raises `UnknownValueError`."""
    found: list[Statement] = []
    for holder in holders:
        if text := known(holder, "policy"):
            found += items(json.loads(text)["Statement"])
    return found


def _covers(statement: Statement, effect: str, action: str) -> bool:
    patterns = [str(one).lower() for one in items(statement.get("Action"))]
    fits = any(fnmatchcase(action.lower(), one) for one in patterns) or "NotAction" in statement
    return statement.get("Effect") == effect and fits


def _condition(statement: Statement, key: str) -> list[str]:
    """What a statement demands of a condition key; empty where it demands nothing that binds."""
    for operator, wanted in (statement.get("Condition") or {}).items():
        for name, values in wanted.items():
            if operator.lower() in _EXACT and name.lower() == key.lower():
                return [str(value) for value in items(values)]
    return []


def _queue_policies(queue: PolicyResource, path: FeedbackPath) -> list[PolicyResource]:
    return [queue, *path.pointing(QUEUE_POLICY, "queueUrl", queue)]


def _only_its_topic(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    holders, own = _queue_policies(queue, path), path.topics_of(queue)
    try:
        allowed = [one for one in statements(holders) if _covers(one, "Allow", "sqs:SendMessage")]
    except UnknownValueError:
        yield from _made_from(holders, own, path)
        raise
    if own and not allowed:
        yield f"its policy does not let {own[0].name} send: SNS cannot deliver."
    for statement in allowed:
        sid = statement.get("Sid", "without Sid")
        if statement.get("Principal") not in ({"Service": "sns.amazonaws.com"}, {"Service": ["sns.amazonaws.com"]}):
            yield f"statement {sid} of its policy lets {statement.get('Principal')} send."
        arns = _condition(statement, "aws:SourceArn")
        if not arns:
            yield f"statement {sid} of its policy lets every topic of everybody send."
        named = [str(known(topic, "arn")) for topic in own]
        for arn in arns:
            if arn not in named:
                yield f"statement {sid} of its policy lets {arn} send, which does not deliver to it."


def _made_from(holders: Sequence[PolicyResource], own: Sequence[PolicyResource], path: FeedbackPath) -> Iterator[str]:
    """What an unknown policy tells all the same: the topics that it is made from."""
    topics = [one for holder in holders for one in linked(holder, "policy", path.of(TOPIC))]
    for other in topics:
        if other not in own:
            yield f"its policy is made from {other.name}, a topic that does not deliver to it."
    if own and not any(one in own for one in topics):
        yield f"its policy is not made from {own[0].name}, the topic that delivers to it."


def _tls(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for statement in statements(_queue_policies(queue, path)):
        secure = (statement.get("Condition") or {}).get("Bool") or {}
        refuses = [str(value).lower() for key, value in secure.items() if key.lower() == "aws:securetransport"]
        everybody = statement.get("Principal") in ("*", {"AWS": "*"})
        if refuses == ["false"] and everybody and _covers(statement, "Deny", "sqs:SendMessage"):
            return
    yield "its policy does not refuse calls without TLS."


def _only_ses(topic: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    found = statements([topic, *path.pointing(TOPIC_POLICY, "arn", topic)])
    allowed = [one for one in found if _covers(one, "Allow", "sns:Publish")]
    if not any("ses.amazonaws.com" in items((one.get("Principal") or {}).get("Service")) for one in _services(allowed)):
        yield "its policy does not let ses.amazonaws.com publish: SES takes the topic away and writes e-mails."
    account = str(known(topic, "arn")).split(":")[4]
    for statement in allowed:
        sid = statement.get("Sid", "without Sid")
        if statement.get("Principal") not in ({"Service": "ses.amazonaws.com"}, {"Service": ["ses.amazonaws.com"]}):
            yield f"statement {sid} of its policy lets {statement.get('Principal')} publish."
        of = _condition(statement, "aws:SourceAccount")
        of = of or [(arn.split(":") + [""] * 5)[4] for arn in _condition(statement, "aws:SourceArn")]
        if not of or set(of) != {account}:
            yield (
                f"statement {sid} of its policy holds for the accounts {sorted(of) or 'of everybody'}, "
                f"{account} would be right."
            )


def _services(allowed: Sequence[Statement]) -> list[Statement]:
    return [one for one in allowed if isinstance(one.get("Principal"), Mapping)]


RULES: Sequence[Rule] = (
    Rule(
        name="only-the-topic-sends", severity=CRITICAL, level=MANDATORY, looks_at="queues of every purpose",
        says="The policy of a queue lets its own topic send, and nobody else.",
        fix="Allow sqs:SendMessage to sns.amazonaws.com with aws:SourceArn equal to the topic's ARN, and no more.",
        url="https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
        subjects=lambda path: path.all_queues, problems=_only_its_topic,
    ),
    Rule(
        name="queues-demand-tls", severity=HIGH, level=MANDATORY, looks_at="queues of every purpose",
        says="The policy of a queue refuses every call without TLS.",
        fix="Deny sqs:* to everybody where aws:SecureTransport is false.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
        subjects=lambda path: path.all_queues, problems=_tls,
    ),
    Rule(
        name="only-ses-publishes", severity=CRITICAL, level=MANDATORY, looks_at="topics",
        says="The policy of a topic lets SES publish for this account, and nobody else.",
        fix="Allow sns:Publish to ses.amazonaws.com with aws:SourceAccount equal to the account's id, and no more.",
        url="https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html",
        subjects=lambda path: path.topics, problems=_only_ses,
    ),
)  # fmt: skip
