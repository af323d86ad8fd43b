"""Reads notification sources: notification topics of identities, and event destinations of configuration sets."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.arn import Arn
from policy.iam import UNKNOWN_TEXT
from policy.properties import as_list, read_property, read_region, read_string
from policy.resource_types import CLASSIC_EVENT_DESTINATION, EVENT_DESTINATION, IDENTITY_TOPIC

FEEDBACK_TYPES = frozenset({"BOUNCE", "COMPLAINT"})
"""The types of notification that are feedback, as `notification_types` writes them."""
SOURCE_TYPES = (IDENTITY_TOPIC, EVENT_DESTINATION, CLASSIC_EVENT_DESTINATION)

# The properties of each type of notification source: the types of notification, the topic, whether it is enabled.
_NOTIFICATION_TYPES = {
    IDENTITY_TOPIC: ("notificationType",),
    EVENT_DESTINATION: ("eventDestination", "matchingEventTypes"),
    CLASSIC_EVENT_DESTINATION: ("matchingTypes",),
}
_TOPIC = {
    IDENTITY_TOPIC: ("topicArn",),
    EVENT_DESTINATION: ("eventDestination", "snsDestination"),
    CLASSIC_EVENT_DESTINATION: ("snsDestination",),
}
_ENABLED = {EVENT_DESTINATION: ("eventDestination", "enabled"), CLASSIC_EVENT_DESTINATION: ("enabled",)}

_CONFIGURATION_SET = ("configurationSetName", "configuration-set")


def topic_key(source: PolicyResource) -> str:
    """The property of a source that holds the ARN of its topic."""
    return _TOPIC[source.resource_type][0]


def notification_types(source: PolicyResource) -> frozenset[str]:
    """The types of notification that a source publishes, or would if it were enabled; raises `UnknownValueError`."""
    values = as_list(read_property(source, *_NOTIFICATION_TYPES[source.resource_type]))
    return frozenset(str(value).upper() for value in values)


def has_feedback_topic(source: PolicyResource) -> bool:
    """Whether a source is for feedback and has a topic; an unknown value counts as yes, so that no source is missed."""
    return _holds_or_is_unknown(lambda: notification_types(source) & FEEDBACK_TYPES) and _holds_or_is_unknown(
        lambda: read_property(source, *_TOPIC[source.resource_type])
    )


def is_enabled(source: PolicyResource) -> bool:
    """Whether a source is enabled, as an event destination is only if `enabled` is set; an unknown value counts as yes.

    The notification topic of an identity is always enabled.
    """
    return source.resource_type == IDENTITY_TOPIC or _holds_or_is_unknown(
        lambda: read_property(source, *_ENABLED[source.resource_type])
    )


def _holds_or_is_unknown(condition: Callable[[], Any]) -> bool:
    try:
        return bool(condition())
    except UnknownValueError:
        return True


@dataclass(frozen=True)
class Owner:
    """The identity or configuration set that a notification source belongs to."""

    kind: str
    """`identity` or `configurationSetName`, the property that names it."""
    name: str
    region: str
    """Empty where it is unknown."""

    def may_be(self, other: "Owner") -> bool:
        """Whether both are the same; an unknown Region may be any."""
        has_same_region = not self.region or not other.region or self.region == other.region
        return (self.kind, self.name) == (other.kind, other.name) and has_same_region


def owner_of(source: PolicyResource) -> Owner:
    """The owner of a source; raises `UnknownValueError`."""
    kind = "identity" if source.resource_type == IDENTITY_TOPIC else "configurationSetName"
    return Owner(kind, owner_name(source, kind), read_region(source))


def published_types(owner: Owner, sources: Iterable[PolicyResource]) -> frozenset[str]:
    """The types of notification that sources publish for an identity or configuration set; raises `UnknownValueError`.

    `sources` may hold disabled event destinations: then their types count, too.
    """
    return frozenset().union(*(notification_types(source) for source in sources if owner.may_be(owner_of(source))))


def possible_source_arn(source: PolicyResource, topic_arn: str) -> str:
    """The ARN of the identity or configuration set that SES sends as aws:SourceArn, in the account of the topic.

    `UNKNOWN_TEXT` stands for what is unknown. SES Developer Guide, "Configuring Amazon SNS notifications".
    """
    key, kind = ("identity", "identity") if source.resource_type == IDENTITY_TOPIC else _CONFIGURATION_SET
    name = read_string(source, key) or UNKNOWN_TEXT
    if Arn.parse(name):
        return name
    topic, region = Arn.parse(topic_arn), read_region(source)
    partition, account = (topic.partition, topic.account) if topic else (UNKNOWN_TEXT, UNKNOWN_TEXT)
    region = region or (topic.region if topic else UNKNOWN_TEXT)  # SES publishes to topics of its own Region
    return f"arn:{partition}:ses:{region}:{account}:{kind}/{name}"


def owner_name(resource: PolicyResource, key: str) -> str:
    """The name of the identity or configuration set in a property; raises `UnknownValueError`.

    Where the name is unknown, it is that of the resources that the property depends on.
    """
    try:
        name = str(read_property(resource, key))
    except UnknownValueError:
        dependencies = resource.property_dependencies.get(key)
        if not dependencies:
            raise
        return ", ".join(sorted(_name_of(dependency) for dependency in dependencies))
    arn = Arn.parse(name)
    return arn.resource.removeprefix("identity/") if arn else name


def _name_of(owner: PolicyResource) -> str:
    """The name of the identity or configuration set that a resource creates; its logical name where it is unknown."""
    names = [read_string(owner, key) for key in ("domain", "email", "emailIdentity", "configurationSetName", "name")]
    return next(filter(None, names), owner.name)
