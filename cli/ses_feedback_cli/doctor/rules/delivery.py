"""Topic, subscription and queues: does what SES publishes arrive in the queue?"""

from collections.abc import Iterable

from ses_feedback.arn import Arn

from ses_feedback_cli.doctor.observations import PipelineObservation
from ses_feedback_cli.doctor.resource_policy import SES_PRINCIPAL, SNS_PRINCIPAL, allows, service_context
from ses_feedback_cli.doctor.resources import Missing, Queue, Subscription, Topic
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity

OLDEST_MESSAGE_LIMIT_SECONDS = 900
"""The default of the alarms on waiting and on refused feedback."""


def _topic_missing(observed: PipelineObservation) -> bool:
    return observed.topic is Missing.NOT_FOUND


def _topic_denies_ses(observed: PipelineObservation) -> Iterable[Fault]:
    if not isinstance(observed.topic, Topic):
        return
    denied = [
        arn
        for arn in observed.source_arns()
        if not allows(
            observed.topic.policy,
            SES_PRINCIPAL,
            "sns:Publish",
            observed.pipeline.topic_arn,
            service_context(arn, observed.account),
        )
    ]
    if denied:
        yield {"sources": ", ".join(_source_name(arn) for arn in denied)}


def _source_name(source_arn: str) -> str:
    """For example `identity example.com`."""
    arn = Arn.parse(source_arn)
    return arn.resource.replace("/", " ", 1) if arn else source_arn


def _queue_denies_topic(observed: PipelineObservation) -> Iterable[Fault]:
    context = service_context(observed.pipeline.topic_arn, observed.account)
    for name, url, queue in observed.delivery_targets():
        if isinstance(queue, Queue) and not allows(queue.policy, SNS_PRINCIPAL, "sqs:SendMessage", queue.arn, context):
            yield {"queue": name, "url": url}


def _subscription_missing(observed: PipelineObservation) -> bool:
    return observed.subscription is Missing.NOT_FOUND and observed.topic is not Missing.NOT_FOUND


def _subscription_pending(observed: PipelineObservation) -> bool:
    return isinstance(observed.subscription, Subscription) and observed.subscription.pending


def _confirmed_subscription(observed: PipelineObservation) -> Subscription | None:
    subscription = observed.subscription
    return subscription if isinstance(subscription, Subscription) and not subscription.pending else None


def _subscription_filtered(observed: PipelineObservation) -> Iterable[Fault]:
    subscription = _confirmed_subscription(observed)
    if subscription and subscription.filter_policy:
        yield {"arn": subscription.arn}


def _raw_delivery_disabled(observed: PipelineObservation) -> bool:
    subscription = _confirmed_subscription(observed)
    return subscription is not None and not subscription.raw_delivery


def _subscription_without_dead_letter_queue(observed: PipelineObservation) -> bool:
    subscription = _confirmed_subscription(observed)
    return subscription is not None and subscription.dead_letter_queue_arn is None


def _queue_missing(observed: PipelineObservation) -> Iterable[Fault]:
    for name, url, queue in observed.queues():
        if queue is Missing.NOT_FOUND:
            yield {"queue": name, "url": url}


def _redrive_policy_missing(observed: PipelineObservation) -> bool:
    return isinstance(observed.queue, Queue) and observed.queue.dead_letter_queue_arn is None


def _dead_letters_waiting(observed: PipelineObservation) -> Iterable[Fault]:
    return _messages_waiting(observed.dead_letter_queue)


def _subscription_dead_letters_waiting(observed: PipelineObservation) -> Iterable[Fault]:
    return _messages_waiting(observed.subscription_dead_letter_queue)


def _messages_waiting(queue: Queue | Missing) -> Iterable[Fault]:
    return [{"number": queue.message_count}] if isinstance(queue, Queue) and queue.message_count else []


def _oldest_message_too_old(observed: PipelineObservation) -> Iterable[Fault]:
    seconds = observed.metrics.oldest_message_seconds
    if seconds is not None and seconds >= OLDEST_MESSAGE_LIMIT_SECONDS:
        yield {"minutes": int(seconds / 60)}


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "topic-missing", Severity.ERROR, "topic-missing",
        "the topic {topic_arn} does not exist",
        REFRESH, _topic_missing,
    ),
    Rule(
        "topic-policy", Severity.ERROR, "topic-policy",
        "the topic's policy does not let SES publish for {sources}",
        REFRESH, _topic_denies_ses,
    ),
    Rule(
        "subscription-missing", Severity.ERROR, "subscription",
        "the queue is not subscribed to the topic: feedback that SES publishes is dropped",
        REFRESH, _subscription_missing,
    ),
    Rule(
        "subscription-pending", Severity.ERROR, "subscription",
        "the queue's subscription to the topic is not confirmed",
        f"aws sns list-subscriptions-by-topic --region {{region}} --topic-arn {{topic_arn}}; {REFRESH}",
        _subscription_pending,
    ),
    Rule(
        "subscription-filtered", Severity.ERROR, "subscription",
        "the queue's subscription has a filter policy: feedback that does not match it is dropped",
        "aws sns set-subscription-attributes --region {region} --subscription-arn {arn} --attribute-name FilterPolicy "
        "--attribute-value '{{}}'", _subscription_filtered,
    ),
    Rule(
        "raw-delivery-disabled", Severity.WARNING, "subscription",
        "raw message delivery is off for the queue's subscription: the function reads both forms, other "
        "readers may not",
        REFRESH, _raw_delivery_disabled,
    ),
    Rule(
        "subscription-without-dead-letter-queue", Severity.WARNING, "subscription",
        "the queue's subscription has no dead-letter queue: messages that cannot be delivered are dropped",
        REFRESH, _subscription_without_dead_letter_queue,
    ),
    Rule(
        "queue-missing", Severity.ERROR, "queue-missing",
        "the {queue} does not exist: {url}",
        REFRESH, _queue_missing,
    ),
    Rule(
        "queue-policy", Severity.ERROR, "subscription-dead-letters",
        "the policy of the {queue} does not let the topic send messages to it",
        REFRESH, _queue_denies_topic,
    ),
    Rule(
        "queue-redrive-policy", Severity.ERROR, "queue-redrive",
        "the queue has no dead-letter queue: a message that cannot be processed is received again until it expires, "
        "and is lost",
        REFRESH, _redrive_policy_missing,
    ),
    Rule(
        "dead-letters", Severity.ERROR, "dead-letters",
        "the dead-letter queue holds messages ({number}): they cannot be read, or failed until they were about to "
        "expire",
        "ses-feedback dead-letters list shows why; remove the cause, then: ses-feedback dead-letters redrive",
        _dead_letters_waiting,
    ),
    Rule(
        "subscription-dead-letters", Severity.ERROR, "subscription-dead-letters",
        "the subscription dead-letter queue holds messages ({number}): the topic could not deliver them",
        "repair what other findings report, then move the messages to the queue: the runbook has the commands",
        _subscription_dead_letters_waiting,
    ),
    Rule(
        "oldest-message", Severity.ERROR, "oldest-message",
        "feedback has been in the queue for {minutes} minutes",
        "see the findings about the event source mapping and the function; a backlog that shrinks needs no action",
        _oldest_message_too_old,
    ),
)  # fmt: skip
