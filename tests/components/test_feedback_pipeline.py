"""What a pipeline asks of AWS: its exact children, its exact documents, every input that carries a promise.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import json
import re
from typing import Any, cast

import pulumi
import pytest

from components import FeedbackPipeline, FeedbackPipelineArgs
from tests.recorder import ACCOUNT, RANDOM_SUFFIX, Graph, record

BLOCKED = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/blocked"
HISTORY = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/history"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
TABLE_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/5678abcd"
SNS = f"arn:aws:sns:eu-west-1:{ACCOUNT}:"
SQS = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:"
SQS_URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/"
SES = f"arn:aws:ses:eu-west-1:{ACCOUNT}:"


def pipeline_args(**changes: object) -> FeedbackPipelineArgs:
    args: dict[str, object] = {
        "kind": "bounce",
        "region": "eu-west-1",
        "identities": ["shop.example", "news@shop.example"],
        "configuration_set_name": "main",
        "blocked_table_arn": BLOCKED,
        "history_table_arn": HISTORY,
    }
    return cast(FeedbackPipelineArgs, args | changes)


def record_pipeline(**changes: object) -> Graph:
    return record(lambda: FeedbackPipeline("p", pipeline_args(**changes)))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_pipeline()


def test_children_are_exactly_these(graph: Graph) -> None:
    assert {(resource.type, resource.name) for resource in graph.custom} == {
        ("aws:cloudwatch/logGroup:LogGroup", "p-logs"),
        ("aws:iam/role:Role", "p-role"),
        ("aws:iam/role:Role", "p-scheduler"),
        ("aws:iam/rolePolicy:RolePolicy", "p-role-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "p-scheduler-policy"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "p-mapping"),
        ("aws:lambda/function:Function", "p-function"),
        ("aws:scheduler/schedule:Schedule", "p-redrive"),
        ("aws:ses/identityNotificationTopic:IdentityNotificationTopic", "p-news@shop.example"),
        ("aws:ses/identityNotificationTopic:IdentityNotificationTopic", "p-shop.example"),
        ("aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination", "p-event-destination"),
        ("aws:sns/topic:Topic", "p-topic"),
        ("aws:sns/topicPolicy:TopicPolicy", "p-topic-policy"),
        ("aws:sns/topicSubscription:TopicSubscription", "p-subscription"),
        ("aws:sqs/queue:Queue", "p-dead-letters"),
        ("aws:sqs/queue:Queue", "p-queue"),
        ("aws:sqs/queue:Queue", "p-subscription-dead-letters"),
        ("aws:sqs/queuePolicy:QueuePolicy", "p-dead-letters-policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "p-queue-policy"),
        ("aws:sqs/queuePolicy:QueuePolicy", "p-subscription-dead-letters-policy"),
        ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "p-redrive-allow-policy"),
    }


def test_every_child_has_the_pipeline_as_parent_and_carries_the_region(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.parent == "p", resource
        if not resource.type.startswith("aws:iam/"):
            assert resource.inputs["region"] == "eu-west-1", resource


def test_no_child_has_a_fixed_physical_name(graph: Graph) -> None:
    for resource in graph.custom:
        assert not {"name", "namePrefix"} & resource.inputs.keys(), resource


def test_only_ses_of_this_account_for_these_sources_may_publish(graph: Graph) -> None:
    topic = f"{SNS}p-topic-1a2b3c4"
    assert graph["p-topic-policy"].inputs["arn"] == topic
    assert graph["p-topic-policy"].document("policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AllowSesPublish",
                "Effect": "Allow",
                "Principal": {"Service": "ses.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic,
                "Condition": {
                    "StringEquals": {
                        "aws:SourceAccount": ACCOUNT,
                        "aws:SourceArn": [
                            f"{SES}identity/shop.example",
                            f"{SES}identity/news@shop.example",
                            f"{SES}configuration-set/main",
                        ],
                    },
                },
            },
        ],
    }


ROLE = f"arn:aws:iam::{ACCOUNT}:role/p-role-1a2b3c4"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/operator"
TOPIC = f"{SNS}p-topic-1a2b3c4"


@pytest.mark.parametrize(
    ("suffix", "senders"),
    [
        ("queue", {"aws:SourceArn": TOPIC, "aws:PrincipalArn": [OPERATOR, ROLE]}),
        ("subscription-dead-letters", {"aws:SourceArn": TOPIC}),
        ("dead-letters", {"aws:PrincipalArn": [ROLE]}),
    ],
)
def test_a_queue_takes_nothing_but_over_tls_from_who_should_send(suffix: str, senders: dict[str, Any]) -> None:
    graph = record_pipeline(redrive_principals=[OPERATOR])
    arn = f"{SQS}p-{suffix}-1a2b3c4"
    deny_insecure, deny_others, *allow = graph[f"p-{suffix}-policy"].document("policy")["Statement"]
    assert deny_insecure == {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert deny_others == {
        "Sid": "DenyOtherSenders",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnNotEquals": senders},
    }
    topic_sends = {
        "Sid": "AllowTopicSendMessage",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    assert allow == ([topic_sends] if "aws:SourceArn" in senders else [])


def test_queues_keep_and_hide_messages_as_promised(graph: Graph) -> None:
    queue = graph["p-queue"]
    assert queue.inputs["messageRetentionSeconds"] == 7 * 86_400
    assert queue.inputs["visibilityTimeoutSeconds"] == 483
    assert queue.document("redrivePolicy") == {
        "deadLetterTargetArn": f"{SQS}p-dead-letters-1a2b3c4",
        "maxReceiveCount": 1000,
    }
    for suffix in ("dead-letters", "subscription-dead-letters"):
        assert graph[f"p-{suffix}"].inputs["messageRetentionSeconds"] == 14 * 86_400
    assert graph["p-redrive-allow-policy"].document("redriveAllowPolicy") == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"{SQS}p-queue-1a2b3c4"],
    }


def test_visibility_follows_timeout_and_window_where_they_are_long() -> None:
    queue = record_pipeline(function_timeout_seconds=100, maximum_batching_window_seconds=7)["p-queue"]
    assert queue.inputs["visibilityTimeoutSeconds"] == 607
    assert queue.document("redrivePolicy")["maxReceiveCount"] == 7 * 86_400 * 80 // 100 // 607


def test_subscription_is_raw_and_has_a_dead_letter_queue_of_its_own(graph: Graph) -> None:
    subscription = graph["p-subscription"]
    assert subscription.inputs["protocol"] == "sqs"
    assert subscription.inputs["rawMessageDelivery"] is True
    assert subscription.inputs["endpoint"] == f"{SQS}p-queue-1a2b3c4"
    assert subscription.document("redrivePolicy") == {
        "deadLetterTargetArn": f"{SQS}p-subscription-dead-letters-1a2b3c4"
    }


@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_sources_publish_this_kind_and_no_other(kind: str) -> None:
    graph = record_pipeline(kind=kind)
    for identity in ("shop.example", "news@shop.example"):
        assert graph[f"p-{identity}"].inputs == {
            "region": "eu-west-1",
            "identity": identity,
            "notificationType": kind.capitalize(),
            "topicArn": f"{SNS}p-topic-1a2b3c4",
            "includeOriginalHeaders": False,
        }
    assert graph["p-event-destination"].inputs == {
        "region": "eu-west-1",
        "configurationSetName": "main",
        "eventDestinationName": "p-topic-1a2b3c4",
        "eventDestination": {
            "enabled": True,
            "matchingEventTypes": [kind.upper()],
            "snsDestination": {"topicArn": f"{SNS}p-topic-1a2b3c4"},
        },
    }


def test_ses_is_told_only_when_all_behind_the_topic_stands(graph: Graph) -> None:
    for name in ("p-shop.example", "p-news@shop.example", "p-event-destination"):
        assert {"p-topic-policy", "p-subscription"} <= graph[name].depends_on
    assert {"p-queue-policy", "p-subscription-dead-letters-policy"} <= graph["p-subscription"].depends_on
    assert "p-role-policy" in graph["p-mapping"].depends_on


def test_forwarding_is_left_alone_unless_asked_and_waits_for_both_topics(graph: Graph) -> None:
    type_ = "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes"
    assert graph.of(type_) == []

    def program() -> None:
        bounces = FeedbackPipeline("b", pipeline_args(identities=["shop.example"]))
        args = pipeline_args(kind="complaint", identities=["shop.example"], email_forwarding=False)
        FeedbackPipeline("c", args, pulumi.ResourceOptions(depends_on=[bounces]))

    (forwarding,) = record(program).of(type_)
    assert forwarding.inputs == {
        "region": "eu-west-1",
        "emailIdentity": "shop.example",
        "emailForwardingEnabled": False,
    }
    assert {"b-shop.example", "c-shop.example"} <= forwarding.depends_on


ROLE_STATEMENTS = [
    {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:p-logs-1a2b3c4:*",
    },
    {
        "Sid": "ReceiveMessages",
        "Effect": "Allow",
        "Action": [
            *("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        ],
        "Resource": [f"{SQS}p-{suffix}-1a2b3c4" for suffix in ("queue", "dead-letters", "subscription-dead-letters")],
    },
    {
        "Sid": "SendMessages",
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": [f"{SQS}p-queue-1a2b3c4", f"{SQS}p-dead-letters-1a2b3c4"],
    },
    {
        "Sid": "WriteHistoryTable",
        "Effect": "Allow",
        "Action": ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "Resource": HISTORY,
    },
    {
        "Sid": "WriteBlockedTable",
        "Effect": "Allow",
        "Action": ["dynamodb:DeleteItem", "dynamodb:PutItem"],
        "Resource": BLOCKED,
    },
]


def key_statement(sid: str, actions: object, key: str, service: str) -> dict[str, object]:
    condition = {"StringEquals": {"kms:ViaService": f"{service}.amazonaws.com"}}
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": key, "Condition": condition}


def test_role_may_do_exactly_this(graph: Graph) -> None:
    assert graph["p-role-policy"].document("policy") == {"Version": "2012-10-17", "Statement": ROLE_STATEMENTS}
    assert graph["p-role"].document("assumeRolePolicy")["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        },
    ]
    assert "permissionsBoundary" not in graph["p-role"].inputs


def test_the_function_redrives_on_a_schedule_whose_role_can_do_no_more(graph: Graph) -> None:
    function = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:p-function-1a2b3c4"
    assert graph["p-redrive"].inputs == {
        "region": "eu-west-1",
        "description": "Redrives the dead letters that an outage left",
        "scheduleExpression": "rate(15 minutes)",
        "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5},
        "target": {
            "arn": function,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/p-scheduler-1a2b3c4",
            "input": '{"redrive": true}',
            "retryPolicy": {"maximumEventAgeInSeconds": 300, "maximumRetryAttempts": 2},
        },
    }
    assert "p-scheduler-policy" in graph["p-redrive"].depends_on
    assert graph["p-scheduler"].document("assumeRolePolicy")["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": ACCOUNT,
                    "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/default",
                },
            },
        },
    ]
    assert graph["p-scheduler-policy"].document("policy")["Statement"] == [
        {"Sid": "InvokeFunction", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function},
    ]


def test_without_automatic_redrive_there_is_no_schedule_and_no_right_to_redrive(graph: Graph) -> None:
    without = record_pipeline(automatic_redrive=False)
    names = {resource.name for resource in without.custom}
    assert names == {resource.name for resource in graph.custom} - {"p-redrive", "p-scheduler", "p-scheduler-policy"}
    rights = {statement["Sid"]: statement for statement in without["p-role-policy"].document("policy")["Statement"]}
    queues = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:p-"
    assert rights["ReceiveMessages"]["Resource"] == [f"{queues}queue-{RANDOM_SUFFIX}"]
    assert rights["SendMessages"]["Resource"] == [f"{queues}dead-letters-{RANDOM_SUFFIX}"]
    statements = without["p-queue-policy"].document("policy")["Statement"]
    (denial,) = [statement for statement in statements if statement["Sid"] == "DenyOtherSenders"]
    assert denial["Condition"]["ArnNotEquals"].keys() == {"aws:SourceArn"}


def test_customer_keys_reach_topic_queues_logs_and_role() -> None:
    graph = record_pipeline(
        kms_key_arn=KEY, table_kms_key_arn=TABLE_KEY, permissions_boundary_arn="arn:aws:iam::aws:policy/B"
    )
    assert graph["p-topic"].inputs["kmsMasterKeyId"] == KEY
    assert graph["p-logs"].inputs["kmsKeyId"] == KEY
    for queue in graph.of("aws:sqs/queue:Queue"):
        assert queue.inputs["kmsMasterKeyId"] == KEY
        assert "sqsManagedSseEnabled" not in queue.inputs
    assert graph["p-role-policy"].document("policy")["Statement"] == [
        *ROLE_STATEMENTS,
        key_statement("UseQueueKey", ["kms:Decrypt", "kms:GenerateDataKey"], KEY, "sqs.eu-west-1"),
        key_statement("DecryptTables", "kms:Decrypt", TABLE_KEY, "dynamodb.eu-central-1"),
    ]
    for role in graph.of("aws:iam/role:Role"):
        assert role.inputs["permissionsBoundary"] == "arn:aws:iam::aws:policy/B"


def test_without_a_customer_key_queues_are_encrypted_and_the_topic_has_no_key(graph: Graph) -> None:
    assert "kmsMasterKeyId" not in graph["p-topic"].inputs
    for queue in graph.of("aws:sqs/queue:Queue"):
        assert queue.inputs["sqsManagedSseEnabled"] is True


def test_function_and_its_logs(graph: Graph) -> None:
    function = graph["p-function"].inputs
    assert function.pop("code")
    assert function == {
        "region": "eu-west-1",
        "role": f"arn:aws:iam::{ACCOUNT}:role/p-role-1a2b3c4",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "ses_feedback.function.handler.lambda_handler",
        "memorySize": 256,
        "timeout": 30,
        "environment": {
            "variables": {
                "PIPELINE": "p",
                "QUEUE_URL": f"{SQS_URL}p-queue-1a2b3c4",
                "DEAD_LETTER_QUEUE_URL": f"{SQS_URL}p-dead-letters-1a2b3c4",
                "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": f"{SQS_URL}p-subscription-dead-letters-1a2b3c4",
                "MESSAGE_RETENTION_DAYS": "7",
                "BLOCKED_TABLE_ARN": BLOCKED,
                "HISTORY_TABLE_ARN": HISTORY,
                "PROTECTED": "[]",
                "ACCOUNT": ACCOUNT,
                "IDENTITIES": '["shop.example", "news@shop.example"]',
                "SENDING_ACCOUNTS": "[]",
                "CONFIGURATION_SET": "main",
                "POWERTOOLS_SERVICE_NAME": "ses-feedback",
                "POWERTOOLS_METRICS_NAMESPACE": "SesFeedback",
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
        },
        "loggingConfig": {
            "logFormat": "JSON",
            "logGroup": "p-logs-1a2b3c4",
            "applicationLogLevel": "INFO",
            "systemLogLevel": "INFO",
        },
        "tags": {},
    }
    assert graph["p-logs"].inputs == {"region": "eu-west-1", "retentionInDays": 30, "tags": {}}


def test_lists_reach_the_function() -> None:
    graph = record_pipeline(
        protected=["jane@example.org", "example.net", "abuse@"],
        sending_accounts=["210987654321"],
        configuration_set_name=None,
    )
    variables = graph["p-function"].inputs["environment"]["variables"]
    assert json.loads(variables["PROTECTED"]) == ["jane@example.org", "example.net", "abuse@"]
    assert json.loads(variables["SENDING_ACCOUNTS"]) == ["210987654321"]
    assert "CONFIGURATION_SET" not in variables


def test_mapping_reports_batch_item_failures(graph: Graph) -> None:
    assert graph["p-mapping"].inputs == {
        "region": "eu-west-1",
        "eventSourceArn": f"{SQS}p-queue-1a2b3c4",
        "functionName": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:p-function-1a2b3c4",
        "batchSize": 10,
        "maximumBatchingWindowInSeconds": 0,
        "scalingConfig": {"maximumConcurrency": 12},
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "tags": {},
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"maximum_concurrency": 4}, 4),
        ({"table_write_units_per_second": 25}, 2),
        ({"table_write_units_per_second": 40_000}, 128),
        ({"table_write_units_per_second": pulumi.Output.from_input(2000.0)}, 6),
        ({"table_write_units_per_second": 40_000, "maximum_concurrency": 3}, 3),
    ],
)
def test_no_more_invocations_than_the_tables_can_take(changes: dict[str, object], expected: int) -> None:
    mapping = record(lambda: FeedbackPipeline("p", pipeline_args(**changes)))["p-mapping"]
    assert mapping.inputs["scalingConfig"] == {"maximumConcurrency": expected}


def test_tags_reach_every_child_that_takes_tags() -> None:
    tags = {"service": "mail"}
    tagged = {resource.type for resource in record_pipeline(tags=tags).custom if resource.inputs.get("tags") == tags}
    assert tagged == {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:iam/role:Role",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "aws:lambda/function:Function",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
    }


def test_an_integer_that_arrives_as_a_float_stays_an_integer() -> None:
    """Through the plugin every number is a float, and AWS refuses `5.0` in a redrive policy."""
    graph = record_pipeline(message_retention_days=2.0, function_timeout_seconds=60.0)
    assert '"maxReceiveCount": 384}' in graph["p-queue"].inputs["redrivePolicy"]
    assert graph["p-queue"].inputs["messageRetentionSeconds"] == 2 * 86_400


def test_outputs_of_other_resources_are_taken_and_checked() -> None:
    def program(days: int) -> None:
        retention = pulumi.Output.from_input(days)
        FeedbackPipeline("p", pipeline_args(message_retention_days=retention))

    assert record(lambda: program(3))["p-queue"].inputs["messageRetentionSeconds"] == 3 * 86_400
    with pytest.raises(Exception, match="message_retention_days is 14: a whole number from 1 to 13 days is needed"):
        record(lambda: program(14))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "delivery"}, "kind is 'delivery': one of bounce, complaint is needed"),
        ({"kind": None}, "kind is None: it is required"),
        ({"identities": [], "configuration_set_name": None}, "identities is []: at least one identity"),
        ({"identities": "shop.example"}, "identities is 'shop.example': a list is needed"),
        ({"identities": ["shop"]}, "identities[0] is 'shop': a domain (example.com) or an e-mail address"),
        ({"identities": ["a.example", "a.example"]}, "identities[1] is 'a.example': it is in the list already"),
        ({"configuration_set_name": "a b"}, "configuration_set_name is 'a b': the name of a configuration set"),
        ({"region": "europe"}, "region is 'europe': a Region such as eu-west-1 is needed"),
        ({"blocked_table_arn": "blocked"}, "blocked_table_arn is 'blocked': the ARN of a table such as"),
        ({"history_table_arn": None}, "history_table_arn is None: it is required"),
        (
            {"history_table_arn": HISTORY.replace("central", "west")},
            f"the Region and account of blocked_table_arn ({BLOCKED}) is needed",
        ),
        ({"kms_key_arn": "alias/aws/sns"}, "kms_key_arn is 'alias/aws/sns': the ARN of a customer managed key"),
        ({"protected": ["abuse"]}, "protected[0] is 'abuse': an address (jane@example.org), a domain (example.org)"),
        ({"protected": ["example.org", "a,b@"]}, "protected[1] is 'a,b@': an address"),
        ({"sending_accounts": [210987654321]}, "sending_accounts[0] is 210987654321: an account id (12 digits, in"),
        ({"automatic_redrive": "on"}, "automatic_redrive is 'on': true or false is needed"),
        ({"redrive_principals": [ACCOUNT]}, f"redrive_principals[0] is '{ACCOUNT}': the ARN of a role or user"),
        ({"redrive_principals": [f"arn:aws:iam::{ACCOUNT}:root"]}, "the ARN of a role or user such as"),
        ({"redrive_principals": [f"arn:aws:iam::{ACCOUNT}:role/*"]}, "the ARN of a role or user such as"),
        ({"max_receive_count": 5}, "max_receive_count is 5: there is no such input"),
        ({"table_write_units_per_second": 24}, "table_write_units_per_second is 24: a whole number from 25 to"),
        ({"message_retention_days": 14}, "message_retention_days is 14: a whole number from 1 to 13 days"),
        ({"batch_size": 10_001}, "batch_size is 10001"),
        ({"batch_size": 11}, "maximum_batching_window_seconds is 0: at least 1 is needed with batch_size 11"),
        ({"maximum_concurrency": 1}, "maximum_concurrency is 1: a whole number from 2 to 1000 batches"),
        ({"function_memory_mb": 64}, "function_memory_mb is 64: a whole number from 128 to 10240 MB"),
        ({"function_timeout_seconds": 901}, "function_timeout_seconds is 901: a whole number from 3 to 900 seconds"),
        ({"log_retention_days": 31}, "log_retention_days is 31: one of 1, 3, 5, 7, 14, 30,"),
        ({"include_original_headers": "no"}, "include_original_headers is 'no': true or false is needed"),
        ({"email_forwarding": "off"}, "email_forwarding is 'off': true or false is needed"),
        ({"email_forwarding": False, "identities": []}, "email_forwarding is False: identities are needed"),
        ({"permissions_boundary_arn": "B"}, "permissions_boundary_arn is 'B': the ARN of an IAM policy"),
        ({"tags": {"aws:x": "y"}}, "tags.aws:x is 'y': a string is needed, under a key that does not begin with aws:"),
        ({"batch_sise": 3}, "batch_sise is 3: there is no such input; there are automatic_redrive,"),
        ({"hold_days": 7}, "hold_days is 7: there is no such input"),  # of the tables: BlockedTable has it
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_pipeline(**changes)


def test_an_input_that_must_be_known_takes_no_output() -> None:
    with pytest.raises(ValueError, match=r"identities is <pulumi.output.Output .*>: a list is needed"):
        record(lambda: FeedbackPipeline("p", pipeline_args(identities=pulumi.Output.from_input(["shop.example"]))))


def test_queues_keep_their_names_of_0_1_0(graph: Graph) -> None:
    """Without the alias, the next update replaces the queue, and what waits in it is lost."""
    queue_aliases = {resource.name: resource.aliases for resource in graph.custom if resource.aliases}
    assert queue_aliases == {
        "p-subscription-dead-letters": {"p-undelivered"},
        "p-subscription-dead-letters-policy": {"p-undelivered-policy"},
    }


def test_a_name_too_long_for_aws_is_refused() -> None:
    with pytest.raises(ValueError, match="a name of at most 46 characters is needed"):
        record(lambda: FeedbackPipeline("p" * 48, pipeline_args()))
