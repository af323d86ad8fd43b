"""Finds the resources that handle SES feedback in a stack, by their references and not by names or tags.

SES notification topic or event destination -> topic -> subscription -> queue -> event source mapping -> function ->
role, log group, tables. A function that is itself subscribed is part of it. The tables of a function are those that its
environment names or its role may write. The tables of a `BlockedTable` component are part of it, too: a stack may hold
only the tables, for the pipelines of other stacks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pulumi_policy import PolicyResource

from policy.properties import read_string
from policy.references import referenced_by, require_known
from policy.resource_types import (
    BLOCKED_TABLE_COMPONENT,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    FUNCTION_ALIAS,
    LOG_GROUP,
    PIPE,
    QUEUE,
    REDRIVE_POLICY,
    ROLE,
    SUBSCRIPTION,
    TABLE,
    TOPIC,
)
from policy.sources import SOURCE_TYPES, has_feedback_topic, is_enabled, topic_key
from policy.written_tables import WrittenTables, find_written_tables

Resources = list[PolicyResource]


@dataclass(kw_only=True)
class FeedbackPath:
    """The resources of a stack that handle feedback; each list in the stack's order, without duplicates."""

    resources: Sequence[PolicyResource]
    """All resources of the stack."""
    is_incomplete: bool
    """Whether resources are still to come, as during an update: what is missing is then no violation yet."""
    notification_sources: Resources = field(default_factory=list)
    """The notification topics of identities and the event destinations of configuration sets."""
    disabled_event_destinations: Resources = field(default_factory=list)
    """The event destinations for feedback that publish nothing, because they are not enabled."""
    topics: Resources = field(default_factory=list)
    subscriptions: Resources = field(default_factory=list)
    queues: Resources = field(default_factory=list)
    """The queues that a topic delivers feedback to."""
    dead_letter_queues: Resources = field(default_factory=list)
    """The dead-letter queues of those queues, for messages that the function cannot process."""
    subscription_dead_letter_queues: Resources = field(default_factory=list)
    """The dead-letter queues of subscriptions, for messages that SNS cannot deliver."""
    event_source_mappings: Resources = field(default_factory=list)
    functions: Resources = field(default_factory=list)
    roles: Resources = field(default_factory=list)
    log_groups: Resources = field(default_factory=list)
    tables: Resources = field(default_factory=list)
    possible_tables: Resources = field(default_factory=list)
    """The tables that a function's role may write, by a policy that is unknown in a preview."""
    _written_tables: dict[str, WrittenTables] = field(default_factory=dict, init=False)

    @property
    def all_queues(self) -> Resources:
        """The queues and the dead-letter queues."""
        return _unique([*self.queues, *self.dead_letter_queues, *self.subscription_dead_letter_queues])

    @property
    def feedback_resources(self) -> Resources:
        """All resources that handle feedback."""
        return _unique([
            *self.notification_sources, *self.topics, *self.subscriptions, *self.all_queues,
            *self.event_source_mappings, *self.functions, *self.roles, *self.log_groups, *self.tables,
        ])  # fmt: skip

    def of_type(self, *types: str) -> Resources:
        """All resources of these types in the stack, whether they handle feedback or not."""
        return [resource for resource in self.resources if resource.resource_type in types]

    def referring_to(self, targets: Iterable[PolicyResource], type_: str, key: str) -> Resources:
        """The resources of a type whose property refers to one of the targets."""
        targets = list(targets)
        return [resource for resource in self.of_type(type_) if referenced_by(resource, key, targets)]

    def referenced_from(self, referrers: Iterable[PolicyResource], key: str, type_: str) -> Resources:
        """The resources of a type that a property of the referrers refers to."""
        candidates = self.of_type(type_)
        return _unique(target for referrer in referrers for target in referenced_by(referrer, key, candidates))

    def resources_setting(self, target: PolicyResource, key: str, type_: str, target_key: str) -> Resources:
        """The resources that set `key` of a target: those of `type_` for it, where there are any, else the target.

        A queue's policy, for example, is set by a QueuePolicy whose `queueUrl` (the `target_key`) is the queue's, or by
        the `policy` of the queue.
        """
        return self.referring_to([target], type_, target_key) or ([target] if key in list(target.props) else [])

    def topics_of(self, source: PolicyResource) -> Resources:
        """The topics that a notification source publishes to."""
        return referenced_by(source, topic_key(source), self.of_type(TOPIC))

    def subscriptions_of(self, topic: PolicyResource) -> Resources:
        """The subscriptions that deliver the feedback of a topic to queues and functions."""
        return [subscription for subscription in self.subscriptions if referenced_by(subscription, "topic", [topic])]

    def targets_of(self, subscription: PolicyResource) -> Resources:
        """The queues and functions that a subscription delivers to."""
        queues = self.referenced_from([subscription], "endpoint", QUEUE)
        return queues or self.invoked_functions([subscription], "endpoint")

    def mappings_of(self, queue: PolicyResource) -> Resources:
        """The event source mappings of a queue, also disabled ones."""
        return [mapping for mapping in self.event_source_mappings if referenced_by(mapping, "eventSourceArn", [queue])]

    def running_pipes_of(self, queue: PolicyResource) -> Resources:
        """The EventBridge pipes that consume a queue, without those that are stopped."""
        return [
            pipe
            for pipe in self.referring_to([queue], PIPE, "source")
            if read_string(pipe, "desiredState").upper() != "STOPPED"
        ]

    def tables_written_by(self, function: PolicyResource) -> WrittenTables:
        """The tables that a function writes; found once for each function."""
        if function.urn not in self._written_tables:
            self._written_tables[function.urn] = find_written_tables(function, self.resources)
        return self._written_tables[function.urn]

    def resources_setting_redrive_policy(self, queue: PolicyResource) -> Resources:
        """The resources that set a queue's redrive policy."""
        return self.resources_setting(queue, "redrivePolicy", REDRIVE_POLICY, "queueUrl")

    def dead_letter_queues_of(self, queue: PolicyResource) -> Resources:
        """The dead-letter queues of a queue."""
        return self.referenced_from(self.resources_setting_redrive_policy(queue), "redrivePolicy", QUEUE)

    def subscriptions_to(self, queue: PolicyResource) -> Resources:
        """The subscriptions of any topic that deliver to a queue, or use it as their dead-letter queue."""
        return [
            subscription
            for subscription in self.of_type(SUBSCRIPTION)
            if referenced_by(subscription, "endpoint", [queue]) or referenced_by(subscription, "redrivePolicy", [queue])
        ]

    def require_references(self, type_: str, key: str, target_type: str) -> None:
        """Raise `UnknownValueError` where it is unknown to which resource a resource of `type_` refers by `key`.

        Only then a rule may report that nothing refers to a resource of `target_type`.
        """
        targets = self.of_type(target_type)
        for resource in self.of_type(type_):
            if not referenced_by(resource, key, targets):
                require_known(resource, key)

    def invoked_functions(self, referrers: Iterable[PolicyResource], key: str) -> Resources:
        """The functions that a property refers to, directly or through an alias."""
        referrers = list(referrers)
        aliases = self.referenced_from(referrers, key, FUNCTION_ALIAS)
        return _unique([
            *self.referenced_from(referrers, key, FUNCTION),
            *self.referenced_from(aliases, "functionName", FUNCTION),
        ])  # fmt: skip

    def log_groups_of(self, function: PolicyResource) -> Resources:
        """The log groups of a function: the one that it names, else the one with Lambda's default name."""
        log_groups = self.of_type(LOG_GROUP)
        default_name = f"/aws/lambda/{read_string(function, 'name')}"
        return referenced_by(function, "loggingConfig", log_groups) or [
            log_group
            for log_group in log_groups
            if read_string(log_group, "name") == default_name
            or function in log_group.property_dependencies.get("name", [])
        ]


def is_of_component(table: PolicyResource) -> bool:
    """Whether a table belongs to a `BlockedTable` component."""
    return f"{BLOCKED_TABLE_COMPONENT}$" in table.urn


def find_feedback_path(resources: Sequence[PolicyResource], *, is_incomplete: bool = False) -> FeedbackPath:
    """The resources that handle feedback among these."""
    path = FeedbackPath(resources=resources, is_incomplete=is_incomplete)
    sources = [source for source in path.of_type(*SOURCE_TYPES) if has_feedback_topic(source)]
    path.notification_sources = [source for source in sources if is_enabled(source)]
    path.disabled_event_destinations = [source for source in sources if not is_enabled(source)]
    path.topics = _unique(topic for source in path.notification_sources for topic in path.topics_of(source))
    path.subscriptions = [
        subscription
        for subscription in path.referring_to(path.topics, SUBSCRIPTION, "topic")
        if read_string(subscription, "protocol") in {"sqs", "lambda", ""}
    ]
    path.queues = path.referenced_from(path.subscriptions, "endpoint", QUEUE)
    path.dead_letter_queues = _unique(
        dead_letter_queue for queue in path.queues for dead_letter_queue in path.dead_letter_queues_of(queue)
    )
    path.subscription_dead_letter_queues = path.referenced_from(path.subscriptions, "redrivePolicy", QUEUE)
    path.event_source_mappings = path.referring_to(path.queues, EVENT_SOURCE_MAPPING, "eventSourceArn")
    path.functions = _unique([
        *path.invoked_functions(path.event_source_mappings, "functionName"),
        *path.invoked_functions((pipe for queue in path.queues for pipe in path.running_pipes_of(queue)), "target"),
        *path.invoked_functions(path.subscriptions, "endpoint"),
    ])  # fmt: skip
    path.roles = path.referenced_from(path.functions, "role", ROLE)
    path.log_groups = _unique(log_group for function in path.functions for log_group in path.log_groups_of(function))
    component_tables = [table for table in path.of_type(TABLE) if is_of_component(table)]
    written = [path.tables_written_by(function) for function in path.functions]
    path.tables = _unique([*(table for tables in written for table in tables.in_stack), *component_tables])
    possible_tables = _unique(table for tables in written for table in tables.possible)
    path.possible_tables = [table for table in possible_tables if table not in path.tables]
    return path


def _unique(resources: Iterable[PolicyResource]) -> Resources:
    return list({resource.urn: resource for resource in resources}.values())
