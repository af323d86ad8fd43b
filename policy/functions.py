"""Rules on functions: a supported runtime, and logs with a retention time."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from string import ascii_lowercase

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath
from policy.properties import read_integer, read_property
from policy.resource_types import FUNCTION, LOG_GROUP
from policy.rule import CRITICAL, HIGH, MANDATORY, MEDIUM, POSITIVE_INTEGER, Config, Rule, Setting

DEPRECATION_DATES = {
    "dotnet8": "2026-11-10",
    "dotnet9": "2026-11-10",
    "dotnet10": "2028-11-14",
    "go1.x": "2024-01-08",
    "java8": "2024-01-08",
    "java8.al2": "2027-06-30",
    "java11": "2027-06-30",
    "java17": "2027-06-30",
    "java21": "2029-06-30",
    "java25": "2029-06-30",
    "nodejs22.x": "2027-04-30",
    "nodejs24.x": "2028-04-30",
    "provided": "2024-01-08",
    "provided.al2": "2026-07-31",
    "provided.al2023": "2029-06-30",
    "python3.10": "2026-10-31",
    "python3.11": "2027-06-30",
    "python3.12": "2028-10-31",
    "python3.13": "2029-06-30",
    "python3.14": "2029-06-30",
    "ruby3.3": "2027-03-31",
    "ruby3.4": "2028-03-31",
    "ruby4.0": "2029-03-31",
}
"""When Lambda deprecates a runtime (Lambda Developer Guide, "Lambda runtimes"); older versions are deprecated."""


_NOT_RESERVED = -1
"""The default of reservedConcurrentExecutions."""


def _check_runtime(function: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    runtime = str(read_property(function, "runtime") or "")
    today = date.fromisoformat(config["currentDate"]) if config["currentDate"] else datetime.now(UTC).date()
    deprecation_dates = {**DEPRECATION_DATES, **config["deprecationDates"]}
    if runtime not in deprecation_dates:
        language, version = _parse_runtime(runtime)
        listed_runtimes = [_parse_runtime(listed) for listed in DEPRECATION_DATES]
        listed_versions = [listed_version for listed, listed_version in listed_runtimes if listed == language]
        if listed_versions and version < min(listed_versions):
            yield (
                f"The runtime {runtime} is deprecated: it gets no security updates, and later no updates of the "
                "function."
            )
        return
    deprecation_date, minimum_months = date.fromisoformat(deprecation_dates[runtime]), int(config["minimumMonths"])
    remaining_months = (
        (deprecation_date.year - today.year) * 12
        + deprecation_date.month
        - today.month
        - (deprecation_date.day < today.day)
    )
    if remaining_months < minimum_months:
        yield (
            f"Lambda deprecates the runtime {runtime} on {deprecation_date}, less than {minimum_months} months after "
            f"{today}: from then on it gets no security updates, and later the function no updates."
        )


def _parse_runtime(runtime: str) -> tuple[str, list[int]]:
    """The language and version of a runtime: `python3.9` is (python, [3, 9])."""
    language = runtime[: len(runtime) - len(runtime.lstrip(ascii_lowercase))].removesuffix("core")
    return language, [int(part) for part in re.findall(r"\d+", runtime.split(".al", 1)[0])]


def _check_concurrency(function: PolicyResource, _: FeedbackPath, __: Config) -> Iterator[str]:
    if read_integer(function, "reservedConcurrentExecutions", _NOT_RESERVED) == 0:
        yield (
            "The function's reserved concurrency is 0: Lambda throttles every invocation, and feedback ends in the "
            "dead-letter queue or expires."
        )


def _check_log_retention(function: PolicyResource, path: FeedbackPath, config: Config) -> Iterator[str]:
    log_groups, maximum_days = path.log_groups_of(function), int(config["maximumDays"])
    # A log group that the function names and the stack does not hold belongs to another stack.
    if not log_groups and not read_property(function, "loggingConfig", "logGroup"):
        yield "The function logs to a log group that Lambda creates, which keeps logs forever."
    for log_group in log_groups:
        days = read_integer(log_group, "retentionInDays", 0)
        if not days:
            yield f"The log group {log_group.name} keeps logs forever."
        elif days > maximum_days:
            yield f"The log group {log_group.name} keeps logs for {days} days, more than {maximum_days}."


RULES: Sequence[Rule] = (
    Rule(
        name="function-not-paused", severity=CRITICAL, level=MANDATORY, before_creation=True, applies_to="functions",
        description="A function may run: its reserved concurrency is not 0.",
        remediation="Raise reservedConcurrentExecutions, or do not set it.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
        select=lambda path: path.functions, check=_check_concurrency,
    ),
    Rule(
        name="lambda-runtime-supported", severity=HIGH, level=MANDATORY, before_creation=True, applies_to="functions",
        description="The runtime of a function is not deprecated soon.",
        remediation="Use a later runtime.",
        url="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
        select=lambda path: path.functions, check=_check_runtime,
        settings={
            "minimumMonths": Setting(6, "Whole months that must remain before the deprecation.", POSITIVE_INTEGER),
            "deprecationDates": Setting({}, "More runtimes, or other dates: runtime to ISO date.", {"type": "object"}),
            "currentDate": Setting("", "The ISO date to compare with. Empty: today.", {"type": "string"}),
        },
    ),
    Rule(
        name="log-group-retention", severity=MEDIUM, level=MANDATORY, applies_to="functions",
        description="The logs of a function are kept for a limited time.",
        remediation="Create the log group in the stack, and set retentionInDays.",
        url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        relies_on=[(FUNCTION, "loggingConfig", LOG_GROUP), (LOG_GROUP, "name", FUNCTION)],
        select=lambda path: path.functions, check=_check_log_retention,
        settings={"maximumDays": Setting(365, "The longest retention, in days.", POSITIVE_INTEGER)},
    ),
)  # fmt: skip
