"""What a canary asks of AWS: exact children, the exact policies, the exact inputs of its function and schedule.

Recorded, not deployed: nothing here proves that AWS accepts it.
"""

import json
import re
from typing import Any, cast

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import FeedbackCanary, FeedbackCanaryArgs, FeedbackPipeline
from components.canary import sending_identities, simulator_addresses
from tests.components.test_feedback_monitoring import monitored
from tests.recorder import ACCOUNT, Graph, record

TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/blocked"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd"
SENDER = "canary@news.shop.example"
LOG_GROUP = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:c-logs-1a2b3c4"
ADDRESSES = simulator_addresses("c", LOG_GROUP, {"bounce": "bounce-shop", "complaint": "complaint-shop"})


def canary_args(**changes: object) -> FeedbackCanaryArgs:
    args: dict[str, object] = {
        "sender": SENDER,
        "blocked_table_arn": TABLE,
        "bounce_pipeline": monitored("bounce"),
        "complaint_pipeline": pulumi.Output.from_input(monitored("complaint")),
    }
    return cast(FeedbackCanaryArgs, args | changes)


def record_canary(name: str = "c", **changes: object) -> Graph:
    def program() -> None:
        canary = FeedbackCanary(name, canary_args(**changes))
        for output in FeedbackCanary.__annotations__:
            pulumi.export(output, getattr(canary, output))

    return record(program)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_canary()


def test_children_are_exactly_these(graph: Graph) -> None:
    assert {(resource.type, resource.name) for resource in graph.custom} == {
        ("aws:cloudwatch/logGroup:LogGroup", "c-logs"),
        ("aws:iam/role:Role", "c-role"),
        ("aws:iam/role:Role", "c-scheduler"),
        ("aws:iam/rolePolicy:RolePolicy", "c-role-policy"),
        ("aws:iam/rolePolicy:RolePolicy", "c-scheduler-policy"),
        ("aws:lambda/function:Function", "c-function"),
        ("aws:scheduler/schedule:Schedule", "c-schedule"),
    }


def test_the_role_may_mail_its_addresses_read_their_items_and_write_logs(graph: Graph) -> None:
    recipients = sorted(ADDRESSES.values())
    assert graph["c-role-policy"].document("policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteLogs",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{LOG_GROUP}:*",
            },
            {
                "Sid": "MailSimulator",
                "Effect": "Allow",
                "Action": "ses:SendEmail",
                "Resource": [
                    f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/{identity}"
                    for identity in (SENDER, "news.shop.example", "shop.example")
                ],
                "Condition": {
                    "StringEquals": {"ses:FromAddress": SENDER},
                    "ForAllValues:StringEquals": {"ses:Recipients": recipients},
                },
            },
            {
                "Sid": "ReadBlocks",
                "Effect": "Allow",
                "Action": "dynamodb:GetItem",
                "Resource": TABLE,
                "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": recipients}},
            },
        ],
    }


def test_a_configuration_set_and_a_key_of_the_table_add_exactly_their_rights() -> None:
    graph = record_canary(configuration_set_name="main", table_kms_key_arn=KEY)
    statements = {statement["Sid"]: statement for statement in graph["c-role-policy"].document("policy")["Statement"]}
    assert statements["MailSimulator"]["Resource"][-1] == f"arn:aws:ses:eu-west-1:{ACCOUNT}:configuration-set/main"
    assert statements["DecryptBlockedTable"] == {
        "Sid": "DecryptBlockedTable",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}},
    }
    assert graph["c-function"].inputs["environment"]["variables"]["CONFIGURATION_SET"] == "main"


def test_each_role_trusts_one_service_for_this_account_alone(graph: Graph) -> None:
    (function_trust,) = graph["c-role"].document("assumeRolePolicy")["Statement"]
    assert function_trust == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    }
    (scheduler_trust,) = graph["c-scheduler"].document("assumeRolePolicy")["Statement"]
    assert scheduler_trust == {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {
                "aws:SourceAccount": ACCOUNT,
                "aws:SourceArn": f"arn:aws:scheduler:eu-west-1:{ACCOUNT}:schedule-group/default",
            }
        },
    }


def test_the_schedule_invokes_the_function_every_day_and_may_do_nothing_else(graph: Graph) -> None:
    function_arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:c-function-1a2b3c4"
    assert graph["c-scheduler-policy"].document("policy")["Statement"] == [
        {"Sid": "InvokeFunction", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function_arn}
    ]
    assert graph["c-schedule"].inputs == {
        "region": "eu-west-1",
        "scheduleExpression": "rate(1 day)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": function_arn,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/c-scheduler-1a2b3c4",
            "input": "{}",
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
        },
    }
    assert {"c-function", "c-scheduler-policy"} <= graph["c-schedule"].depends_on


def test_the_function_has_the_time_to_send_and_to_wait(graph: Graph) -> None:
    inputs = graph["c-function"].inputs
    assert inputs["handler"] == "ses_feedback.canary.handler.lambda_handler"
    assert (inputs["timeout"], inputs["runtime"], inputs["architectures"]) == (360, "python3.13", ["arm64"])
    variables = inputs["environment"]["variables"]
    assert json.loads(variables.pop("ADDRESSES")) == ADDRESSES
    assert variables == {
        "SENDER": SENDER,
        "BLOCKED_TABLE_ARN": TABLE,
        "TIMEOUT_SECONDS": "300",
        "POWERTOOLS_SERVICE_NAME": "ses-feedback",
        "POWERTOOLS_METRICS_NAMESPACE": "SesFeedback",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    longest = record_canary(timeout_seconds=840.0)["c-function"].inputs
    assert (longest["timeout"], longest["environment"]["variables"]["TIMEOUT_SECONDS"]) == (900, "840")
    assert "c-role-policy" in graph["c-function"].depends_on


def test_the_outputs_name_what_a_consumer_joins_to(graph: Graph) -> None:
    assert graph.outputs == {
        "function_name": "c-function-1a2b3c4",
        "log_group_name": "c-logs-1a2b3c4",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/c-role-1a2b3c4",
        "addresses": ADDRESSES,
        "monitored": {
            "name": "c",
            "region": "eu-west-1",
            "pipelines": "bounce-shop,complaint-shop",
            "functionName": "c-function-1a2b3c4",
            "logGroupName": "c-logs-1a2b3c4",
        },
    }


def test_one_pipeline_is_enough() -> None:
    graph = record_canary(complaint_pipeline=None)
    assert list(graph.outputs["addresses"]) == ["bounce-shop"]


def test_the_first_run_waits_for_what_the_canary_depends_on() -> None:
    def program() -> None:
        pipeline = FeedbackPipeline(
            "p",
            {
                "kind": "bounce",
                "region": "eu-west-1",
                "identities": ["shop.example"],
                "blocked_table_arn": TABLE,
                "history_table_arn": TABLE.replace("blocked", "history"),
            },
        )
        args = canary_args(bounce_pipeline=pipeline.monitored, complaint_pipeline=None)
        FeedbackCanary("c", args, pulumi.ResourceOptions(depends_on=[pipeline]))

    depends_on = record(program)["c-schedule"].depends_on
    assert {"p-subscription", "p-mapping", "p-shop.example"} <= depends_on


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sender": "shop.example"}, "sender is 'shop.example': an e-mail address such as"),
        (
            {"bounce_pipeline": None, "complaint_pipeline": None},
            "bounce_pipeline is None: a pipeline is needed, here or as complaint_pipeline",
        ),
        ({"bounce_pipeline": {"name": "x"}}, "the output `monitored` of a FeedbackPipeline is needed"),
        (
            {"bounce_pipeline": monitored("complaint")},
            "bounce_pipeline is 'complaint-shop': it handles complaints; a pipeline of bounces is needed",
        ),
        (
            {"bounce_pipeline": monitored("bounce", region="us-east-1")},
            "complaint_pipeline is 'complaint-shop': it is in eu-west-1; one in us-east-1 is needed",
        ),
        ({"region": "us-east-1"}, "bounce_pipeline is 'bounce-shop': it is in eu-west-1; one in us-east-1 is needed"),
        ({"timeout_seconds": 29}, "timeout_seconds is 29: a whole number from 30 to 840 seconds is needed"),
        ({"timeout_seconds": 841}, "timeout_seconds is 841: a whole number from 30 to 840 seconds is needed"),
        ({"blocked_table_arn": "blocked"}, "blocked_table_arn is 'blocked': the ARN of a table"),
        ({"senders": "x"}, "senders is 'x': there is no such input; there are blocked_table_arn,"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_canary(**changes)


@pytest.mark.parametrize("name", ["a b", "a+b", "a" * 47])
def test_a_name_that_gives_no_names_in_aws_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name is .*: a name of up to 46 letters, digits, - and _ is needed"):
        record_canary(name)


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,46}", fullmatch=True)
PLACES = st.tuples(st.sampled_from(["eu-west-1", "us-east-1"]), st.sampled_from([ACCOUNT, "210987654321"]), NAMES)


def addresses(place: tuple[str, str, str]) -> dict[str, str]:
    region, account, name = place
    log_group = f"arn:aws:logs:{region}:{account}:log-group:{name}"
    return simulator_addresses(name, log_group, {"bounce": "b", "complaint": "c"})


@given(PLACES, PLACES)
def test_every_canary_has_addresses_of_its_own_that_are_their_own_keys(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    form = r"(bounce|complaint)\+[a-z0-9_-]+@simulator\.amazonses\.com"
    for pipeline, address in addresses(one).items():
        assert re.fullmatch(form, address)
        assert address.startswith({"b": "bounce", "c": "complaint"}[pipeline])
        assert len(address.partition("@")[0]) <= 64
    assert (set(addresses(one).values()) & set(addresses(other).values()) == set()) == (one != other)


def test_the_identities_that_may_send_as_an_address() -> None:
    assert sending_identities("a@b.c.example") == ["a@b.c.example", "b.c.example", "c.example"]
    assert sending_identities("a@shop.example") == ["a@shop.example", "shop.example"]
