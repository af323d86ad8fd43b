"""What SES publishes."""

from policy.resource_types import (
    EMAIL_FORWARDING,
)
from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    COMPLAINT_DESTINATION,
    COMPLAINT_IDENTITY,
    DESTINATION,
    IDENTITY,
    GraphChange,
    chain,
    remove_resource,
    resource_named,
    set_input,
)
from tests.policy.mutations.mutation import Mutation


def _publish_no_complaints(graph: list[StackResource]) -> None:
    destination = resource_named(graph, COMPLAINT_DESTINATION)
    if destination is resource_named(graph, DESTINATION):
        destination.inputs["eventDestination"]["matchingEventTypes"] = ["BOUNCE"]
    else:
        graph.remove(destination)


def _disable_forwarding(*without: str) -> GraphChange:
    """Switch e-mail forwarding of the identity off, where it is not, and remove notification topics."""

    def apply(graph: list[StackResource]) -> None:
        identity = resource_named(graph, IDENTITY).inputs["identity"]
        for name in without:
            graph.remove(resource_named(graph, name))
        if not [resource for resource in graph if resource.type == EMAIL_FORWARDING]:
            graph.append(StackResource(type=EMAIL_FORWARDING, name="forwarding", inputs={"emailIdentity": identity}))

    return apply


def _change_destination(name: str, **changes: object) -> GraphChange:
    def apply(graph: list[StackResource]) -> None:
        resource_named(graph, name).inputs["eventDestination"].update(changes)

    return apply


MUTATIONS = (
    Mutation("complaints have a topic", "bounce-and-complaint-topics", remove_resource(COMPLAINT_IDENTITY), IDENTITY),
    Mutation("bounces have a topic", "bounce-and-complaint-topics", remove_resource(IDENTITY), COMPLAINT_IDENTITY),
    Mutation("complaints of a configuration set are published", "bounce-and-complaint-topics",
             _publish_no_complaints, DESTINATION),
    Mutation("the event destination for complaints is enabled", "event-destination-enabled",
             _change_destination(COMPLAINT_DESTINATION, enabled=False), COMPLAINT_DESTINATION),
    Mutation("complaints of a configuration set go to a topic", "bounce-and-complaint-topics",
             _change_destination(COMPLAINT_DESTINATION, snsDestination=None), DESTINATION, ("own",)),
    Mutation("complaints go to a topic", "bounce-and-complaint-topics",
             set_input(COMPLAINT_IDENTITY, "topicArn", None), IDENTITY),
    Mutation("no original headers", "original-headers-excluded",
             set_input("example.com", "includeOriginalHeaders", True), IDENTITY),
    Mutation("enabled is set on the event destination", "event-destination-enabled",
             _change_destination(COMPLAINT_DESTINATION, enabled=None), COMPLAINT_DESTINATION),
    Mutation("e-mails are forwarded without a topic", "email-forwarding-needs-topics",
             _disable_forwarding(IDENTITY, COMPLAINT_IDENTITY), "forwarding"),
    Mutation("complaints are forwarded without a topic for them", "email-forwarding-needs-topics",
             _disable_forwarding(COMPLAINT_IDENTITY), "forwarding"),
    Mutation("the event destination is enabled for every type", "event-destination-enabled",
             chain(_change_destination(DESTINATION, enabled=False),
                    _change_destination(COMPLAINT_DESTINATION, enabled=False)), DESTINATION),
)  # fmt: skip
