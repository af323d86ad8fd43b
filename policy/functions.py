"""Functions: a runtime that lasts, a role that says what it may, logs that end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pulumi_policy import PolicyResource

from policy.path import ATTACHMENT, MANAGED_POLICY, ROLE_POLICY, FeedbackPath
from policy.rule import COUNT, HIGH, MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import items, known, linked, number

END_OF_LIFE = {
    "python3.10": "2026-10-31",
    "python3.11": "2027-06-30",
    "python3.12": "2028-10-31",
    "python3.13": "2029-06-30",
    "python3.14": "2029-06-30",
}
"""When Lambda deprecates a runtime (Lambda Developer Guide, "Lambda runtimes"); an older Python is past it."""
_OLDEST = 10
_UNSCOPED = ["cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def _runtime(function: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    runtime = str(known(function, "runtime") or "")
    today = date.fromisoformat(config["today"]) if config["today"] else datetime.now(UTC).date()
    ends = {**END_OF_LIFE, **config["endOfLife"]}
    if runtime not in ends:
        if runtime.startswith("python3.") and int(runtime.removeprefix("python3.")) < _OLDEST:
            yield f"its runtime {runtime} is past its end of life."
        return
    end, months = date.fromisoformat(ends[runtime]), int(config["months"])
    left = (end.year - today.year) * 12 + end.month - today.month - (end.day < today.day)
    if left < months:
        yield f"its runtime {runtime} ends on {end}; at least {months} months must be left on {today}."


def _rights(role: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    documents = [known(one, "policy") for one in path.pointing(ROLE_POLICY, "role", role)]
    documents += [one.get("policy") for one in items(known(role, "inlinePolicies"))]
    attached = items(known(role, "managedPolicyArns"))
    for attachment in path.pointing(ATTACHMENT, "role", role):
        own = linked(attachment, "policyArn", path.of(MANAGED_POLICY))
        documents += [known(one, "policy") for one in own]
        attached += [] if own else [known(attachment, "policyArn")]
    for arn in attached:
        if ":iam::aws:policy/" in arn and arn.rsplit("/", 1)[-1] not in config["managedPolicies"]:
            yield f"{arn} is attached to it, which holds for every resource of the account."
    for document in documents:
        for statement in items(json.loads(document)["Statement"]) if document else []:
            if statement["Effect"] == "Allow":
                yield from _statement(statement, config["unscopedActions"])


def _statement(statement: Mapping[str, Any], unscoped: Sequence[str]) -> Iterator[str]:
    sid, actions = statement.get("Sid", "without Sid"), items(statement.get("Action"))
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield f"statement {sid} allows everything but what {key} names."
    for action in actions:
        if "*" in action:
            yield f"statement {sid} allows {action}, a wildcard."
    if set(actions) <= set(unscoped):
        return
    for resource in items(statement.get("Resource")):
        if _is_wild(resource):
            yield f"statement {sid} allows {', '.join(actions)} on {resource}, a wildcard."


def _is_wild(resource: str) -> bool:
    """Whether an ARN leaves open which resource it is; the streams of one log group, or what is in a bucket, may be."""
    parts = resource.split(":", 5)
    name = parts[-1].replace(":", "/").split("/", 1)[-1]
    return name.startswith("*") or "*" in "".join(parts[:-1])


def _logs_elsewhere(function: PolicyResource) -> bool:
    """Whether it names a log group that another stack makes."""
    return bool(known(function, "loggingConfig", "logGroup"))


def _logs(function: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    groups = path.logs_of(function)
    if not groups and not _logs_elsewhere(function):
        yield "it logs to a group that Lambda makes, which keeps everything for ever."
    for group in groups:
        days, most = number(group, "retentionInDays", 0), int(config["maximumDays"])
        if not days:
            yield f"its log group {group.name} keeps everything for ever."
        elif days > most:
            yield f"its log group {group.name} keeps logs {days} days, at most {most} are right."


RULES: Sequence[Rule] = (
    Rule(
        name="runtime-lasts", severity=HIGH, level=MANDATORY, looks_at="functions",
        says="The runtime of a function is not near its end of life.",
        fix="Move to a later runtime.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
        subjects=lambda path: path.functions, problems=_runtime,
        settings={
            "months": Setting(6, "So many whole months must be left.", COUNT),
            "endOfLife": Setting({}, "More runtimes, or other dates: runtime to ISO date.", {"type": "object"}),
            "today": Setting("", "The ISO date to judge by. Empty: today.", {"type": "string"}),
        },
    ),
    Rule(
        name="role-has-no-wildcards", severity=HIGH, level=MANDATORY, looks_at="roles",
        says="The role of a function names its actions and resources.",
        fix="Name each action, and the ARN of each resource.",
        url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        subjects=lambda path: path.roles, problems=_rights,
        settings={
            "unscopedActions": Setting(_UNSCOPED, "Actions for which AWS knows no resource.", TEXTS),
            "managedPolicies": Setting([], "Names of policies of AWS that may be attached.", TEXTS),
        },
    ),
    Rule(
        name="logs-end", severity=MEDIUM, level=MANDATORY, looks_at="functions",
        says="The logs of a function are kept for a set time.",
        fix="Make the log group in the stack, and set retentionInDays.",
        url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        subjects=lambda path: path.functions, problems=_logs,
        settings={"maximumDays": Setting(365, "The longest time, in days.", COUNT)},
    ),
)  # fmt: skip
