"""Records every resource that a Pulumi program registers, without the Pulumi engine and without AWS.

This proves what the program asks for, not that AWS accepts it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from pulumi.runtime import Mocks
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs
from pulumi.runtime.rpc import UNKNOWN

from sandbox.program import run_program

ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"
RANDOM_SUFFIX = "1a2b3c4"
"""The end of a generated name, for which Pulumi takes random characters."""

# The outputs of each type that are not inputs. A type that is not here is an error.
OUTPUTS: dict[str, dict[str, str]] = {
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardArn": "arn:aws:cloudwatch::123456789012:dashboard/{name}"},
    "aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:aws:logs:{region}:123456789012:log-group:{name}"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"arn": "arn:aws:cloudwatch:{region}:123456789012:alarm:{name}"},
    "aws:dynamodb/resourcePolicy:ResourcePolicy": {},
    "aws:dynamodb/table:Table": {"arn": "arn:aws:dynamodb:{region}:123456789012:table/{name}"},
    "aws:dynamodb/tableItem:TableItem": {},
    "aws:iam/policy:Policy": {"arn": "arn:aws:iam::123456789012:policy/{name}"},
    "aws:iam/role:Role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws:iam/rolePolicy:RolePolicy": {},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {},
    "aws:kms/alias:Alias": {"arn": "arn:aws:kms:{region}:123456789012:{name}"},
    "aws:kms/key:Key": {"arn": "arn:aws:kms:{region}:123456789012:key/{name}", "keyId": "{name}"},
    "aws:kms/keyPolicy:KeyPolicy": {},
    "aws:lambda/alias:Alias": {"arn": "arn:aws:lambda:{region}:123456789012:function:{functionName}:{name}"},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {},
    "aws:lambda/function:Function": {
        "arn": "arn:aws:lambda:{region}:123456789012:function:{name}",
        "version": "$LATEST",
    },
    "aws:s3/bucket:Bucket": {"arn": "arn:aws:s3:::{name}"},
    "aws:scheduler/schedule:Schedule": {},
    "aws:ses/configurationSet:ConfigurationSet": {},
    "aws:ses/eventDestination:EventDestination": {},
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": {},
    "aws:sesv2/configurationSet:ConfigurationSet": {},
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": {},
    "aws:sesv2/emailIdentity:EmailIdentity": {},
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": {},
    "aws:sns/topic:Topic": {"arn": "arn:aws:sns:{region}:123456789012:{name}"},
    "aws:sns/topicPolicy:TopicPolicy": {},
    "aws:sns/topicSubscription:TopicSubscription": {"arn": "arn:aws:sns:{region}:123456789012:topic:{name}"},
    "aws:sqs/queue:Queue": {
        "arn": "arn:aws:sqs:{region}:123456789012:{name}",
        "url": "https://sqs.{region}.amazonaws.com/123456789012/{name}",
    },
    "aws:sqs/queuePolicy:QueuePolicy": {},
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": {},
}


@dataclass(frozen=True)
class RegisteredResource:
    """A resource as the program registered it; `parent` and `depends_on` are logical names."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    depends_on: frozenset[str]
    protect: bool
    custom: bool
    aliases: frozenset[str] = frozenset()
    """Logical names that it had before."""
    property_dependencies: dict[str, frozenset[str]] = field(default_factory=dict)
    """By input, the logical names of the resources whose outputs it is made from."""

    def document(self, key: str) -> Any:
        """The input `key`, a string that holds JSON."""
        return json.loads(self.inputs[key])


@dataclass(frozen=True)
class Graph:
    """The resources that a program registered, and its outputs."""

    resources: list[RegisteredResource]
    outputs: dict[str, Any]

    def __getitem__(self, name: str) -> RegisteredResource:
        (match,) = [resource for resource in self.resources if resource.name == name]
        return match

    def of(self, type_: str) -> list[RegisteredResource]:
        """The resources of one type."""
        return [resource for resource in self.resources if resource.type == type_]

    @property
    def custom(self) -> list[RegisteredResource]:
        """The resources of a provider: no components."""
        return [resource for resource in self.resources if resource.custom]


def aws_outputs(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """The outputs that AWS would add to a resource's inputs; a generated name ends in `RANDOM_SUFFIX`."""
    named = {"region": DEFAULT_REGION, "name": f"{name}-{RANDOM_SUFFIX}", **inputs}
    outputs = {key: template.format(**named) for key, template in OUTPUTS[type_].items()}
    return outputs if type_ in _NAMELESS else {"name": named["name"], **outputs}


_NAMELESS = {"aws:kms/key:Key"}
"""The types that have an id only."""


_IDS = {
    "aws:iam/role:Role": "name",
    "aws:kms/key:Key": "keyId",
    "aws:sns/topic:Topic": "arn",
    "aws:sqs/queue:Queue": "url",
}
"""The output that is the id of a resource, where another one is made from the id."""


@dataclass(frozen=True)
class _AwsMocks(Mocks):
    calls: Mapping[str, dict[str, Any]]
    preview: bool

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", args.inputs
        if self.preview:
            # A name is known: it is generated before the resource is created.
            unknown = dict.fromkeys(OUTPUTS[args.typ], UNKNOWN)
            return "", {**unknown, "name": f"{args.name}-{RANDOM_SUFFIX}", **args.inputs}
        outputs = aws_outputs(args.typ, args.name, args.inputs)
        return outputs.get(_IDS.get(args.typ, ""), f"{args.name}-id"), {**args.inputs, **outputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in self.calls:
            raise AssertionError(f"the program calls {args.token}: it must be built from its inputs alone")
        return self.calls[args.token], []


class _Monitor(MockMonitor):
    def __init__(self, registered: list[RegisteredResource], mocks: _AwsMocks) -> None:
        super().__init__(mocks)
        self.registered = registered

    def RegisterResource(self, request: Any) -> object:  # noqa: N802 - the SDK's own signature
        if request.type == "pulumi:pulumi:Stack":
            return self._register(request)
        self.registered.append(
            RegisteredResource(
                type=request.type,
                name=request.name,
                parent=request.parent.rsplit("::", 1)[-1] if request.parent else "",
                inputs=_with_integers(json_format.MessageToDict(request.object)),
                depends_on=frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                protect=request.protect,
                aliases=frozenset(alias.spec.name or alias.urn.rsplit("::", 1)[-1] for alias in request.aliases),
                custom=request.custom,
                property_dependencies={
                    key: frozenset(urn.rsplit("::", 1)[-1] for urn in dependencies.urns)
                    for key, dependencies in request.propertyDependencies.items()
                    if dependencies.urns
                },
            ),
        )
        return self._register(request)

    def _register(self, request: object) -> object:
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK types none of it


def _with_integers(value: Any) -> Any:
    """Turn whole floats into integers: a protobuf struct knows no integer."""
    if isinstance(value, dict):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def record(
    program: Callable[[], object],
    config: Mapping[str, str] | None = None,
    registered: list[RegisteredResource] | None = None,
    *,
    calls: Mapping[str, dict[str, Any]] | None = None,
    preview: bool = False,
) -> Graph:
    """Run `program` under a new monitor and event loop. What it raises is raised here.

    `registered` is filled while the program runs, for the test of a program that stops before its end. `calls` holds
    the results of the functions that the program may call, by token. In a preview what only AWS can give is `UNKNOWN`.
    """
    resources: list[RegisteredResource] = [] if registered is None else registered

    monitor = _Monitor(resources, _AwsMocks(calls or {}, preview))
    outputs = run_program(
        program, monitor.mocks, project="ses-feedback", stack="test", config=config or {}, preview=preview,
        monitor=monitor,
    )  # fmt: skip
    return Graph(resources, outputs)
