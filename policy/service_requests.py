"""What AWS services send when they call each other for a stack, to be decided by its policies.

Source: IAM User Guide, "AWS global condition context keys": a service principal has no account, organisation, address
or network of its own, so that a statement which denies all others than those locks the service out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.iam import UNKNOWN_TEXT, Answer, Decision, Principal, Request, decide
from policy.policy_documents import account_of
from policy.properties import read_region, read_string
from policy.references import refers_to, strings_in

# Keys that a request has or not, or whose value only AWS knows.
UNKNOWN_KEYS = (
    "aws:CurrentTime", "aws:EpochTime", "aws:PrincipalServiceNamesList", "aws:PrincipalType", "aws:RequestedRegion",
    "aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:ResourceTag/", "aws:SourceOrgID",
    "aws:SourceOrgPaths", "aws:SourceOwner", "aws:UserAgent", "aws:userid", "aws:ViaAWSService", "kms:",
)  # fmt: skip


def decide_for_service(
    service: str, action: str, resource: str, policies: Iterable[Any], sources: Sequence[Mapping[str, str]]
) -> Decision:
    """Whether a service may do something.

    Each of `sources` holds keys such as aws:SourceArn that the request may have; it is allowed where one of them is,
    because AWS does not document for every service which of these keys it sends.
    """
    documents = list(policies)
    known = {
        "aws:PrincipalIsAWSService": ["true"], "aws:PrincipalServiceName": [service], "aws:SecureTransport": ["true"],
    }  # fmt: skip
    decisions = [
        decide(
            Request(
                principal=Principal("Service", service),
                action=action,
                resource=resource,
                context={**known, **{key: [value] for key, value in source.items()}},
                unknown_keys=UNKNOWN_KEYS,
            ),
            documents,
        )
        for source in sources
    ]
    order = [Answer.YES, Answer.UNKNOWN, Answer.NO]
    return min(decisions, key=lambda decision: order.index(decision.answer))


def possible_arn(
    resource: PolicyResource, service: str, prefix: str = "", named_by: Iterable[tuple[PolicyResource, str]] = ()
) -> str:
    """The ARN of a resource, as far as it is known: its own, or one in the properties that name it, or name and Region.

    `prefix` stands before the name, as `table/` does. During an update, a resource does not know its ARN when others
    already name it; in a preview, only its name and its Region may be known.
    """
    if arn := read_string(resource, "arn"):
        return arn
    for referrer, key in named_by:
        for text in strings_in(referrer, key)[0]:
            if Arn.parse(text) and refers_to(text, referrer, resource):
                return text
    name = read_string(resource, "name") or UNKNOWN_TEXT
    region = "" if service == "iam" else read_region(resource) or UNKNOWN_TEXT
    return f"arn:{UNKNOWN_TEXT}:{service}:{region}:{UNKNOWN_TEXT}:{prefix}{name}"


def possible_account(arn: str) -> str:
    """The account in an ARN, which may be unknown."""
    return account_of(arn) or UNKNOWN_TEXT
