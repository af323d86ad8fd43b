"""The environment of the function: what handlers/ses_feedback/function/settings.py reads."""

import json
from collections.abc import Sequence

import pulumi

from components.feedback_pipeline_args import FeedbackPipelineInputs
from components.python_function import POWERTOOLS_VARIABLES


def environment(
    name: str,
    inputs: FeedbackPipelineInputs,
    *,
    account: pulumi.Input[str],
    queue_url: pulumi.Input[str],
    dead_letter_queue_url: pulumi.Input[str],
    subscription_dead_letter_queue_url: pulumi.Input[str],
    identities: Sequence[str],
) -> dict[str, pulumi.Input[str]]:
    """The variables of the pipeline `name`. From plain values alone come plain strings, which can be measured."""
    variables: dict[str, pulumi.Input[str]] = {
        "PIPELINE": name,
        "QUEUE_URL": queue_url,
        "DEAD_LETTER_QUEUE_URL": dead_letter_queue_url,
        "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": subscription_dead_letter_queue_url,
        "MESSAGE_RETENTION_DAYS": _as_string(inputs.message_retention_days),
        "BLOCKED_TABLE_ARN": inputs.blocked_table_arn,
        "HISTORY_TABLE_ARN": inputs.history_table_arn,
        "PROTECTED": json.dumps(inputs.protected),
        "ACCOUNT": account,
        "IDENTITIES": json.dumps(identities),
        "SENDING_ACCOUNTS": json.dumps(inputs.sending_accounts),
        **POWERTOOLS_VARIABLES,
    }
    if inputs.configuration_set_name is not None:
        variables["CONFIGURATION_SET"] = inputs.configuration_set_name
    return variables


def _as_string(number: pulumi.Input[int]) -> pulumi.Input[str]:
    if isinstance(number, int):
        return str(number)
    unknown: pulumi.Output[int] = pulumi.Output.from_input(number)
    return unknown.apply(str)
