"""A newspaper's mail: letters to subscribers, receipts to buyers. What comes back is noted, so nobody is written twice.

Written as somebody else would, in one file: no component of this repository, other names, ARNs partly as text and
partly as outputs. The policy pack must find nothing wrong with it.
"""

import json

import pulumi
import pulumi_aws as aws

account = aws.get_caller_identity().account_id
region = aws.get_region().region
tags = {"team": "gazette", "managed-by": "pulumi"}
FORTNIGHT = 14 * 24 * 3600
returns_arn = f"arn:aws:sns:{region}:{account}:gazette-returns"
inbox_arn = f"arn:aws:sqs:{region}:{account}:gazette-inbox"

CODE = """
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
const db = new DynamoDBClient();
export async function read(event) {
  const batchItemFailures = [];
  for (const { messageId, body } of event.Records) {
    try {
      const said = JSON.parse(JSON.parse(body).Message);
      const lost = said.bounce?.bouncedRecipients ?? said.complaint?.complainedRecipients ?? [];
      for (const { emailAddress } of lost)
        await db.send(new PutItemCommand({ TableName: process.env.SILENT, Item: { email: { S: emailAddress } } }));
    } catch { batchItemFailures.push({ itemIdentifier: messageId }); }
  }
  return { batchItemFailures };
}
"""

# Encryption: one key for what is on its way.
seal = aws.kms.Key(
    "seal",
    description="Returned mail on its way to the table",
    enable_key_rotation=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Administrators",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["ses.amazonaws.com", "sns.amazonaws.com"]},
                    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                    "Resource": "*",
                },
            ],
        }
    ),
    tags=tags,
)
aws.kms.Alias("seal-alias", name="alias/gazette-seal", target_key_id=seal.id)

# Where the addresses end up.
silent = aws.dynamodb.Table(
    "silent",
    name="gazette-silent",
    billing_mode="PAY_PER_REQUEST",
    hash_key="email",
    attributes=[{"name": "email", "type": "S"}],
    ttl={"attribute_name": "until", "enabled": True},
    point_in_time_recovery={"enabled": True},
    deletion_protection_enabled=True,
    tags=tags,
    opts=pulumi.ResourceOptions(protect=True),
)

# SES publishes here.
returns = aws.sns.Topic("returns", name="gazette-returns", kms_master_key_id=seal.arn, tags=tags)
returns_access = aws.sns.TopicPolicy(
    "returns-access",
    arn=returns.arn,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "ses.amazonaws.com"},
                "Action": "SNS:Publish",
                "Resource": returns_arn,
                "Condition": {"StringEquals": {"AWS:SourceAccount": account}},
            },
        }
    ),
)


def only_encrypted(arn: pulumi.Input[str]) -> dict[str, object]:
    """Refuse whoever does not use TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# The queue between, one for what the reader gives up on, one for what never reaches the queue.
given_up = aws.sqs.Queue(
    "given-up",
    name="gazette-given-up",
    message_retention_seconds=FORTNIGHT,
    sqs_managed_sse_enabled=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [only_encrypted(f"arn:aws:sqs:{region}:{account}:gazette-given-up")],
        }
    ),
    redrive_allow_policy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [inbox_arn]}),
    tags=tags,
)
inbox = aws.sqs.Queue(
    "inbox",
    name="gazette-inbox",
    kms_master_key_id=seal.id,
    message_retention_seconds=4 * 24 * 3600,
    visibility_timeout_seconds=360,
    redrive_policy=given_up.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 500})),
    tags=tags,
)
inbox_access = aws.sqs.QueuePolicy(
    "inbox-access",
    queue_url=inbox.url,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": inbox_arn,
                    "Condition": {"ArnLike": {"aws:SourceArn": returns_arn}},
                },
                only_encrypted(inbox_arn),
            ],
        }
    ),
)
spill = aws.sqs.Queue(
    "spill", name="gazette-spill", message_retention_seconds=FORTNIGHT, sqs_managed_sse_enabled=True, tags=tags
)
spill_access = aws.sqs.QueuePolicy(
    "spill-access",
    queue_url=spill.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": spill.arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": returns.arn}},
                },
                only_encrypted(spill.arn),
            ],
        }
    ),
)
hand_over = aws.sns.TopicSubscription(
    "hand-over",
    topic=returns.arn,
    protocol="sqs",
    endpoint=inbox.arn,
    redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": spill.arn}),
    opts=pulumi.ResourceOptions(depends_on=[inbox_access, spill_access]),
)

# The reader.
reader_role = aws.iam.Role(
    "reader-role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
    tags=tags,
)
notes = aws.cloudwatch.LogGroup("notes", name="/aws/lambda/gazette-reader", retention_in_days=60, tags=tags)
duties = aws.iam.Policy(
    "duties",
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                    "Resource": inbox_arn,
                },
                {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": seal.arn},
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": pulumi.Output.concat(notes.arn, ":*"),
                },
            ],
        }
    ),
)
reader_duties = aws.iam.RolePolicyAttachment("reader-duties", role=reader_role.name, policy_arn=duties.arn)
reader_table = aws.iam.RolePolicy(
    "reader-table",
    role=reader_role.name,
    policy=silent.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [arn]},
            }
        )
    ),
)
reader = aws.lambda_.Function(
    "reader",
    name="gazette-reader",
    role=reader_role.arn,
    runtime=aws.lambda_.Runtime.NODE_JS24D_X,
    architectures=["arm64"],
    handler="reader.read",
    timeout=60,
    publish=True,
    code=pulumi.AssetArchive({"reader.mjs": pulumi.StringAsset(CODE)}),
    environment={"variables": {"SILENT": silent.name}},
    tags=tags,
    opts=pulumi.ResourceOptions(depends_on=[notes, reader_duties, reader_table]),
)
live = aws.lambda_.Alias("live", function_name=reader.name, function_version=reader.version)
feed = aws.lambda_.EventSourceMapping(
    "feed",
    event_source_arn=inbox.arn,
    function_name=live.arn,
    batch_size=10,
    function_response_types=["ReportBatchItemFailures"],
)

# Somebody is called when mail gets stuck.
pager = aws.sns.Topic("pager", name="gazette-pager")
aws.sns.TopicSubscription("pager-desk", topic=pager.arn, protocol="email", endpoint="desk@gazette.example")
for label, stuck in (("given-up", given_up), ("spill", spill)):
    aws.cloudwatch.MetricAlarm(
        f"{label}-stuck",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": stuck.name},
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        alarm_actions=[pager.arn],
    )

# Who writes: letters by one configuration set, receipts by another, and whatever names none by the domain itself.
letters = aws.sesv2.ConfigurationSet("letters", configuration_set_name="letters")
receipts = aws.ses.ConfigurationSet("receipts", name="receipts")
domain = aws.sesv2.EmailIdentity("domain", email_identity="gazette.example")
ready = pulumi.ResourceOptions(depends_on=[returns_access, hand_over, feed])
aws.sesv2.ConfigurationSetEventDestination(
    "letters-back",
    configuration_set_name=letters.configuration_set_name,
    event_destination_name="back",
    event_destination={
        "enabled": True,
        "matching_event_types": ["BOUNCE", "COMPLAINT"],
        "sns_destination": {"topic_arn": returns.arn},
    },
    opts=ready,
)
aws.ses.EventDestination(
    "receipts-back",
    configuration_set_name=receipts.name,
    enabled=True,
    matching_types=["bounce", "complaint", "reject"],
    sns_destination={"topic_arn": returns_arn},
    opts=ready,
)
told = [
    aws.ses.IdentityNotificationTopic(
        f"domain-{kind.lower()}",
        identity=domain.email_identity,
        notification_type=kind,
        topic_arn=returns.arn,
        opts=ready,
    )
    for kind in ("Bounce", "Complaint")
]
aws.sesv2.EmailIdentityFeedbackAttributes(
    "domain-forwarding",
    email_identity=domain.email_identity,
    email_forwarding_enabled=False,
    opts=pulumi.ResourceOptions(depends_on=told),
)

# Pictures, which have nothing to do with mail.
pictures = aws.s3.Bucket("pictures")
resize = aws.sqs.Queue("resize")
aws.sqs.QueuePolicy(
    "resize-access",
    queue_url=resize.id,
    policy=resize.arn.apply(
        lambda arn: json.dumps(
            {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
        )
    ),
)

pulumi.export("silent", silent.name)
