"""How each type of resource is created: one function per type, which calls the API of AWS."""

from collections.abc import Mapping

from sandbox.provider import CreateFunction

from . import cloudwatch, dynamodb, kms, lambda_function, messaging, scheduler, ses

CREATE_FUNCTIONS: Mapping[str, CreateFunction] = {
    "aws:cloudwatch/dashboard:Dashboard": cloudwatch.dashboard,
    "aws:cloudwatch/logGroup:LogGroup": lambda_function.log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": cloudwatch.metric_alarm,
    "aws:dynamodb/resourcePolicy:ResourcePolicy": dynamodb.resource_policy,
    "aws:dynamodb/table:Table": dynamodb.table,
    "aws:iam/role:Role": lambda_function.role,
    "aws:iam/rolePolicy:RolePolicy": lambda_function.role_policy,
    "aws:kms/key:Key": kms.key,
    "aws:kms/keyPolicy:KeyPolicy": kms.key_policy,
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda_function.event_source_mapping,
    "aws:lambda/function:Function": lambda_function.function,
    "aws:scheduler/schedule:Schedule": scheduler.schedule,
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": ses.identity_notification_topic,
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": ses.event_destination,
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": ses.feedback_attributes,
    "aws:sns/topic:Topic": messaging.topic,
    "aws:sns/topicPolicy:TopicPolicy": messaging.topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": messaging.subscription,
    "aws:sqs/queue:Queue": messaging.queue,
    "aws:sqs/queuePolicy:QueuePolicy": messaging.queue_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": messaging.redrive_allow_policy,
}
