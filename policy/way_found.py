"""The rule for a stack in which nothing was found to judge, so that nothing found never looks like all well."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.resource_types import STACK
from policy.rule import ADVISORY, LOW, Config, Rule

_SERVICES = ("aws:ses/", "aws:sesv2/", "aws:sns/", "aws:sqs/")


def _service_resources(path: FeedbackPath) -> Resources:
    """The resources of SES, SNS and SQS."""
    return [resource for resource in path.resources if resource.resource_type.startswith(_SERVICES)]


def _check_way_found(_: PolicyResource, path: FeedbackPath, __: Config) -> Iterator[str]:
    if not path.notification_sources and not path.disabled_event_destinations:
        counts = Counter(resource.resource_type.rsplit(":", 1)[-1] for resource in _service_resources(path))
        found = ", ".join(f"{count} {type_name}" for type_name, count in sorted(counts.items()))
        yield (
            "No way of feedback was found, and nothing was judged. Looked for: a notification topic of an identity, or "
            "an event destination of a configuration set, for bounces or complaints, with an SNS topic. Found: "
            f"{found}."
        )


def _stack_with_services(path: FeedbackPath) -> Resources:
    """The stack itself, where it uses the services; the recorded stacks of tests hold no resource for it."""
    resources = _service_resources(path)
    return resources and (path.of_type(STACK) or sorted(resources, key=lambda resource: resource.urn))[:1]


RULES: Sequence[Rule] = (
    Rule(
        name="feedback-way-found", severity=LOW, level=ADVISORY, applies_to="stacks with resources of SES, SNS or SQS",
        description="A stack that uses SES, SNS or SQS has a way of feedback that the rules can judge.",
        remediation="Set the notification topics in this stack, or disable this rule where it handles no feedback.",
        url="https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications.html",
        select=_stack_with_services, check=_check_way_found,
    ),
)  # fmt: skip
