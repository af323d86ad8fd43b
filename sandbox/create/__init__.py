"""How each resource type of the program is made: one table, one function each, by AWS's own API."""

from collections.abc import Mapping

from sandbox.applier import Create

from . import function, keys, mail, messaging, monitoring, tables

CREATE: Mapping[str, Create] = {
    "aws:cloudwatch/dashboard:Dashboard": monitoring.dashboard,
    "aws:cloudwatch/logGroup:LogGroup": function.log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": monitoring.metric_alarm,
    "aws:dynamodb/resourcePolicy:ResourcePolicy": tables.resource_policy,
    "aws:dynamodb/table:Table": tables.table,
    "aws:iam/role:Role": function.role,
    "aws:iam/rolePolicy:RolePolicy": function.role_policy,
    "aws:kms/key:Key": keys.key,
    "aws:kms/keyPolicy:KeyPolicy": keys.key_policy,
    "aws:lambda/eventSourceMapping:EventSourceMapping": function.event_source_mapping,
    "aws:lambda/function:Function": function.function,
    "aws:ses/identityNotificationTopic:IdentityNotificationTopic": mail.identity_notification_topic,
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": mail.event_destination,
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": mail.feedback_attributes,
    "aws:sns/topic:Topic": messaging.topic,
    "aws:sns/topicPolicy:TopicPolicy": messaging.topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": messaging.subscription,
    "aws:sqs/queue:Queue": messaging.queue,
    "aws:sqs/queuePolicy:QueuePolicy": messaging.queue_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": messaging.redrive_allow_policy,
}
