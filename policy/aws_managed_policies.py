"""What the AWS managed policies that functions often have allow of receiving, decrypting and writing feedback.

Source: AWS Managed Policy Reference Guide. What they allow beside that is left out.
"""

from collections.abc import Mapping
from typing import Any

from policy.iam import UNKNOWN_TEXT

_RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "AdministratorAccess": ("*",),
    "AmazonDynamoDBFullAccess": ("dynamodb:*",),
    "AmazonDynamoDBFullAccess_v2": ("dynamodb:*",),
    "AmazonSQSFullAccess": ("sqs:*",),
    "AWSLambdaSQSQueueExecutionRole": _RECEIVE,
    # These allow nothing of it.
    "AWSLambdaBasicExecutionRole": (),
    "AWSLambdaVPCAccessExecutionRole": (),
    "AWSXRayDaemonWriteAccess": (),
    "CloudWatchLambdaInsightsExecutionRolePolicy": (),
}


def managed_policy_document(arn: str) -> Any:
    """The document of a managed policy that is not in the stack; unknown where it is not one of these."""
    prefix, _, name = arn.rpartition("/")
    actions = _ACTIONS.get(name) if ":iam::aws:policy" in prefix else None
    if actions is None:
        return UNKNOWN_TEXT
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
