"""Rules on the policies of topics and queues: SES may publish and the topic may send, and nobody else gets access.

Whether they may is evaluated as AWS does it; that nobody else has access is recognised by the statements that allow.
"""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.feedback_path import FeedbackPath, Resources
from policy.iam import UNKNOWN_TEXT, Answer, Decision
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
    statements,
)
from policy.properties import as_list, chain_known, read_property, read_string
from policy.references import require_known
from policy.resource_types import QUEUE, QUEUE_POLICY, SUBSCRIPTION, TOPIC, TOPIC_POLICY
from policy.rule import CRITICAL, HIGH, MANDATORY, STRING_LIST, Config, Rule, Setting
from policy.service_requests import decide_for_service, possible_account, possible_arn
from policy.sources import possible_source_arn, topic_key

_SNS, _SES = "sns.amazonaws.com", "ses.amazonaws.com"
_MESSAGE_ACTIONS = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage")
_ALLOWED_PRINCIPALS = Setting([], "Other principals that may have access, as the policy writes them.", STRING_LIST)


def _statements_with(effect: str, policies: Sequence[PolicyResource]) -> list[Statement]:
    """The statements with this effect in the `policy` of these resources; raises `UnknownValueError`."""
    all_statements = [statement for policy in policies for statement in statements(read_property(policy, "policy"))]
    return [statement for statement in all_statements if statement.get("Effect") == effect]


def _check_single_policy(target: PolicyResource, policies: Resources, target_key: str) -> Iterator[str]:
    """Checks that one resource sets the policy of a queue or topic; in an update, once their ARNs tell them apart."""
    if len(policies) > 1 and "arn" in list(target.props):
        require_known(target, "arn")
        for policy in policies:
            require_known(policy, target_key)  # else it may refer to another one that the property depends on
        yield (
            f"{' and '.join(sorted(policy.name for policy in policies))} each set the policy: AWS keeps only the one "
            f"that is written last, and what the others allow or deny for {target.name} is lost. Write one policy."
        )


def _queue_policies(queue: PolicyResource, path: FeedbackPath) -> Resources:
    return path.resources_setting(queue, "policy", QUEUE_POLICY, "queueUrl")


def _check_queue_senders(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    policies, subscriptions = _queue_policies(queue, path), path.subscriptions_to(queue)
    if path.is_incomplete and not policies:
        return
    yield from chain_known([
        *(_check_delivery(subscription, policies, queue, path) for subscription in subscriptions),
        _check_senders(queue, policies, subscriptions, path, config),
        _check_single_policy(queue, policies, "queueUrl"),
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
        verb = _describe_refusal(
            decision, f"allow {subscription.name} to deliver", f"what {subscription.name} delivers"
        )
        yield f"The queue's policy {verb}: SNS cannot send, and feedback is lost."
    elif decision.answer is Answer.UNKNOWN:
        require_known(subscription, "topic")
        require_known(queue, "arn")
        _require_known_policies(policies)


def _describe_refusal(decision: Decision, what_is_not_allowed: str, what_is_denied: str) -> str:
    """What a policy does that lets somebody not do something: it does not allow it, or a statement denies it."""
    if decision.statement:
        return f"denies {what_is_denied}, by {describe_statement(decision.statement)}"
    return f"does not {what_is_not_allowed}"


def _require_known_policies(policies: Resources) -> None:
    for policy in policies:
        require_known(policy, "policy")


def _topic_arn_of(subscription: PolicyResource, path: FeedbackPath) -> str:
    """The ARN of the topic of a subscription, as far as it is known."""
    topics = path.referenced_from([subscription], "topic", TOPIC)
    return read_string(subscription, "topic") or next((possible_arn(topic, "sns") for topic in topics), UNKNOWN_TEXT)


def _check_senders(
    queue: PolicyResource, policies: Resources, subscriptions: Resources, path: FeedbackPath, config: Config
) -> Iterator[str]:
    arn = read_string(queue, "arn")
    allowing = _statements_with(ALLOW, policies)
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
        yield _describe_access(statement, "queue")


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


def _describe_access(statement: Statement, resource: str) -> str:
    return (
        f"In the {resource}'s policy, {describe_statement(statement)} gives access to "
        f"{', '.join(sorted(principals(statement)))}: others can read feedback or forge it."
    )


def _check_queue_tls(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    policies = _queue_policies(queue, path)
    if path.is_incomplete and not policies:
        return
    denying = [
        statement
        for statement in _statements_with(DENY, policies)
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


def _check_topic_publishers(topic: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    policies = path.resources_setting(topic, "policy", TOPIC_POLICY, "arn")
    if not policies and path.is_incomplete:
        return
    sources = [source for source in path.notification_sources if topic in path.topics_of(source)]
    named_by = [*((policy, "arn") for policy in policies), *((source, topic_key(source)) for source in sources)]
    arn = possible_arn(topic, "sns", named_by=named_by)
    yield from chain_known([
        _check_publishing(topic, arn, policies, sources),
        _check_publishers(topic, arn, policies, config),
        _check_single_policy(topic, policies, "arn"),
    ])  # fmt: skip


def _check_publishing(topic: PolicyResource, topic_arn: str, policies: Resources, sources: Resources) -> Iterator[str]:
    """Checks that a topic's policy lets SES publish for its sources."""
    documents = [read_document(policy) for policy in policies]
    refused: dict[str, list[str]] = {}
    is_unknown = False
    for source in sources:
        source_keys = {
            "aws:SourceAccount": possible_account(topic_arn), "aws:SourceArn": possible_source_arn(source, topic_arn)
        }  # fmt: skip
        decision = decide_for_service(_SES, "sns:Publish", topic_arn, documents, [source_keys])
        is_unknown |= decision.answer is Answer.UNKNOWN
        if decision.answer is Answer.NO:
            verb = _describe_refusal(decision, "allow ses.amazonaws.com to publish", "what SES publishes")
            refused.setdefault(verb, []).append(source.name)
    for verb, names in refused.items():
        yield (
            f"The topic's policy {verb}, for {', '.join(names)}: SES removes the topic and forwards feedback by email."
        )
    if is_unknown:
        require_known(topic, "arn")
        _require_known_policies(policies)


def _check_publishers(topic: PolicyResource, topic_arn: str, policies: Resources, config: Config) -> Iterator[str]:
    for statement in _statements_with(ALLOW, policies):
        yield from _check_publisher(statement, account_of(topic_arn).strip(UNKNOWN_TEXT), config)
    if possible_account(topic_arn) == UNKNOWN_TEXT:
        read_property(topic, "arn")  # raises: whether the statements allow its own account is not known


def _check_publisher(statement: Statement, account: str, config: Config) -> Iterator[str]:
    """Checks that a statement allows nobody but SES to publish, and that for this account only (empty: any one)."""
    named = principals(statement)
    if named <= set(config["allowedPrincipals"]):
        return
    if named == {_SES}:
        accounts = required_values(statement, "aws:SourceAccount")
        accounts += [[_source_account(arn) for arn in arns] for arns in required_values(statement, "aws:SourceArn")]
        if not any(_is_account(values, account) for values in accounts):
            others = sorted({value for values in accounts for value in values})
            yield (
                f"In the topic's policy, {describe_statement(statement)} allows SES to publish for "
                f"{', '.join(others) or 'every account'} instead of {account or 'this account'}: others can forge "
                "feedback."
            )
    elif not is_limited_to_account(statement, account) or (
        covers_action(statement, "sns:Publish") and named & EVERYBODY
    ):
        yield _describe_access(statement, "topic")


def _is_account(values: Sequence[str], account: str) -> bool:
    """Whether values match this account only; where it is unknown (empty), any one account."""
    return set(values) == {account} if account else len(set(values)) == 1 and not has_wildcard(values[0])


def _source_account(source_arn: str) -> str:
    """The account that a source ARN is limited to; the value itself, which is no account id, where it is not an ARN."""
    arn = Arn.parse(source_arn)
    return arn.account if arn else source_arn


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
        settings={"allowedPrincipals": _ALLOWED_PRINCIPALS},
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
    Rule(
        name="topic-policy-restricts-publisher", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="topics",
        description="The policy of a topic allows SES to publish for this account, and gives nobody else access.",
        remediation="Allow only sns:Publish to ses.amazonaws.com with aws:SourceAccount equal to the account id, and "
        "exempt AWS services from what is denied by their account, organization or network.",
        url="https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html",
        relies_on=[(TOPIC_POLICY, "arn", TOPIC)],
        select=lambda path: path.topics, check=_check_topic_publishers,
        settings={"allowedPrincipals": _ALLOWED_PRINCIPALS},
    ),
)  # fmt: skip
