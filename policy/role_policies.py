"""Finds the policies of a role that are resources of the stack."""

from collections.abc import Sequence

from pulumi_policy import PolicyResource

from policy.references import referenced_by
from policy.resource_types import (
    EXCLUSIVE_ATTACHMENTS,
    MANAGED_POLICY,
    POLICY_ATTACHMENT,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
)

ATTACHMENTS = {
    ROLE_POLICY_ATTACHMENT: ("role", "policyArn"),
    POLICY_ATTACHMENT: ("roles", "policyArn"),
    EXCLUSIVE_ATTACHMENTS: ("roleName", "policyArns"),
}
"""The resources that attach policies to a role, with the properties that name the role and the policies."""


def attachments_of(role: PolicyResource, resources: Sequence[PolicyResource]) -> list[tuple[PolicyResource, str]]:
    """The resources that attach policies to a role, each with the property that names the policies."""
    return [
        (resource, ATTACHMENTS[resource.resource_type][1])
        for resource in resources
        if resource.resource_type in ATTACHMENTS
        and referenced_by(resource, ATTACHMENTS[resource.resource_type][0], [role])
    ]


def policies_of(role: PolicyResource, resources: Sequence[PolicyResource]) -> list[PolicyResource]:
    """The policies of a role and the managed policies attached to it, all with a document in `policy`."""
    managed_policies = [resource for resource in resources if resource.resource_type == MANAGED_POLICY]
    return [
        *(
            resource
            for resource in resources
            if resource.resource_type == ROLE_POLICY and referenced_by(resource, "role", [role])
        ),
        *(
            policy
            for attachment, key in attachments_of(role, resources)
            for policy in referenced_by(attachment, key, managed_policies)
        ),
    ]
