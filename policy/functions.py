"""Functions: a runtime that lasts, a role that says what it may, logs that end."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pulumi_policy import PolicyResource

from policy.documents import ALLOW, Statement, label, principals, statements, wild
from policy.path import ATTACHMENTS, MANAGED_POLICY, ROLE_POLICY, FeedbackPath
from policy.rule import COUNT, HIGH, MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import every, items, known, linked, number

END_OF_LIFE = {
    "dotnet8": "2026-11-10",
    "dotnet10": "2028-11-14",
    "java17": "2027-06-30",
    "java21": "2029-06-30",
    "java25": "2029-06-30",
    "nodejs22.x": "2027-04-30",
    "nodejs24.x": "2028-04-30",
    "python3.10": "2026-10-31",
    "python3.11": "2027-06-30",
    "python3.12": "2028-10-31",
    "python3.13": "2029-06-30",
    "python3.14": "2029-06-30",
    "ruby3.3": "2027-03-31",
    "ruby3.4": "2028-03-31",
}
"""When Lambda deprecates a runtime (Lambda Developer Guide, "Lambda runtimes"); an older one is past it."""
_UNSCOPED = ["cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def _runtime(function: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    runtime = str(known(function, "runtime") or "")
    today = date.fromisoformat(config["today"]) if config["today"] else datetime.now(UTC).date()
    ends = {**END_OF_LIFE, **config["endOfLife"]}
    if runtime not in ends:
        family, version = _version(runtime)
        listed = [_version(one)[1] for one in END_OF_LIFE if _version(one)[0] == family]
        if listed and version < min(listed):
            yield f"its runtime {runtime} is past its end of life."
        return
    end, months = date.fromisoformat(ends[runtime]), int(config["months"])
    left = (end.year - today.year) * 12 + end.month - today.month - (end.day < today.day)
    if left < months:
        yield f"its runtime {runtime} ends on {end}; at least {months} months must be left on {today}."


def _version(runtime: str) -> tuple[str, list[int]]:
    """`python3.9` as (python, [3, 9])."""
    family = runtime.rstrip("0123456789.xal")
    return family, [int(one) for one in re.findall(r"\d+", runtime.split(".al", 1)[0])]


def _rights(role: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    attachments = [(one, of) for type_, (key, of) in ATTACHMENTS.items() for one in path.pointing(type_, key, role)]
    own = path.of(MANAGED_POLICY)
    policies = [
        *path.pointing(ROLE_POLICY, "role", role),
        *(p for one, of in attachments for p in linked(one, of, own)),
    ]
    return every([
        _trusted(role),
        *(_attached(one, of, config) for one, of in [(role, "managedPolicyArns"), *attachments]),
        *(_allowed(one, config) for one in policies),
        (problem for one in items(known(role, "inlinePolicies")) for problem in _stated(one.get("policy"), config)),
    ])  # fmt: skip


def _trusted(role: PolicyResource) -> Iterator[str]:
    for statement in statements(known(role, "assumeRolePolicy")):
        if statement.get("Effect") == ALLOW and any(wild(one) or " " in one for one in principals(statement)):
            yield f"{label(statement)} of trust lets everybody take it on."


def _attached(holder: PolicyResource, key: str, config: Config) -> Iterator[str]:
    for arn in items(known(holder, key)):
        if ":iam::aws:policy/" in arn and arn.rsplit("/", 1)[-1] not in config["managedPolicies"]:
            yield f"{arn} is attached to it, which holds for every resource of the account."


def _allowed(policy: PolicyResource, config: Config) -> Iterator[str]:
    yield from _stated(known(policy, "policy"), config)


def _stated(policy: Any, config: Config) -> Iterator[str]:
    for statement in statements(policy):
        if statement.get("Effect") == ALLOW:
            yield from _statement(statement, {one.lower() for one in config["unscopedActions"]})


def _statement(statement: Statement, unscoped: set[str]) -> Iterator[str]:
    actions = [str(one) for one in items(statement.get("Action"))]
    for key in ("NotAction", "NotResource"):
        if key in statement:
            yield f"{label(statement)} allows everything but what {key} names."
    for action in actions:
        if wild(action):
            yield f"{label(statement)} allows {action}, a wildcard."
    if {one.lower() for one in actions} <= unscoped:
        return
    for resource in items(statement.get("Resource")):
        if _is_open(str(resource)):
            yield f"{label(statement)} allows {', '.join(actions)} on {resource}, a wildcard."


def _is_open(arn: str) -> bool:
    """Whether an ARN leaves open which resource it is."""
    *place, name = arn.split(":", 5)
    return wild("".join(place)) or (wild(name) and not _PARTS.fullmatch(f"{''.join(place[2:3])}:{name}"))


# A wildcard may stand for parts of one resource: the streams of a log group, the versions of a function, the indexes of
# a table, the objects of a bucket, the six letters that Secrets Manager adds to a name.
_ONE = "[^*?:]+"
_PARTS = re.compile(
    rf"logs:log-group:{_ONE}:.+|lambda:function:{_ONE}:.+|dynamodb:table/[^*?/]+/.+|s3:[^*?/]+/.+"
    rf"|secretsmanager:secret:{_ONE}-(\*|\?{{6}})"
)


def _logs(function: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    groups = path.logs_of(function)
    if not groups and not known(function, "loggingConfig", "logGroup"):  # one that another stack makes
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
        subjects=lambda path: path.functions, problems=_runtime, early=True,
        settings={
            "months": Setting(6, "So many whole months must be left.", COUNT),
            "endOfLife": Setting({}, "More runtimes, or other dates: runtime to ISO date.", {"type": "object"}),
            "today": Setting("", "The ISO date to judge by. Empty: today.", {"type": "string"}),
        },
    ),
    Rule(
        name="role-has-no-wildcards", severity=HIGH, level=MANDATORY, looks_at="roles",
        says="The role of a function names its actions and resources, and who may take it on.",
        fix="Name each action, and the ARN of each resource.",
        url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        subjects=lambda path: path.roles, problems=_rights, early=True,
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
