"""The eyes on the pipelines of one Region: alarms with runbooks, the topic they notify, and a dashboard."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components import alarms, dashboard, inputs, policies
from components.feedback_monitoring_args import FeedbackMonitoringArgs, read

_MONITORED = (
    *("name", "kind", "region", "topicName", "queueName", "deadLetterQueueName", "subscriptionDeadLetterQueueName"),
    *("functionName", "logGroupName"),
)
_Pipelines = dict[str, dict[str, pulumi.Output[dict[str, str]]]]


class FeedbackMonitoring(pulumi.ComponentResource):
    """Watches the pipelines of one Region, and the standing of the account's mail there.

    Type: ``ses-feedback:index:FeedbackMonitoring``.
    Creates: for each pipeline an alarm on its dead letters, its subscription dead letters, the age of its oldest
    message, its function's errors and throttles, and its topic's failed deliveries; for each kind an alarm on feedback
    that SES counted and nothing processed; for bounce and complaint rate an alarm that warns and a critical one; a
    dashboard; and, unless one is given, the topic that the alarms notify, with its policy and its e-mail subscriptions.
    Not created: anything that acts on an alarm. Several of these in one Region repeat the alarms on the rates.
    Raises: ValueError, naming input and value, for a malformed input, and for inputs that contradict each other.
    """

    alarm_topic_arn: pulumi.Output[str]
    """ARN of the topic that the alarms notify."""
    dashboard_name: pulumi.Output[str]
    """Name of the dashboard."""

    def __init__(self, name: str, args: FeedbackMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:FeedbackMonitoring", name, dict(args), opts)
        self._base = inputs.resource_name("name", name)
        self._in = read(args)
        self._region, self._pipelines = self._where()

        self.alarm_topic_arn = self._topic()
        rates = [self._metric_alarm(alarm.suffix, alarm) for alarm in alarms.REGION]
        not_processed = [
            self._not_processed_alarm(alarm) for alarm in alarms.NOT_PROCESSED if self._comparable(alarm.kind)
        ]
        own = [self._pipeline_alarm(kind, key, alarm) for kind, key in self._keys() for alarm in alarms.PIPELINE]
        self.dashboard_name = self._dashboard([*rates, *not_processed, *own])
        self.register_outputs({"alarm_topic_arn": self.alarm_topic_arn, "dashboard_name": self.dashboard_name})

    def _options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _keys(self) -> list[tuple[str, str]]:
        return [(kind, key) for kind, ones in self._in["pipelines"].items() for key in ones]

    def _where(self) -> tuple[pulumi.Output[str], _Pipelines]:
        """The Region, and every pipeline checked against it."""
        (kind, key), *_ = self._keys()
        region = pulumi.Output.from_input(self._in.get("region", _property(self._in["pipelines"][kind][key], "region")))
        checked: _Pipelines = {kind: {} for kind in self._in["pipelines"]}
        for kind, key in self._keys():
            both = pulumi.Output.all(self._in["pipelines"][kind][key], region)
            checked[kind][key] = both.apply(_check_pipeline(f"{kind}_pipelines.{key}", kind))
        return region, checked

    def _topic(self) -> pulumi.Output[str]:
        if "alarm_topic_arn" in self._in:
            return pulumi.Output.all(self._in["alarm_topic_arn"], self._region).apply(_check_topic)
        topic = aws.sns.Topic(
            f"{self._base}-alarms",
            region=self._region,
            # Without a customer key none at all: alarms cannot publish under alias/aws/sns, whose key policy is fixed.
            kms_master_key_id=self._in.get("kms_key_arn"),
            tags=self._in["tags"],
            opts=self._options(),
        )
        aws.sns.TopicPolicy(
            f"{self._base}-alarms-policy",
            region=self._region,
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic.arn.apply(policies.alarm_topic_policy)),
            opts=self._options(),
        )
        for address in self._in["alarm_emails"]:
            aws.sns.TopicSubscription(
                f"{self._base}-{address}",
                region=self._region,
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=self._options(),
            )
        return topic.arn

    def _pipeline_alarm(self, kind: str, key: str, alarm: alarms.Alarm) -> aws.cloudwatch.MetricAlarm:
        pipeline = self._pipelines[kind][key]
        dimensions = {alarm.dimension: _property(pipeline, alarm.of)}
        return self._metric_alarm(f"{kind}-{key}-{alarm.suffix}", alarm, _property(pipeline, "name"), dimensions)

    def _metric_alarm(
        self,
        name: str,
        alarm: alarms.Alarm,
        pipeline: pulumi.Input[str] = "",
        dimensions: Mapping[str, pulumi.Output[str]] | None = None,
    ) -> aws.cloudwatch.MetricAlarm:
        return self._alarm(
            name,
            alarm,
            pipeline,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            threshold=self._in[alarm.threshold] if isinstance(alarm.threshold, str) else alarm.threshold,
            evaluation_periods=alarm.periods,
        )

    def _not_processed_alarm(self, alarm: alarms.NotProcessed) -> aws.cloudwatch.MetricAlarm:
        names = [_property(pipeline, "name") for pipeline in self._pipelines[alarm.kind].values()]
        hours = self._in["missing_feedback_hours"]
        return self._alarm(
            alarm.suffix,
            alarm,
            metric_queries=alarm.queries(names),
            threshold=1.0,
            evaluation_periods=hours,
            # What SES counted before the pipelines were there is none of their business.
            warm_up_configuration={
                "warm_up_period_duration_in_minutes": hours * 60,
                "only_start_evaluating_after_warm_up_period_ends": True,
            },
        )

    def _alarm(
        self,
        name: str,
        alarm: alarms.Alarm | alarms.NotProcessed,
        pipeline: pulumi.Input[str] = "",
        **measured: Any,  # noqa: ANN401 - what differs between a metric and an expression
    ) -> aws.cloudwatch.MetricAlarm:
        known = pulumi.Output.all(self._in["runbook_url"], pipeline)
        return aws.cloudwatch.MetricAlarm(
            f"{self._base}-{name}",
            region=self._region,
            alarm_description=known.apply(lambda both: alarms.description(alarm, both[0], both[1])),
            comparison_operator="GreaterThanOrEqualToThreshold",
            datapoints_to_alarm=alarm.breaching,
            treat_missing_data=alarm.missing,
            alarm_actions=[self.alarm_topic_arn],
            ok_actions=[self.alarm_topic_arn],
            tags=self._in["tags"],
            opts=self._options(),
            **measured,
        )

    def _comparable(self, kind: str) -> bool:
        number = len(self._pipelines[kind])
        if self._in["missing_feedback_hours"] and number > alarms.MOST_PIPELINES:
            pulumi.log.warn(
                f"{number} {kind} pipelines: no alarm compares what SES counts with what they process; at most "
                f"{alarms.MOST_PIPELINES} fit an alarm. Set missing_feedback_hours to 0 to do without it.",
                self,
            )
        return bool(self._in["missing_feedback_hours"]) and 0 < number <= alarms.MOST_PIPELINES

    def _dashboard(self, made: Sequence[aws.cloudwatch.MetricAlarm]) -> pulumi.Output[str]:
        known = pulumi.Output.all(
            region=self._region,
            pipelines={kind: list(ones.values()) for kind, ones in self._pipelines.items()},
            thresholds={key: self._in[key] for key in alarms.THRESHOLDS},
            alarm_arns=[alarm.arn for alarm in made],
            runbook_url=self._in["runbook_url"],
        )
        return aws.cloudwatch.Dashboard(
            f"{self._base}-dashboard",
            region=self._region,
            # AWS wants a name, unique in the account over all Regions: that of an alarm is, by the engine's own suffix.
            dashboard_name=made[0].name.apply(_dashboard_name),
            dashboard_body=pulumi.Output.json_dumps(known.apply(lambda facts: dashboard.definition(**facts))),
            opts=self._options(),
        ).dashboard_name


def _property(pipeline: pulumi.Input[Any], key: str) -> pulumi.Output[str]:
    known: pulumi.Output[Any] = pulumi.Output.from_input(pipeline)
    return known.apply(lambda one: str(one.get(key, "")) if isinstance(one, Mapping) else "")


def _dashboard_name(alarm_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", alarm_name.replace(f"-{alarms.REGION[0].suffix}", ""))


def _check_pipeline(name: str, kind: str) -> Callable[[Sequence[Any]], dict[str, str]]:
    def rule(known: Sequence[Any]) -> dict[str, str]:
        pipeline, region = known
        if not isinstance(pipeline, Mapping) or not all(pipeline.get(key) for key in _MONITORED):
            right = f"the output `monitored` of a FeedbackPipeline is needed, with {', '.join(_MONITORED)}"
            raise inputs.refuse(name, pipeline, right)
        if pipeline["kind"] != kind:
            raise inputs.refuse(
                name, pipeline["name"], f"it takes {pipeline['kind']}s; give it as {pipeline['kind']}_pipelines"
            )
        if pipeline["region"] != region:
            right = f"it is in {pipeline['region']}; one in {region} is needed: an alarm sees its own Region only"
            raise inputs.refuse(name, pipeline["name"], right)
        return dict(pipeline)

    return rule


def _check_topic(known: Sequence[str]) -> str:
    topic, region = known
    if policies.Arn.of(topic).region != region:
        raise inputs.refuse("alarm_topic_arn", topic, f"a topic in the alarms' Region, {region}, is needed")
    return topic
