"""Stack policies check the inputs of the program, not what a provider returns."""

from types import SimpleNamespace
from typing import Any, cast

from pulumi_policy import PolicyResource, ResourceValidationArgs

from policy.recorded_inputs import RecordedInputs

TOPIC, URN = "aws:sns/topic:Topic", "urn:pulumi:dev::mail::aws:sns/topic:Topic::bounces"


def topic(outputs: dict[str, Any]) -> PolicyResource:
    return PolicyResource(TOPIC, outputs, URN, "bounces", cast(Any, None), None, None, [], {})


def checked_properties(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """The properties that a stack policy reads of a topic with these inputs and outputs."""
    recorded = RecordedInputs()
    args = {"resource_type": TOPIC, "props": inputs, "urn": URN, "name": "bounces", "opts": None, "provider": None}
    recorded.record(cast(ResourceValidationArgs, SimpleNamespace(**args)))
    resource = topic(outputs)
    recorded.complete_path([resource])
    return dict(resource.props)


def test_the_default_policy_of_a_topic_is_no_input_of_the_program() -> None:
    assert checked_properties({}, {"arn": "a", "policy": "AWS's own"}) == {"arn": "a"}


def test_an_outdated_output_does_not_hide_an_input() -> None:
    properties = checked_properties({"policy": "new"}, {"arn": "a", "policy": "old"})
    assert properties == {"arn": "a", "policy": "new"}


def test_a_resource_whose_inputs_were_not_recorded_is_checked_by_its_outputs() -> None:
    """As after an update that ran without the pack."""
    resource = topic({"policy": "old"})
    RecordedInputs().complete_path([resource])
    assert dict(resource.props) == {"policy": "old"}
