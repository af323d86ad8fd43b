"""Every argument that the program passes, against the schemas that AWS publishes for its resources.

The schemas are CloudFormation's, as cfn-lint ships them, with its rules for policies; where CloudFormation has no such
resource, the parameters of the API operation that creates it (botocore). They hold names, types, enums, patterns and
ranges. What they do not hold is not proven here: lengths of documents (components/limits.py), what depends on another
resource or on the account, and what AWS checks only when it is asked.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.cloudformation import TRANSLATED, pascal, to_cloudformation
from tests.components.test_child_contracts import KEY, record_all_components
from tests.recorder import ACCOUNT, DEFAULT_REGION, RegisteredResource
from tests.test_program import stack

pytestmark = pytest.mark.xdist_group("aws_schemas")  # one process reads cfn-lint's rules and records the stacks

OTHER_TABLES = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT[::-1]}:table/"
PRINCIPALS = ["210987654321", "arn:aws:iam::210987654321:role/sender", "o-abcdefghij"]
SOURCE = {
    "name": "shop",
    "region": "eu-west-1",
    "identities": ["shop.example", "news@shop.example"],
    "configurationSet": "main",
    "emailForwarding": False,
}
THROUGHPUT = {
    "warmReadUnitsPerSecond": 20_000,
    "warmWriteUnitsPerSecond": 8000,
    "maxReadRequestUnits": 40_000,
    "maxWriteRequestUnits": 16_000,
}
STACKS: dict[str, dict[str, Any]] = {
    "dev": {},
    "every option": {
        "sources": [SOURCE],
        "createKmsKeys": True,
        **THROUGHPUT,
        "readerPrincipals": PRINCIPALS,
        "writerPrincipals": PRINCIPALS,
        "alarmEmails": ["oncall@example.com"],
        "includeOriginalHeaders": True,
        "batchSize": 10_000,
        "maximumBatchingWindowSeconds": 300,
        "maximumConcurrency": 1000,
        "functionMemoryMb": 10_240,
        "functionTimeoutSeconds": 900,
        "logRetentionDays": 3653,
        "messageRetentionDays": 13,
        "missingFeedbackHours": 2,
        "permissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "protected": ["abuse@"],
        "redrivePrincipals": [f"arn:aws:iam::{ACCOUNT}:role/operator"],
        "sendingAccounts": ["210987654321"],
    },
    "tables of another account": {
        "tableRegion": "",
        "blockedTableArn": f"{OTHER_TABLES}blocked",
        "historyTableArn": f"{OTHER_TABLES}history",
        "tableKmsKeyArn": f"arn:aws:kms:eu-central-1:{ACCOUNT[::-1]}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "alarmTopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms",
        "sources": [SOURCE],
    },
    "replicas": {"tableRegion": "eu-west-1", "replicaRegions": ["us-east-1", "eu-central-1"], **THROUGHPUT},
}
"""Changes to the dev stack's configuration."""

STATEMENT_MISTAKES: dict[str, dict[str, Any]] = {
    "effect": {"Effect": "Alow"},
    "action": {"Action": "sqs:SendMail"},
    "operator": {"Condition": {"ArnEqual": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:topic"}}},
    "principal": {"Principal": "sns.amazonaws.com"},
    "element": {"Actions": "sqs:SendMessage"},
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Alow", "Action": "*", "Resource": "*"}]})
MISTAKES: dict[str, dict[str, Any]] = {
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardBody": None},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 31},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"treatMissingData": "ignored"},
    "aws:dynamodb/resourcePolicy:ResourcePolicy": {"policy": POLICY},
    "aws:dynamodb/table:Table": {"billingMode": "ON_DEMAND"},
    "aws:dynamodb/tableItem:TableItem": {"item": '{"value": {"S": 1}}'},
    "aws:iam/role:Role": {"assumeRolePolicy": POLICY},
    "aws:iam/rolePolicy:RolePolicy": {"policy": POLICY},
    "aws:kms/key:Key": {"deletionWindowInDays": 31},
    "aws:kms/keyPolicy:KeyPolicy": {"policy": POLICY},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"functionResponseTypes": ["ReportBatchItemFailure"]},
    "aws:lambda/function:Function": {"runtime": "python3"},
    "aws:scheduler/schedule:Schedule": {"flexibleTimeWindow": {"mode": "NONE"}},
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": {"notificationType": "Bounces"},
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": {"eventDestinationName": "a.b"},
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": {"emailForwardingEnabled": "off"},
    "aws:sns/topic:Topic": {"tags": {"key" * 43: "longer than 128 characters"}},
    "aws:sns/topicPolicy:TopicPolicy": {"policy": POLICY},
    "aws:sns/topicSubscription:TopicSubscription": {"rawMessageDelivery": "raw"},
    "aws:sqs/queue:Queue": {"messageRetentionSeconds": 1_209_601},
    "aws:sqs/queuePolicy:QueuePolicy": {"policy": POLICY},
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": {"redriveAllowPolicy": "[]"},
}
"""A mistake per type that its schema must find; None for an input that is left out."""

OPERATIONS: dict[str, tuple[str, str]] = {
    "aws:dynamodb/tableItem:TableItem": ("dynamodb", "PutItem"),
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": ("ses", "SetIdentityNotificationTopic"),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        "sesv2",
        "CreateConfigurationSetEventDestination",
    ),
}
"""The operation that sets a type: where CloudFormation has no such resource, and where its schema has no enum."""


def parameters(resource: RegisteredResource) -> dict[str, Any]:
    """The parameters of the type's operation."""
    inputs = resource.inputs
    match resource.type:
        case "aws:dynamodb/tableItem:TableItem":
            return {"TableName": inputs["tableName"], "Item": json.loads(inputs["item"])}
        case "aws:ses/identityNotificationTopic:IdentityNotificationTopic":
            names = {"identity": "Identity", "notificationType": "NotificationType", "topicArn": "SnsTopic"}
            return {parameter: inputs[name] for name, parameter in names.items()}
        case _:
            return {key: value for key, value in pascal(inputs).items() if key != "Region"}


def parameter_errors(resource: RegisteredResource) -> list[str]:
    """What botocore's model of the operation finds in the parameters, and values outside its enums."""
    service, operation = OPERATIONS[resource.type]
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape
    values = parameters(resource)
    report = ParamValidator().validate(values, shape)
    return [report.generate_report()] if report.has_errors() else list(enum_errors(values, shape))


def enum_errors(value: Any, shape: Any) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from enum_errors(item, shape.members[name])
    elif shape.type_name == "list":
        for item in value:
            yield from enum_errors(item, shape.member)
    elif getattr(shape, "enum", []) and value not in shape.enum:
        yield f"{shape.name} is {value!r}: one of {', '.join(shape.enum)} is needed"


@cache
def registered() -> list[RegisteredResource]:
    """Every resource of the components under the longest names, and of every stack."""
    graphs = [record_all_components(), record_all_components(kms_key_arn=KEY)]
    graphs += [stack("dev", None, **changes) for changes in STACKS.values()]
    return [resource for graph in graphs for resource in graph.custom]


def distinct(resources: Iterable[RegisteredResource]) -> list[RegisteredResource]:
    """One resource, the first, of those that differ in nothing but their component's name and their Region."""
    first: dict[str, RegisteredResource] = {}
    for resource in resources:
        inputs = json.dumps([resource.type, resource.inputs], sort_keys=True)
        region = str(resource.inputs.get("region"))
        first.setdefault(inputs.replace(resource.parent, "").replace(region, ""), resource)
    return list(first.values())


def findings(resources: Iterable[RegisteredResource]) -> dict[str, list[str]]:
    """What cfn-lint finds in resources, by type and name."""
    template: dict[str, Any] = {}
    names = {}
    for index, resource in enumerate(resources):
        type_, properties = to_cloudformation(resource)
        template[f"R{index}"] = {"Type": type_, "Properties": properties}
        if "ResourcePolicy" in properties:
            # cfn-lint checks no policies of tables. Those of keys have the same form, and may name any action.
            policy = properties["ResourcePolicy"]["PolicyDocument"]
            template[f"R{index}P"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}}
        names[f"R{index}"] = names[f"R{index}P"] = f"{resource.type} {resource.name}"
    found: dict[str, list[str]] = {}
    # E3019 compares names of the resources of one stack: here are those of several, in one template.
    config = ManualArgs(regions=[DEFAULT_REGION], ignore_checks=["E3019"])
    for match in lint(json.dumps({"Resources": template}), config=config):
        _, logical_id, *path = match.path
        found.setdefault(names[logical_id], []).append(f"{match.rule.id} {'.'.join(map(str, path))}: {match.message}")
    return found


@pytest.fixture(scope="module")
def resources() -> list[RegisteredResource]:
    return distinct(registered())


def with_schema(resources: Iterable[RegisteredResource]) -> list[RegisteredResource]:
    return [resource for resource in resources if resource.type in TRANSLATED]


def with_mistakes(resource: RegisteredResource, changes: dict[str, Any]) -> RegisteredResource:
    inputs = {key: value for key, value in (resource.inputs | changes).items() if value is not None}
    return replace(resource, inputs=inputs)


def test_every_type_that_is_registered_is_validated(resources: list[RegisteredResource]) -> None:
    validated = TRANSLATED | OPERATIONS.keys()
    assert {resource.type for resource in resources} - validated == set(), "translate it in tests/cloudformation.py"
    assert MISTAKES.keys() == validated


def test_every_argument_is_one_that_aws_publishes(resources: list[RegisteredResource]) -> None:
    assert findings(with_schema(resources)) == {}
    for resource in resources:
        if resource.type in OPERATIONS:
            assert parameter_errors(resource) == [], resource.name


def test_a_mistake_in_any_type_is_found(resources: list[RegisteredResource]) -> None:
    first = {resource.type: resource for resource in reversed(resources)}
    mistakes = [with_mistakes(first[type_], changes) for type_, changes in MISTAKES.items() if type_ in first]
    found = {name.split()[0] for name in findings(with_schema(mistakes))}
    found |= {mistake.type for mistake in mistakes if mistake.type in OPERATIONS and parameter_errors(mistake)}
    assert found == {mistake.type for mistake in mistakes}


@pytest.mark.parametrize("type_", ["aws:sqs/queuePolicy:QueuePolicy", "aws:dynamodb/resourcePolicy:ResourcePolicy"])
def test_mistakes_in_a_policy_are_found(resources: list[RegisteredResource], type_: str) -> None:
    """One mistake in the first statement of a policy that is right otherwise."""
    policy = next(resource for resource in resources if resource.type == type_)
    mistakes = []
    for mistake, changes in STATEMENT_MISTAKES.items():
        document = policy.document("policy")
        document["Statement"][0] |= changes
        mistakes.append(replace(policy, name=mistake, inputs=policy.inputs | {"policy": json.dumps(document)}))
    assert {name.split()[1] for name in findings(mistakes)} == set(STATEMENT_MISTAKES)


def test_an_event_that_ses_does_not_know_is_found(resources: list[RegisteredResource]) -> None:
    """CloudFormation's schema takes any text there."""
    type_ = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
    destination = next(resource for resource in resources if resource.type == type_)
    event_destination = destination.inputs["eventDestination"] | {"matchingEventTypes": ["BOUNCED"]}
    (error,) = parameter_errors(with_mistakes(destination, {"eventDestination": event_destination}))
    assert error.startswith("EventType is 'BOUNCED': one of SEND, REJECT, BOUNCE,")


def test_what_has_no_translation_is_named() -> None:
    queue = RegisteredResource("aws:sqs/queue:Queue", "q", "", {"fifoQueue": True}, frozenset(), False, True)
    with pytest.raises(AssertionError, match="aws:sqs/queue:Queue has no property for the input fifoQueue"):
        to_cloudformation(queue)
    with pytest.raises(AssertionError, match="aws:s3/bucket:Bucket has no translation"):
        to_cloudformation(replace(queue, type="aws:s3/bucket:Bucket"))


def test_redrive_documents_are_as_sqs_and_sns_read_them(resources: list[RegisteredResource]) -> None:
    """The schemas take any object there. SQS API reference, SetQueueAttributes; SNS API reference, Subscribe."""
    queues = [resource for resource in resources if "redrivePolicy" in resource.inputs]
    for queue in queues:
        redrive = queue.document("redrivePolicy")
        assert redrive.pop("deadLetterTargetArn").startswith("arn:aws:sqs:")
        receives = redrive.pop("maxReceiveCount", None)
        assert (receives in range(1, 1001)) == (queue.type == "aws:sqs/queue:Queue")
        assert redrive == {}
    assert {queue.type.split(":")[2] for queue in queues} == {"Queue", "TopicSubscription"}
    for resource in resources:
        if resource.type == "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy":
            allowed = resource.document("redriveAllowPolicy")
            assert allowed["redrivePermission"] == "byQueue"
            assert 1 <= len(allowed["sourceQueueArns"]) <= 10
            assert allowed.keys() == {"redrivePermission", "sourceQueueArns"}
