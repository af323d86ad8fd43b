"""The way of feedback through a stack, found by its wiring alone: no name, tag or component is asked for.

SES notification topic or event destination -> topic -> subscription -> queue -> event source mapping -> function ->
role, log group, tables. The tables of a `BlockedTable` are on it, too: a hub has them without a pipeline.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MANAGED_POLICY = "aws:iam/policy:Policy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TABLE = "aws:dynamodb/table:Table"
TABLES_COMPONENT = "ses-feedback:index:BlockedTable"

FEEDBACK = frozenset({"BOUNCE", "COMPLAINT"})
"""The kinds of notification that are feedback, as `kinds` writes them."""

Resources = list[PolicyResource]


def kinds(source: PolicyResource) -> frozenset[str]:
    """The kinds of notification that a source sends; raises `UnknownValueError`."""
    if source.resource_type == IDENTITY_TOPIC:
        given = known(source, "notificationType")
    elif source.resource_type == EVENT_DESTINATION:
        given = known(source, "eventDestination", "matchingEventTypes")
    else:
        given = known(source, "matchingTypes")
    return frozenset(str(kind).upper() for kind in items(given))


def _is_feedback(source: PolicyResource) -> bool:
    try:
        return bool(kinds(source) & FEEDBACK)
    except UnknownValueError:
        return True  # rather one too many than one that nobody looks at


@dataclass(frozen=True)
class FeedbackPath:
    """What of a stack handles feedback; each list in the stack's order, without repetition."""

    resources: Sequence[PolicyResource]
    sources: Resources
    topics: Resources
    subscriptions: Resources
    queues: Resources
    """The queues that a function takes feedback from."""
    dead_letters: Resources
    """Where those queues put what the function cannot process."""
    undelivered: Resources
    """Where the subscriptions put what cannot be delivered."""
    mappings: Resources
    functions: Resources
    roles: Resources
    log_groups: Resources
    tables: Resources

    @property
    def all_queues(self) -> Resources:
        """The queues of every purpose."""
        return _unique([*self.queues, *self.dead_letters, *self.undelivered])

    @property
    def everything(self) -> Resources:
        """All that is on the way, sources left out."""
        parts = (self.topics, self.subscriptions, self.all_queues, self.mappings, self.functions)
        return _unique([one for part in (*parts, self.roles, self.log_groups, self.tables) for one in part])

    def of(self, type_: str) -> Resources:
        """All resources of a type, on the way or not."""
        return [one for one in self.resources if one.resource_type == type_]

    def pointing(self, type_: str, key: str, target: PolicyResource) -> Resources:
        """The resources of a type whose property points to `target`."""
        return [one for one in self.of(type_) if linked(one, key, [target])]

    def redrives(self, queue: PolicyResource) -> Resources:
        """The resources that hold a queue's redrive policy: itself, or one of its own."""
        return [queue, *self.pointing(REDRIVE_POLICY, "queueUrl", queue)]

    def dead_letters_of(self, queue: PolicyResource) -> Resources:
        """The dead-letter queues of a queue."""
        queues = self.of(QUEUE)
        return [one for holder in self.redrives(queue) for one in linked(holder, "redrivePolicy", queues)]

    def topics_of(self, queue: PolicyResource) -> Resources:
        """The topics that deliver to a queue, or put what they cannot deliver into it."""
        return _unique(
            topic
            for one in self.subscriptions
            if linked(one, "endpoint", [queue]) or linked(one, "redrivePolicy", [queue])
            for topic in linked(one, "topic", self.topics)
        )

    def logs_of(self, function: PolicyResource) -> Resources:
        """The log groups of a function: the one it names, or the one that bears its name."""
        named = linked(function, "loggingConfig", self.of(LOG_GROUP))
        default = f"/aws/lambda/{attribute(function, 'name')}"
        return named or [
            one
            for one in self.of(LOG_GROUP)
            if attribute(one, "name") == default or function in one.property_dependencies.get("name", [])
        ]


def find(resources: Sequence[PolicyResource]) -> FeedbackPath:
    """The way of feedback through these resources."""

    def of(*types: str) -> Resources:
        return [one for one in resources if one.resource_type in types]

    def follow(starts: Iterable[PolicyResource], key: str, type_: str) -> Resources:
        candidates = of(type_)
        return _unique(one for start in starts for one in linked(start, key, candidates))

    def pointing(type_: str, key: str, targets: Resources) -> Resources:
        return [one for one in of(type_) if linked(one, key, targets)]

    sources = [one for one in of(IDENTITY_TOPIC, EVENT_DESTINATION, CLASSIC_DESTINATION) if _is_feedback(one)]
    keys = {IDENTITY_TOPIC: "topicArn", EVENT_DESTINATION: "eventDestination", CLASSIC_DESTINATION: "snsDestination"}
    topics = _unique(one for source in sources for one in linked(source, keys[source.resource_type], of(TOPIC)))
    subscriptions = [one for one in pointing(SUBSCRIPTION, "topic", topics) if known(one, "protocol") == "sqs"]
    queues = follow(subscriptions, "endpoint", QUEUE)
    redrives = [*queues, *pointing(REDRIVE_POLICY, "queueUrl", queues)]
    mappings = pointing(MAPPING, "eventSourceArn", queues)
    functions = follow(mappings, "functionName", FUNCTION)
    path = FeedbackPath(
        resources=resources,
        sources=sources,
        topics=topics,
        subscriptions=subscriptions,
        queues=queues,
        dead_letters=follow(redrives, "redrivePolicy", QUEUE),
        undelivered=follow(subscriptions, "redrivePolicy", QUEUE),
        mappings=mappings,
        functions=functions,
        roles=follow(functions, "role", ROLE),
        log_groups=[],
        tables=_unique(
            [
                *follow(functions, "environment", TABLE),
                *(one for one in of(TABLE) if one.parent is not None and one.parent.resource_type == TABLES_COMPONENT),
            ]
        ),
    )
    path.log_groups.extend(_unique(one for function in functions for one in path.logs_of(function)))
    return path


def _unique(resources: Iterable[PolicyResource]) -> Resources:
    return list({one.urn: one for one in resources}.values())
