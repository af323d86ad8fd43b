"""Lengths that AWS limits: what the checks let pass fits, and what they refuse stops before anything is registered.

The limits are AWS's own numbers, taken from its documentation: nothing here proves that AWS counts as this does.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import botocore.session
import pulumi
import pytest

from components import (
    BlockedTable,
    BlockedTableArgs,
    FeedbackCanary,
    FeedbackCanaryArgs,
    FeedbackKmsKey,
    FeedbackMonitoring,
    FeedbackMonitoringArgs,
    FeedbackPipeline,
    FeedbackPipelineArgs,
    blocked_table_args,
    dashboard,
    feedback_monitoring_args,
    feedback_pipeline_args,
    limits,
)
from components.arn import Arn
from components.feedback_kms_key_args import FeedbackKmsKeyInputs
from components.inputs import IntegerRange, camel_case
from components.limits import Limit, LimitError
from components.monitored_pipeline import MonitoredPipeline
from tests.recorder import ACCOUNT, Graph, RegisteredResource, record

REGION = "eu-west-1"
TABLE = limits.longest_table_arn(REGION)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'k' * 36}"
PIPELINE = "p" * 46
"""The longest name of a pipeline."""
TABLES = "t" * 47
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/{number:064}" for number in range(400)]
TRUST_POLICY = Limit("the role's trust policy", 2_048)
"""IAM User Guide, "IAM and AWS STS quotas": the quota that no account needs to raise."""
LIMITS = {
    ("aws:iam/role:Role", "assumeRolePolicy"): TRUST_POLICY,
    ("aws:iam/rolePolicy:RolePolicy", "policy"): limits.ROLE_POLICY,
    ("aws:dynamodb/resourcePolicy:ResourcePolicy", "policy"): limits.TABLE_POLICY,
    ("aws:kms/keyPolicy:KeyPolicy", "policy"): limits.KEY_POLICY,
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): limits.TOPIC_POLICY,
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"): limits.QUEUE_POLICY,
}
"""The limit of each document, by the type of the resource and the input that holds it."""


def size_of(resource: RegisteredResource, key: str) -> int:
    """Characters of a document as AWS counts them."""
    text: str = resource.inputs[key]
    return len(re.sub(r"\s", "", text) if resource.type.startswith("aws:iam/") else text)


def environment_size(graph: Graph) -> int:
    """Characters of the variables as Lambda quotes them in its error."""
    (function,) = graph.of("aws:lambda/function:Function")
    return len(json.dumps(function.inputs["environment"]["variables"], separators=(",", ":")))


def pipeline_args(**changes: object) -> FeedbackPipelineArgs:
    args: dict[str, object] = {
        "kind": "complaint",
        "region": REGION,
        "blocked_table_arn": TABLE,
        "history_table_arn": TABLE,
        "configuration_set_name": "c" * 64,
        "kms_key_arn": KEY,
        "table_kms_key_arn": KEY,
    }
    return cast(FeedbackPipelineArgs, args | changes)


def check_pipeline(**changes: object) -> None:
    limits.check_pipeline(PIPELINE, feedback_pipeline_args.read(pipeline_args(**changes)))


def table_args(**changes: object) -> BlockedTableArgs:
    return cast(BlockedTableArgs, {"region": REGION} | changes)


def check_tables(**changes: object) -> None:
    limits.check_tables(TABLES, blocked_table_args.read(table_args(**changes)))


def check_key(principals: list[str]) -> None:
    limits.check_key(FeedbackKmsKeyInputs(region=REGION, table_principals=principals))


def monitoring_args(**pipelines: int) -> FeedbackMonitoringArgs:
    args: dict[str, object] = {"region": REGION}
    for kind, number in pipelines.items():
        fields = dict.fromkeys(map(camel_case, MonitoredPipeline.__dataclass_fields__), "n" * 64)
        fields |= {"kind": kind, "region": REGION}
        args[f"{kind}_pipelines"] = {f"{kind}-{index}": {**fields, "name": PIPELINE} for index in range(number)}
    return cast(FeedbackMonitoringArgs, args)


def check_dashboard(**pipelines: int) -> None:
    limits.check_dashboard(feedback_monitoring_args.read(monitoring_args(**pipelines)))


def shops(number: int) -> list[str]:
    return [f"shop-{index:05}.example" for index in range(number)]


def accounts(number: int) -> list[str]:
    return [f"{index:012}" for index in range(number)]


def refusal(check: Callable[[], object]) -> str:
    """What `check` refuses, or nothing."""
    try:
        check()
    except LimitError as error:
        return str(error)
    return ""


def size_in(message: str) -> int:
    return int(re.findall(r"would have (\d+)", message)[0])


def most_that_pass(check: Callable[[int], object], highest: int) -> int:
    """The largest number that is not refused, by bisection."""
    lowest = 1
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        lowest, highest = (lowest, middle - 1) if refusal(partial(check, middle)) else (middle, highest)
    return lowest


@pytest.mark.parametrize(
    ("check", "program", "type_", "suffix", "message"),
    [
        (
            lambda number: check_pipeline(identities=shops(number)),
            lambda number: FeedbackPipeline(PIPELINE, pipeline_args(identities=shops(number))),
            "aws:sns/topicPolicy:TopicPolicy",
            "-topic-policy",
            "identities has {n} entries: the topic's policy would have {size} characters, and AWS allows 30720; move",
        ),
        (
            lambda number: check_pipeline(identities=["a.example"], redrive_principals=ROLES[:number]),
            lambda number: FeedbackPipeline(
                PIPELINE, pipeline_args(identities=["a.example"], redrive_principals=ROLES[:number])
            ),
            "aws:sqs/queuePolicy:QueuePolicy",
            "-queue-policy",
            "redrive_principals has {n} entries: the queue's policy would have {size} characters, and AWS allows 8192",
        ),
        (
            lambda number: check_tables(reader_principals=accounts(number), writer_principals=["o-abcdefghij"]),
            lambda number: BlockedTable(
                TABLES, table_args(reader_principals=accounts(number), writer_principals=["o-abcdefghij"])
            ),
            "aws:dynamodb/resourcePolicy:ResourcePolicy",
            "-blocked-policy",
            "reader_principals has {n} entries: the table's resource policy would have {size} characters, and AWS",
        ),
        (
            lambda number: check_tables(writer_principals=ROLES[:number]),
            lambda number: BlockedTable(TABLES, table_args(writer_principals=ROLES[:number])),
            "aws:dynamodb/resourcePolicy:ResourcePolicy",
            "-history-policy",
            "writer_principals has {n} entries: the table's resource policy would have {size} characters, and AWS",
        ),
        (
            lambda number: check_key(ROLES[:number]),
            lambda number: FeedbackKmsKey("k", {"region": REGION, "table_principals": ROLES[:number]}),
            "aws:kms/keyPolicy:KeyPolicy",
            "-key-policy",
            "table_principals has {n} entries: the key's policy would have {size} characters, and AWS allows 32768",
        ),
    ],
    ids=["topic", "redrive", "readers", "writers", "key"],
)
def test_the_longest_list_that_passes_fits_and_fills_the_policy(
    check: Callable[[int], None], program: Callable[[int], object], type_: str, suffix: str, message: str
) -> None:
    most = most_that_pass(check, 800)
    (policy,) = [resource for resource in record(lambda: program(most)).of(type_) if resource.name.endswith(suffix)]
    maximum = LIMITS[type_, "policy"].maximum
    assert 0.98 * maximum < size_of(policy, "policy") <= maximum

    registered: list[RegisteredResource] = []
    refused = refusal(lambda: record(lambda: program(most + 1), registered=registered))
    assert [resource for resource in registered if resource.custom] == []
    assert maximum < size_in(refused) < 1.02 * maximum
    assert refused.startswith(message.format(n=most + 1, size=size_in(refused)))


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            lambda number: {"protected": shops(number), "sending_accounts": accounts(9)},
            "protected has {n} entries: the function's environment would have {size} characters, and AWS allows 4096",
        ),
        (
            lambda number: {"sending_accounts": accounts(number), "protected": ["abuse@"]},
            "sending_accounts has {n} entries: the function's environment would have {size} characters, and AWS allows",
        ),
    ],
    ids=["protected", "sending_accounts"],
)
def test_the_longest_lists_that_pass_fit_the_environment(
    lists: Callable[[int], dict[str, list[str]]], message: str
) -> None:
    most = most_that_pass(lambda number: check_pipeline(identities=shops(30), **lists(number)), 400)
    args = pipeline_args(identities=shops(30), **lists(most))
    size = environment_size(record(lambda: FeedbackPipeline(PIPELINE, args)))
    assert 0.98 * limits.ENVIRONMENT.maximum < size <= limits.ENVIRONMENT.maximum
    refused = refusal(lambda: check_pipeline(identities=shops(30), **lists(most + 1)))
    assert refused.startswith(message.format(n=most + 1, size=size_in(refused)))


def test_what_passed_when_each_list_had_a_limit_of_its_own_still_passes() -> None:
    """It was 800 characters as JSON; short entries take the most room in the environment, by their quotation marks."""
    protected, sending_accounts = [f"{number:03}@" for number in range(100)], accounts(50)
    assert len(json.dumps(protected)) == len(json.dumps(sending_accounts)) == 800
    check_pipeline(identities=shops(400), protected=protected, sending_accounts=sending_accounts)


def test_what_is_not_known_yet_counts_as_the_longest() -> None:
    """A configuration set, ARNs and numbers may be Outputs of other resources."""
    lists: dict[str, object] = {"identities": ["a.example"], "protected": shops(400), "sending_accounts": []}
    ranges = {name: rule for name, rule in feedback_pipeline_args.RULES.items() if isinstance(rule, IntegerRange)}
    plain = {name: rule.maximum for name, rule in ranges.items()}
    known = {"configuration_set_name": "c" * 64, "blocked_table_arn": limits.longest_table_arn(None)}

    def program() -> None:
        unknown: dict[str, object] = {name: pulumi.Output.from_input(rule.minimum) for name, rule in ranges.items()}
        unknown |= {name: pulumi.Output.from_input(TABLE) for name in ("blocked_table_arn", "history_table_arn")}
        unknown["configuration_set_name"] = pulumi.Output.from_input("main")
        FeedbackPipeline(PIPELINE, pipeline_args(**lists, **unknown))

    longest = {**known, "history_table_arn": known["blocked_table_arn"]}
    expected = refusal(lambda: limits.check_pipeline(PIPELINE, read_unchecked(**lists, **plain, **longest)))
    assert expected
    assert refusal(lambda: record(program)) == expected


def read_unchecked(**changes: object) -> feedback_pipeline_args.FeedbackPipelineInputs:
    """The inputs, also those that no rule accepts, such as an ARN in a Region longer than any."""
    return feedback_pipeline_args.FeedbackPipelineInputs(**cast(dict[str, Any], pipeline_args(**changes)))


def test_identities_leave_the_environment_when_it_has_no_room_and_a_warning_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: warnings.append(message))

    def passed_on(number: int) -> list[str]:
        args = pipeline_args(identities=shops(number), protected=shops(30))
        graph = record(lambda: FeedbackPipeline(PIPELINE, args))
        assert environment_size(graph) <= limits.ENVIRONMENT.maximum
        variables = graph[f"{PIPELINE}-function"].inputs["environment"]["variables"]
        names: list[str] = json.loads(variables["IDENTITIES"])
        return names

    assert passed_on(30) == shops(30)
    assert warnings == []
    assert passed_on(100) == []
    assert warnings[0].startswith("100 identities do not fit the function's environment")


def test_a_dashboard_holds_so_many_pipelines() -> None:
    most = most_that_pass(lambda number: check_dashboard(bounce=number), 300)
    pipelines = {"bounce": [MonitoredPipeline.from_map("p", monitored) for monitored in monitored_pipelines(most)]}
    thresholds = {**feedback_monitoring_args.AWS_RATE_LIMITS, "oldest_message_seconds": 900}
    widgets = dashboard.definition(REGION, pipelines, thresholds, ["a"] * 20 * most, "https://x.example")["widgets"]
    metrics = [len(widget["properties"].get("metrics", [])) for widget in widgets]
    assert len(widgets) <= limits.WIDGETS_OF_DASHBOARD.maximum
    assert max(metrics) <= limits.METRICS_OF_WIDGET.maximum
    assert 0.98 * limits.METRICS_OF_DASHBOARD.maximum < sum(metrics) <= limits.METRICS_OF_DASHBOARD.maximum
    too_many = monitoring_args(bounce=most + 1, complaint=1)
    assert refusal(lambda: record(lambda: FeedbackMonitoring("m", too_many))).startswith(
        f"bounce_pipelines has {most + 1} entries: the dashboard would have "
    )


def monitored_pipelines(number: int) -> list[dict[str, str]]:
    return list(cast(dict[str, dict[str, str]], monitoring_args(bounce=number)["bounce_pipelines"]).values())


def test_what_has_no_check_fits_whatever_the_inputs() -> None:
    """Documents that no list makes longer, under the longest names, ARNs and numbers."""

    def program() -> None:
        FeedbackPipeline(PIPELINE, pipeline_args(identities=["a.example"]))
        BlockedTable(TABLES, table_args(reader_principals=["o-abcdefghij"]))
        FeedbackMonitoring("m" * 47, monitoring_args(bounce=26, complaint=25))
        FeedbackKmsKey("k" * 47, {"region": REGION})
        FeedbackCanary("c" * 46, canary_args())

    compared = set()
    for resource in record(program).custom:
        for (type_, key), limit in LIMITS.items():
            if resource.type == type_:
                assert size_of(resource, key) <= limit.maximum, resource.name
                compared.add((type_, key))
        if resource.type == "aws:lambda/function:Function":
            variables = resource.inputs["environment"]["variables"]
            assert limits.length(variables) <= limits.ENVIRONMENT.maximum, resource.name
        if resource.type == "aws:sqs/queuePolicy:QueuePolicy":
            check_queue_policy(resource.document("policy")["Statement"])
        if resource.type == "aws:cloudwatch/dashboard:Dashboard":
            widgets = resource.document("dashboardBody")["widgets"]
            queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
            assert all(len(query) <= 10_000 for query in queries)  # CloudWatch Logs API reference, StartQuery
            assert len(queries) == 2
    assert compared == set(LIMITS)


def canary_args() -> FeedbackCanaryArgs:
    pipelines = monitoring_args(bounce=1, complaint=1)
    args = {
        "sender": f"{'s' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 63}.example",
        "blocked_table_arn": TABLE,
        "configuration_set_name": "c" * 64,
        "table_kms_key_arn": KEY,
        "bounce_pipeline": pipelines["bounce_pipelines"]["bounce-0"],
        "complaint_pipeline": pipelines["complaint_pipelines"]["complaint-0"],
    }
    return cast(FeedbackCanaryArgs, args)


def check_queue_policy(statements: list[dict[str, Any]]) -> None:
    """SQS Developer Guide, "Amazon SQS policy quotas"."""
    assert len(statements) <= 20
    for statement in statements:
        assert len(actions if isinstance(actions := statement["Action"], list) else [actions]) <= 7
        assert len(statement.get("Condition", {})) <= 10
        assert len(principals if isinstance(principals := statement["Principal"], list) else [principals]) <= 50


def test_an_alarm_has_room_for_the_longest_address_of_runbooks() -> None:
    url = "https://wiki.example.com/".ljust(len("https://") + 500, "x")
    args = monitoring_args(bounce=1, complaint=1)
    args["runbook_url"] = url
    alarms = record(lambda: FeedbackMonitoring("m", args)).of("aws:cloudwatch/metricAlarm:MetricAlarm")
    descriptions = [alarm.inputs["alarmDescription"] for alarm in alarms]
    assert all(url in description and len(description) <= 1024 for description in descriptions)
    with pytest.raises(ValueError, match=r"runbook_url is .* of at most 500 characters"):
        feedback_monitoring_args.read(cast(FeedbackMonitoringArgs, {**args, "runbook_url": f"{url}x"}))


def test_every_document_has_a_limit() -> None:
    """A new kind of policy needs an entry in LIMITS."""

    def program() -> None:
        FeedbackPipeline(PIPELINE, pipeline_args(identities=["a.example"]))
        BlockedTable(TABLES, table_args(reader_principals=["o-abcdefghij"]))
        FeedbackKmsKey("k", {"region": REGION})

    documents = {
        (resource.type, key)
        for resource in record(program).custom
        for key, value in resource.inputs.items()
        if isinstance(value, str) and value.startswith('{"Version"')
    }
    assert documents == set(LIMITS)


def test_an_arn_is_never_longer_than_the_longest() -> None:
    """Compared with every Region that botocore knows, in each partition."""
    session = botocore.session.get_session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("sqs", partition):
            real = f"arn:{partition}:sqs:{region}:{ACCOUNT}:queue"
            assert len(real) <= len(limits.longest_arn("sqs", region, "queue")), real
            assert len(real) <= len(limits.longest_arn("sqs", None, "queue")), real
            if partition == "aws":
                assert real == limits.longest_arn("sqs", region, "queue")
    assert Arn.of(limits.longest_table_arn("eu-west-1")).region == "eu-west-1"
