"""Rules on the policies of queues: their own topic may send, nobody else has access, and every request uses TLS."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.access import (
    ALLOWED_PRINCIPALS,
    check_single_policy,
    describe_access,
    describe_refusal,
    require_known_policies,
    statements_with,
)
from policy.feedback_path import FeedbackPath, Resources
from policy.iam import UNKNOWN_TEXT, Answer
from policy.policy_documents import (
    ALLOW,
    DENY,
    EVERYBODY,
    Statement,
    account_of,
    covers_action,
    covers_insecure_transport,
    covers_resource,
    describe_statement,
    has_wildcard,
    is_limited_to_account,
    principals,
    read_document,
    required_values,
)
from policy.properties import as_list, chain_known, read_property, read_string
from policy.references import require_known
from policy.resource_types import QUEUE, QUEUE_POLICY, SUBSCRIPTION, TOPIC
from policy.rule import CRITICAL, HIGH, MANDATORY, Config, Rule
from policy.service_requests import decide_for_service, possible_account, possible_arn

_SNS = "sns.amazonaws.com"
_MESSAGE_ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage")


def _queue_policies(queue: PolicyResource, path: FeedbackPath) -> Resources:
    return path.resources_setting(queue, "policy", QUEUE_POLICY, "queueUrl")


def _check_queue_senders(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    policies, subscriptions = _queue_policies(queue, path), path.subscriptions_to(queue)
    if path.is_incomplete and not policies:
        return
    yield from chain_known([
        *(_check_delivery(subscription, policies, queue, path) for subscription in subscriptions),
        _check_senders(queue, policies, subscriptions, path, config),
        check_single_policy(queue, policies, "queueUrl"),
    ])  # fmt: skip


def _check_delivery(
    subscription: PolicyResource, policies: Resources, queue: PolicyResource, path: FeedbackPath
) -> Iterator[str]:
    """Checks that a queue's policy lets a subscription deliver."""
    topic_arn = _topic_arn_of(subscription, path)
    source = {"aws:SourceArn": topic_arn}
    sources = [source, {**source, "aws:SourceAccount": possible_account(topic_arn)}]
    documents = [read_document(policy) for policy in policies]
    queue_arn = possible_arn(queue, "sqs", named_by=[(subscription, "endpoint"), (subscription, "redrivePolicy")])
    decision = decide_for_service(_SNS, "sqs:SendMessage", queue_arn, documents, sources)
    if decision.answer is Answer.NO:
        verb = describe_refusal(decision, f"allow {subscription.name} to deliver", f"what {subscription.name} delivers")
        yield f"The queue's policy {verb}: SNS cannot send, and feedback is lost."
    elif decision.answer is Answer.UNKNOWN:
        require_known(subscription, "topic")
        require_known(queue, "arn")
        require_known_policies(policies)


def _topic_arn_of(subscription: PolicyResource, path: FeedbackPath) -> str:
    """The ARN of the topic of a subscription, as far as it is known."""
    topics = path.referenced_from([subscription], "topic", TOPIC)
    return read_string(subscription, "topic") or next((possible_arn(topic, "sns") for topic in topics), UNKNOWN_TEXT)


def _check_senders(
    queue: PolicyResource, policies: Resources, subscriptions: Resources, path: FeedbackPath, config: Config
) -> Iterator[str]:
    arn = read_string(queue, "arn")
    allowing = statements_with(ALLOW, policies)
    yield from chain_known(_check_sender(statement, subscriptions, arn, path, config) for statement in allowing)


def _check_sender(
    statement: Statement, subscriptions: Resources, queue_arn: str, path: FeedbackPath, config: Config
) -> Iterator[str]:
    """Checks that a statement allows nobody but the topics that deliver to the queue."""
    account = account_of(queue_arn or str(next(iter(as_list(statement.get("Resource"))), "")))
    if is_limited_to_account(statement, account) or principals(statement) <= set(config["allowedPrincipals"]):
        return
    if principals(statement) == {_SNS}:
        yield from _check_source_arns(statement, subscriptions, path)
    else:
        yield describe_access(statement, "queue")


def _check_source_arns(statement: Statement, subscriptions: Resources, path: FeedbackPath) -> Iterator[str]:
    """Checks that a statement allows SNS to send only for the topics that deliver to the queue."""
    source_arns = required_values(statement, "aws:SourceArn")
    is_restricted = any(not has_wildcard("".join(arns)) for arns in source_arns)
    topic_arns: set[str] = set()
    if is_restricted and not path.is_incomplete:  # before, other topics that deliver may still be to come
        topic_arns = {str(read_property(subscription, "topic")) for subscription in subscriptions}
        is_restricted = any(set(arns) <= topic_arns for arns in source_arns)
    if not is_restricted:
        others = sorted({source_arn for arns in source_arns for source_arn in arns} - topic_arns)
        yield (
            f"In the queue's policy, {describe_statement(statement)} allows "
            f"{', '.join(others) or 'the topics of every account'} to send: others can forge feedback."
        )


def _check_queue_tls(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    policies = _queue_policies(queue, path)
    if path.is_incomplete and not policies:
        return
    denying = [
        statement
        for statement in statements_with(DENY, policies)
        if covers_insecure_transport(statement)
        and principals(statement) == EVERYBODY
        and covers_resource(statement, read_string(queue, "arn"))
    ]
    unprotected = [
        action for action in _MESSAGE_ACTIONS if not any(covers_action(statement, action) for statement in denying)
    ]
    if unprotected:
        yield (
            f"The queue's policy does not deny {', '.join(unprotected)} without TLS: addresses can cross the network "
            "unencrypted."
        )


RULES: Sequence[Rule] = (
    Rule(
        name="queue-policy-restricts-sender", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="queues and dead-letter queues",
        description="The policy of a queue allows the queue's own topic to send, and gives nobody else access.",
        remediation="Allow only sqs:SendMessage to sns.amazonaws.com with aws:SourceArn equal to the topic's ARN, and "
        "exempt AWS services from what is denied by their account, organization or network.",
        url="https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
        relies_on=[(QUEUE_POLICY, "queueUrl", QUEUE), (SUBSCRIPTION, "endpoint", QUEUE)],
        select=lambda path: path.all_queues, check=_check_queue_senders,
        settings={"allowedPrincipals": ALLOWED_PRINCIPALS},
    ),
    Rule(
        name="queue-policy-requires-tls", severity=HIGH, level=MANDATORY, before_creation=True,
        applies_to="queues and dead-letter queues",
        description="The policy of a queue denies every request without TLS.",
        remediation="Deny sqs:* to everybody where aws:SecureTransport is false, with no other condition.",
        url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
        relies_on=[(QUEUE_POLICY, "queueUrl", QUEUE)],
        select=lambda path: path.all_queues, check=_check_queue_tls,
    ),
)  # fmt: skip
