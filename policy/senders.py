"""Who may send: SES to the topic, the topic to the queue, and nobody else; and nobody else may read, either."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.documents import (
    ALLOW,
    DENY,
    EVERYBODY,
    Statement,
    account,
    acts,
    concerns,
    demands,
    fits,
    is_owner,
    label,
    principals,
    statements,
    wild,
    without_tls,
)
from policy.path import QUEUE_POLICY, TOPIC, TOPIC_POLICY, FeedbackPath, Resources
from policy.rule import CRITICAL, HIGH, MANDATORY, TEXTS, Config, Rule, Setting
from policy.wiring import attribute, every, items, known, linked

_SNS, _SES = "sns.amazonaws.com", "ses.amazonaws.com"
_CALLS = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage")
_FRIENDS = Setting([], "Who else may use it: principals as the policy writes them.", TEXTS)


def _of(holders: Sequence[PolicyResource], effect: str) -> list[Statement]:
    found = [one for holder in holders for one in statements(known(holder, "policy"))]
    return [one for one in found if one.get("Effect") == effect]


def _queue_policies(queue: PolicyResource, path: FeedbackPath) -> Resources:
    return path.holders(queue, QUEUE_POLICY, "queueUrl", "policy")


def _only_its_topic(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    holders, deliveries = _queue_policies(queue, path), path.deliveries(queue)
    try:
        allowed, denied = _of(holders, ALLOW), _of(holders, DENY)
    except UnknownValueError:
        yield from _made_from(holders, path.follow(deliveries, "topic", TOPIC), path)
        raise
    if path.growing and not holders:
        return
    arn = attribute(queue, "arn")
    yield from every(_delivers(one, [*allowed, *denied], arn) for one in deliveries)
    named = {attribute(one, "topic") for one in deliveries}
    for statement in allowed:
        owner = account(arn or str(next(iter(items(statement.get("Resource"))), "")))
        if is_owner(statement, owner) or principals(statement) <= set(config["principals"]):
            continue
        if principals(statement) != {_SNS}:
            yield f"{label(statement)} lets {', '.join(sorted(principals(statement)))} use it."
            continue
        demanded = demands(statement, "aws:SourceArn")
        if path.growing:  # which other topics deliver to it is still to come
            right = any(not wild("".join(values)) for values in demanded)
        else:
            right = any(set(values) <= named for values in demanded)
        if not right:
            others = sorted({value for values in demanded for value in values} - named)
            yield f"{label(statement)} lets {', '.join(others) or 'every topic of everybody'} send."


def _delivers(delivery: PolicyResource, stated: Sequence[Statement], arn: str) -> Iterator[str]:
    about = [one for one in stated if acts(one, "sqs:SendMessage") and concerns(one, arn)]
    about = [one for one in about if principals(one) & {_SNS, *EVERYBODY}]
    if any(one["Effect"] == DENY and not one.get("Condition") for one in about):
        yield f"its policy refuses what {delivery.name} delivers."
    for one in about:
        demanded = demands(one, "aws:SourceArn")
        if one["Effect"] == ALLOW and all(fits(values, str(known(delivery, "topic"))) for values in demanded):
            return
    yield f"its policy does not let {delivery.name} deliver: SNS cannot send."


def _made_from(holders: Sequence[PolicyResource], own: Resources, path: FeedbackPath) -> Iterator[str]:
    """What an unknown policy tells all the same: the topics that it is made from."""
    topics = [one for holder in holders for one in linked(holder, "policy", path.of(TOPIC))]
    for other in topics:
        if other not in own:
            yield f"its policy is made from {other.name}, a topic that does not deliver to it."
    for one in own:
        if one not in topics:
            yield f"its policy is not made from {one.name}, a topic that delivers to it."


def _tls(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    holders = _queue_policies(queue, path)
    if path.growing and not holders:
        return
    refused = [
        one
        for one in _of(holders, DENY)
        if without_tls(one) and principals(one) == EVERYBODY and concerns(one, attribute(queue, "arn"))
    ]
    open_ = [call for call in _CALLS if not any(acts(one, call) for one in refused)]
    if open_:
        yield f"its policy does not refuse {', '.join(open_)} without TLS."


def _only_ses(topic: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    holders = path.holders(topic, TOPIC_POLICY, "arn", "policy")
    if not holders and path.growing:
        return
    allowed, denied = _of(holders, ALLOW), _of(holders, DENY)
    arn = attribute(topic, "arn") or "".join(attribute(one, "arn") for one in holders)
    about = [one for one in [*allowed, *denied] if acts(one, "sns:Publish") and concerns(one, arn)]
    about = [one for one in about if principals(one) & {_SES, *EVERYBODY}]
    if any(one["Effect"] == DENY and not one.get("Condition") for one in about):
        yield "its policy refuses what SES publishes."
    if not any(one["Effect"] == ALLOW for one in about):
        yield "its policy does not let ses.amazonaws.com publish: SES takes the topic away and writes e-mails."
    for statement in allowed:
        yield from _publishes(statement, account(arn), config)


def _publishes(statement: Statement, owner: str, config: Config) -> Iterator[str]:
    named = principals(statement)
    if named <= set(config["principals"]):
        return
    if named == {_SES}:
        of = demands(statement, "aws:SourceAccount")
        of += [[account(arn) for arn in arns] for arns in demands(statement, "aws:SourceArn")]
        if not any(set(accounts) == {owner} for accounts in of):
            others = sorted({one for accounts in of for one in accounts})
            yield f"{label(statement)} holds for SES of {', '.join(others) or 'everybody'}, {owner} would be right."
    elif not is_owner(statement, owner) or (acts(statement, "sns:Publish") and named & EVERYBODY):
        yield f"{label(statement)} lets {', '.join(sorted(named))} use it."


RULES: Sequence[Rule] = (
    Rule(
        name="only-the-topic-sends", severity=CRITICAL, level=MANDATORY, looks_at="queues of every purpose",
        says="The policy of a queue lets its own topic send, and nobody else do anything.",
        fix="Allow sqs:SendMessage to sns.amazonaws.com with aws:SourceArn equal to the topic's ARN, and no more.",
        url="https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
        subjects=lambda path: path.all_queues, problems=_only_its_topic, settings={"principals": _FRIENDS}, early=True,
    ),
    Rule(
        name="queues-demand-tls", severity=HIGH, level=MANDATORY, looks_at="queues of every purpose",
        says="The policy of a queue refuses every call without TLS.",
        fix="Deny sqs:* to everybody where aws:SecureTransport is false, with no other condition.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
        subjects=lambda path: path.all_queues, problems=_tls, early=True,
    ),
    Rule(
        name="only-ses-publishes", severity=CRITICAL, level=MANDATORY, looks_at="topics",
        says="The policy of a topic lets SES publish for this account, and nobody else do anything.",
        fix="Allow sns:Publish to ses.amazonaws.com with aws:SourceAccount equal to the account's id, and no more.",
        url="https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html",
        subjects=lambda path: path.topics, problems=_only_ses, settings={"principals": _FRIENDS}, early=True,
    ),
)  # fmt: skip
