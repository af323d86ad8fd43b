"""Follows feedback from each notification source as far as the stack takes it, and tells what is missing on the way.

A way is: notification source -> topic -> subscription -> (queue -> event source mapping ->) function -> table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.properties import is_false
from policy.resource_types import EVENT_SOURCE_MAPPING, FUNCTION, PIPE, QUEUE, SUBSCRIPTION, TABLE, TOPIC
from policy.sources import SOURCE_TYPES

_MISSING = {
    TOPIC: "a subscription to a queue or a function",
    QUEUE: "an enabled event source mapping",
    FUNCTION: "a table that the function writes",
}
"""What is missing after a resource that does not name its next hop itself."""


@dataclass(frozen=True)
class Way:
    """One way of feedback, as far as the stack shows it."""

    hops: Sequence[PolicyResource]
    """The resources that feedback passes, from the notification source on; the last one may be a table."""
    missing: str = ""
    """What is missing after the last hop, such as `an enabled event source mapping`; empty where nothing is."""

    @property
    def leaves_stack(self) -> bool:
        """Whether the next hop is named and not in the stack, or is unknown in a preview."""
        return not self.missing and self.hops[-1].resource_type != TABLE

    def __str__(self) -> str:
        """The way in words, such as `Topic bounces -> missing: a subscription to a queue or a function`."""
        hops = [f"{hop.resource_type.rsplit(':', 1)[-1]} {hop.name}" for hop in self.hops]
        if self.missing:
            hops.append(f"missing: {self.missing}")
        elif self.leaves_stack:
            hops.append("outside of this stack")
        return " -> ".join(hops)


def find_ways(path: FeedbackPath) -> list[Way]:
    """The ways from all notification sources, those that miss something included.

    A source has several ways where its topic has several subscriptions or its queue several consumers. A function that
    writes several tables has one way, to the first of them.
    """
    return [way for source in path.notification_sources for way in _follow([source], path)]


def _follow(hops: Resources, path: FeedbackPath) -> Iterator[Way]:
    last = hops[-1]
    if last.resource_type == TABLE:
        yield Way(hops)
        return
    next_hops = _NEXT_HOPS[last.resource_type](last, path)
    for next_hop in next_hops:
        yield from _follow([*hops, next_hop], path)
    if not next_hops:
        yield Way(hops, "" if _names_another(last, path) else _MISSING[last.resource_type])


def _names_another(hop: PolicyResource, path: FeedbackPath) -> bool:
    """Whether a hop without a next hop in the stack names one, as a subscription always does."""
    if hop.resource_type == FUNCTION:
        tables = path.tables_written_by(hop)
        return bool(tables.elsewhere or tables.unknown)
    return hop.resource_type not in _MISSING


def _enabled_mappings_of(queue: PolicyResource, path: FeedbackPath) -> Resources:
    return [mapping for mapping in path.mappings_of(queue) if not is_false(mapping, "enabled")]


_NEXT_HOPS: Mapping[str, Callable[[PolicyResource, FeedbackPath], Resources]] = {
    **dict.fromkeys(SOURCE_TYPES, lambda source, path: path.topics_of(source)),
    TOPIC: lambda topic, path: path.subscriptions_of(topic),
    SUBSCRIPTION: lambda subscription, path: path.targets_of(subscription),
    QUEUE: lambda queue, path: [*_enabled_mappings_of(queue, path), *path.running_pipes_of(queue)],
    PIPE: lambda pipe, path: path.invoked_functions([pipe], "target"),
    EVENT_SOURCE_MAPPING: lambda mapping, path: path.invoked_functions([mapping], "functionName"),
    FUNCTION: lambda function, path: path.tables_written_by(function).in_stack[:1],
}
"""By type, the resources of the stack that get feedback from a resource."""
