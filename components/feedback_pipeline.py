"""One way from SES to the blocked table, for one kind of feedback of one source."""

import pulumi
import pulumi_aws as aws

from components import inputs, policies
from components.feedback_function import FeedbackFunction
from components.feedback_pipeline_args import FeedbackPipelineArgs, read

DEAD_LETTER_DAYS = 14  # SQS keeps a message no longer.
_DAY = 24 * 60 * 60
# Physical names end in "-" and 7 characters. A function's has 64 characters, a queue's 80 (Lambda, SQS API reference).
_LONGEST_NAME = min(64 - len("-function-1234567"), 80 - len("-subscription-dead-letters-1234567"))
_FORMER_NAMES = {"subscription-dead-letters": "undelivered"}
"""Suffixes of 0.1.0 under another name: aliases keep such a queue, and its policy, where they are."""


class FeedbackPipeline(pulumi.ComponentResource):
    """Carries one kind of SES feedback into the blocked table.

    Type: ``ses-feedback:index:FeedbackPipeline``.
    Creates: a topic that only SES may publish to; a queue that only the topic may send to; a dead-letter queue for what
    the function cannot process and another for what the topic cannot deliver (SNS drops it otherwise); the
    subscription; for each identity its notification topic, for a configuration set an event destination; the function
    with its log group, its role and the event source mapping, which takes partial batch responses.
    Not created: the identity and the configuration set, which must exist in the same Region; e-mail forwarding of
    feedback stays as it is unless ``email_forwarding`` is given.
    Raises: ValueError, naming input and value, for a malformed input, or when neither identities nor a configuration
    set is given.
    """

    topic_arn: pulumi.Output[str]
    """ARN of the topic that SES publishes to."""
    queue_arn: pulumi.Output[str]
    """ARN of the queue that feeds the function."""
    queue_url: pulumi.Output[str]
    """URL of the queue that feeds the function."""
    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue of messages that the function could not process."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue of messages that the function could not process."""
    subscription_dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue of messages that the topic could not deliver."""
    subscription_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue of messages that the topic could not deliver."""
    function_name: pulumi.Output[str]
    """Name of the function."""
    log_group_name: pulumi.Output[str]
    """Name of the function's log group."""
    role_arn: pulumi.Output[str]
    """ARN of the function's role, for the `writer_principals` of a table in another account."""
    monitored: pulumi.Output[dict[str, str]]
    """What `FeedbackMonitoring` needs to know of this pipeline; hand it over as it is."""

    def __init__(self, name: str, args: FeedbackPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:FeedbackPipeline", name, dict(args), opts)
        self._base = inputs.pattern(rf".{{1,{_LONGEST_NAME}}}", f"a name of at most {_LONGEST_NAME} characters")(
            "name", name
        )
        self._in = read(args)
        self._identities: list[str] = self._in["identities"]
        self._configuration_set: pulumi.Input[str] | None = self._in.get("configuration_set_name")

        topic = self._topic()
        topic_policy = self._topic_policy(topic)
        dead_letters = self._queue("dead-letters", retention_days=DEAD_LETTER_DAYS)
        subscription_dead_letters = self._queue("subscription-dead-letters", retention_days=DEAD_LETTER_DAYS)
        queue = self._feedback_queue(dead_letters)
        self._queue_policy("dead-letters", dead_letters, None)
        policies_of_queues = [
            self._queue_policy("queue", queue, topic),
            self._queue_policy("subscription-dead-letters", subscription_dead_letters, topic),
        ]
        subscription = self._subscription(topic, queue, subscription_dead_letters, policies_of_queues)
        topics = self._sources(topic, [topic_policy, subscription])
        self._forwarding(topics, opts)
        work = FeedbackFunction(self._base, self._in, queue, parent=self)

        self.topic_arn = topic.arn
        self.queue_arn, self.queue_url = queue.arn, queue.url
        self.dead_letter_queue_arn, self.dead_letter_queue_url = dead_letters.arn, dead_letters.url
        self.subscription_dead_letter_queue_arn = subscription_dead_letters.arn
        self.subscription_dead_letter_queue_url = subscription_dead_letters.url
        self.function_name, self.log_group_name, self.role_arn = work.function.name, work.logs.name, work.role.arn
        self.monitored = pulumi.Output.all(
            name=self._base,
            kind=self._in["kind"],
            region=self._in["region"]
            if "region" in self._in
            else topic.arn.apply(lambda arn: policies.Arn.of(arn).region),
            topicName=topic.name,
            queueName=queue.name,
            deadLetterQueueName=dead_letters.name,
            subscriptionDeadLetterQueueName=subscription_dead_letters.name,
            functionName=work.function.name,
            logGroupName=work.logs.name,
        )
        self.register_outputs({output: getattr(self, output) for output in FeedbackPipeline.__annotations__})

    def _options(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _queue_options(self, suffix: str, behind: str = "") -> pulumi.ResourceOptions:
        former = _FORMER_NAMES.get(suffix)
        aliases = [pulumi.Alias(name=f"{self._base}-{former}{behind}")] if former else []
        return pulumi.ResourceOptions(parent=self, aliases=aliases)

    def _topic(self) -> aws.sns.Topic:
        return aws.sns.Topic(
            f"{self._base}-topic",
            region=self._in.get("region"),
            # Without a customer key none at all: SES cannot publish under alias/aws/sns, whose key policy is fixed.
            kms_master_key_id=self._in.get("kms_key_arn"),
            tags=self._in["tags"],
            opts=self._options(),
        )

    def _topic_policy(self, topic: aws.sns.Topic) -> aws.sns.TopicPolicy:
        known = pulumi.Output.all(topic.arn, self._configuration_set)
        return aws.sns.TopicPolicy(
            f"{self._base}-topic-policy",
            region=self._in.get("region"),
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(
                known.apply(lambda both: policies.topic_policy(both[0], self._identities, both[1]))
            ),
            opts=self._options(),
        )

    def _queue(
        self,
        suffix: str,
        retention_days: pulumi.Input[int],
        visibility_timeout_seconds: pulumi.Input[int] | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        key = self._in.get("kms_key_arn")
        return aws.sqs.Queue(
            f"{self._base}-{suffix}",
            region=self._in.get("region"),
            message_retention_seconds=pulumi.Output.from_input(retention_days).apply(lambda days: days * _DAY),
            visibility_timeout_seconds=visibility_timeout_seconds,
            redrive_policy=redrive_policy,
            sqs_managed_sse_enabled=None if key else True,
            kms_master_key_id=key,
            tags=self._in["tags"],
            opts=self._queue_options(suffix),
        )

    def _feedback_queue(self, dead_letters: aws.sqs.Queue) -> aws.sqs.Queue:
        timing = pulumi.Output.all(self._in["function_timeout_seconds"], self._in["maximum_batching_window_seconds"])
        queue = self._queue(
            "queue",
            retention_days=self._in["message_retention_days"],
            # Six times the function's time-out and the batching window (Lambda Developer Guide, "Configuring SQS").
            visibility_timeout_seconds=timing.apply(lambda both: 6 * both[0] + both[1]),
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": self._in["max_receive_count"]},
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            f"{self._base}-redrive-allow-policy",
            region=self._in.get("region"),
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=self._options(),
        )
        return queue

    def _queue_policy(self, suffix: str, queue: aws.sqs.Queue, topic: aws.sns.Topic | None) -> aws.sqs.QueuePolicy:
        known = pulumi.Output.all(queue.arn, topic.arn if topic else None)
        return aws.sqs.QueuePolicy(
            f"{self._base}-{suffix}-policy",
            region=self._in.get("region"),
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(known.apply(lambda arns: policies.queue_policy(arns[0], arns[1]))),
            opts=self._queue_options(suffix, "-policy"),
        )

    def _subscription(
        self,
        topic: aws.sns.Topic,
        queue: aws.sqs.Queue,
        subscription_dead_letters: aws.sqs.Queue,
        queue_policies: list[aws.sqs.QueuePolicy],
    ) -> aws.sns.TopicSubscription:
        return aws.sns.TopicSubscription(
            f"{self._base}-subscription",
            region=self._in.get("region"),
            topic=topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=True,
            # SNS drops what the queue refuses, unless the subscription has a dead-letter queue of its own.
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": subscription_dead_letters.arn}),
            opts=self._options(*queue_policies),
        )

    def _sources(
        self, topic: aws.sns.Topic, ready: list[pulumi.Resource]
    ) -> dict[str, aws.ses.IdentityNotificationTopic]:
        # SES tries its right to publish when a topic is set; what it publishes before the subscription exists is lost.
        topics = {
            identity: aws.ses.IdentityNotificationTopic(
                f"{self._base}-{identity}",
                region=self._in.get("region"),
                identity=identity,
                notification_type=self._in["kind"].capitalize(),
                topic_arn=topic.arn,
                include_original_headers=self._in["include_original_headers"],
                opts=self._options(*ready),
            )
            for identity in self._identities
        }
        if self._configuration_set is not None:
            aws.sesv2.ConfigurationSetEventDestination(
                f"{self._base}-event-destination",
                region=self._in.get("region"),
                configuration_set_name=self._configuration_set,
                # SES wants a name here; the topic's is unique and fits (64 letters, digits, - and _).
                event_destination_name=topic.name,
                event_destination={
                    "enabled": True,
                    "matching_event_types": [self._in["kind"].upper()],
                    "sns_destination": {"topic_arn": topic.arn},
                },
                opts=self._options(*ready),
            )
        return topics

    def _forwarding(
        self, topics: dict[str, aws.ses.IdentityNotificationTopic], opts: pulumi.ResourceOptions | None
    ) -> None:
        if "email_forwarding" not in self._in:
            return
        # A child does not wait for what its component waits for: here the topic of the other kind.
        before = opts.depends_on if opts and opts.depends_on else []
        for identity, topic in topics.items():
            aws.sesv2.EmailIdentityFeedbackAttributes(
                f"{self._base}-forwarding-{identity}",
                region=self._in.get("region"),
                email_identity=identity,
                email_forwarding_enabled=self._in["email_forwarding"],
                opts=pulumi.ResourceOptions.merge(
                    pulumi.ResourceOptions(parent=self, depends_on=before), pulumi.ResourceOptions(depends_on=[topic])
                ),
            )
