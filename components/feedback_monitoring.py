"""Alarms and a dashboard for the pipelines of one Region, and the topic that the alarms notify."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from components import alarms, dashboard, inputs, limits, policies
from components.arn import Arn
from components.canary_alarms import CANARY_ALARMS
from components.feedback_alarms import FEEDBACK_ALARMS
from components.feedback_monitoring_args import FeedbackMonitoringArgs, read
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline

_Pipelines = dict[str, dict[str, pulumi.Output[MonitoredPipeline]]]
"""By kind and by the name that the program gave."""


class FeedbackMonitoring(pulumi.ComponentResource):
    """Alarms and a dashboard for the pipelines of one Region.

    Type: ``ses-feedback:index:FeedbackMonitoring``.
    Creates: for each pipeline an alarm on its dead letters, on further ones, on its subscription dead letters, the age
    of its oldest message, feedback that AWS refuses, its function's errors and throttles, its topic's failed
    deliveries, feedback about protected addresses and, of bounces, a surge of one recipient domain and refusals of the
    sender; for each pipeline that a canary tests an alarm on its failure and one on its absence, and for each kind of
    which a pipeline has none an alarm on feedback that SES counted and no pipeline processed; for the account's bounce
    rate and complaint rate a warning and a
    critical alarm; a dashboard; and, unless one is given, the topic that the alarms notify, with its policy and its
    e-mail subscriptions.
    Not created: anything that acts on an alarm. A second one in the same Region repeats the alarms on the rates.
    Raises: ValueError, naming input and value, for a malformed input, for inputs that contradict each other, and for
    more pipelines than a dashboard holds.
    """

    alarm_topic_arn: pulumi.Output[str]
    """ARN of the topic that the alarms notify."""
    dashboard_name: pulumi.Output[str]
    """Name of the dashboard."""

    def __init__(self, name: str, args: FeedbackMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:FeedbackMonitoring", name, dict(args), opts)
        self._prefix = inputs.resource_name("name", name)
        self._inputs = read(args)
        limits.check_dashboard(self._inputs)
        self._region = self._region_of_pipelines()
        self._pipelines = self._check_pipelines()
        self._canaries = self._check_canaries()

        self.alarm_topic_arn = self._alarm_topic()
        metric_alarms = [
            *self._region_alarms(),
            *self._not_processed_alarms(),
            *self._pipeline_alarms(),
            *self._growth_alarms(),
        ]
        self.dashboard_name = self._dashboard(metric_alarms)
        self.register_outputs({output: getattr(self, output) for output in FeedbackMonitoring.__annotations__})

    def _options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _region_of_pipelines(self) -> pulumi.Output[str]:
        if self._inputs.region is not None:
            return pulumi.Output.from_input(self._inputs.region)
        first, *_ = [pipeline for group in self._inputs.pipelines.values() for pipeline in group.values()]
        unchecked: pulumi.Output[Any] = pulumi.Output.from_input(first)
        return unchecked.apply(
            lambda pipeline: str(pipeline.get("region", "")) if isinstance(pipeline, Mapping) else ""
        )

    def _check_pipelines(self) -> _Pipelines:
        return {
            kind: {
                name: pulumi.Output.all(pipeline, self._region).apply(
                    partial(_check_pipeline, f"{kind}_pipelines.{name}", kind)
                )
                for name, pipeline in pipelines.items()
            }
            for kind, pipelines in self._inputs.pipelines.items()
        }

    def _check_canaries(self) -> list[pulumi.Output[MonitoredCanary]]:
        return [
            pulumi.Output.all(canary, self._region, self._pipelines_named(name)).apply(
                partial(_check_canary, f"canaries.{name}")
            )
            for name, canary in self._inputs.canaries.items()
        ]

    def _pipelines_named(self, name: str) -> list[pulumi.Output[str]]:
        return [_field(pipelines[name], "name") for pipelines in self._pipelines.values() if name in pipelines]

    def _alarm_topic(self) -> pulumi.Output[str]:
        if self._inputs.alarm_topic_arn is not None:
            return pulumi.Output.all(self._inputs.alarm_topic_arn, self._region).apply(_check_topic)
        topic = aws.sns.Topic(
            f"{self._prefix}-alarms",
            region=self._region,
            # No key without a customer key: alarms cannot publish under alias/aws/sns, whose key policy is fixed.
            kms_master_key_id=self._inputs.kms_key_arn,
            tags=self._inputs.tags,
            opts=self._options(),
        )
        aws.sns.TopicPolicy(
            f"{self._prefix}-alarms-policy",
            region=self._region,
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic.arn.apply(policies.alarm_topic_policy)),
            opts=self._options(),
        )
        for email in self._inputs.alarm_emails:
            aws.sns.TopicSubscription(
                f"{self._prefix}-{email}",
                region=self._region,
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=self._options(),
            )
        return topic.arn

    def _region_alarms(self) -> list[aws.cloudwatch.MetricAlarm]:
        return [self._metric_alarm(alarm.suffix, alarm) for alarm in alarms.REGION_ALARMS]

    def _pipeline_alarms(self) -> list[aws.cloudwatch.MetricAlarm]:
        return [
            self._pipeline_alarm(f"{kind}-{name}-{alarm.suffix}", alarm, pipeline)
            for kind, pipelines in self._pipelines.items()
            for name, pipeline in pipelines.items()
            for alarm in (
                *alarms.PIPELINE_ALARMS,
                *FEEDBACK_ALARMS,
                *(CANARY_ALARMS if name in self._inputs.canaries else ()),
            )
            if kind in alarm.kinds
        ]

    def _growth_alarms(self) -> list[aws.cloudwatch.MetricAlarm]:
        return [
            self._alarm(
                f"{kind}-{name}-{alarms.GROWTH_ALARM.suffix}",
                alarms.GROWTH_ALARM,
                _field(pipeline, "name"),
                metric_queries=alarms.GROWTH_ALARM.queries(_field(pipeline, "dead_letter_queue_name")),
                threshold=1.0,
                evaluation_periods=1,
                comparison_operator=alarms.AT_OR_ABOVE,
            )
            for kind, pipelines in self._pipelines.items()
            for name, pipeline in pipelines.items()
        ]

    def _pipeline_alarm(
        self, suffix: str, alarm: alarms.Alarm, pipeline: pulumi.Output[MonitoredPipeline]
    ) -> aws.cloudwatch.MetricAlarm:
        dimensions: dict[str, pulumi.Input[str]] = {
            alarm.dimension_name: _field(pipeline, alarm.dimension_property),
            **alarm.other_dimensions,
        }
        return self._metric_alarm(suffix, alarm, _field(pipeline, "name"), dimensions)

    def _metric_alarm(
        self,
        suffix: str,
        alarm: alarms.Alarm,
        pipeline_name: pulumi.Input[str] = "",
        dimensions: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> aws.cloudwatch.MetricAlarm:
        return self._alarm(
            suffix,
            alarm,
            pipeline_name,
            namespace=alarm.namespace,
            metric_name=alarm.metric_name,
            dimensions=dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            threshold=self._threshold(alarm.threshold) if isinstance(alarm.threshold, str) else alarm.threshold,
            evaluation_periods=alarm.evaluation_periods,
            comparison_operator=alarm.comparison_operator,
            warm_up_configuration=_warm_up(alarm.warm_up_hours) if alarm.warm_up_hours else None,
        )

    def _threshold(self, input_name: str) -> pulumi.Input[float]:
        threshold: pulumi.Input[float] = getattr(self._inputs, input_name)
        return threshold

    def _not_processed_alarms(self) -> list[aws.cloudwatch.MetricAlarm]:
        return [
            self._not_processed_alarm(alarm)
            for alarm in alarms.NOT_PROCESSED_ALARMS
            if self._can_be_compared(alarm.kind)
        ]

    def _can_be_compared(self, kind: str) -> bool:
        if not self._inputs.missing_feedback_hours or self._pipelines[kind].keys() <= self._inputs.canaries.keys():
            return False
        number = len(self._pipelines[kind])
        if number > alarms.MAX_PIPELINES_PER_ALARM:
            pulumi.log.warn(
                f"{number} {kind} pipelines: no alarm compares what SES counts with what they process; at most "
                f"{alarms.MAX_PIPELINES_PER_ALARM} fit an alarm. Set missing_feedback_hours to 0 to do without it.",
                self,
            )
        return 0 < number <= alarms.MAX_PIPELINES_PER_ALARM

    def _not_processed_alarm(self, alarm: alarms.NotProcessedAlarm) -> aws.cloudwatch.MetricAlarm:
        pipeline_names = [_field(pipeline, "name") for pipeline in self._pipelines[alarm.kind].values()]
        hours = self._inputs.missing_feedback_hours
        return self._alarm(
            alarm.suffix,
            alarm,
            metric_queries=alarm.queries(pipeline_names),
            threshold=1.0,
            evaluation_periods=hours,
            comparison_operator=alarms.AT_OR_ABOVE,
            warm_up_configuration=_warm_up(hours),  # What SES counted before the pipelines existed was not processed.
        )

    def _alarm(
        self,
        suffix: str,
        alarm: alarms.AnyAlarm,
        pipeline_name: pulumi.Input[str] = "",
        **measurement: Any,  # noqa: ANN401 - the inputs in which an alarm on a metric and one on an expression differ
    ) -> aws.cloudwatch.MetricAlarm:
        description = pulumi.Output.all(self._inputs.runbook_url, pipeline_name).apply(
            lambda values: alarms.alarm_description(alarm, runbook_url=values[0], pipeline_name=values[1])
        )
        return aws.cloudwatch.MetricAlarm(
            f"{self._prefix}-{suffix}",
            region=self._region,
            alarm_description=description,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            treat_missing_data=alarm.treat_missing_data,
            alarm_actions=[self.alarm_topic_arn],
            ok_actions=[self.alarm_topic_arn],
            tags=self._inputs.tags,
            opts=self._options(),
            **measurement,
        )

    def _dashboard(self, metric_alarms: Sequence[aws.cloudwatch.MetricAlarm]) -> pulumi.Output[str]:
        contents = pulumi.Output.all(
            region=self._region,
            pipelines={kind: list(pipelines.values()) for kind, pipelines in self._pipelines.items()},
            canaries=self._canaries,
            thresholds={name: self._threshold(name) for name in alarms.THRESHOLD_INPUTS},
            alarm_arns=[alarm.arn for alarm in metric_alarms],
            runbook_url=self._inputs.runbook_url,
        )
        return aws.cloudwatch.Dashboard(
            f"{self._prefix}-dashboard",
            region=self._region,
            # A dashboard needs a name that is unique in the account over all Regions. An alarm's name is unique, by the
            # random suffix that the engine adds.
            dashboard_name=metric_alarms[0].name.apply(_dashboard_name),
            dashboard_body=pulumi.Output.json_dumps(contents.apply(lambda values: dashboard.definition(**values))),
            opts=self._options(),
        ).dashboard_name


def _field(pipeline: pulumi.Output[MonitoredPipeline], name: str) -> pulumi.Output[str]:
    return pipeline.apply(lambda known_pipeline: str(getattr(known_pipeline, name)))


def _dashboard_name(alarm_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", alarm_name.replace(f"-{alarms.REGION_ALARMS[0].suffix}", ""))


def _check_pipeline(input_name: str, kind: str, values: Sequence[Any]) -> MonitoredPipeline:
    pipeline, region = MonitoredPipeline.from_map(input_name, values[0]), values[1]
    if pipeline.kind != kind:
        requirement = f"it handles {pipeline.kind}s; give it as {pipeline.kind}_pipelines"
        raise inputs.InputError(input_name, pipeline.name, requirement)
    if pipeline.region != region:
        requirement = f"it is in {pipeline.region}; one in {region} is needed: an alarm sees only its own Region"
        raise inputs.InputError(input_name, pipeline.name, requirement)
    return pipeline


def _check_canary(input_name: str, values: Sequence[Any]) -> MonitoredCanary:
    """Raises: ValueError for a canary that does not test exactly the pipelines of its name, in the alarms' Region."""
    canary, region, pipelines = MonitoredCanary.from_map(input_name, values[0]), values[1], values[2]
    if canary.region != region:
        requirement = f"it is in {canary.region}; one in {region} is needed: an alarm sees only its own Region"
        raise inputs.InputError(input_name, canary.name, requirement)
    if set(canary.pipelines.split(",")) != set(pipelines):
        requirement = (
            f"it tests {canary.pipelines}; one that tests {','.join(pipelines) or 'a given pipeline'} is needed"
        )
        raise inputs.InputError(input_name, canary.name, requirement)
    return canary


def _warm_up(hours: int) -> aws.cloudwatch.MetricAlarmWarmUpConfigurationArgsDict:
    return {
        "warm_up_period_duration_in_minutes": hours * 60,
        "only_start_evaluating_after_warm_up_period_ends": True,
    }


def _check_topic(values: Sequence[str]) -> str:
    topic_arn, region = values
    if Arn.of(topic_arn).region != region:
        raise inputs.InputError("alarm_topic_arn", topic_arn, f"a topic in the alarms' Region, {region}, is needed")
    return topic_arn
