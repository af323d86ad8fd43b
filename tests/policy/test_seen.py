"""Rules on stacks judge what the program gives, not what a provider answers."""

from types import SimpleNamespace
from typing import Any, cast

from pulumi_policy import PolicyResource, ResourceValidationArgs

from policy.seen import Seen

TOPIC, URN = "aws:sns/topic:Topic", "urn:pulumi:dev::mail::aws:sns/topic:Topic::bounces"


def judged(given: dict[str, Any], answered: dict[str, Any]) -> dict[str, Any]:
    seen = Seen()
    shown = {"resource_type": TOPIC, "props": given, "urn": URN, "name": "bounces", "opts": None, "provider": None}
    seen.with_next(cast(ResourceValidationArgs, SimpleNamespace(**shown)))
    resource = PolicyResource(TOPIC, answered, URN, "bounces", cast(Any, None), None, None, [], {})
    seen.whole([resource])
    return dict(resource.props)


def test_a_policy_that_aws_gives_a_topic_is_not_the_programs() -> None:
    assert judged({}, {"arn": "a", "policy": "AWS's own"}) == {"arn": "a"}


def test_an_answer_that_lags_behind_does_not_hide_what_was_given() -> None:
    assert judged({"policy": "new"}, {"arn": "a", "policy": "old"}) == {"arn": "a", "policy": "new"}


def test_what_was_not_shown_before_is_taken_as_it_is_answered() -> None:
    """As after an update of which the pack saw nothing."""
    resource = PolicyResource(TOPIC, {"policy": "old"}, URN, "bounces", cast(Any, None), None, None, [], {})
    Seen().whole([resource])
    assert dict(resource.props) == {"policy": "old"}
