"""The ways of feedback: how far they go, and what is missing on them."""

from collections.abc import Callable

import pytest

from policy.ways import Way, find_ways
from tests.policy import graphs
from tests.policy.analyzer import StackResource, feedback_path, in_preview
from tests.policy.graph_changes import (
    BASE,
    TABLE,
    WRITE_BLOCKED_TABLE,
    WRITE_HISTORY_TABLE,
    GraphChange,
    change_statement,
    remove_resource,
    resource_named,
    set_input,
)
from tests.recorder import RANDOM_SUFFIX


def ways_in(resources: list[StackResource]) -> list[Way]:
    """The ways in a stack."""
    return find_ways(feedback_path(resources))


def of_bounces(resources: list[StackResource]) -> Way:
    """The way of the identity's bounces."""
    (way,) = [way for way in ways_in(resources) if way.hops[0].name == f"{BASE}-example.com"]
    return way


@pytest.mark.parametrize("graph", [graphs.one_source, graphs.without_components, graphs.previewed])
def test_every_source_has_a_way_to_a_table(graph: Callable[[], list[StackResource]]) -> None:
    ways = ways_in(graph())
    assert len(ways) == 4  # bounces and complaints, of the identity and of the configuration set
    assert not [way for way in ways if way.missing or way.leaves_stack]
    assert str(of_bounces(graph())) == (
        f"IdentityNotificationTopic {BASE}-example.com -> Topic {BASE}-topic -> TopicSubscription {BASE}-subscription "
        f"-> Queue {BASE}-queue -> EventSourceMapping {BASE}-mapping -> Function {BASE}-function -> Table {TABLE}"
    )


def _write_no_table(graph: list[StackResource]) -> None:
    set_input("function", "environment", None)(graph)
    for sid in (WRITE_BLOCKED_TABLE, WRITE_HISTORY_TABLE):
        change_statement("role-policy", sid, Action="dynamodb:GetItem")(graph)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (remove_resource(f"{BASE}-subscription"), "a subscription to a queue or a function"),
        (set_input("subscription", "protocol", "https"), "a subscription to a queue or a function"),
        (remove_resource(f"{BASE}-mapping"), "an enabled event source mapping"),
        (set_input("mapping", "enabled", False), "an enabled event source mapping"),
        (_write_no_table, "a table that the function writes"),
    ],
    ids=["no subscription", "another protocol", "no mapping", "a disabled mapping", "no table"],
)
def test_a_way_tells_what_is_missing(change: GraphChange, missing: str) -> None:
    graph = graphs.one_source()
    change(graph)
    way = of_bounces(graph)
    assert (way.missing, way.leaves_stack) == (missing, False)
    assert str(way).endswith(f" -> missing: {missing}")


@pytest.mark.parametrize("last", ["topic", "queue", "function"])
def test_a_way_may_leave_the_stack(last: str) -> None:
    graph = graphs.without_components()
    graph.remove(resource_named(graph, f"{BASE}-{last}"))
    way = of_bounces(graph)
    assert way.leaves_stack
    assert str(way).endswith("-> outside of this stack")


def test_a_function_may_write_a_table_outside_of_the_stack_or_one_that_is_unknown() -> None:
    graph = [resource for resource in graphs.without_components() if not resource.type.startswith("aws:dynamodb")]
    assert of_bounces(graph).leaves_stack
    set_input("function", "environment", None)(graph)
    assert of_bounces(graph).leaves_stack  # by the policy of its role
    assert of_bounces(in_preview(graph, RANDOM_SUFFIX)).missing == ""


def test_a_table_is_found_by_what_the_role_may_write() -> None:
    graph = graphs.without_components()
    set_input("function", "environment", None)(graph)
    assert of_bounces(graph).hops[-1].name == "ses-feedback-history"
    change_statement("role-policy", WRITE_HISTORY_TABLE, Action="dynamodb:GetItem")(graph)
    assert of_bounces(graph).hops[-1].name == TABLE


def test_a_source_has_a_way_through_each_subscription_of_its_topic() -> None:
    graph = graphs.without_components()
    subscription, function = (resource_named(graph, f"{BASE}-{suffix}") for suffix in ("subscription", "function"))
    inputs = {**subscription.inputs, "protocol": "lambda", "endpoint": function["arn"]}
    graph.append(StackResource(type=subscription.type, name="direct", inputs=inputs))
    ways = [way for way in ways_in(graph) if way.hops[0].name == f"{BASE}-example.com"]
    assert [[hop.name for hop in way.hops][2:4] for way in ways] == [
        [f"{BASE}-subscription", f"{BASE}-queue"],
        ["direct", f"{BASE}-function"],
    ]
