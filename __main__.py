"""The stack: its configuration, the tables, a pipeline for each kind of feedback of each source, the exports."""

import pulumi

from components import BlockedTable, FeedbackPipeline
from stack.config import load

config = load()

tables = BlockedTable("ses-feedback", config.tables) if config.tables else None
if tables:
    pulumi.export("blockedTableName", tables.blocked_table_name)
    pulumi.export("historyTableName", tables.history_table_name)
    pulumi.export("senderPolicyJson", tables.sender_policy_json)
pulumi.export("blockedTableArn", tables.blocked_table_arn if tables else config.pipeline["blocked_table_arn"])
pulumi.export("historyTableArn", tables.history_table_arn if tables else config.pipeline["history_table_arn"])

pipelines = {}
for source in config.sources:
    for kind in ("bounce", "complaint"):
        name = f"{kind}-{source.name}"
        pipeline = FeedbackPipeline(name, config.pipeline_args(source, kind, tables))
        pipelines[name] = {
            "kind": kind,
            "region": source.region,
            "topicArn": pipeline.topic_arn,
            "queueUrl": pipeline.queue_url,
            "deadLetterQueueUrl": pipeline.dead_letter_queue_url,
            "undeliveredQueueUrl": pipeline.undelivered_queue_url,
            "functionName": pipeline.function_name,
            "logGroupName": pipeline.log_group_name,
            "roleArn": pipeline.role_arn,
        }
pulumi.export("pipelines", pipelines)
