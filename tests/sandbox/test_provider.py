"""Each resource is created with all its inputs, or the run stops and names what the sandbox does not know.

Not proved: that AWS accepts the calls, or that the AWS provider makes the same ones.
"""

import hashlib
from pathlib import Path
from unittest.mock import MagicMock

import pulumi
import pytest

from sandbox import Account, SandboxError, deploy
from sandbox.create import CREATE_FUNCTIONS
from sandbox.create.lambda_function import zip_archive
from sandbox.provider import Inputs
from tests.sandbox.programs import write_program

ROLE = """
role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
"""
FUNCTION = (
    ROLE
    + """
function = aws.lambda_.Function("function", role=role.arn, runtime="python3.13", handler="code.handler", timeout=31,
    code=pulumi.AssetArchive({"code.py": pulumi.StringAsset("def handler(event, context): pass")}))
"""
)
MAPPING = (
    FUNCTION
    + """
policy = aws.iam.RolePolicy("policy", role=role.name, policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}]}))
aws.lambda_.EventSourceMapping("mapping", event_source_arn=queue.arn, function_name=function.arn,
    opts=pulumi.ResourceOptions(depends_on=[policy]))
"""
)
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
SQS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def refusal(folder: Path, code: str, account: Account | None = None) -> str:
    unreachable = Account("http://127.0.0.1:9")  # nothing listens there: the refusal must come before any call
    with pytest.raises(SandboxError) as caught:
        deploy(account or unreachable, root=write_program(folder, code))
    return str(caught.value)


def test_an_unknown_type_is_named_with_what_to_add(tmp_path: Path) -> None:
    message = refusal(tmp_path, 'aws.s3.Bucket("photos")')
    assert message.startswith("aws:s3/bucket:Bucket 'photos': the sandbox cannot create this type of resource")
    assert "CREATE_FUNCTIONS in sandbox/create/__init__.py" in message


def test_an_unknown_call_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, 'pulumi.export("id", aws.get_caller_identity().account_id)')
    assert "the program calls aws:index/getCallerIdentity:getCallerIdentity" in message


def test_an_unknown_input_is_named(tmp_path: Path, account: Account) -> None:
    message = refusal(tmp_path, 'aws.sns.Topic("news", display_name="News")', account)
    assert message.startswith("aws:sns/topic:Topic 'news': the sandbox does not know the input displayName; take it")


def test_an_unknown_input_inside_another_is_named(tmp_path: Path, account: Account) -> None:
    message = refusal(
        tmp_path,
        FUNCTION.replace(
            "timeout=31",
            'logging_config={"log_format": "JSON"}, '
            'ephemeral_storage={"size": 1024}, tracing_config={"mode": "Active"}',
        ),
        account,
    )
    assert "does not know the input ephemeralStorage, tracingConfig; take it in function of" in message


def test_inputs_name_what_was_not_taken() -> None:
    inputs = Inputs({"a": 1.0, "b": {"c": 2.0, "d": 3.0}, "e": None})
    assert inputs.integer("a") == 1
    assert inputs.nested("b").take("c") == 2.0
    assert inputs.not_taken() == ["b.d"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('raise ValueError("batchSize is 0: 1 to 10 is right")', "the program stopped: ValueError: batchSize is 0"),
        ('aws.sqs.Queue("q" * 80)', "has 88 characters; 80 are allowed"),
        ('aws.sqs.Queue("q", region="eu-west-1", opts=pulumi.ResourceOptions(import_="q"))', "importing or reading"),
    ],
)
def test_a_refusal_says_what_and_why(tmp_path: Path, code: str, message: str) -> None:
    assert message in refusal(tmp_path, code)


def test_a_refusal_of_the_emulator_names_the_resource(tmp_path: Path, account: Account) -> None:
    message = refusal(tmp_path, 'aws.sqs.Queue("q", visibility_timeout_seconds=50000)', account)
    assert message.startswith("aws:sqs/queue:Queue 'q': ")
    assert "VisibilityTimeout" in message


@pytest.mark.parametrize(
    ("visibility", "actions", "message"),
    [
        (31, LOGS + SQS[1:], "must be allowed sqs:ReceiveMessage on arn:aws:sqs:eu-west-1:"),
        (31, SQS, "must be allowed logs:CreateLogStream, logs:PutLogEvents on arn:aws:logs:eu-west-1:"),
        (30, LOGS + SQS, "the queue's visibility timeout, 30 s, is below the function's timeout, 31 s"),
    ],
)
def test_a_mapping_is_refused_as_lambda_does(
    tmp_path: Path, account: Account, visibility: int, actions: list[str], message: str
) -> None:
    queue = f'queue = aws.sqs.Queue("queue", visibility_timeout_seconds={visibility})\n'
    assert message in refusal(tmp_path, queue + MAPPING.replace("ACTIONS", repr(actions)), account)


def test_a_mapping_with_every_right_is_made(tmp_path: Path, account: Account) -> None:
    queue = 'queue = aws.sqs.Queue("queue", visibility_timeout_seconds=31)\n'
    stack = deploy(account, root=write_program(tmp_path, queue + MAPPING.replace("ACTIONS", repr(LOGS + SQS))))
    assert [resource.name for resource in stack.resources][-1] == "mapping"


@pytest.mark.parametrize("source", ["arn:aws:ses:eu-west-1:ACCOUNT:identity/other.example", None])
def test_a_topic_that_ses_may_not_publish_to_is_refusal(tmp_path: Path, account: Account, source: str | None) -> None:
    account.client("ses", "eu-west-1").verify_domain_identity(Domain="shop.example")
    policy = f"""
        policy = aws.sns.TopicPolicy("policy", arn=topic.arn, policy=pulumi.Output.json_dumps({{"Version": "2012-10-17",
            "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "ses.amazonaws.com"}}, "Action": "sns:Publish",
            "Resource": topic.arn, "Condition": {{"StringEquals": {{"aws:SourceArn": "{source}"}}}}}}]}}))
        """.replace("ACCOUNT", account.id)
    code = f"""
        topic = aws.sns.Topic("topic")
        {policy if source else "policy = topic"}
        aws.ses.IdentityNotificationTopic("feedback", identity="shop.example", notification_type="Bounce",
            topic_arn=topic.arn, opts=pulumi.ResourceOptions(depends_on=[policy]))
        """
    assert "must allow ses.amazonaws.com to publish for identity/shop.example" in refusal(tmp_path, code, account)


def test_an_identity_that_is_not_verified_is_refusal(tmp_path: Path, account: Account) -> None:
    code = """
        aws.ses.IdentityNotificationTopic("feedback", identity="nobody.example", notification_type="Bounce",
            topic_arn="arn:aws:sns:eu-west-1:000000000000:topic")
        """
    assert "the identity 'nobody.example' is not verified in eu-west-1" in refusal(tmp_path, code, account)


def test_a_zip_depends_on_content_alone(tmp_path: Path) -> None:
    hashes = set()
    for folder, code in (("one", "x = 1"), ("two", "x = 1"), ("three", "x = 2")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "a.py"
        path.write_text(code)
        archive = pulumi.AssetArchive({"a.py": pulumi.FileAsset(str(path)), "b.py": pulumi.StringAsset("y = 1")})
        hashes.add(hashlib.sha256(zip_archive(archive)).hexdigest())
    assert len(hashes) == 2


def test_every_create_function_says_which_call_of_aws_it_makes() -> None:
    assert all(create.__doc__ for create in CREATE_FUNCTIONS.values())


def test_an_alarm_on_an_expression_is_asked_for_whole(tmp_path: Path) -> None:
    account = MagicMock(id="000000000000")  # the emulator accepts such an alarm and drops its expression
    code = """
        aws.cloudwatch.MetricAlarm("unseen", comparison_operator="GreaterThanOrEqualToThreshold", evaluation_periods=2,
            threshold=1.0, treat_missing_data="notBreaching",
            warm_up_configuration={"warm_up_period_duration_in_minutes": 60}, metric_queries=[
                {"id": "all", "expression": "SUM(METRICS())", "label": "both", "return_data": True},
                {"id": "one", "metric": {"namespace": "AWS/SES", "metric_name": "Bounce", "stat": "Sum", "period": 3600,
                    "dimensions": {"kind": "bounce"}}}])
        """
    stack = deploy(account, root=write_program(tmp_path, code))
    metric = {"Namespace": "AWS/SES", "MetricName": "Bounce", "Dimensions": [{"Name": "kind", "Value": "bounce"}]}
    account.client.assert_called_with("cloudwatch", "eu-west-1")
    account.client().put_metric_alarm.assert_called_once_with(
        AlarmName=stack.resources[0].id,
        ActionsEnabled=True,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        EvaluationPeriods=2,
        Threshold=1.0,
        TreatMissingData="notBreaching",
        WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 60},
        Tags=[],
        Metrics=[
            {"Id": "all", "Expression": "SUM(METRICS())", "Label": "both", "ReturnData": True},
            {"Id": "one", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}},
        ],
    )


def test_an_unknown_input_in_a_list_is_named_with_its_place(tmp_path: Path, account: Account) -> None:
    code = """
        aws.cloudwatch.MetricAlarm("a", comparison_operator="LessThanThreshold", evaluation_periods=1, threshold=1,
            metric_queries=[{"id": "m", "expression": "1", "account_id": "111122223333"}])
        """
    assert "does not know the input metricQueries[0].accountId" in refusal(tmp_path, code, account)
