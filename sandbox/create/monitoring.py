"""Alarms and dashboards. The emulator keeps them; nothing here shows that one goes off when it should."""

from typing import Any

from sandbox.applier import Inputs, Made, Request


def metric_alarm(request: Request) -> Made:
    """CloudWatch PutMetricAlarm, on one metric or on an expression over several."""
    inputs, cloudwatch, name = request.inputs, request.client("cloudwatch"), request.physical_name(255)
    warm_up = inputs.nested("warmUpConfiguration")
    starting = {
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
        "Tags": [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()],
        "WarmUpConfiguration": _given(starting) or None,
        "Metrics": [_query(query) for query in inputs.each("metricQueries")] or None,
        **_metric(inputs),
    }
    cloudwatch.put_metric_alarm(AlarmName=name, **_given(settings))
    return Made(name, {"name": name, "arn": f"arn:aws:cloudwatch:{request.region}:{request.account.id}:alarm:{name}"})


def dashboard(request: Request) -> Made:
    """CloudWatch PutDashboard."""
    name = request.inputs.take("dashboardName")
    request.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=request.inputs.take("dashboardBody"))
    return Made(name, {"dashboardArn": f"arn:aws:cloudwatch::{request.account.id}:dashboard/{name}"})


def _query(query: Inputs) -> dict[str, Any]:
    metric = query.nested("metric")
    measured = _metric(metric)
    statistic = {"Metric": _given({key: measured[key] for key in ("Namespace", "MetricName", "Dimensions")})}
    stated = {**statistic, "Period": measured["Period"], "Stat": metric.take("stat"), "Unit": measured["Unit"]}
    return _given(
        {
            "Id": query.take("id"),
            "Expression": query.take("expression"),
            "Label": query.take("label"),
            "Period": query.integer("period"),
            "ReturnData": query.take("returnData"),
            "MetricStat": _given(stated) if measured["MetricName"] else None,
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


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
