"""Tells where a mail stopped by the number of messages that a pipeline's queues hold more than before."""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.queues import count_messages
from ses_feedback_cli.simulation.follower import Evidence
from ses_feedback_cli.simulation.journey import Failure, Journey
from ses_feedback_cli.stack_outputs import Pipeline

QUEUE, DEAD_LETTERS, SUBSCRIPTION_DEAD_LETTERS = "queue", "dead-letters", "subscription-dead-letters"


def read_depths(context: Context, pipeline: Pipeline) -> dict[str, int] | None:
    """About how many messages each queue of a pipeline holds, visible or not; None if a queue does not exist.

    Needs sqs:GetQueueAttributes.
    """
    urls = {
        QUEUE: pipeline.queue_url,
        DEAD_LETTERS: pipeline.dead_letter_queue_url,
        SUBSCRIPTION_DEAD_LETTERS: pipeline.subscription_dead_letter_queue_url,
    }
    sqs = context.client("sqs", pipeline.region)
    try:
        return {name: sum(count_messages(sqs, url)) for name, url in urls.items()}
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code")).endswith(("NonExistentQueue", "QueueDoesNotExist")):
            return None
        raise


class QueueEvidence(Evidence):
    """Compares the queues with what they held when this object was created."""

    def __init__(self, context: Context, pipelines: Iterable[Pipeline] = ()) -> None:
        """``pipelines``: those whose queues may hold messages at this time."""
        self.context = context
        self._depths_before = {pipeline.name: read_depths(context, pipeline) for pipeline in pipelines}

    def explain(self, journey: Journey) -> Failure:
        """Tell the hop by the queue that holds the message."""
        pipeline = journey.origin.pipelines[str(journey.mail.kind)]
        name, depths = pipeline.name, read_depths(self.context, pipeline)
        if depths is None:
            return Failure("SQS", f"a queue of {name} does not exist: pulumi up --refresh makes it again")
        before = self._depths_before.get(name) or {}
        more = {queue: max(0, depth - before.get(queue, 0)) for queue, depth in depths.items()}
        if number := more[SUBSCRIPTION_DEAD_LETTERS]:
            return Failure("SQS", f"the topic could not deliver: {number} more subscription dead letters of {name}")
        if number := more[DEAD_LETTERS]:
            return Failure("Lambda", f"the function gave up: {number} more in dead-letters of {name}")
        if number := more[QUEUE]:
            return Failure("Lambda", f"{number} more in the queue of {name}: is its function run, does it fail?")
        if journey.published or "SNS" in journey.seconds:
            return Failure(
                "SQS",
                f"in no queue of {name}: see the subscription of {pipeline.topic_arn} and the policy of "
                f"{pipeline.queue_url}",
            )
        return Failure(
            "SNS",
            f"in no queue of {name}: see whether SES still publishes to {pipeline.topic_arn} for "
            f"{journey.origin.name}, and whether the topic delivers (--publish leaves SES out)",
        )
