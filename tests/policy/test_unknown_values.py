"""What is unknown in a preview: never a violation by itself, judged in the update, and listed once."""

import copy

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policy import graphs
from tests.policy.analyzer import StackResource, analyze
from tests.policy.graph_changes import BASE, resource_named


def test_one_unknown_value_does_not_silence_a_rule() -> None:
    graph = graphs.one_source()
    resource_named(graph, f"{BASE}-queue").inputs["messageRetentionSeconds"] = UNKNOWN_STRING_VALUE
    resource_named(graph, f"{BASE}-dead-letters").inputs["messageRetentionSeconds"] = 60
    complaint_base = BASE.replace("bounce", "complaint")
    resource_named(graph, f"{complaint_base}-dead-letters").inputs["messageRetentionSeconds"] = 60
    shown: list[str] = []
    (diagnostic,) = analyze(graph, preview=True, shown=shown)
    assert (diagnostic.rule, diagnostic.resource) == ("dead-letter-queue-retention", f"{complaint_base}-queue")
    assert shown[1:] == [
        f"judged at up: {rule} (Queue {BASE}-queue)"
        for rule in ("queue-retention-covers-retries", "queue-retries-last", "dead-letter-queue-retention")
    ]


def before_creation(graph: list[StackResource]) -> list[StackResource]:
    """The stack as a preview knows it where the program writes names and ARNs itself: only what AWS returns is unknown.

    As in a program that fills ARNs with names, account id and Region, and so depends on nothing.
    """
    previewed = copy.deepcopy(graph)
    for resource in previewed:
        resource.outputs = {
            key: value if key == "name" else UNKNOWN_STRING_VALUE for key, value in resource.outputs.items()
        }
        resource.property_dependencies = {}
    return previewed


@pytest.mark.parametrize("graph", [graphs.one_source(), graphs.without_components()], ids=["dev", "without components"])
def test_literal_arns_of_resources_that_do_not_exist_yet_are_no_violation(graph: list[StackResource]) -> None:
    assert analyze(before_creation(graph), preview=True) == []
