"""Rule on the role of a function: it can be assumed, and lets the function receive, decrypt and write feedback."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.aws_managed_policies import managed_policy_document
from policy.feedback_path import FeedbackPath
from policy.iam import UNKNOWN_TEXT, Answer, Decision, Principal, Request, both, decide, either
from policy.keys import key_documents, keys_of
from policy.policy_documents import describe_statement, read_document
from policy.properties import as_list, describe, is_false
from policy.references import referenced_by, require_known
from policy.resource_types import MANAGED_POLICY, QUEUE_POLICY, ROLE, ROLE_POLICY, TABLE_POLICY
from policy.role_policies import ATTACHMENTS, attachments_of, policies_of
from policy.rule import CRITICAL, MANDATORY, Config, Rule
from policy.service_requests import UNKNOWN_KEYS, decide_for_service, possible_account, possible_arn
from policy.written_tables import WRITE_ACTIONS

# Lambda Developer Guide, "Using Lambda with Amazon SQS", execution role permissions.
_RECEIVE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_UNKNOWN_KEYS = (
    *UNKNOWN_KEYS, "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalTag/", "aws:SourceIp", "aws:SourceVpc",
    "aws:SourceVpce", "aws:SourceVpcArn", "aws:TokenIssueTime", "aws:VpcSourceIp", "dynamodb:", "lambda:",
)  # fmt: skip
_ANY_TABLE = f"arn:{UNKNOWN_TEXT}:dynamodb:{UNKNOWN_TEXT}:{UNKNOWN_TEXT}:table/{UNKNOWN_TEXT}"


_REFERENCES = [
    (ROLE_POLICY, "role", ROLE),
    *((type_, role_key, ROLE) for type_, (role_key, _) in ATTACHMENTS.items()),
    *((type_, policy_key, MANAGED_POLICY) for type_, (_, policy_key) in ATTACHMENTS.items()),
]
"""The references that give a role its policies."""


@dataclass(frozen=True)
class _Rights:
    """What a role may do, by its policies in the stack."""

    role: PolicyResource
    path: FeedbackPath
    documents: Sequence[Any]

    def decide(self, action: str, resource: str, policies: Iterable[Any]) -> Decision:
        """Whether the role, or a resource's policies, allow an action on the resource."""
        return decide(self._request(action, resource), [*self.documents, *policies])

    def decide_on_key(self, key: PolicyResource, via: str) -> Decision:
        """Whether the role may decrypt with a key through a service: the key's policy allows it, or its account.

        AWS KMS Developer Guide, "Key policies": a role's own policies count only where the key's policy allows the
        account.
        """
        key_arn = possible_arn(key, "kms", "key/")
        arn = Arn.parse(key_arn)
        region = arn.region if arn else UNKNOWN_TEXT
        via_service = f"{via}.{region}.amazonaws.com" if key_arn.startswith("arn:aws:") else UNKNOWN_TEXT
        documents = key_documents(key, self.path)
        request = self._request("kms:Decrypt", key_arn, {"kms:ViaService": [via_service]})
        account = Principal("AWS", f"arn:aws:iam::{possible_account(key_arn)}:root")
        of_account = Request(
            principal=account, action=request.action, resource=key_arn, context=request.context,
            unknown_keys=request.unknown_keys,
        )  # fmt: skip
        decision = decide(request, [*self.documents, *documents])
        by_key = either(decide(asked, documents).answer for asked in (request, of_account))
        return Decision(both([decision.answer, by_key]), decision.statement)

    def _request(self, action: str, resource: str, context: dict[str, list[str]] | None = None) -> Request:
        role_arn = _role_arn(self.role, self.path)
        known = {
            "aws:PrincipalArn": [role_arn], "aws:PrincipalAccount": [possible_account(role_arn)],
            "aws:PrincipalIsAWSService": ["false"], "aws:SecureTransport": ["true"],
        }  # fmt: skip
        return Request(
            principal=Principal("AWS", role_arn), action=action, resource=resource,
            context={**known, **(context or {})}, unknown_keys=_UNKNOWN_KEYS,
        )  # fmt: skip

    def is_refused(self, decision: Decision) -> bool:
        """Whether the rights are missing for certain: during an update, other policies may still be to come."""
        return decision.answer is Answer.NO and (decision.statement is not None or not self.path.is_incomplete)

    def require_known(self) -> None:
        """Raise `UnknownValueError` where a policy of the role is unknown."""
        for policy in policies_of(self.role, self.path.resources):
            require_known(policy, "policy")
        require_known(self.role, "inlinePolicies")


def _check_role(role: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    yield from _check_trust(role, path)
    rights = _Rights(role, path, _documents_of(role, path))
    if path.is_incomplete and not rights.documents:
        return
    for function in path.functions:
        if role in path.referenced_from([function], "role", role.resource_type):
            yield from _check_receiving(rights, function)
            yield from _check_writing(rights, function)


def _documents_of(role: PolicyResource, path: FeedbackPath) -> list[Any]:
    managed_policies = path.of_type(MANAGED_POLICY)
    holders = [(role, "managedPolicyArns"), *attachments_of(role, path.resources)]
    elsewhere = [
        str(arn)
        for holder, key in holders
        if not referenced_by(holder, key, managed_policies)
        for arn in as_list(read_document(holder, key))
    ]
    inline_policies = as_list(read_document(role, "inlinePolicies"))
    return [
        *(read_document(policy) for policy in policies_of(role, path.resources)),
        *(policy.get("policy") if isinstance(policy, dict) else policy for policy in inline_policies),
        *map(managed_policy_document, elsewhere),
    ]


def _role_arn(role: PolicyResource, path: FeedbackPath) -> str:
    return possible_arn(role, "iam", f"role/{UNKNOWN_TEXT}", [(function, "role") for function in path.functions])


def _check_trust(role: PolicyResource, path: FeedbackPath) -> Iterator[str]:
    account = possible_account(_role_arn(role, path))
    sent = {"aws:SourceAccount": account, "aws:SourceArn": UNKNOWN_TEXT}
    policies = [read_document(role, "assumeRolePolicy")]
    decision = decide_for_service("lambda.amazonaws.com", "sts:AssumeRole", "", policies, [{}, sent])
    if decision.answer is Answer.NO:
        yield "The trust policy does not let lambda.amazonaws.com assume the role: the function cannot run."
    elif decision.answer is Answer.UNKNOWN:
        require_known(role, "assumeRolePolicy")


def _check_receiving(rights: _Rights, function: PolicyResource) -> Iterator[str]:
    """Checks that a function can receive from the queues that are mapped to it."""
    path = rights.path
    for queue in path.queues:
        mappings = [mapping for mapping in path.mappings_of(queue) if not is_false(mapping, "enabled")]
        if function not in path.invoked_functions(mappings, "functionName"):
            continue
        setters = path.resources_setting(queue, "policy", QUEUE_POLICY, "queueUrl")
        documents = [read_document(policy) for policy in setters]
        arn = possible_arn(queue, "sqs", named_by=[(mapping, "eventSourceArn") for mapping in mappings])
        decisions = {action: rights.decide(action, arn, documents) for action in _RECEIVE_ACTIONS}
        for key in keys_of([queue], "kmsMasterKeyId", path):
            decisions[f"kms:Decrypt on {describe(key)}"] = rights.decide_on_key(key, "sqs")
        yield from _describe_missing(rights, decisions, f"receive from {describe(queue)}")


def _check_writing(rights: _Rights, function: PolicyResource) -> Iterator[str]:
    """Checks that a function can write one of the tables that it may know."""
    path, written = rights.path, rights.path.tables_written_by(function)
    decisions = {}
    for table in written.in_stack:
        setters = path.referring_to([table], TABLE_POLICY, "resourceArn")
        documents = [read_document(policy) for policy in setters]
        arn = possible_arn(table, "dynamodb", "table/")
        allowed = _any_of([rights.decide(action, arn, documents) for action in WRITE_ACTIONS])
        keys = [rights.decide_on_key(key, "dynamodb") for key in keys_of([table], "serverSideEncryption", path)]
        decisions[describe(table)] = _all_of([allowed, *keys])
    if written.unknown or not written.in_stack or written.is_elsewhere(function):
        decisions["any table"] = _any_of([rights.decide(action, _ANY_TABLE, []) for action in WRITE_ACTIONS])
    if not path.is_incomplete or written.in_stack:
        overall = _any_of(list(decisions.values()))
        yield from _describe_missing(rights, {f"a write action on {' or '.join(decisions)}": overall}, "write feedback")


def _any_of(decisions: Sequence[Decision]) -> Decision:
    statement = next((decision.statement for decision in decisions if decision.statement), None)
    return Decision(either(decision.answer for decision in decisions), statement)


def _all_of(decisions: Sequence[Decision]) -> Decision:
    refusing = (decision.statement for decision in decisions if decision.answer is Answer.NO)
    return Decision(both(decision.answer for decision in decisions), next(refusing, None))


def _describe_missing(rights: _Rights, decisions: dict[str, Decision], purpose: str) -> Iterator[str]:
    refused = {action: decision for action, decision in decisions.items() if rights.is_refused(decision)}
    if refused:
        denials = {describe_statement(decision.statement) for decision in refused.values() if decision.statement}
        reason = f" ({', '.join(sorted(denials))} denies it)" if denials else ""
        yield (
            f"The function cannot {purpose}: the role lacks {', '.join(refused)}{reason}. Its feedback ends in the "
            "dead-letter queue or expires."
        )
    if any(decision.answer is Answer.UNKNOWN for decision in decisions.values()):
        rights.require_known()


RULES: Sequence[Rule] = (
    Rule(
        name="role-allows-feedback", severity=CRITICAL, level=MANDATORY, before_creation=True, applies_to="roles",
        description="The role of a function lets Lambda assume it, receive from the queue, decrypt, and write a table.",
        remediation="Allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the queue, "
        "dynamodb:PutItem or dynamodb:UpdateItem on a table, and kms:Decrypt on their keys; let lambda.amazonaws.com "
        "assume the role.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        relies_on=_REFERENCES,
        select=lambda path: path.roles, check=_check_role,
    ),
)  # fmt: skip
