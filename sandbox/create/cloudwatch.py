"""Alarms and dashboards. The emulator stores them and never evaluates an alarm."""

from typing import Any

from sandbox.provider import CreateRequest, CreateResult, Inputs, without_none


def metric_alarm(request: CreateRequest) -> CreateResult:
    """CloudWatch PutMetricAlarm, on one metric or on an expression over several."""
    inputs, cloudwatch, name = request.inputs, request.client("cloudwatch"), request.physical_name(255)
    warm_up = inputs.nested("warmUpConfiguration")
    warm_up_settings = {
        "WarmUpPeriodDurationInMinutes": warm_up.integer("warmUpPeriodDurationInMinutes"),
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": warm_up.take("onlyStartEvaluatingAfterWarmUpPeriodEnds"),
    }
    settings: dict[str, Any] = {
        "AlarmDescription": inputs.take("alarmDescription"),
        "ActionsEnabled": inputs.take("actionsEnabled", True),
        "AlarmActions": inputs.take("alarmActions"),
        "OKActions": inputs.take("okActions"),
        "InsufficientDataActions": inputs.take("insufficientDataActions"),
        "ComparisonOperator": inputs.take("comparisonOperator"),
        "EvaluationPeriods": inputs.integer("evaluationPeriods"),
        "DatapointsToAlarm": inputs.integer("datapointsToAlarm"),
        "Threshold": inputs.take("threshold"),
        "TreatMissingData": inputs.take("treatMissingData"),
        "Tags": inputs.tag_list(),
        "WarmUpConfiguration": without_none(warm_up_settings) or None,
        "Metrics": [_query(query) for query in inputs.each("metricQueries")] or None,
        **_metric(inputs),
    }
    cloudwatch.put_metric_alarm(AlarmName=name, **without_none(settings))
    return CreateResult(
        name, {"name": name, "arn": f"arn:aws:cloudwatch:{request.region}:{request.account.id}:alarm:{name}"}
    )


def dashboard(request: CreateRequest) -> CreateResult:
    """CloudWatch PutDashboard."""
    name = request.inputs.take("dashboardName")
    request.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=request.inputs.take("dashboardBody"))
    return CreateResult(name, {"dashboardArn": f"arn:aws:cloudwatch::{request.account.id}:dashboard/{name}"})


def _query(query: Inputs) -> dict[str, Any]:
    metric = query.nested("metric")
    settings = _metric(metric)
    metric_stat = {
        "Metric": without_none({key: settings[key] for key in ("Namespace", "MetricName", "Dimensions")}),
        "Period": settings["Period"],
        "Stat": metric.take("stat"),
        "Unit": settings["Unit"],
    }
    return without_none(
        {
            "Id": query.take("id"),
            "Expression": query.take("expression"),
            "Label": query.take("label"),
            "Period": query.integer("period"),
            "ReturnData": query.take("returnData"),
            "MetricStat": without_none(metric_stat) if settings["MetricName"] else None,
        }
    )


def _metric(inputs: Inputs) -> dict[str, Any]:
    dimensions = inputs.take("dimensions")
    return {
        "Namespace": inputs.take("namespace"),
        "MetricName": inputs.take("metricName"),
        "Dimensions": dimensions and [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": inputs.take("statistic"),
        "ExtendedStatistic": inputs.take("extendedStatistic"),
        "Period": inputs.integer("period"),
        "Unit": inputs.take("unit"),
    }
