"""Rules on what must not be missing on the way of feedback: each of its resources has the next one, and is on."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.properties import read_property, read_region
from policy.references import referenced_by
from policy.resource_types import (
    EMAIL_FORWARDING,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    IDENTITY,
    PERMISSION,
    PIPE,
    QUEUE,
    SUBSCRIPTION,
    TOPIC,
)
from policy.rule import ADVISORY, CRITICAL, MANDATORY, MEDIUM, STRING_LIST, Config, Rule, Setting
from policy.sources import FEEDBACK_TYPES, Owner, notification_types, owner_name, owner_of, published_types

_SES_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg"


def _check_subscription_exists(topic: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    if topic.name not in config["subscribedElsewhere"] and not path.subscriptions_of(topic):
        path.require_references(SUBSCRIPTION, "topic", TOPIC)
        yield (
            "No queue and no function subscribes to the topic: SNS drops what SES publishes to it, and feedback is "
            "lost."
        )


def _check_consumer_exists(queue: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    # A mapping that is disabled is reported as such, by another rule.
    if queue.name in config["consumedElsewhere"] or path.mappings_of(queue):
        return
    pipes = path.running_pipes_of(queue)
    if all(read_property(pipe, "sourceParameters", "filterCriteria", "filters") for pipe in pipes):
        path.require_references(EVENT_SOURCE_MAPPING, "eventSourceArn", QUEUE)
        path.require_references(PIPE, "source", QUEUE)
        yield (
            "The queue has no event source mapping, and no pipe that runs and has no filter: its messages expire "
            "unread, and feedback is lost."
        )


def _check_enabled(destination: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    owner = owner_of(destination)
    published = published_types(owner, path.notification_sources)
    for missing in sorted(notification_types(destination) & FEEDBACK_TYPES - published):
        yield (
            f"The event destination is disabled, and no other one publishes the {missing.lower()}s of {owner.name} to "
            "a topic: they never reach the blocked table, and mail to these recipients goes on."
        )


def _check_forwarding(attributes: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    if read_property(attributes, "emailForwardingEnabled") is True:  # off is the default of the resource
        return
    identity, region = owner_name(attributes, "emailIdentity"), read_region(attributes)
    if identity in config["notifiedElsewhere"]:
        return
    published = published_types(Owner("identity", identity, region), path.notification_sources)
    for owner in _default_configuration_sets(identity, region, path):
        published |= published_types(owner, path.notification_sources)
    for missing in sorted(FEEDBACK_TYPES - published):
        yield (
            f"E-mail forwarding of feedback is off, and {identity} has no topic for {missing.lower()}s: SES refuses "
            "the setting, or nobody learns of them."
        )


def _default_configuration_sets(identity: str, region: str, path: FeedbackPath) -> Iterator[Owner]:
    """The configuration set of mail from an identity that names no other one."""
    for resource in path.of_type(IDENTITY):
        if read_property(resource, "configurationSetName") and owner_name(resource, "emailIdentity") == identity:
            yield Owner("configurationSetName", owner_name(resource, "configurationSetName"), region)


def _check_invocation_allowed(subscription: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    for function in path.invoked_functions([subscription], "endpoint"):
        permissions = [
            permission
            for permission in path.of_type(PERMISSION)
            if function in path.invoked_functions([permission], "function")
        ]
        if not any(_lets_invoke(permission, subscription, path) for permission in permissions):
            path.require_references(PERMISSION, "function", FUNCTION)
            yield f"No permission lets SNS invoke {function.name} for this topic: feedback is not delivered."


def _lets_invoke(permission: PolicyResource, subscription: PolicyResource, path: FeedbackPath) -> bool:
    """Whether a permission lets SNS invoke its function for the topic of a subscription."""
    if read_property(permission, "principal") != "sns.amazonaws.com" or read_property(permission, "action") not in (
        "lambda:InvokeFunction",
        "lambda:*",
    ):
        return False
    topics = referenced_by(permission, "sourceArn", path.of_type(TOPIC))
    if topics:
        return bool(referenced_by(subscription, "topic", topics))
    source_arn = read_property(permission, "sourceArn")
    return not source_arn or fnmatchcase(str(read_property(subscription, "topic")), str(source_arn))


def _check_table_exists(function: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    tables = path.tables_written_by(function)
    if not tables.in_stack and not tables.elsewhere:
        tables.require_known()
        yield (
            "No table was found that the function writes, neither in its environment nor in the policies of its role: "
            "whether feedback is stored, and whether that table has backups, was not checked."
        )


def _forwarding_attributes(path: FeedbackPath) -> Resources:
    return path.of_type(EMAIL_FORWARDING)


RULES: Sequence[Rule] = (
    Rule(
        name="event-destination-enabled", severity=CRITICAL, level=MANDATORY,
        applies_to="disabled event destinations of configuration sets",
        description="No event destination for bounces or complaints is disabled, unless another one publishes them.",
        remediation="Set enabled on the event destination, or remove it.",
        url=f"{_SES_GUIDE}/event-publishing-add-event-destination.html",
        select=lambda path: path.disabled_event_destinations, check=_check_enabled,
    ),
    Rule(
        name="email-forwarding-needs-topics", severity=CRITICAL, level=MANDATORY,
        applies_to="feedback attributes of identities",
        description="E-mail forwarding of feedback is switched off only where topics get bounces and complaints.",
        remediation="Add the notification topic, or set emailForwardingEnabled; if another stack sets the topics, name "
        "the identity in notifiedElsewhere for this rule.",
        url=f"{_SES_GUIDE}/monitor-sending-activity-using-notifications-email.html",
        select=_forwarding_attributes, check=_check_forwarding,
        settings={
            "notifiedElsewhere": Setting([], "Identities whose topics are set by another stack.", STRING_LIST),
        },
    ),
    Rule(
        name="topic-has-subscription", severity=CRITICAL, level=MANDATORY, applies_to="topics",
        description="A topic that gets feedback delivers it to a queue or a function.",
        remediation="Subscribe a queue; if another stack subscribes one, name the topic in subscribedElsewhere for "
        "this rule.",
        url="https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
        select=lambda path: path.topics, check=_check_subscription_exists,
        settings={
            "subscribedElsewhere": Setting(
                [], "Logical names of topics whose subscriptions are in another stack.", STRING_LIST
            ),
        },
    ),
    Rule(
        name="queue-has-consumer", severity=CRITICAL, level=MANDATORY, applies_to="queues",
        description="A queue that gets feedback has an event source mapping, or a pipe that runs.",
        remediation="Add an event source mapping of the queue; if another stack has it, name the queue in "
        "consumedElsewhere for this rule.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
        select=lambda path: path.queues, check=_check_consumer_exists,
        settings={
            "consumedElsewhere": Setting([], "Logical names of queues that another stack consumes.", STRING_LIST),
        },
    ),
    Rule(
        name="function-allows-topic", severity=CRITICAL, level=MANDATORY, applies_to="subscriptions",
        description="A function that subscribes to a topic lets SNS invoke it.",
        remediation="Add a lambda permission for sns.amazonaws.com with the topic's ARN as sourceArn.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html",
        select=lambda path: path.subscriptions, check=_check_invocation_allowed,
    ),
    # Advisory: the rule on the function's role finds out whether it may write at all.
    Rule(
        name="function-writes-table", severity=MEDIUM, level=ADVISORY, applies_to="functions",
        description="The tables that a function writes are found.",
        remediation="Name the table in the function's environment, or its ARN in the policies of its role.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
        select=lambda path: path.functions, check=_check_table_exists,
    ),
)  # fmt: skip
