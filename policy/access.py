"""What the rules on the policies of queues and of topics share.

Whether a service has access is evaluated as AWS does it; that nobody else has is recognised by the statements that
allow.
"""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import Resources
from policy.iam import Decision
from policy.policy_documents import (
    Statement,
    describe_statement,
    principals,
    statements,
)
from policy.properties import read_property
from policy.references import require_known
from policy.rule import STRING_LIST, Setting

ALLOWED_PRINCIPALS = Setting([], "Other principals that may have access, as the policy writes them.", STRING_LIST)


def statements_with(effect: str, policies: Sequence[PolicyResource]) -> list[Statement]:
    """The statements with this effect in the `policy` of these resources; raises `UnknownValueError`."""
    all_statements = [statement for policy in policies for statement in statements(read_property(policy, "policy"))]
    return [statement for statement in all_statements if statement.get("Effect") == effect]


def check_single_policy(target: PolicyResource, policies: Resources, target_key: str) -> Iterator[str]:
    """Checks that one resource sets the policy of a queue or topic; in an update, once their ARNs tell them apart."""
    if len(policies) > 1 and "arn" in list(target.props):
        require_known(target, "arn")
        for policy in policies:
            require_known(policy, target_key)  # else it may refer to another one that the property depends on
        yield (
            f"{' and '.join(sorted(policy.name for policy in policies))} each set the policy: AWS keeps only the one "
            f"that is written last, and what the others allow or deny for {target.name} is lost. Write one policy."
        )


def describe_refusal(decision: Decision, what_is_not_allowed: str, what_is_denied: str) -> str:
    """What a policy does that lets somebody not do something: it does not allow it, or a statement denies it."""
    if decision.statement:
        return f"denies {what_is_denied}, by {describe_statement(decision.statement)}"
    return f"does not {what_is_not_allowed}"


def require_known_policies(policies: Resources) -> None:
    """Raises: `UnknownValueError` when one of these policies is unknown."""
    for policy in policies:
        require_known(policy, "policy")


def describe_access(statement: Statement, resource: str) -> str:
    """Who gets access to a queue or topic by a statement, and why that matters."""
    return (
        f"In the {resource}'s policy, {describe_statement(statement)} gives access to "
        f"{', '.join(sorted(principals(statement)))}: others can read feedback or forge it."
    )
