"""A pipeline from SES to the blocked table, for one kind of feedback of one source."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import inputs, limits, policies
from components.arn import Arn
from components.feedback_function import FeedbackFunction, Queues
from components.feedback_pipeline_args import DEAD_LETTER_RETENTION_DAYS, FeedbackPipelineArgs, read
from components.monitored_pipeline import MonitoredPipeline
from components.redelivery import SECONDS_PER_DAY, Redelivery

# Physical names end in "-" and 7 characters. A function's has 64 characters, a queue's 80 (Lambda, SQS API reference).
_LONGEST_NAME = min(64 - len("-function-1234567"), 80 - len("-subscription-dead-letters-1234567"))
_SUFFIXES_IN_0_1_0 = {"subscription-dead-letters": "undelivered"}
"""Suffixes that had another name in 0.1.0: aliases keep such a queue, and its policy, from being replaced."""


_LARGEST_MESSAGE = 1_048_576
"""Bytes, SQS's maximum (API reference, CreateQueue). The provider's default is that of SNS, 262,144, but a dead letter
has attributes beside the notification."""


class FeedbackPipeline(pulumi.ComponentResource):
    """A pipeline that carries one kind of SES feedback into the blocked table.

    Type: ``ses-feedback:index:FeedbackPipeline``.
    Creates: a topic that only SES may publish to; a queue that only the topic may send to, and who redrives; a
    dead-letter queue for what the function cannot process and another for what the topic cannot deliver (SNS drops it
    otherwise); the subscription; for each identity its notification topic, for a configuration set an event
    destination; the function with its log group, its role and the event source mapping, which takes partial batch
    responses and no more invocations than the tables can take; a schedule, with its role, on which the function
    redrives what an outage left.
    Not created: the identity and the configuration set, which must exist in the same Region; e-mail forwarding of
    feedback stays as it is unless ``email_forwarding`` is given.
    Raises: ValueError, naming input and value, for a malformed input, when neither identities nor a configuration set
    is given, and for lists that are too long for AWS.
    """

    topic_arn: pulumi.Output[str]
    """ARN of the topic that SES publishes to."""
    queue_arn: pulumi.Output[str]
    """ARN of the queue that the function reads from."""
    queue_url: pulumi.Output[str]
    """URL of the queue that the function reads from."""
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
    redrive_schedule: pulumi.Output[str]
    """Name of the schedule of the automatic redrive; empty if that is off."""
    role_arn: pulumi.Output[str]
    """ARN of the function's role, for the `writer_principals` of a table in another account."""
    monitored: pulumi.Output[dict[str, str]]
    """What `FeedbackMonitoring` needs to know of this pipeline; pass it on unchanged."""

    def __init__(self, name: str, args: FeedbackPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:FeedbackPipeline", name, dict(args), opts)
        name_rule = inputs.pattern(rf".{{1,{_LONGEST_NAME}}}", f"a name of at most {_LONGEST_NAME} characters")
        self._prefix = name_rule("name", name)
        self._inputs = read(args)
        limits.check_pipeline(self._prefix, self._inputs)

        topic = self._topic()
        topic_policy = self._topic_policy(topic)
        dead_letter_queue = self._queue("dead-letters", retention_days=DEAD_LETTER_RETENTION_DAYS)
        queue = self._feedback_queue(dead_letter_queue)
        subscription_dead_letter_queue = self._queue(
            "subscription-dead-letters", retention_days=DEAD_LETTER_RETENTION_DAYS
        )
        queues = Queues(queue, dead_letter_queue, subscription_dead_letter_queue)
        function = FeedbackFunction(self._prefix, self._inputs, queues, parent=self)
        role_arn = function.role.arn
        redrivers: list[pulumi.Input[str]] = [*self._inputs.redrive_principals]
        if self._inputs.automatic_redrive:
            redrivers.append(role_arn)
        self._queue_policy("dead-letters", dead_letter_queue, None, [role_arn])
        queue_policy = self._queue_policy("queue", queue, topic, redrivers)
        subscription_dead_letter_queue_policy = self._queue_policy(
            "subscription-dead-letters", subscription_dead_letter_queue, topic, []
        )
        subscription = self._subscription(
            topic,
            queue,
            subscription_dead_letter_queue,
            depends_on=[queue_policy, subscription_dead_letter_queue_policy],
        )
        # SES tests its permission to publish when a topic is set; what it publishes before the subscription is lost.
        notification_topics = self._notification_topics(topic, depends_on=[topic_policy, subscription])
        self._event_destination(topic, depends_on=[topic_policy, subscription])
        self._email_forwarding(notification_topics, opts)

        self.topic_arn = topic.arn
        self.queue_arn, self.queue_url = queue.arn, queue.url
        self.dead_letter_queue_arn, self.dead_letter_queue_url = dead_letter_queue.arn, dead_letter_queue.url
        self.subscription_dead_letter_queue_arn = subscription_dead_letter_queue.arn
        self.subscription_dead_letter_queue_url = subscription_dead_letter_queue.url
        self.function_name, self.log_group_name = function.function.name, function.log_group.name
        schedule = function.redrive_schedule
        self.redrive_schedule = schedule.name if schedule else pulumi.Output.from_input("")
        self.role_arn = function.role.arn
        self.monitored = pulumi.Output.all(
            name=self._prefix,
            kind=self._inputs.kind,
            region=topic.arn.apply(lambda arn: Arn.of(arn).region),
            topic_name=topic.name,
            queue_name=queue.name,
            dead_letter_queue_name=dead_letter_queue.name,
            subscription_dead_letter_queue_name=subscription_dead_letter_queue.name,
            function_name=function.function.name,
            log_group_name=function.log_group.name,
        ).apply(lambda fields: MonitoredPipeline(**fields).to_map())
        self.register_outputs({output: getattr(self, output) for output in FeedbackPipeline.__annotations__})

    def _topic(self) -> aws.sns.Topic:
        return aws.sns.Topic(
            f"{self._prefix}-topic",
            region=self._inputs.region,
            # No key without a customer key: SES cannot publish under alias/aws/sns, whose key policy is fixed.
            kms_master_key_id=self._inputs.kms_key_arn,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _topic_policy(self, topic: aws.sns.Topic) -> aws.sns.TopicPolicy:
        identities = self._inputs.identities
        document = pulumi.Output.all(topic.arn, self._inputs.configuration_set_name).apply(
            lambda values: policies.topic_policy(values[0], identities, configuration_set=values[1])
        )
        return aws.sns.TopicPolicy(
            f"{self._prefix}-topic-policy",
            region=self._inputs.region,
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(document),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _queue(
        self,
        suffix: str,
        retention_days: pulumi.Input[int],
        visibility_timeout_seconds: pulumi.Input[int] | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        kms_key_arn = self._inputs.kms_key_arn
        return aws.sqs.Queue(
            f"{self._prefix}-{suffix}",
            region=self._inputs.region,
            message_retention_seconds=pulumi.Output.from_input(retention_days).apply(
                lambda days: days * SECONDS_PER_DAY
            ),
            visibility_timeout_seconds=visibility_timeout_seconds,
            redrive_policy=redrive_policy,
            max_message_size=_LARGEST_MESSAGE,
            sqs_managed_sse_enabled=None if kms_key_arn else True,
            kms_master_key_id=kms_key_arn,
            tags=self._inputs.tags,
            opts=self._queue_options(suffix),
        )

    def _feedback_queue(self, dead_letter_queue: aws.sqs.Queue) -> aws.sqs.Queue:
        redelivery = pulumi.Output.all(
            self._inputs.message_retention_days,
            self._inputs.function_timeout_seconds,
            self._inputs.maximum_batching_window_seconds,
        ).apply(lambda values: Redelivery.over(*values))
        queue = self._queue(
            "queue",
            retention_days=self._inputs.message_retention_days,
            visibility_timeout_seconds=redelivery.apply(lambda known: known.visibility_timeout_seconds),
            redrive_policy=pulumi.Output.json_dumps(
                {
                    "deadLetterTargetArn": dead_letter_queue.arn,
                    "maxReceiveCount": redelivery.apply(lambda known: known.max_receive_count),
                },
            ),
        )
        aws.sqs.RedriveAllowPolicy(
            f"{self._prefix}-redrive-allow-policy",
            region=self._inputs.region,
            queue_url=dead_letter_queue.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return queue

    def _queue_policy(
        self, suffix: str, queue: aws.sqs.Queue, topic: aws.sns.Topic | None, senders: Sequence[pulumi.Input[str]]
    ) -> aws.sqs.QueuePolicy:
        document = pulumi.Output.all(queue.arn, topic.arn if topic else None, senders).apply(
            lambda values: policies.queue_policy(*values)
        )
        return aws.sqs.QueuePolicy(
            f"{self._prefix}-{suffix}-policy",
            region=self._inputs.region,
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps(document),
            opts=self._queue_options(suffix, "-policy"),
        )

    def _queue_options(self, suffix: str, suffix_of_policy: str = "") -> pulumi.ResourceOptions:
        former_suffix = _SUFFIXES_IN_0_1_0.get(suffix)
        former_name = f"{self._prefix}-{former_suffix}{suffix_of_policy}"
        return pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=former_name)] if former_suffix else [])

    def _subscription(
        self,
        topic: aws.sns.Topic,
        queue: aws.sqs.Queue,
        subscription_dead_letter_queue: aws.sqs.Queue,
        depends_on: list[pulumi.Resource],
    ) -> aws.sns.TopicSubscription:
        return aws.sns.TopicSubscription(
            f"{self._prefix}-subscription",
            region=self._inputs.region,
            topic=topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=True,
            # SNS drops what it cannot deliver to the queue, unless the subscription has a dead-letter queue.
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": subscription_dead_letter_queue.arn}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )

    def _notification_topics(
        self, topic: aws.sns.Topic, depends_on: list[pulumi.Resource]
    ) -> dict[str, aws.ses.IdentityNotificationTopic]:
        """The notification topic of each identity, by identity."""
        return {
            identity: aws.ses.IdentityNotificationTopic(
                f"{self._prefix}-{identity}",
                region=self._inputs.region,
                identity=identity,
                notification_type=self._inputs.kind.capitalize(),
                topic_arn=topic.arn,
                include_original_headers=self._inputs.include_original_headers,
                opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
            )
            for identity in self._inputs.identities
        }

    def _event_destination(self, topic: aws.sns.Topic, depends_on: list[pulumi.Resource]) -> None:
        if self._inputs.configuration_set_name is None:
            return
        aws.sesv2.ConfigurationSetEventDestination(
            f"{self._prefix}-event-destination",
            region=self._inputs.region,
            configuration_set_name=self._inputs.configuration_set_name,
            # SES needs a name here; the topic's is unique and fits (64 letters, digits, - and _).
            event_destination_name=topic.name,
            event_destination={
                "enabled": True,
                "matching_event_types": [self._inputs.kind.upper()],
                "sns_destination": {"topic_arn": topic.arn},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )

    def _email_forwarding(
        self,
        notification_topics: dict[str, aws.ses.IdentityNotificationTopic],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        if self._inputs.email_forwarding is None:
            return
        # SES accepts false only once both topics are set. The other kind's pipeline is in the component's `depends_on`,
        # which its children do not inherit.
        other_pipelines = opts.depends_on if opts and opts.depends_on else []
        for identity, notification_topic in notification_topics.items():
            aws.sesv2.EmailIdentityFeedbackAttributes(
                f"{self._prefix}-forwarding-{identity}",
                region=self._inputs.region,
                email_identity=identity,
                email_forwarding_enabled=self._inputs.email_forwarding,
                opts=pulumi.ResourceOptions.merge(
                    pulumi.ResourceOptions(parent=self, depends_on=other_pipelines),
                    pulumi.ResourceOptions(depends_on=[notification_topic]),
                ),
            )
