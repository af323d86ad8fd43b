"""Changes that several tables of faults make."""

import json

from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    GraphChange,
    copy_of,
    resource_named,
)

ACCOUNT, SNS, SES = "123456789012", {"Service": "sns.amazonaws.com"}, {"Service": "ses.amazonaws.com"}
FROM_OTHER_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
EVERYBODY = {"AWS": "*"}
OUTSIDE_ORGANISATION = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def set_policy_twice(name: str) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        policy = copy_of(resource_named(graph, name), "second-policy")
        policy.inputs["policy"] = json.dumps({"Statement": []})
        policy.property_dependencies.pop("policy", None)
        graph.append(policy)

    return apply
