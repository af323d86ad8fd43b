"""Asks about what pipelines share: the account's mail in a Region, identities, configuration sets, counts, tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ses_feedback_cli.doctor import calls
from ses_feedback_cli.doctor.ask import Ask
from ses_feedback_cli.doctor.facts import Absent, AccountFacts, Counted, Destination, Identity, TableFacts, queue_name
from ses_feedback_cli.stack_outputs import Pipeline

_SES_TAKES = 100  # identities in one call
_CLOUDWATCH_TAKES = 500  # metrics in one call
_OLDEST_MINUTES = 15
_HOUR = 3600


@dataclass(frozen=True)
class Sources:
    """What SES says of the identities and configuration sets of a Region."""

    verification: Mapping[str, Any] | Absent
    notification: Mapping[str, Any] | Absent
    destinations: Mapping[str, tuple[Destination, ...] | Absent]

    def identities(self, pipeline: Pipeline) -> tuple[Identity, ...]:
        """The identities of a pipeline, with the topic of its kind of feedback."""
        return tuple(self._identity(name, f"{pipeline.kind.capitalize()}Topic") for name in pipeline.identities)

    def _identity(self, name: str, key: str) -> Identity:
        verification: str | Absent = Absent.UNSEEN
        if not isinstance(self.verification, Absent):
            verification = self.verification.get(name, {}).get("VerificationStatus", Absent.GONE)
        if isinstance(self.notification, Absent):
            return Identity(name, verification, Absent.UNSEEN)
        told = self.notification.get(name, {})
        return Identity(name, verification, told.get(key), bool(told.get("ForwardingEnabled")))


def sources(ask: Ask, identities: Sequence[str], configuration_sets: Sequence[str]) -> Sources:
    """Ask SES, one call after another: it takes one a second."""
    return Sources(
        _attributes(ask, calls.VERIFICATION, "VerificationAttributes", identities),
        _attributes(ask, calls.NOTIFICATION, "NotificationAttributes", identities),
        {name: _destinations(ask, name) for name in configuration_sets},
    )


def _attributes(ask: Ask, call: calls.Call, key: str, identities: Sequence[str]) -> Mapping[str, Any] | Absent:
    found: dict[str, Any] = {}
    for some in _batched(identities, _SES_TAKES):
        told = ask(call, Identities=some)
        if isinstance(told, Absent):
            return Absent.UNSEEN
        found |= told[key]
    return found


def _destinations(ask: Ask, name: str) -> tuple[Destination, ...] | Absent:
    told = ask(calls.DESTINATIONS, ConfigurationSetName=name)
    if isinstance(told, Absent):
        return told
    return tuple(
        Destination(
            one["Name"],
            one["Enabled"],
            tuple(one["MatchingEventTypes"]),
            one.get("SnsDestination", {}).get("TopicArn"),
        )
        for one in told["EventDestinations"]
    )


def account(ask: Ask, account_id: str, region: str, now: datetime) -> AccountFacts:
    """The account's standing, with the rates of the last day."""
    queries = [
        _query(f"{kind}_rate", "AWS/SES", f"Reputation.{kind.capitalize()}Rate", {}, "Average", _HOUR)
        for kind in ("bounce", "complaint")
    ]
    told = ask(calls.METRICS, StartTime=now - timedelta(days=1), EndTime=now, MetricDataQueries=queries)
    rates = {} if isinstance(told, Absent) else {one["Id"]: one["Values"][0] for one in _results(told) if one["Values"]}
    about = ask(calls.ACCOUNT)
    if isinstance(about, Absent):
        return AccountFacts(account_id, region, **rates)
    return AccountFacts(
        account_id,
        region,
        seen=True,
        production=about.get("ProductionAccessEnabled", True),
        sending=about.get("SendingEnabled", True),
        enforcement=about.get("EnforcementStatus", "HEALTHY"),
        suppressed=tuple(about.get("SuppressionAttributes", {}).get("SuppressedReasons", ())),
        **rates,
    )


def counted(ask: Ask, pipelines: Sequence[Pipeline], now: datetime, hours: int) -> list[Counted]:
    """What CloudWatch counted of each pipeline of a Region in the last hours, in their order."""
    queries = [query for number, one in enumerate(pipelines) for query in _of_pipeline(number, one)]
    found: dict[str, Mapping[str, Any]] = {}
    for some in _batched(queries, _CLOUDWATCH_TAKES):
        told = ask(calls.METRICS, StartTime=now - timedelta(hours=hours), EndTime=now, MetricDataQueries=some)
        if isinstance(told, Absent):
            return [Counted()] * len(pipelines)
        found |= {one["Id"]: one for one in _results(told)}
    recent = now - timedelta(minutes=_OLDEST_MINUTES)

    def total(name: str) -> float:
        return float(sum(found.get(name, {}).get("Values", ())))

    def oldest(name: str) -> float | None:
        one = found.get(name, {"Timestamps": (), "Values": ()})
        values = [value for at, value in zip(one["Timestamps"], one["Values"], strict=True) if at >= recent]
        return max(values, default=None)

    return [
        Counted(total(f"errors{one}"), total(f"throttles{one}"), total(f"failed{one}"), oldest(f"oldest{one}"))
        for one in range(len(pipelines))
    ]


def _of_pipeline(number: int, one: Pipeline) -> list[dict[str, Any]]:
    function, topic = {"FunctionName": one.function_name}, {"TopicName": one.topic_arn.rpartition(":")[2]}
    queue = {"QueueName": queue_name(one.queue_url)}
    return [
        _query(f"errors{number}", "AWS/Lambda", "Errors", function, "Sum", _HOUR),
        _query(f"throttles{number}", "AWS/Lambda", "Throttles", function, "Sum", _HOUR),
        _query(f"failed{number}", "AWS/SNS", "NumberOfNotificationsFailed", topic, "Sum", _HOUR),
        _query(f"oldest{number}", "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum", 300),
    ]


def _query(id_: str, namespace: str, metric: str, dimensions: Mapping[str, str], stat: str, period: int) -> Any:
    which = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    measured = {"Namespace": namespace, "MetricName": metric, "Dimensions": which}
    return {"Id": id_, "MetricStat": {"Metric": measured, "Period": period, "Stat": stat}}


def _results(told: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The series of an answer, each once: over several pages one comes in parts."""
    whole: dict[str, dict[str, Any]] = {}
    for one in told["MetricDataResults"]:
        known = whole.setdefault(one["Id"], {"Id": one["Id"], "Timestamps": [], "Values": []})
        known["Timestamps"] += one["Timestamps"]
        known["Values"] += one["Values"]
    return whole.values()


def table(ask: Ask, name: str, what: str, account_id: str, region: str) -> TableFacts:
    """A table."""
    told = ask(calls.TABLE, TableName=name)
    if isinstance(told, Absent):
        return TableFacts(name, account_id, region, what, told, Absent.UNSEEN, Absent.UNSEEN, Absent.UNSEEN)
    about = told["Table"]
    expiry, backups = ask(calls.TTL, TableName=name), ask(calls.BACKUPS, TableName=name)
    return TableFacts(
        name,
        account_id,
        region,
        what,
        about["TableStatus"],
        bool(about.get("DeletionProtectionEnabled")),
        expiry if isinstance(expiry, Absent) else _expiry(expiry["TimeToLiveDescription"]),
        backups if isinstance(backups, Absent) else _recovery(backups["ContinuousBackupsDescription"]),
    )


def _expiry(told: Mapping[str, Any]) -> str | None:
    on = told.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return str(told.get("AttributeName")) if on else None


def _recovery(told: Mapping[str, Any]) -> bool:
    return bool(told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED")


def _batched(values: Sequence[Any], size: int) -> Iterable[list[Any]]:
    return (list(values[start : start + size]) for start in range(0, len(values), size))
