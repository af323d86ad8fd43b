"""The stack: its configuration, the keys, the tables, a pipeline per source and kind of feedback, the canaries, the
monitoring.
"""

import pulumi

from components import BlockedTable, FeedbackCanary, FeedbackKmsKey, FeedbackMonitoring, FeedbackPipeline
from components.inputs import KINDS
from stack.config import load
from stack.limits import TABLES
from stack.model import ExistingTables, NewTables

config = load()

key_arns = {
    region: FeedbackKmsKey(f"ses-feedback-{region}", config.key_args(region)).key_arn for region in config.key_regions
}

tables: BlockedTable | ExistingTables
if isinstance(config.tables, NewTables):
    tables = BlockedTable(TABLES, config.table_args(config.tables, key_arns))
    pulumi.export("blockedTableName", tables.blocked_table_name)
    pulumi.export("historyTableName", tables.history_table_name)
    pulumi.export("senderPolicyJson", tables.sender_policy_json)
    pulumi.export("tableSettings", config.tables.settings())
else:
    tables = config.tables
pulumi.export("blockedTableArn", tables.blocked_table_arn)
pulumi.export("historyTableArn", tables.history_table_arn)
if table_key_arn := config.table_key_arn(key_arns):
    pulumi.export("tableKmsKeyArn", table_key_arn)
pulumi.export("protected", config.pipeline_settings.protected)

pipelines: dict[tuple[str, str], FeedbackPipeline] = {}
pipeline_exports = {}
for source in config.sources:
    for kind in KINDS:
        name = f"{kind}-{source.name}"
        args = config.pipeline_args(source, kind, tables, key_arns)
        # SES stops its own e-mails about feedback only once bounces and complaints both have a topic.
        depends_on = [pipelines["bounce", source.name]] if args.get("email_forwarding") is not None else []
        pipeline = FeedbackPipeline(name, args, pulumi.ResourceOptions(depends_on=depends_on))
        pipelines[kind, source.name] = pipeline
        pipeline_exports[name] = {
            "kind": kind,
            "region": source.region,
            "identities": source.identities,
            "configurationSet": source.configuration_set,
            "sendingAccounts": config.pipeline_settings.sending_accounts,
            "topicArn": pipeline.topic_arn,
            "queueUrl": pipeline.queue_url,
            "deadLetterQueueUrl": pipeline.dead_letter_queue_url,
            "subscriptionDeadLetterQueueUrl": pipeline.subscription_dead_letter_queue_url,
            "functionName": pipeline.function_name,
            "logGroupName": pipeline.log_group_name,
            "redriveSchedule": pipeline.redrive_schedule,
            "roleArn": pipeline.role_arn,
        }
pulumi.export("pipelines", pipeline_exports)

canaries: dict[str, FeedbackCanary] = {}
if config.canary_settings:
    canary_exports = {}
    for source in config.sources:
        canary_args = config.canary_args(source, config.canary_settings, tables, pipelines, key_arns)
        # Its first run follows its creation: the pipelines must be whole by then.
        options = pulumi.ResourceOptions(depends_on=[pipelines[kind, source.name] for kind in KINDS])
        canary = canaries[source.name] = FeedbackCanary(f"canary-{source.name}", canary_args, options)
        canary_exports[source.name] = {
            "region": source.region,
            "sender": source.canary_sender,
            "addresses": canary.addresses,
            "functionName": canary.function_name,
            "logGroupName": canary.log_group_name,
            "roleArn": canary.role_arn,
        }
    pulumi.export("canaries", canary_exports)

if config.monitoring_settings:
    monitoring_exports = {}
    for region in config.regions:
        monitoring_args = config.monitoring_args(region, config.monitoring_settings, pipelines, canaries, key_arns)
        monitoring = FeedbackMonitoring(f"ses-feedback-{region}", monitoring_args)
        monitoring_exports[region] = {
            "alarmTopicArn": monitoring.alarm_topic_arn,
            "dashboardName": monitoring.dashboard_name,
        }
    pulumi.export("monitoring", monitoring_exports)
