"""What AWS refuses for its length or its number, found from the inputs before any resource is registered.

Each document is rendered by the function that renders it for AWS. What is unknown until the resource exists, such as an
ARN, is taken as long as AWS lets it be: what passes here fits, and what is refused here could have fitted by a few
characters. What no list makes longer has no check; tests/components/test_limits.py renders it from the longest inputs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from components import dashboard, policies
from components.arn import Arn
from components.blocked_table_args import BlockedTableInputs
from components.feedback_kms_key_args import FeedbackKmsKeyInputs
from components.feedback_monitoring_args import AWS_RATE_LIMITS, FeedbackMonitoringInputs
from components.feedback_pipeline_args import RULES, FeedbackPipelineInputs
from components.function_environment import environment
from components.inputs import KINDS, InputError, InputName, IntegerRange
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline

ACCOUNT = "123456789012"
SUFFIX = "-1234567"
"""Stands for the end of a physical name, for which Pulumi takes seven random characters."""
_LONGEST_REGION = "ap-southeast-10"  # and longer by one than any of today
_LONGEST_TABLE_NAME = 255  # DynamoDB API reference, CreateTable
_LONGEST_CONFIGURATION_SET = 64  # SES API reference, CreateConfigurationSet


@dataclass(frozen=True)
class Limit:
    """The most that AWS accepts of something."""

    subject: str
    maximum: int
    unit: str = "characters"


TOPIC_POLICY = Limit("the topic's policy", 30_720)
"""30 KB (SNS Developer Guide, "Amazon SNS API permissions", policy quotas)."""
QUEUE_POLICY = Limit("the queue's policy", 8_192)
"""SQS Developer Guide, "Amazon SQS policy quotas"."""
ROLE_POLICY = Limit("the role's inline policies", 10_240)
"""Of all inline policies of a role together, whitespace not counted (IAM User Guide, "IAM and AWS STS quotas")."""
TABLE_POLICY = Limit("the table's resource policy", 20_480)
"""20 KB, whitespace counted (DynamoDB API reference, PutResourcePolicy)."""
KEY_POLICY = Limit("the key's policy", 32_768)
"""32 KB (KMS Developer Guide, "Resource quotas", key policy document size)."""
ENVIRONMENT = Limit("the function's environment", 4_096)
"""4 KB of all variables together (Lambda Developer Guide, "Lambda quotas"), as one JSON object with a backslash before
each inner quotation mark: so Lambda's error shows it ("exceeded the 4KB limit. String measured: ...")."""
METRICS_OF_WIDGET = Limit("a graph of the dashboard", 500, "metrics")
METRICS_OF_DASHBOARD = Limit("the dashboard", 2_500, "metrics")
WIDGETS_OF_DASHBOARD = Limit("the dashboard", 500, "widgets")
"""CloudWatch User Guide, "CloudWatch service quotas", dashboards. AWS states no length for a dashboard's body."""


class LimitError(InputError):
    """An input that makes something too long. It names the input, its size, the limit, and how to split it."""

    def __init__(self, name: str, entries: int, limit: Limit, size: int, remedy: str) -> None:
        excess = f"{limit.subject} would have {size} {limit.unit}, and AWS allows {limit.maximum}"
        super().__init__(name, entries, f"{excess}; {remedy}")

    def __str__(self) -> str:
        return f"{self.name} has {self.value} entries: {self.requirement}"


def length(document: object) -> int:
    """Characters of a document as the program sends it, which is what most services count."""
    return len(json.dumps(document))


def length_without_whitespace(document: object) -> int:
    """Characters of a document as IAM and Lambda count them."""
    return len(json.dumps(document, separators=(",", ":")))


def longest_arn(service: str, region: object, resource: str) -> str:
    """An ARN in `region`, or as long as it may be where the Region is not known yet.

    The Regions of the partition `aws` have two dashes (eu-west-1), and those of China too; no partition has a longer
    name than `aws-us-gov` (AWS General Reference, "Amazon Resource Names").
    """
    known_region = region if isinstance(region, str) else _LONGEST_REGION
    is_commercial = known_region.count("-") == len("--") and not known_region.startswith("cn-")
    partition = "aws" if is_commercial and isinstance(region, str) else "aws-us-gov"
    return f"arn:{partition}:{service}:{known_region}:{ACCOUNT}:{resource}"


def longest_table_arn(region: object) -> str:
    """The longest ARN of a table."""
    return longest_arn("dynamodb", region, "table/".ljust(len("table/") + _LONGEST_TABLE_NAME, "t"))


def check_pipeline(name: str, inputs: FeedbackPipelineInputs, input_name: InputName = str) -> None:
    """Check what the pipeline `name` would send to AWS.

    Raises: LimitError for identities that do not fit the topic's policy, principals that do not fit the queue's, and
    lists that do not fit the environment.
    """
    known = _known(inputs)
    topic_arn = longest_arn("sns", inputs.region, f"{name}-topic{SUFFIX}")
    configuration_set = cast(str | None, known.configuration_set_name)
    policy = policies.topic_policy(topic_arn, known.identities, configuration_set)
    if (size := length(policy)) > TOPIC_POLICY.maximum:
        remedy = "move some of them to a second source, which has topics of its own"
        raise LimitError(input_name("identities"), len(known.identities), TOPIC_POLICY, size, remedy)
    queue_arn = longest_arn("sqs", inputs.region, f"{name}-queue{SUFFIX}")
    role_arn = longest_arn("iam", inputs.region, f"role/{name}-role{SUFFIX}")
    policy = policies.queue_policy(queue_arn, topic_arn, [role_arn, *known.redrive_principals])
    if (size := length(policy)) > QUEUE_POLICY.maximum:
        remedy = "give one role that all who redrive by hand can assume"
        raise LimitError(input_name("redrive_principals"), len(known.redrive_principals), QUEUE_POLICY, size, remedy)
    if (size := _environment_length(name, replace(known, identities=[]))) > ENVIRONMENT.maximum:
        remedies = {
            "protected": "protect the others with `ses-feedback protect`, which keeps them in the history table",
            "sending_accounts": "name those of other identities for a pipeline or in a stack of its own",
        }
        longest = max(remedies, key=lambda list_name: length(getattr(known, list_name)))
        entries = len(getattr(known, longest))
        raise LimitError(input_name(longest), entries, ENVIRONMENT, size, remedies[longest])


def identities_of_environment(name: str, inputs: FeedbackPipelineInputs) -> list[str]:
    """The identities, or none of them when the environment has no room for all.

    The function then does not compare the identity that feedback names; the topic's policy, which names them all, and
    the accounts still decide what is processed. That is why too many for the environment are no error.
    """
    return inputs.identities if _environment_length(name, _known(inputs)) <= ENVIRONMENT.maximum else []


def _environment_length(name: str, known: FeedbackPipelineInputs) -> int:
    variables = environment(
        name,
        known,
        account=ACCOUNT,
        queue_url=_longest_queue_url(f"{name}-queue", known.region),
        dead_letter_queue_url=_longest_queue_url(f"{name}-dead-letters", known.region),
        subscription_dead_letter_queue_url=_longest_queue_url(f"{name}-subscription-dead-letters", known.region),
        identities=known.identities,
    )
    return length_without_whitespace(variables)


def _longest_queue_url(name: str, region: object) -> str:
    known_region = region if isinstance(region, str) else _LONGEST_REGION
    return f"https://sqs.{known_region}.amazonaws.com.cn/{ACCOUNT}/{name}{SUFFIX}"  # China's is the longest domain


def _known(inputs: FeedbackPipelineInputs) -> FeedbackPipelineInputs:
    """The inputs with the longest value in place of each that is not known yet."""
    longest: dict[str, object] = {
        "blocked_table_arn": longest_table_arn(None),
        "history_table_arn": longest_table_arn(None),
        "configuration_set_name": "c" * _LONGEST_CONFIGURATION_SET,
        **{name: rule.maximum for name, rule in RULES.items() if isinstance(rule, IntegerRange)},
    }
    unknown = {name for name, value in vars(inputs).items() if name in longest and not _is_known(value)}
    return replace(inputs, **{name: longest[name] for name in unknown})  # type: ignore[arg-type] # of any field


def _is_known(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float))


def check_tables(name: str, inputs: BlockedTableInputs, input_name: InputName = str) -> None:
    """Check the resource policies of the tables `name`. Raises: LimitError for principals that do not fit."""
    for table, grants in policies.table_grants(inputs.reader_principals, inputs.writer_principals).items():
        table_arn = longest_arn("dynamodb", inputs.region, f"table/{name}-{table}{SUFFIX}")
        replicas = [Arn.of(table_arn).in_region(region) for region in inputs.replica_regions]
        size = max(length(policies.table_policy(arn, grants)) for arn in (table_arn, *replicas))
        _check_principals(TABLE_POLICY, size, inputs, ("reader_principals", "writer_principals"), input_name)


def check_key(inputs: FeedbackKmsKeyInputs, input_name: InputName = str) -> None:
    """Check the policy of the key. Raises: LimitError for principals that do not fit."""
    key_arn = longest_arn("kms", inputs.region, f"key/{'k' * 36}")
    size = length(policies.key_policy(key_arn, inputs.table_principals))
    _check_principals(KEY_POLICY, size, inputs, ("table_principals",), input_name)


def _check_principals(limit: Limit, size: int, inputs: object, names: Sequence[str], input_name: InputName) -> None:
    if size > limit.maximum:
        longest = max(names, key=lambda name: length(getattr(inputs, name)))
        remedy = "give an organisation id (o-...) in place of its accounts, or an account id in place of its roles"
        raise LimitError(input_name(longest), len(getattr(inputs, longest)), limit, size, remedy)


def check_dashboard(inputs: FeedbackMonitoringInputs, input_name: InputName = str) -> None:
    """Check the dashboard. Raises: LimitError for more pipelines than its graphs hold."""
    pipelines = {kind: [_pipeline(kind)] * len(group) for kind, group in inputs.pipelines.items()}
    thresholds = {**AWS_RATE_LIMITS, "oldest_message_seconds": 1.0}
    canaries = [_canary() for _ in inputs.canaries]
    widgets = dashboard.definition(_LONGEST_REGION, pipelines, thresholds, [], "", canaries)["widgets"]
    metrics = [len(_metrics(widget)) for widget in widgets]
    sizes = {METRICS_OF_WIDGET: max(metrics), METRICS_OF_DASHBOARD: sum(metrics), WIDGETS_OF_DASHBOARD: len(widgets)}
    for limit, size in sizes.items():
        if size > limit.maximum:
            most = max(pipelines, key=lambda kind: len(pipelines[kind]))
            remedy = "give some of them a monitoring of their own"
            raise LimitError(input_name(f"{most}_pipelines"), len(pipelines[most]), limit, size, remedy)


def _metrics(widget: Mapping[str, Any]) -> Sequence[object]:
    metrics: Sequence[object] = widget["properties"].get("metrics", ())
    return metrics


def _canary() -> MonitoredCanary:
    texts = {field.name: "" for field in fields(MonitoredCanary)}  # only its pipelines' number counts
    return MonitoredCanary(**{**texts, "pipelines": ",".join(KINDS)})


def _pipeline(kind: str) -> MonitoredPipeline:
    # Only their number counts.
    return MonitoredPipeline(**{field.name: kind for field in fields(MonitoredPipeline)})
