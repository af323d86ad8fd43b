"""The dead-letter queues of the pipelines."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ses_feedback_cli.context import Context
from ses_feedback_cli.pipeline_selection import select_pipelines
from ses_feedback_cli.stack_outputs import Pipeline

DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS = "dead-letters", "subscription-dead-letters"


@dataclass(frozen=True)
class DeadLetterQueue:
    """A dead-letter queue of a pipeline: of its queue (dead-letters) or of the topic's subscription."""

    pipeline: Pipeline
    name: str
    """dead-letters or subscription-dead-letters."""
    url: str

    def __str__(self) -> str:
        return f"{self.name} of {self.pipeline.name}"

    def client(self, context: Context) -> Any:
        """An SQS client in the queue's Region."""
        return context.client("sqs", self.pipeline.region)


def select_queues(
    context: Context, pipeline_names: Iterable[str] = (), kind: str | None = None, queue_name: str | None = None
) -> list[DeadLetterQueue]:
    """The dead-letter queues that the options select, all without options. Raises: UsageError without any pipeline."""
    return [
        DeadLetterQueue(pipeline, name, url)
        for pipeline in select_pipelines(context, pipeline_names, kind)
        for name, url in (
            (DEAD_LETTERS, pipeline.dead_letter_queue_url),
            (SUBSCRIPTION_DEAD_LETTERS, pipeline.subscription_dead_letter_queue_url),
        )
        if queue_name in {None, name}
    ]


def count_messages(client: Any, url: str) -> tuple[int, int]:
    """How many messages a queue holds, approximately: visible and in flight. Needs sqs:GetQueueAttributes."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])
