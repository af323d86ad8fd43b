"""The canary's Lambda function: a run, its metrics, and its result for whoever invoked it."""

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_feedback.canary.run import Mail, make_ses_client, run
from ses_feedback.canary.settings import CanarySettings
from ses_feedback.table import make_client

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ses import SESClient

_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "SesFeedback"
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME") or "ses-feedback"

logger = Logger(service=_SERVICE)


@cache
def _service() -> "tuple[CanarySettings, SESClient, DynamoDBClient]":
    settings = CanarySettings.read(os.environ)
    return settings, make_ses_client(settings.region), make_client(settings.blocked_table, connections=1)


@logger.inject_lambda_context
def lambda_handler(_event: Mapping[str, Any], _context: "LambdaContext") -> dict[str, dict[str, Any]]:
    """Send a mail for each pipeline and wait for the blocks, whatever the event is.

    Returns, by pipeline, ``seconds`` from sending to blocked, or None, and then ``problem``.
    Raises: ValueError for a missing or malformed setting.
    """
    settings, ses, dynamodb = _service()
    mails = run(settings, ses, dynamodb)
    for mail in mails:
        _count(mail)
    for mail in mails:
        _log(mail, settings.timeout_seconds)
    return {mail.pipeline: {"seconds": mail.seconds, "problem": mail.problem or None} for mail in mails}


def _count(mail: Mail) -> None:
    metrics = EphemeralMetrics(namespace=_NAMESPACE, service=_SERVICE)
    metrics.add_dimension(name="pipeline", value=mail.pipeline)
    metrics.add_metric("CanaryFailed", MetricUnit.Count, int(mail.failed))
    if mail.seconds is not None:
        metrics.add_metric("CanarySeconds", MetricUnit.Seconds, mail.seconds)
    metrics.flush_metrics()


def _log(mail: Mail, timeout_seconds: int) -> None:
    fields: dict[str, Any] = {"pipeline": mail.pipeline, "message_id": mail.message_id or None}
    if mail.failed:
        limit = {"timeout_seconds": timeout_seconds}
        logger.error("canary failed", extra={"reason": mail.problem, **limit, **fields})
    else:
        logger.info("canary passed", extra={"seconds": round(mail.seconds or 0.0, 3), **fields})
