"""Rules on who else gets feedback: nobody outside of the account reads it, and no second consumer takes messages."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.feedback_path import FeedbackPath, Resources
from policy.policy_documents import account_of
from policy.properties import read_property
from policy.resource_types import SUBSCRIPTION
from policy.rule import CRITICAL, MANDATORY, STRING_LIST, Config, Rule, Setting

_OWN_PROTOCOLS = ("sqs", "lambda")
_LEAK = "others read the addresses of recipients, and what is sent to them"


def _check_subscriber(subscription: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    protocol = str(read_property(subscription, "protocol"))
    if config["allowedEndpoints"] and read_property(subscription, "endpoint") in config["allowedEndpoints"]:
        return
    if protocol not in _OWN_PROTOCOLS:
        # The endpoint itself may be an e-mail address or hold a password.
        yield f"The subscription sends feedback by {protocol}: {_LEAK}."
    elif not path.targets_of(subscription):
        account = account_of(str(read_property(subscription, "endpoint")))
        if account and account != account_of(str(read_property(subscription, "topic"))):
            yield f"The subscription sends feedback to a resource of account {account}: {_LEAK}."


def _check_single_consumer(queue: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    consumers = {
        mapping.name: _function_name(mapping, path)
        for mapping in path.mappings_of(queue)
        if read_property(mapping, "enabled") is not False
    }
    # Two mappings of one function, to versions or aliases of it, run the same function.
    consumers |= {pipe.name: f"the targets of {pipe.name}" for pipe in path.running_pipes_of(queue)}
    functions = sorted(set(consumers.values()))
    if len(functions) > 1:
        yield (
            f"{' and '.join(sorted(consumers))} take its messages for {' and '.join(functions)}: SQS gives a message "
            "to one of them only, and the others never get its feedback."
        )


def _function_name(mapping: PolicyResource, path: FeedbackPath) -> str:
    """The function of a mapping: its logical name, or its name where the stack does not hold it."""
    functions = path.invoked_functions([mapping], "functionName")
    if functions:
        return functions[0].name
    name = str(read_property(mapping, "functionName"))
    arn = Arn.parse(name)
    return (arn.resource.removeprefix("function:") if arn else name).partition(":")[0]


def _subscriptions(path: FeedbackPath) -> Resources:
    """The subscriptions of every protocol."""
    return path.referring_to(path.topics, SUBSCRIPTION, "topic")


RULES: Sequence[Rule] = (
    Rule(
        name="feedback-not-shared", severity=CRITICAL, level=MANDATORY, before_creation=True,
        applies_to="subscriptions of every protocol",
        description="Only queues and functions of the topic's own account subscribe to feedback.",
        remediation="Remove the subscription, or name its endpoint in allowedEndpoints for this rule.",
        url="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
        select=_subscriptions, check=_check_subscriber,
        settings={
            "allowedEndpoints": Setting(
                [], "Endpoints that may get feedback, too, as the subscription writes them.", STRING_LIST
            ),
        },
    ),
    Rule(
        name="queue-single-consumer", severity=CRITICAL, level=MANDATORY, before_creation=True, applies_to="queues",
        description="One function consumes a queue.",
        remediation="Give each function a queue of its own, subscribed to the topic.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html",
        select=lambda path: path.queues, check=_check_single_consumer,
    ),
)  # fmt: skip
