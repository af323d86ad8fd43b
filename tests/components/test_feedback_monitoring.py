"""What the monitoring asks of AWS: exact children, the exact inputs of each alarm, the exact policy, every refusal.

Recorded, not deployed: nothing here proves that AWS accepts it, or that an alarm goes off.
"""

import re
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pytest
from pulumi.provider.experimental.component import ComponentProvider

from components import FeedbackMonitoring, FeedbackMonitoringArgs, FeedbackPipeline
from components.package import COMPONENTS
from tests.recorder import ACCOUNT, Graph, record

TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:m-alarms-1a2b3c4"
OTHER_TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:pager"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def monitored(kind: str, name: str = "", region: str = "eu-west-1") -> dict[str, str]:
    """The output `monitored` of a pipeline whose resources have speaking names."""
    name = name or f"{kind}-shop"
    keys = ("topic", "queue", "deadLetterQueue", "subscriptionDeadLetterQueue", "function", "logGroup")
    return {"name": name, "kind": kind, "region": region} | {f"{key}Name": f"{name}-{key}" for key in keys}


@dataclass(frozen=True)
class AsOutput:
    """A value that the program passes as an Output; one cannot exist before the program runs."""

    value: Any


def monitored_canary(name: str = "shop", region: str = "eu-west-1") -> dict[str, str]:
    """The output `monitored` of a canary of the pipelines of a source."""
    pipelines = ",".join(f"{kind}-{name}" for kind in ("bounce", "complaint"))
    names = {"functionName": f"canary-{name}-function", "logGroupName": f"canary-{name}-logGroup"}
    return {"name": f"canary-{name}", "region": region, "pipelines": pipelines, **names}


def monitoring_args(**changes: object) -> FeedbackMonitoringArgs:
    args: dict[str, object] = {
        "bounce_pipelines": {"shop": monitored("bounce")},
        "complaint_pipelines": {"shop": pulumi.Output.from_input(monitored("complaint"))},
    }
    for name, value in changes.items():
        args[name] = pulumi.Output.from_input(value.value) if isinstance(value, AsOutput) else value
    return cast(FeedbackMonitoringArgs, args)


def record_monitoring(**changes: object) -> Graph:
    return record(lambda: FeedbackMonitoring("m", monitoring_args(**changes)))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_monitoring(alarm_emails=["oncall@example.com"], region="eu-west-1")


PIPELINE_ALARMS = (
    *("dead-letters", "subscription-dead-letters", "oldest-message", "function-errors", "function-throttles"),
    "notifications-failed",
)
GROWTH = "dead-letters-growing"
FEEDBACK_ALARMS = {
    "bounce": ("surge", "sender-refused", "protected-address", "feedback-refused", "bounces-not-counted"),
    "complaint": ("protected-address", "feedback-refused"),
}
REGION_ALARMS = (
    *("bounce-rate-warning", "bounce-rate-critical", "complaint-rate-warning", "complaint-rate-critical"),
    *("bounces-not-processed", "complaints-not-processed"),
)


def test_children_are_exactly_these(graph: Graph) -> None:
    alarms = [f"m-{kind}-shop-{suffix}" for kind in ("bounce", "complaint") for suffix in (*PIPELINE_ALARMS, GROWTH)]
    alarms += [f"m-{kind}-shop-{suffix}" for kind, suffixes in FEEDBACK_ALARMS.items() for suffix in suffixes]
    alarms += [f"m-{suffix}" for suffix in REGION_ALARMS]
    assert {(resource.type, resource.name) for resource in graph.custom} == {
        ("aws:cloudwatch/dashboard:Dashboard", "m-dashboard"),
        ("aws:sns/topic:Topic", "m-alarms"),
        ("aws:sns/topicPolicy:TopicPolicy", "m-alarms-policy"),
        ("aws:sns/topicSubscription:TopicSubscription", "m-oncall@example.com"),
        *((ALARM, name) for name in alarms),
    }


def test_every_child_has_parent_and_region_and_no_fixed_name(graph: Graph) -> None:
    for resource in graph.custom:
        assert resource.parent == "m", resource
        assert resource.inputs["region"] == "eu-west-1", resource
        assert not {"name", "namePrefix"} & resource.inputs.keys(), resource


def test_the_region_is_that_of_the_pipelines_unless_it_is_given() -> None:
    pipelines = {"shop": monitored("bounce", region="us-east-1")}
    graph = record_monitoring(bounce_pipelines=pipelines, complaint_pipelines=None)
    assert {resource.inputs["region"] for resource in graph.custom} == {"us-east-1"}


def alarm_inputs(description: str, **inputs: object) -> dict[str, object]:
    common = {
        "region": "eu-west-1",
        "alarmDescription": description,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
        "tags": {},
    }
    return common | inputs


@pytest.mark.parametrize(
    ("suffix", "description", "metric", "dimensions", "evaluation"),
    [
        (
            "dead-letters",
            "Feedback that the function could not process waits in the dead-letter queue.",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            {"QueueName": "bounce-shop-deadLetterQueue"},
            ("Maximum", 300, 1, 1, 1),
        ),
        (
            "subscription-dead-letters",
            "Feedback that the topic could not deliver waits in the topic's dead-letter queue.",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            {"QueueName": "bounce-shop-subscriptionDeadLetterQueue"},
            ("Maximum", 300, 1, 1, 1),
        ),
        (
            "oldest-message",
            "Feedback waits too long: addresses that should be blocked are still mailed.",
            ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
            {"QueueName": "bounce-shop-queue"},
            ("Maximum", 60, 1, 1, 900),
        ),
        (
            "function-errors",
            "The function fails as a whole: it crashes, or runs out of time or memory.",
            ("AWS/Lambda", "Errors"),
            {"FunctionName": "bounce-shop-function"},
            ("Sum", 300, 2, 3, 1),
        ),
        (
            "function-throttles",
            "Lambda does not run the function as often as feedback comes in.",
            ("AWS/Lambda", "Throttles"),
            {"FunctionName": "bounce-shop-function"},
            ("Sum", 300, 2, 3, 1),
        ),
        (
            "notifications-failed",
            "The topic gave up delivering feedback to the queue.",
            ("AWS/SNS", "NumberOfNotificationsFailed"),
            {"TopicName": "bounce-shop-topic"},
            ("Sum", 300, 1, 1, 1),
        ),
        (
            "surge",
            "Hard bounces of one recipient domain are far above its usual: they only hold.",
            ("SesFeedback", "Feedback"),
            {"service": "ses-feedback", "pipeline": "bounce-shop", "verdict": "hold", "rule": "surge-hold"},
            ("Sum", 3600, 1, 1, 1),
        ),
        (
            "sender-refused",
            "Receivers refuse the sender's mail, not the recipients: nobody is blocked for good, and mail is lost.",
            ("SesFeedback", "Feedback"),
            {"service": "ses-feedback", "pipeline": "bounce-shop", "verdict": "count", "rule": "sender-refused"},
            ("Sum", 3600, 1, 1, 10),
        ),
        (
            "protected-address",
            "There is feedback about a protected address, which is not blocked.",
            ("SesFeedback", "Feedback"),
            {"service": "ses-feedback", "pipeline": "bounce-shop", "verdict": "ignore", "rule": "protected"},
            ("Sum", 3600, 1, 1, 1),
        ),
        (
            "feedback-refused",
            "AWS has refused feedback for long: it waits in the queue, and its addresses are still mailed.",
            ("SesFeedback", "RefusedAge"),
            {"service": "ses-feedback", "pipeline": "bounce-shop"},
            ("Maximum", 3600, 1, 3, 900),
        ),
        (
            "bounces-not-counted",
            "The function cannot count the hard bounces of a domain: the breaker does not open.",
            ("SesFeedback", "Uncounted"),
            {"service": "ses-feedback", "pipeline": "bounce-shop"},
            ("Sum", 3600, 1, 1, 10),
        ),
    ],
)
def test_alarms_of_a_pipeline(
    graph: Graph,
    suffix: str,
    description: str,
    metric: tuple[str, str],
    dimensions: dict[str, str],
    evaluation: tuple[str, int, int, int, int],
) -> None:
    statistic, period, datapoints_to_alarm, evaluation_periods, threshold = evaluation
    assert graph[f"m-bounce-shop-{suffix}"].inputs == alarm_inputs(
        f"bounce-shop: {description} Runbook: docs/operations.md#{suffix}",
        namespace=metric[0],
        metricName=metric[1],
        dimensions=dimensions,
        statistic=statistic,
        period=period,
        datapointsToAlarm=datapoints_to_alarm,
        evaluationPeriods=evaluation_periods,
        threshold=threshold,
        treatMissingData="notBreaching",
    )


def test_a_further_dead_letter_sets_off_an_alarm_of_its_own(graph: Graph) -> None:
    def of_the_queue(id_: str, metric_name: str) -> dict[str, object]:
        query = metric_query(id_, "AWS/SQS", metric_name, QueueName="bounce-shop-deadLetterQueue")
        metric = cast(dict[str, object], query["metric"]) | {"period": 300, "stat": "Maximum"}
        return query | {"metric": metric}

    assert graph[f"m-bounce-shop-{GROWTH}"].inputs == alarm_inputs(
        f"bounce-shop: A further message came to the dead-letter queue. Runbook: docs/operations.md#{GROWTH}",
        metricQueries=[
            {
                "id": "growth",
                "expression": "DIFF(visible + hidden)",
                "label": "further dead letters",
                "returnData": True,
            },
            of_the_queue("visible", "ApproximateNumberOfMessagesVisible"),
            of_the_queue("hidden", "ApproximateNumberOfMessagesNotVisible"),
        ],
        threshold=1,
        datapointsToAlarm=1,
        evaluationPeriods=1,
        treatMissingData="notBreaching",
    )


def test_every_pipeline_has_the_same_alarms_on_its_own_resources(graph: Graph) -> None:
    for suffix in (*PIPELINE_ALARMS, GROWTH, *FEEDBACK_ALARMS["complaint"]):
        bounce, complaint = (graph[f"m-{kind}-shop-{suffix}"].inputs for kind in ("bounce", "complaint"))
        assert str(complaint) == str(bounce).replace("bounce-shop", "complaint-shop")


@pytest.mark.parametrize(
    ("suffix", "metric", "threshold", "consequence"),
    [
        ("bounce-rate-warning", "Reputation.BounceRate", 0.05, "reviews the account"),
        ("bounce-rate-critical", "Reputation.BounceRate", 0.1, "may pause the account's sending"),
        ("complaint-rate-warning", "Reputation.ComplaintRate", 0.001, "reviews the account"),
        ("complaint-rate-critical", "Reputation.ComplaintRate", 0.005, "may pause the account's sending"),
    ],
)
def test_alarms_on_the_rates_are_at_awss_own_numbers(
    graph: Graph, suffix: str, metric: str, threshold: float, consequence: str
) -> None:
    kind = suffix.split("-", maxsplit=1)[0]
    assert graph[f"m-{suffix}"].inputs == alarm_inputs(
        f"The {kind} rate is so high that AWS {consequence}. Runbook: docs/operations.md#{suffix}",
        namespace="AWS/SES",
        metricName=metric,
        statistic="Average",
        period=3600,
        datapointsToAlarm=1,
        evaluationPeriods=1,
        threshold=threshold,
        treatMissingData="ignore",
    )


def metric_query(id_: str, namespace: str, metric_name: str, **dimensions: str) -> dict[str, object]:
    metric: dict[str, object] = {"namespace": namespace, "metricName": metric_name, "period": 3600, "stat": "Sum"}
    return {
        "id": id_,
        "metric": metric | ({"dimensions": dimensions} if dimensions else {}),
        "returnData": False,
    }


@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_feedback_that_ses_counts_and_nothing_processes(kind: str) -> None:
    pipelines = {name: monitored(kind, f"{kind}-{name}") for name in ("shop", "news")}
    graph = record_monitoring(**{f"{kind}_pipelines": pipelines})
    assert graph[f"m-{kind}s-not-processed"].inputs == alarm_inputs(
        f"In two separate hours SES counted {kind}s and nothing was processed: they are lost. "
        f"Runbook: docs/operations.md#{kind}s-not-processed",
        metricQueries=[
            {
                "id": "not_processed",
                "expression": "counted > 1000000 * (processed0 + processed1)",
                "label": f"an hour with {kind}s that nothing processed",
                "returnData": True,
            },
            metric_query("counted", "AWS/SES", kind.capitalize()),
            metric_query("processed0", "SesFeedback", "Processed", service="ses-feedback", pipeline=f"{kind}-shop"),
            metric_query("processed1", "SesFeedback", "Processed", service="ses-feedback", pipeline=f"{kind}-news"),
        ],
        threshold=1,
        datapointsToAlarm=2,
        evaluationPeriods=24,
        treatMissingData="notBreaching",
        warmUpConfiguration={
            "warmUpPeriodDurationInMinutes": 24 * 60,
            "onlyStartEvaluatingAfterWarmUpPeriodEnds": True,
        },
    )


def not_processed_alarms(graph: Graph) -> set[str]:
    return {alarm.name for alarm in graph.of(ALARM) if alarm.name.endswith("-not-processed")}


def test_a_kind_without_pipelines_is_not_compared_nor_one_with_more_than_an_alarm_holds() -> None:
    many = {f"p{index}": monitored("bounce", f"bounce-{index}") for index in range(9)}
    assert not_processed_alarms(record_monitoring(bounce_pipelines=many, complaint_pipelines=None)) == {
        "m-bounces-not-processed"
    }
    assert not_processed_alarms(record_monitoring(bounce_pipelines=many | {"p9": monitored("bounce")})) == {
        "m-complaints-not-processed"
    }
    assert not_processed_alarms(record_monitoring(missing_feedback_hours=0)) == set()
    assert record_monitoring(missing_feedback_hours=48.0)["m-bounces-not-processed"].inputs["evaluationPeriods"] == 48


def test_alarms_on_a_canary() -> None:
    graph = record_monitoring(canaries={"shop": monitored_canary()})
    common = {
        "namespace": "SesFeedback",
        "metricName": "CanaryFailed",
        "dimensions": {"service": "ses-feedback", "pipeline": "complaint-shop"},
        "period": 3600,
        "threshold": 1,
    }
    assert graph["m-complaint-shop-canary-failed"].inputs == alarm_inputs(
        "complaint-shop: A mail to SES's mailbox simulator did not block its address in time: feedback is late or "
        "lost. Runbook: docs/operations.md#canary-failed",
        **common,
        statistic="Sum",
        datapointsToAlarm=1,
        evaluationPeriods=1,
        treatMissingData="ignore",
    )
    assert graph["m-complaint-shop-canary-missing"].inputs == alarm_inputs(
        "complaint-shop: The canary did not run: nothing tests whether feedback is processed. "
        "Runbook: docs/operations.md#canary-missing",
        **common,
        statistic="SampleCount",
        comparisonOperator="LessThanThreshold",
        datapointsToAlarm=30,
        evaluationPeriods=30,
        treatMissingData="breaching",
        warmUpConfiguration={
            "warmUpPeriodDurationInMinutes": 30 * 60,
            "onlyStartEvaluatingAfterWarmUpPeriodEnds": True,
        },
    )


def test_a_canary_has_alarms_for_each_of_its_pipelines_and_for_no_other() -> None:
    pipelines = {name: monitored("bounce", f"bounce-{name}") for name in ("shop", "news")}
    graph = record_monitoring(bounce_pipelines=pipelines, canaries={"shop": monitored_canary()})
    assert {alarm.name for alarm in graph.of(ALARM) if "canary" in alarm.name} == {
        f"m-{kind}-shop-canary-{suffix}" for kind in ("bounce", "complaint") for suffix in ("failed", "missing")
    }


def test_what_ses_counts_is_compared_only_where_a_pipeline_has_no_canary() -> None:
    canaries = {"shop": monitored_canary()}
    assert not_processed_alarms(record_monitoring(canaries=canaries)) == set()
    pipelines = {name: monitored("bounce", f"bounce-{name}") for name in ("shop", "news")}
    graph = record_monitoring(bounce_pipelines=pipelines, canaries=canaries)
    assert not_processed_alarms(graph) == {"m-bounces-not-processed"}


def test_only_alarms_of_this_account_may_publish(graph: Graph) -> None:
    assert graph["m-alarms-policy"].inputs["arn"] == TOPIC
    assert graph["m-alarms-policy"].document("policy") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AllowAlarmsPublish",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": TOPIC,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"},
                },
            },
        ],
    }


def test_the_own_topic_has_a_customer_key_or_none(graph: Graph) -> None:
    assert "kmsMasterKeyId" not in graph["m-alarms"].inputs
    assert record_monitoring(kms_key_arn=KEY)["m-alarms"].inputs["kmsMasterKeyId"] == KEY


def test_people_are_subscribed(graph: Graph) -> None:
    assert graph["m-oncall@example.com"].inputs == {
        "region": "eu-west-1",
        "topic": TOPIC,
        "protocol": "email",
        "endpoint": "oncall@example.com",
    }


def test_a_given_topic_is_notified_and_none_is_made() -> None:
    graph = record_monitoring(alarm_topic_arn=AsOutput(OTHER_TOPIC))
    assert {resource.type for resource in graph.custom} == {ALARM, "aws:cloudwatch/dashboard:Dashboard"}
    for alarm in graph.of(ALARM):
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [OTHER_TOPIC]


def test_numbers_runbooks_and_tags_can_be_set() -> None:
    graph = record_monitoring(
        bounce_rate_warning=0.02,
        complaint_rate_critical=AsOutput(0.003),
        oldest_message_seconds=120.0,
        runbook_url="https://wiki.example.com/mail",
        tags={"team": "mail"},
    )
    assert graph["m-bounce-rate-warning"].inputs["threshold"] == 0.02
    assert graph["m-complaint-rate-critical"].inputs["threshold"] == 0.003
    for suffix in ("oldest-message", "feedback-refused"):
        assert graph[f"m-bounce-shop-{suffix}"].inputs["threshold"] == 120
    for alarm in graph.of(ALARM):
        assert " Runbook: https://wiki.example.com/mail#" in alarm.inputs["alarmDescription"]
    tagged = {resource.type for resource in graph.custom if resource.inputs.get("tags") == {"team": "mail"}}
    assert tagged == {ALARM, "aws:sns/topic:Topic"}


def test_the_dashboard_shows_every_alarm_under_a_name_of_its_own(graph: Graph) -> None:
    dashboard = graph["m-dashboard"]
    assert dashboard.inputs["dashboardName"] == "m-1a2b3c4"
    widgets = dashboard.document("dashboardBody")["widgets"]
    (alarm_widget,) = [widget for widget in widgets if widget["type"] == "alarm"]
    assert set(alarm_widget["properties"]["alarms"]) == {
        f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{alarm.name}-1a2b3c4" for alarm in graph.of(ALARM)
    }


def test_a_pipeline_is_handed_over_as_it_is() -> None:
    def program() -> None:
        pipeline = FeedbackPipeline(
            "bounce-shop",
            {
                "kind": "bounce",
                "identities": ["shop.example"],
                "blocked_table_arn": f"{TABLE}blocked",
                "history_table_arn": f"{TABLE}history",
            },
        )
        FeedbackMonitoring("m", {"bounce_pipelines": {"shop": pipeline.monitored}})
        pulumi.export("monitored", pipeline.monitored)

    graph = record(program)
    names = {
        "topicName": "topic",
        "queueName": "queue",
        "deadLetterQueueName": "dead-letters",
        "subscriptionDeadLetterQueueName": "subscription-dead-letters",
        "functionName": "function",
        "logGroupName": "logs",
    }
    assert graph.outputs["monitored"] == {
        "name": "bounce-shop",
        "kind": "bounce",
        "region": "eu-west-1",
        **{key: f"bounce-shop-{suffix}-1a2b3c4" for key, suffix in names.items()},
    }
    assert graph["m-bounce-shop-oldest-message"].inputs["dimensions"] == {"QueueName": "bounce-shop-queue-1a2b3c4"}


def test_a_program_in_another_language_hands_it_over_too() -> None:
    """The engine passes an output of another resource on as an Output inside the map."""
    provider = ComponentProvider(list(COMPONENTS), "ses-feedback")

    def program() -> None:
        pipelines = {"shop": pulumi.Output.from_input(monitored("bounce"))}
        inputs = {"bouncePipelines": pipelines, "missingFeedbackHours": 12.0, "oldestMessageSeconds": 600.0}
        provider.construct("m", "ses-feedback:index:FeedbackMonitoring", inputs)

    graph = record(program)
    assert graph["m-bounce-shop-dead-letters"].inputs["dimensions"] == {"QueueName": "bounce-shop-deadLetterQueue"}
    assert graph["m-bounces-not-processed"].inputs["evaluationPeriods"] == 12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"bounce_pipelines": {}, "complaint_pipelines": None},
            "bounce_pipelines is {}: at least one pipeline is needed",
        ),
        ({"bounce_pipelines": ["p"]}, "bounce_pipelines is ['p']: a map of names to outputs `monitored` is needed"),
        (
            {"bounce_pipelines": {"a b": {}}},
            "the name in bounce_pipelines is 'a b': up to 100 letters, digits, - and _",
        ),
        (
            {"bounce_pipelines": {"p": {"name": "x"}}},
            "bounce_pipelines.p is {'name': 'x'}: the output `monitored` of a",
        ),
        ({"bounce_pipelines": {"p": "x"}}, "bounce_pipelines.p is 'x': the output `monitored` of a FeedbackPipeline"),
        (
            {"bounce_pipelines": {"p": monitored("complaint")}},
            "bounce_pipelines.p is 'complaint-shop': it handles complaints; give it as complaint_pipelines",
        ),
        (
            {"complaint_pipelines": {"p": monitored("complaint", region="us-east-1")}},
            "complaint_pipelines.p is 'complaint-shop': it is in us-east-1; one in eu-west-1 is needed",
        ),
        ({"region": "europe"}, "region is 'europe': a Region such as eu-west-1 is needed"),
        (
            {"region": "us-east-1"},
            "bounce_pipelines.shop is 'bounce-shop': it is in eu-west-1; one in us-east-1 is needed",
        ),
        ({"alarm_topic_arn": "pager"}, "alarm_topic_arn is 'pager': the ARN of a topic such as"),
        (
            {"alarm_topic_arn": OTHER_TOPIC.replace("west", "central")},
            "a topic in the alarms' Region, eu-west-1, is needed",
        ),
        (
            {"alarm_topic_arn": OTHER_TOPIC, "alarm_emails": ["oncall@example.com"]},
            "alarm_emails is ['oncall@example.com']: leave it out with alarm_topic_arn",
        ),
        (
            {"alarm_topic_arn": OTHER_TOPIC, "kms_key_arn": KEY},
            f"kms_key_arn is {KEY!r}: leave it out with alarm_topic_arn",
        ),
        ({"alarm_emails": ["oncall"]}, "alarm_emails[0] is 'oncall': an e-mail address such as"),
        ({"kms_key_arn": "alias/aws/sns"}, "kms_key_arn is 'alias/aws/sns': the ARN of a customer managed key"),
        ({"runbook_url": "wiki"}, "runbook_url is 'wiki': an address such as https://"),
        (
            {"bounce_rate_warning": 5},
            "bounce_rate_warning is 5: a fraction above 0 and up to 1 is needed, such as 0.05",
        ),
        ({"complaint_rate_warning": 0}, "complaint_rate_warning is 0: a fraction above 0"),
        (
            {"bounce_rate_warning": 0.1},
            "bounce_rate_warning is 0.1: less than bounce_rate_critical (0.1) is needed",
        ),
        (
            {"complaint_rate_critical": AsOutput(0.001)},
            "complaint_rate_warning is 0.001: less than complaint_rate_critical (0.001) is needed",
        ),
        ({"oldest_message_seconds": 59}, "oldest_message_seconds is 59: a whole number from 60 to 1209600 seconds"),
        (
            {"missing_feedback_hours": 1},
            "missing_feedback_hours is 1: a whole number from 2 to 48 hours, or 0 for no such alarm, is needed",
        ),
        (
            {"missing_feedback_hours": 49},
            "missing_feedback_hours is 49: a whole number from 2 to 48 hours, or 0 for no such alarm, is needed",
        ),
        ({"tags": {"aws:x": "y"}}, "tags.aws:x is 'y': a string is needed"),
        (
            {"canaries": {"shop": monitored_canary(region="us-east-1")}},
            "canaries.shop is 'canary-shop': it is in us-east-1; one in eu-west-1 is needed",
        ),
        (
            {"canaries": {"shop": monitored_canary("news")}},
            "canaries.shop is 'canary-news': it tests bounce-news,complaint-news; one that tests bounce-shop",
        ),
        (
            {"canaries": {"news": monitored_canary("news")}},
            "canaries.news is 'canary-news': it tests bounce-news,complaint-news; one that tests a given pipeline",
        ),
        ({"canaries": {"shop": monitored("bounce")}}, "the output `monitored` of a FeedbackCanary is needed"),
        ({"alarm_email": "x"}, "alarm_email is 'x': there is no such input; there are alarm_emails,"),
    ],
)
def test_a_wrong_input_is_named_with_its_value_and_what_would_be_right(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        record_monitoring(**changes)
