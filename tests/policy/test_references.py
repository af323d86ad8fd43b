"""References that the rules follow: aliases, versions and keys, also where their values are unknown in a preview."""

from typing import Any

from policy.resource_types import FUNCTION_ALIAS
from tests.policy import graphs
from tests.policy.analyzer import StackResource, analyze, find_violations, in_preview
from tests.policy.graph_changes import BASE, TABLE, resource_named, set_input
from tests.recorder import ACCOUNT, RANDOM_SUFFIX


def alias_of(function: StackResource) -> StackResource:
    """An alias of a function, by the function's name."""
    return StackResource(
        type=FUNCTION_ALIAS,
        name="live",
        inputs={"functionName": function["name"]},
        outputs={"arn": f"{function['arn']}:live"},
    )


def test_a_function_is_found_by_its_version_through_an_alias_and_as_a_subscriber() -> None:
    graph = graphs.without_components()
    function, mapping = resource_named(graph, f"{BASE}-function"), resource_named(graph, f"{BASE}-mapping")
    alias = alias_of(function)
    function.inputs["runtime"] = "python3.8"
    mapping.inputs["functionName"] = f"{function['arn']}:7"
    assert find_violations(graph) == {("lambda-runtime-supported", function.name)}
    mapping.inputs["functionName"], mapping.property_dependencies["functionName"] = alias["arn"], ["live"]
    assert find_violations([*graph, alias]) == {("lambda-runtime-supported", function.name)}
    graph.remove(mapping)
    subscription = resource_named(graph, f"{BASE}-subscription")
    subscription.inputs |= {"protocol": "lambda", "endpoint": function["arn"]}
    assert ("lambda-runtime-supported", function.name) in find_violations(graph)


def test_an_alias_is_followed_in_a_preview() -> None:
    graph = graphs.one_source()
    function, mapping = resource_named(graph, f"{BASE}-function"), resource_named(graph, f"{BASE}-mapping")
    alias = alias_of(function)
    alias.property_dependencies = {"functionName": [function.name]}
    graph.append(alias)
    mapping.inputs["functionName"], mapping.property_dependencies["functionName"] = alias["arn"], ["live"]
    set_input("queue", "visibilityTimeoutSeconds", 30)(graph)
    violations = find_violations(in_preview(graph, RANDOM_SUFFIX), preview=True)
    assert ("queue-visibility-timeout", mapping.name) in violations


def test_a_key_that_only_aws_returned_is_no_input_of_the_program() -> None:
    graph = graphs.without_components()
    table = resource_named(graph, TABLE)
    table.inputs["serverSideEncryption"] = {"enabled": True}
    table.outputs["serverSideEncryption"] = {"enabled": True, "kmsKeyArn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"}
    config = {"kms-key-required": {"resourceTypes": ["tables"]}}
    assert ("kms-key-required", TABLE) in find_violations(graph, config)
    table.inputs["serverSideEncryption"] = dict(table.outputs["serverSideEncryption"])
    assert ("kms-key-required", TABLE) not in find_violations(graph, config)


def test_an_unknown_key_is_found_by_its_dependency() -> None:
    graph = graphs.one_source()
    topic = resource_named(graph, f"{BASE}-topic")
    topic.inputs["kmsMasterKeyId"] = f"key-{RANDOM_SUFFIX}"
    config: dict[str, dict[str, Any]] = {"kms-key-required": {"resourceTypes": ["topics"]}}

    def judged_at_up() -> list[str]:
        shown: list[str] = []
        diagnostics = analyze(in_preview(graph, RANDOM_SUFFIX), config, preview=True, shown=shown)
        assert topic.name not in {diagnostic.resource for diagnostic in diagnostics}
        return [line for line in shown if f"Topic {BASE}-topic" in line and "kms" in line]

    assert [line.split()[3] for line in judged_at_up()] == ["kms-key-not-aws-managed", "kms-key-required"]
    graph.append(StackResource(type="aws:kms/key:Key", name="key", inputs={}))
    topic.property_dependencies["kmsMasterKeyId"] = ["key"]
    assert judged_at_up() == []
