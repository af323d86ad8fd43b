"""The way of feedback through a stack, found by its wiring alone: no name, tag or component is asked for.

SES notification topic or event destination -> topic -> subscription -> queue -> event source mapping -> function ->
role, log group, tables. A function that subscribes itself is on it, and so are the tables of a `BlockedTable`, since a
hub has them without a pipeline.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.wiring import attribute, items, known, linked

IDENTITY_TOPIC = "aws:ses/identityNotificationTopic:IdentityNotificationTopic"
EVENT_DESTINATION = "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
CLASSIC_DESTINATION = "aws:ses/eventDestination:EventDestination"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
REDRIVE_POLICY = "aws:sqs/redrivePolicy:RedrivePolicy"
REDRIVE_ALLOW_POLICY = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
FUNCTION = "aws:lambda/function:Function"
FUNCTION_ALIAS = "aws:lambda/alias:Alias"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENTS = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
    "aws:iam/policyAttachment:PolicyAttachment": ("roles", "policyArn"),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": ("roleName", "policyArns"),
}
"""What attaches policies to a role, with the properties that name the role and the policies."""
MANAGED_POLICY = "aws:iam/policy:Policy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TABLE = "aws:dynamodb/table:Table"
TABLE_POLICY = "aws:dynamodb/resourcePolicy:ResourcePolicy"
TABLES_COMPONENT = "ses-feedback:index:BlockedTable"

FEEDBACK = frozenset({"BOUNCE", "COMPLAINT"})
"""The kinds of notification that are feedback, as `kinds` writes them."""

# Of each type of source: where its kinds are, and where its topic.
_KINDS = {
    IDENTITY_TOPIC: ("notificationType",),
    EVENT_DESTINATION: ("eventDestination", "matchingEventTypes"),
    CLASSIC_DESTINATION: ("matchingTypes",),
}
_TOPIC = {
    IDENTITY_TOPIC: ("topicArn",),
    EVENT_DESTINATION: ("eventDestination", "snsDestination"),
    CLASSIC_DESTINATION: ("snsDestination",),
}
_ENABLED = {EVENT_DESTINATION: ("eventDestination", "enabled"), CLASSIC_DESTINATION: ("enabled",)}

Resources = list[PolicyResource]


def kinds(source: PolicyResource) -> frozenset[str]:
    """The kinds of notification that a source sends; raises `UnknownValueError`."""
    return frozenset(str(kind).upper() for kind in items(known(source, *_KINDS[source.resource_type])))


def _is_feedback(source: PolicyResource) -> bool:
    """Whether a source sends feedback to a topic; what is unknown passes: rather too many than one nobody looks at."""
    asked: list[Callable[[], Any]] = [
        lambda: kinds(source) & FEEDBACK,
        lambda: known(source, *_TOPIC[source.resource_type]),
        # AWS takes an event destination for disabled where nothing is said.
        lambda: source.resource_type == IDENTITY_TOPIC or known(source, *_ENABLED[source.resource_type]),
    ]
    return all(_holds(one) for one in asked)


def _holds(ask: Callable[[], Any]) -> bool:
    try:
        return bool(ask())
    except UnknownValueError:
        return True


@dataclass(kw_only=True)
class FeedbackPath:
    """What of a stack handles feedback; each list in the stack's order, without repetition."""

    resources: Sequence[PolicyResource]
    growing: bool
    """Whether resources are still to come, as while an update runs: what is missing is not yet wrong."""
    sources: Resources = field(default_factory=list)
    topics: Resources = field(default_factory=list)
    subscriptions: Resources = field(default_factory=list)
    queues: Resources = field(default_factory=list)
    """The queues that a topic delivers feedback to."""
    dead_letters: Resources = field(default_factory=list)
    """Where those queues put what the function cannot process."""
    subscription_dead_letters: Resources = field(default_factory=list)
    """Where the subscriptions put what cannot be delivered."""
    mappings: Resources = field(default_factory=list)
    functions: Resources = field(default_factory=list)
    roles: Resources = field(default_factory=list)
    log_groups: Resources = field(default_factory=list)
    tables: Resources = field(default_factory=list)

    @property
    def all_queues(self) -> Resources:
        """The queues of every purpose."""
        return _unique([*self.queues, *self.dead_letters, *self.subscription_dead_letters])

    @property
    def everything(self) -> Resources:
        """All that is on the way."""
        parts = (self.sources, self.topics, self.subscriptions, self.all_queues, self.mappings, self.functions)
        return _unique([one for part in (*parts, self.roles, self.log_groups, self.tables) for one in part])

    def of(self, *types: str) -> Resources:
        """All resources of these types, on the way or not."""
        return [one for one in self.resources if one.resource_type in types]

    def pointing(self, type_: str, key: str, *targets: PolicyResource) -> Resources:
        """The resources of a type whose property points to one of the targets."""
        return [one for one in self.of(type_) if linked(one, key, targets)]

    def follow(self, starts: Iterable[PolicyResource], key: str, type_: str) -> Resources:
        """The resources of a type that a property of the starts points to."""
        candidates = self.of(type_)
        return _unique(one for start in starts for one in linked(start, key, candidates))

    def topics_of(self, source: PolicyResource) -> Resources:
        """The topics that a source publishes to."""
        return linked(source, _TOPIC[source.resource_type][0], self.of(TOPIC))

    def holders(self, target: PolicyResource, type_: str, key: str, of: str) -> Resources:
        """What sets a property of a resource: the resources of a type for it, where there are any, else it itself."""
        return self.pointing(type_, key, target) or ([target] if of in list(target.props) else [])

    def redrives(self, queue: PolicyResource) -> Resources:
        """What holds a queue's redrive policy."""
        return self.holders(queue, REDRIVE_POLICY, "queueUrl", "redrivePolicy")

    def dead_letters_of(self, queue: PolicyResource) -> Resources:
        """The dead-letter queues of a queue."""
        return self.follow(self.redrives(queue), "redrivePolicy", QUEUE)

    def deliveries(self, queue: PolicyResource) -> Resources:
        """The subscriptions that deliver to a queue, or put into it what they cannot deliver; of any topic."""
        return [one for one in self.of(SUBSCRIPTION)
                if linked(one, "endpoint", [queue]) or linked(one, "redrivePolicy", [queue])]  # fmt: skip

    def called(self, starts: Iterable[PolicyResource], key: str) -> Resources:
        """The functions that a property points to, by themselves or by an alias."""
        starts = list(starts)
        aliases = self.follow(starts, key, FUNCTION_ALIAS)
        return _unique([*self.follow(starts, key, FUNCTION), *self.follow(aliases, "functionName", FUNCTION)])

    def logs_of(self, function: PolicyResource) -> Resources:
        """The log groups of a function: the one it names, or the one that bears its name."""
        groups = self.of(LOG_GROUP)
        default = f"/aws/lambda/{attribute(function, 'name')}"
        return linked(function, "loggingConfig", groups) or [
            one
            for one in groups
            if attribute(one, "name") == default or function in one.property_dependencies.get("name", [])
        ]


def find(resources: Sequence[PolicyResource], *, growing: bool = False) -> FeedbackPath:
    """The way of feedback through these resources."""
    path = FeedbackPath(resources=resources, growing=growing)
    path.sources = [one for one in path.of(*_KINDS) if _is_feedback(one)]
    path.topics = _unique(one for source in path.sources for one in path.topics_of(source))
    path.subscriptions = [
        one
        for one in path.pointing(SUBSCRIPTION, "topic", *path.topics)
        if attribute(one, "protocol") in {"sqs", "lambda", ""}
    ]
    path.queues = path.follow(path.subscriptions, "endpoint", QUEUE)
    path.dead_letters = _unique(one for queue in path.queues for one in path.dead_letters_of(queue))
    path.subscription_dead_letters = path.follow(path.subscriptions, "redrivePolicy", QUEUE)
    path.mappings = path.pointing(MAPPING, "eventSourceArn", *path.queues)
    path.functions = _unique(
        [*path.called(path.mappings, "functionName"), *path.called(path.subscriptions, "endpoint")]
    )
    path.roles = path.follow(path.functions, "role", ROLE)
    path.log_groups = _unique(one for function in path.functions for one in path.logs_of(function))
    own = [one for one in path.of(TABLE) if f"{TABLES_COMPONENT}$" in one.urn]
    path.tables = _unique([*path.follow(path.functions, "environment", TABLE), *own])
    return path


def _unique(resources: Iterable[PolicyResource]) -> Resources:
    return list({one.urn: one for one in resources}.values())
