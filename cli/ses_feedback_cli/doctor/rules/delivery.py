"""Topic, subscription and queues: does what SES publishes arrive?"""

from ses_feedback_cli.doctor.allowed import allows
from ses_feedback_cli.doctor.facts import Absent, PipelineFacts, Queue, Subscription, Topic
from ses_feedback_cli.doctor.rules.parts import context_of, queues
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity, when

_UP = "pulumi up --refresh"
_SES, _SNS = "ses.amazonaws.com", "sns.amazonaws.com"
OLDEST_SECONDS = 900
"""As the alarm has it by default."""


def _sources_refused(facts: PipelineFacts) -> Found:
    topic, arn = facts.topic, facts.pipeline.topic_arn
    if not isinstance(topic, Topic):
        return []
    ses = f"arn:{arn.split(':')[1]}:ses:{facts.region}:{facts.account}"
    wanted = [f"{ses}:identity/{name}" for name in facts.pipeline.identities]
    if facts.pipeline.configuration_set:
        wanted.append(f"{ses}:configuration-set/{facts.pipeline.configuration_set}")
    refused = [
        source.rpartition(":")[2].replace("/", " ", 1)
        for source in wanted
        if not allows(topic.policy, _SES, "sns:Publish", arn, context_of(source, facts.account))
    ]
    return [{"sources": ", ".join(refused)}] if refused else []


def _queues_closed(facts: PipelineFacts) -> Found:
    context = context_of(facts.pipeline.topic_arn, facts.account)
    return [
        {"which": which, "which_url": url}
        for which, url, queue in queues(facts)
        if which != "dead-letter queue"  # SQS itself fills that one
        and isinstance(queue, Queue)
        and not allows(queue.policy, _SNS, "sqs:SendMessage", queue.arn, context)
    ]


def _subscription(facts: PipelineFacts) -> Subscription | None:
    return facts.subscription if isinstance(facts.subscription, Subscription) else None


def _confirmed(facts: PipelineFacts) -> Subscription | None:
    one = _subscription(facts)
    return None if one is None or one.pending else one


def _not_kept(facts: PipelineFacts) -> Found:
    one = _confirmed(facts)
    return when(one and one.dead_letters is None)


def _pending(facts: PipelineFacts) -> Found:
    one = _subscription(facts)
    return when(one and one.pending)


def _wrapped(facts: PipelineFacts) -> Found:
    one = _confirmed(facts)
    return [{"arn": one.arn}] if one and not one.raw else []


def _filtered(facts: PipelineFacts) -> Found:
    one = _confirmed(facts)
    return [{"arn": one.arn}] if one and one.filter else []


def _no_queue(facts: PipelineFacts) -> Found:
    return [{"which": which, "which_url": url} for which, url, queue in queues(facts) if queue is Absent.GONE]


def _no_redrive(facts: PipelineFacts) -> Found:
    return when(isinstance(facts.queue, Queue) and facts.queue.dead_letters is None)


def _waiting(facts: Queue | Absent) -> Found:
    return [{"number": facts.waiting}] if isinstance(facts, Queue) and facts.waiting else []


def _old(facts: PipelineFacts) -> Found:
    age = facts.counted.oldest_seconds
    return [{"minutes": int(age / 60)}] if age is not None and age >= OLDEST_SECONDS else []


RULES: tuple[Rule[PipelineFacts], ...] = (
    Rule(
        "topic-missing", Severity.ERROR, "topic-missing",
        "the topic {topic_arn} is gone",
        _UP, lambda facts: when(facts.topic is Absent.GONE),
    ),
    Rule(
        "topic-policy", Severity.ERROR, "topic-policy",
        "the topic's policy does not let SES publish for {sources}",
        _UP, _sources_refused,
    ),
    Rule(
        "subscription-missing", Severity.ERROR, "subscription",
        "the queue is not subscribed to the topic: feedback is published to nobody",
        _UP, lambda facts: when(facts.subscription is Absent.GONE and facts.topic is not Absent.GONE),
    ),
    Rule(
        "subscription-pending", Severity.ERROR, "subscription",
        "the queue's subscription to the topic is not confirmed",
        f"aws sns list-subscriptions-by-topic --region {{region}} --topic-arn {{topic_arn}}; {_UP}", _pending,
    ),
    Rule(
        "subscription-filtered", Severity.ERROR, "subscription",
        "the queue's subscription has a filter policy: feedback that it does not name is dropped",
        "aws sns set-subscription-attributes --region {region} --subscription-arn {arn} --attribute-name FilterPolicy "
        "--attribute-value '{{}}'", _filtered,
    ),
    Rule(
        "subscription-wrapped", Severity.WARNING, "subscription",
        "the queue's subscription does not deliver raw messages: the function reads both, other readers may not",
        _UP, _wrapped,
    ),
    Rule(
        "subscription-without-dead-letter-queue", Severity.WARNING, "subscription",
        "the queue's subscription has no dead-letter queue: what the queue refuses is dropped",
        _UP, _not_kept,
    ),
    Rule(
        "queue-missing", Severity.ERROR, "queue-missing",
        "the {which} is gone: {which_url}",
        _UP, _no_queue,
    ),
    Rule(
        "queue-policy", Severity.ERROR, "subscription-dead-letters",
        "the policy of the {which} does not let the topic send to it",
        _UP, _queues_closed,
    ),
    Rule(
        "queue-redrive", Severity.ERROR, "queue-redrive",
        "the queue has no dead-letter queue: what cannot be processed comes again until it expires, and is lost",
        _UP, _no_redrive,
    ),
    Rule(
        "dead-letters", Severity.ERROR, "dead-letters",
        "messages wait in the dead-letter queue ({number}): the function could not process them",
        "ses-feedback dead-letters list says why; mend that, then: ses-feedback dead-letters redrive",
        lambda facts: _waiting(facts.dead_letters),
    ),
    Rule(
        "subscription-dead-letters", Severity.ERROR, "subscription-dead-letters",
        "messages wait in the subscription dead-letter queue ({number}): the topic could not deliver them",
        "mend what other findings name, and bring them to the queue: the runbook has the commands",
        lambda facts: _waiting(facts.subscription_dead_letters),
    ),
    Rule(
        "oldest-message", Severity.ERROR, "oldest-message",
        "feedback waits in the queue for {minutes} minutes",
        "see the findings on mapping and function; a backlog that shrinks needs nothing", _old,
    ),
)  # fmt: skip
