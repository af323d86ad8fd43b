"""What several rules look at."""

from collections.abc import Iterator, Mapping

from ses_feedback_cli.doctor.facts import Absent, PipelineFacts, Queue


def queues(facts: PipelineFacts) -> Iterator[tuple[str, str, Queue | Absent]]:
    """The pipeline's queues: what each is called, its URL, the queue."""
    one = facts.pipeline
    yield "queue", one.queue_url, facts.queue
    yield "dead-letter queue", one.dead_letter_queue_url, facts.dead_letters
    yield "subscription dead-letter queue", one.subscription_dead_letter_queue_url, facts.subscription_dead_letters


def context_of(source: str, account: str) -> Mapping[str, str]:
    """What a policy's conditions are compared with, for a service that acts for something."""
    return {
        "aws:sourcearn": source,
        "aws:sourceaccount": account,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
    }
