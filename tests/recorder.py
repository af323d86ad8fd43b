"""Runs a Pulumi program with no engine and no AWS, and keeps every resource it registers, as the engine would see it.

It proves what the program asks for, not that AWS accepts it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from pulumi.runtime import Mocks
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs

from sandbox.program import run_program

ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"
MADE_UP = "1a2b3c4"

# What each type answers beside its inputs. A type that is not here is an error.
OUTPUTS: dict[str, dict[str, str]] = {
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardArn": "arn:aws:cloudwatch::123456789012:dashboard/{name}"},
    "aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:aws:logs:{region}:123456789012:log-group:{name}"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"arn": "arn:aws:cloudwatch:{region}:123456789012:alarm:{name}"},
    "aws:dynamodb/resourcePolicy:ResourcePolicy": {},
    "aws:dynamodb/table:Table": {"arn": "arn:aws:dynamodb:{region}:123456789012:table/{name}"},
    "aws:iam/role:Role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws:iam/rolePolicy:RolePolicy": {},
    "aws:kms/key:Key": {"arn": "arn:aws:kms:{region}:123456789012:key/{name}", "keyId": "{name}"},
    "aws:kms/keyPolicy:KeyPolicy": {},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {},
    "aws:lambda/function:Function": {"arn": "arn:aws:lambda:{region}:123456789012:function:{name}"},
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": {},
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": {},
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
class Registered:
    """One resource as the program registered it; `parent` and `depends_on` are logical names."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    depends_on: frozenset[str]
    protect: bool
    custom: bool
    aliases: frozenset[str] = frozenset()
    """Logical names that it had before."""
    made_from: dict[str, frozenset[str]] = field(default_factory=dict)
    """The logical names of the resources that each input is made from."""

    def document(self, key: str) -> Any:
        """The input `key`, which is JSON in a text."""
        return json.loads(self.inputs[key])


@dataclass(frozen=True)
class Graph:
    """All that a program registered."""

    resources: list[Registered]
    outputs: dict[str, Any]

    def __getitem__(self, name: str) -> Registered:
        (found,) = [resource for resource in self.resources if resource.name == name]
        return found

    def of(self, type_: str) -> list[Registered]:
        """The resources of one type."""
        return [resource for resource in self.resources if resource.type == type_]

    @property
    def custom(self) -> list[Registered]:
        """The resources that AWS would see."""
        return [resource for resource in self.resources if resource.custom]


def answer(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """What AWS would add to the inputs of a resource; a name that it makes up holds `MADE_UP`."""
    name = inputs.get("name") or f"{name}-{MADE_UP}"
    region = inputs.get("region") or DEFAULT_REGION
    return {"name": name, **{key: form.format(name=name, region=region) for key, form in OUTPUTS[type_].items()}}


class _Answers(Mocks):
    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.custom:
            return "", args.inputs
        made = answer(args.typ, args.name, args.inputs)
        return f"{made['name']}-id", {**args.inputs, **made}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program calls {args.token}: it is to be built from its inputs alone")


class _Monitor(MockMonitor):
    def __init__(self, registered: list[Registered]) -> None:
        super().__init__(_Answers())
        self.registered = registered

    def RegisterResource(self, request: Any) -> object:  # noqa: N802 - the SDK's own signature
        if request.type == "pulumi:pulumi:Stack":
            return self._register(request)
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                parent=request.parent.rsplit("::", 1)[-1] if request.parent else "",
                inputs=_plain(json_format.MessageToDict(request.object)),
                depends_on=frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                protect=request.protect,
                aliases=frozenset(alias.spec.name or alias.urn.rsplit("::", 1)[-1] for alias in request.aliases),
                custom=request.custom,
                made_from={
                    key: frozenset(urn.rsplit("::", 1)[-1] for urn in made.urns)
                    for key, made in request.propertyDependencies.items()
                    if made.urns
                },
            ),
        )
        return self._register(request)

    def _register(self, request: object) -> object:
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK types none of it


def _plain(value: Any) -> Any:
    """Whole floats as integers: a protobuf struct knows no integer."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def record(
    program: Callable[[], object],
    config: Mapping[str, str] | None = None,
    registered: list[Registered] | None = None,
) -> Graph:
    """Run `program` under a fresh monitor and event loop. What it raises is raised here.

    `registered` is filled as the program goes, for the test of a program that stops half-way.
    """
    resources: list[Registered] = [] if registered is None else registered

    monitor = _Monitor(resources)
    outputs = run_program(
        program, monitor.mocks, project="ses-feedback", stack="test", config=config or {}, monitor=monitor
    )
    return Graph(resources, outputs)
