"""Rules on the roles of functions: exact actions, resources and trust."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.feedback_path import FeedbackPath
from policy.policy_documents import (
    ALLOW,
    Statement,
    describe_statement,
    has_open_principal,
    has_wildcard,
    statements,
)
from policy.properties import as_list, as_object, chain_known, read_property
from policy.role_policies import attachments_of, policies_of
from policy.rule import HIGH, MANDATORY, STRING_LIST, Config, Rule, Setting

# AWS defines no resource for these actions.
_ACTIONS_ON_ANY_RESOURCE = ["cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]

# It gives no access but to write logs.
_MANAGED_POLICIES_FOR_LOGS = ["AWSLambdaBasicExecutionRole"]

# A wildcard may stand for parts of one resource: the streams of a log group, the versions of a function, the indexes of
# a table, the objects of a bucket, the six characters that Secrets Manager adds to a name.
_NAME = "[^*?:]+"
_PARTS_OF_ONE_RESOURCE = re.compile(
    rf"logs:log-group:{_NAME}:.+|lambda:function:{_NAME}:.+|dynamodb:table/[^*?/]+/.+|s3:[^*?/]+/.+"
    rf"|secretsmanager:secret:{_NAME}-(\*|\?{{6}})"
)


def _check_role(role: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    attachments = attachments_of(role, path.resources)
    policies = policies_of(role, path.resources)
    return chain_known([
        _check_trust(role),
        *(_check_managed_policies(*holder, config) for holder in [(role, "managedPolicyArns"), *attachments]),
        *(_check_policy(policy, config) for policy in policies),
        _check_inline_policies(role, config),
    ])  # fmt: skip


def _check_trust(role: PolicyResource) -> Iterator[str]:
    for statement in statements(read_property(role, "assumeRolePolicy")):
        if statement.get("Effect") == ALLOW and has_open_principal(statement):
            yield (
                f"In the trust policy, {describe_statement(statement)} allows everybody to assume the role: others can "
                "change the blocked table."
            )


def _check_managed_policies(holder: PolicyResource, key: str, config: Config) -> Iterator[str]:
    for policy_arn in as_list(read_property(holder, key)):
        arn = Arn.parse(str(policy_arn))
        is_aws_managed = arn and (arn.service, arn.account) == ("iam", "aws") and arn.resource.startswith("policy/")
        if arn and is_aws_managed and arn.resource.rsplit("/", 1)[-1] not in config["allowedManagedPolicies"]:
            yield f"The AWS managed policy {policy_arn} is attached: it gives access to every resource of the account."


def _check_policy(policy: PolicyResource, config: Config) -> Iterator[str]:
    yield from _check_statements(read_property(policy, "policy"), config)


def _check_inline_policies(role: PolicyResource, config: Config) -> Iterator[str]:
    for inline_policy in as_list(read_property(role, "inlinePolicies")):
        yield from _check_statements(as_object(inline_policy).get("policy"), config)


def _check_statements(policy: Any, config: Config) -> Iterator[str]:
    for statement in statements(policy):
        if statement.get("Effect") == ALLOW:
            yield from _check_statement(statement, {action.lower() for action in config["actionsOnAnyResource"]})


def _check_statement(statement: Statement, actions_on_any_resource: set[str]) -> Iterator[str]:
    name = describe_statement(statement)
    actions = [str(action) for action in as_list(statement.get("Action"))]
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield f"In the role's policies, {name} allows everything except its {key}, more than the function needs."
    for action in actions:
        if has_wildcard(action):
            yield f"In the role's policies, {name} allows {action}, a wildcard: more than the function needs."
    if {action.lower() for action in actions} <= actions_on_any_resource:
        return
    for resource in as_list(statement.get("Resource")):
        if _matches_several_resources(str(resource)):
            yield (
                f"In the role's policies, {name} allows {', '.join(actions)} on {resource}, a wildcard: more than the "
                "function needs."
            )


def _matches_several_resources(resource: str) -> bool:
    """Whether the `Resource` of a statement matches more than one resource."""
    arn = Arn.parse(resource)
    if not arn:
        return has_wildcard(resource)
    if has_wildcard(arn.partition + arn.service + arn.region + arn.account):
        return True
    return has_wildcard(arn.resource) and not _PARTS_OF_ONE_RESOURCE.fullmatch(f"{arn.service}:{arn.resource}")


RULES: Sequence[Rule] = (
    Rule(
        name="lambda-role-no-wildcards", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="roles",
        description="The role of a function names its actions, its resources and who may assume it.",
        remediation="Name each action, the ARN of each resource, and the service that assumes the role.",
        url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        select=lambda path: path.roles, check=_check_role,
        settings={
            "actionsOnAnyResource": Setting(
                _ACTIONS_ON_ANY_RESOURCE, "Actions that may be allowed on the resource *.", STRING_LIST
            ),
            "allowedManagedPolicies": Setting(
                _MANAGED_POLICIES_FOR_LOGS, "Names of AWS managed policies that may be attached.", STRING_LIST
            ),
        },
    ),
)  # fmt: skip
