"""The deployed program in the emulator, as the benchmarks use it: publish, wait until the queues are empty, read.

Messages go to the topics, in SES's place: topic, queue, event source mapping, function and tables are those of the
program, with the archive that would go to AWS. What the emulator does not prove is in sandbox/README.md.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.table import decode
from ses_feedback_cli.stack_outputs import Pipeline

from bench.faulty_proxy import FaultyProxy
from bench.workload import Notification, Origin
from sandbox import Account, DeployedStack, deploy
from sandbox.stack_context import context_of, parse_arn

_PUBLISHERS = 4
_POLL_SECONDS, _START_SECONDS = 0.1, 60
_HIDDEN_SECONDS = 600  # while dead letters are read: longer than that takes
_CLOSED_BREAKER = {"ses-feedback:surgeHourlyFloor": 1_000_000}
"""Which bounces a surge holds depends on the order in which they come: the tables could not be computed."""


@dataclass
class EmulatedChain:
    """Both pipelines of the first source of the sandbox's stack, and the tables."""

    stack: DeployedStack
    pipelines: dict[str, Pipeline]
    """By kind."""
    published_at: dict[str, float] = field(default_factory=dict)
    """When a notification was first published, by its name (time.monotonic)."""

    @classmethod
    def deploy(cls, account: Account, proxy: FaultyProxy, **config: Any) -> "EmulatedChain":
        """Deploy the program with these settings, its functions' way to DynamoDB through the proxy."""
        settings = {f"ses-feedback:{name}": value for name, value in config.items()}
        stack = deploy(account, {**_CLOSED_BREAKER, **settings})
        first, *others = (pipeline for pipeline in context_of(stack).pipelines() if pipeline.identities)
        pipelines = {pipeline.kind: pipeline for pipeline in (first, *others) if pipeline.region == first.region}
        chain = cls(stack, pipelines)
        # A function whose variables change starts anew; what it is at would come back after the visibility timeout.
        assert chain.wait_until_drained(_START_SECONDS), "the messages that SES publishes at setup were not processed"
        for pipeline in pipelines.values():
            client = account.client("lambda", pipeline.region)
            variables = client.get_function_configuration(FunctionName=pipeline.function_name)["Environment"]
            variables["Variables"]["AWS_ENDPOINT_URL_DYNAMODB"] = proxy.endpoint
            client.update_function_configuration(FunctionName=pipeline.function_name, Environment=variables)
        return chain

    @property
    def origin(self) -> Origin:
        """Of the feedback that it takes."""
        pipeline = self.pipelines["bounce"]
        return Origin(self.stack.account.id, pipeline.region, pipeline.identities[0], str(pipeline.configuration_set))

    def publish(self, notifications: Sequence[Notification]) -> None:
        """Publish each to the topic of its kind, in order, as fast as the emulator takes them."""
        by_kind = ([each for each in notifications if each.kind == kind] for kind in self.pipelines)
        requests = [of_kind[start : start + 10] for of_kind in by_kind for start in range(0, len(of_kind), 10)]
        with ThreadPoolExecutor(_PUBLISHERS) as pool:
            list(pool.map(self._publish, requests))

    def _publish(self, notifications: list[Notification]) -> None:
        pipeline = self.pipelines[notifications[0].kind]
        now = time.monotonic()
        for notification in notifications:
            self.published_at.setdefault(notification.name, now)
        entries = [{"Id": str(number), "Message": each.body} for number, each in enumerate(notifications)]
        sns = self._client("sns")
        response = sns.publish_batch(TopicArn=pipeline.topic_arn, PublishBatchRequestEntries=entries)
        assert not response.get("Failed"), response

    def wait_until_drained(self, seconds: float) -> bool:
        """Whether both queues are empty within this time: nothing waits, is delayed or in flight."""
        deadline = time.monotonic() + seconds
        while any(self._depth(pipeline.queue_url) for pipeline in self.pipelines.values()):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def depth(self) -> int:
        """Messages in both queues."""
        return sum(self._depth(pipeline.queue_url) for pipeline in self.pipelines.values())

    def dead_letters(self) -> list[dict[str, Any]]:
        """Every message of the dead-letter queues, with its attributes; they stay there."""
        sqs, messages = self._client("sqs"), []
        for pipeline in self.pipelines.values():
            for url in (pipeline.dead_letter_queue_url, pipeline.subscription_dead_letter_queue_url):
                request = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
                while page := sqs.receive_message(**request, VisibilityTimeout=_HIDDEN_SECONDS).get("Messages"):
                    messages += page
        return messages

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds: `blocked` or `history`."""
        arn = self.stack.outputs[f"{table}TableArn"]
        client = self.stack.account.client("dynamodb", parse_arn(arn).region)
        pages = client.get_paginator("scan").paginate(TableName=arn, ConsistentRead=True)
        return [decode(item) for page in pages for item in page["Items"]]

    def _depth(self, url: str) -> int:
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        attributes = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def _client(self, service: str) -> Any:
        return self.stack.account.client(service, self.pipelines["bounce"].region)


def bodies(messages: Iterable[dict[str, Any]]) -> list[str]:
    """The texts of messages, sorted."""
    return sorted(str(message["Body"]) for message in messages)
