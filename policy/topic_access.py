"""Rule on the policies of topics: SES may publish for this account, and nobody else has access."""

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
from policy.arn import Arn
from policy.feedback_path import FeedbackPath, Resources
from policy.iam import UNKNOWN_TEXT, Answer
from policy.policy_documents import (
    ALLOW,
    EVERYBODY,
    Statement,
    account_of,
    covers_action,
    describe_statement,
    has_wildcard,
    is_limited_to_account,
    principals,
    read_document,
    required_values,
)
from policy.properties import chain_known, read_property
from policy.references import require_known
from policy.resource_types import TOPIC, TOPIC_POLICY
from policy.rule import CRITICAL, MANDATORY, Config, Rule
from policy.service_requests import decide_for_service, possible_account, possible_arn
from policy.sources import possible_source_arn, topic_key

_SES = "ses.amazonaws.com"


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
        check_single_policy(topic, policies, "arn"),
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
            verb = describe_refusal(decision, "allow ses.amazonaws.com to publish", "what SES publishes")
            refused.setdefault(verb, []).append(source.name)
    for verb, names in refused.items():
        yield (
            f"The topic's policy {verb}, for {', '.join(names)}: SES removes the topic and forwards feedback by email."
        )
    if is_unknown:
        require_known(topic, "arn")
        require_known_policies(policies)


def _check_publishers(topic: PolicyResource, topic_arn: str, policies: Resources, config: Config) -> Iterator[str]:
    for statement in statements_with(ALLOW, policies):
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
        yield describe_access(statement, "topic")


def _is_account(values: Sequence[str], account: str) -> bool:
    """Whether values match this account only; where it is unknown (empty), any one account."""
    return set(values) == {account} if account else len(set(values)) == 1 and not has_wildcard(values[0])


def _source_account(source_arn: str) -> str:
    """The account that a source ARN is limited to; the value itself, which is no account id, where it is not an ARN."""
    arn = Arn.parse(source_arn)
    return arn.account if arn else source_arn


RULES: Sequence[Rule] = (
    Rule(
        name="topic-policy-restricts-publisher", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="topics",
        description="The policy of a topic allows SES to publish for this account, and gives nobody else access.",
        remediation="Allow only sns:Publish to ses.amazonaws.com with aws:SourceAccount equal to the account id, and "
        "exempt AWS services from what is denied by their account, organization or network.",
        url="https://docs.aws.amazon.com/ses/latest/dg/configure-sns-notifications.html",
        relies_on=[(TOPIC_POLICY, "arn", TOPIC)],
        select=lambda path: path.topics, check=_check_topic_publishers,
        settings={"allowedPrincipals": ALLOWED_PRINCIPALS},
    ),
)  # fmt: skip
