"""The stack: its configuration, the tables, a pipeline for each kind of feedback of each source, the monitoring."""

import pulumi

from components import BlockedTable, FeedbackKmsKey, FeedbackMonitoring, FeedbackPipeline
from components.inputs import KINDS
from stack.config import load

config = load()

keys = {
    region: FeedbackKmsKey(f"ses-feedback-{region}", config.key_args(region)).key_arn for region in config.key_regions
}

table_args = config.table_args(keys)
tables = BlockedTable("ses-feedback", table_args) if table_args else None
if tables:
    pulumi.export("blockedTableName", tables.blocked_table_name)
    pulumi.export("historyTableName", tables.history_table_name)
    pulumi.export("senderPolicyJson", tables.sender_policy_json)
pulumi.export("blockedTableArn", tables.blocked_table_arn if tables else config.pipeline["blocked_table_arn"])
pulumi.export("historyTableArn", tables.history_table_arn if tables else config.pipeline["history_table_arn"])
if table_key := config.table_key(keys):
    pulumi.export("tableKmsKeyArn", table_key)
pulumi.export("softBounces", config.soft_bounces)

made: dict[tuple[str, str], FeedbackPipeline] = {}
pipelines = {}
for source in config.sources:
    for kind in KINDS:
        name = f"{kind}-{source.name}"
        args = config.pipeline_args(source, kind, tables, keys)
        # SES stops its own mails about feedback only once bounces have a topic, too.
        first = [made["bounce", source.name]] if "email_forwarding" in args else []
        pipeline = made[kind, source.name] = FeedbackPipeline(name, args, pulumi.ResourceOptions(depends_on=first))
        pipelines[name] = {
            "kind": kind,
            "region": source.region,
            "identities": source.identities,
            "configurationSet": source.configuration_set,
            "topicArn": pipeline.topic_arn,
            "queueUrl": pipeline.queue_url,
            "deadLetterQueueUrl": pipeline.dead_letter_queue_url,
            "subscriptionDeadLetterQueueUrl": pipeline.subscription_dead_letter_queue_url,
            "functionName": pipeline.function_name,
            "logGroupName": pipeline.log_group_name,
            "roleArn": pipeline.role_arn,
        }
pulumi.export("pipelines", pipelines)

if config.monitoring is not None:
    watched = {
        region: FeedbackMonitoring(f"ses-feedback-{region}", config.monitoring_args(region, made, keys))
        for region in config.regions
    }
    names = {
        region: {"alarmTopicArn": one.alarm_topic_arn, "dashboardName": one.dashboard_name}
        for region, one in watched.items()
    }
    pulumi.export("monitoring", names)
