"""One run of the canary: a mail for each pipeline, then a look at the blocked table until each has blocked its address.

The blocked item is that mail's if it has the mail's SES message id: an item of an earlier run proves nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from ses_feedback.canary.settings import CanarySettings
from ses_feedback.table import decode, describe

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ses import SESClient

PAUSE_SECONDS = 1.0
"""Between two calls: in the SES sandbox an account may send one mail a second (SES Developer Guide, "Service quotas").
"""

SEND_SECONDS = 30.0
"""For so long a mail that SES refuses is tried again: a role that was just created may not have its rights yet."""

_CONNECT_SECONDS, _READ_SECONDS = 1, 5
_TEXT = "A mail of the canary of ses-feedback, which checks every day that bounces and complaints are processed."


@dataclass(slots=True)
class Mail:
    """A mail to the mailbox simulator, and what became of it."""

    pipeline: str
    """Name of the pipeline that its feedback has to pass."""
    address: str
    message_id: str = ""
    sent_at: float = 0.0
    """By the clock of the run."""
    seconds: float | None = None
    """From sending until the address was blocked because of this mail; None if it was not."""
    problem: str = ""
    """What was wrong at the last call, without personal data."""
    failed: bool = False


def make_ses_client(region: str) -> "SESClient":
    """Version 1 of the API: the same right and the same mail as version 2, at half the size; emulators answer it.

    Without botocore's own retries, which would send a mail again whose answer was lost, unseen by the run.
    """
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return cast("SESClient", get_session().create_client("ses", region_name=region, config=config))


def run(
    settings: CanarySettings,
    ses: "SESClient",
    dynamodb: "DynamoDBClient",
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Mail]:
    """Send the mails and wait for their blocks; returns each mail with its seconds, or failed with its problem.

    It ends at most ``SEND_SECONDS`` and ``settings.timeout_seconds`` later, and the time-outs of a few calls. No error
    of AWS ends it before: throttling passes, and a right may arrive late.
    """
    mails = [Mail(pipeline, address) for pipeline, address in settings.addresses.items()]
    give_up_sending_at = clock() + SEND_SECONDS
    while waiting := [mail for mail in mails if mail.seconds is None and not mail.failed]:
        for mail in waiting:
            if mail.message_id:
                _look(mail, settings, dynamodb, clock)
                mail.failed = mail.seconds is None and clock() - mail.sent_at >= settings.timeout_seconds
            else:
                is_sent = _send(mail, settings, ses, clock)
                mail.failed = not is_sent and clock() >= give_up_sending_at
            sleep(PAUSE_SECONDS)
    return mails


def _send(mail: Mail, settings: CanarySettings, ses: "SESClient", clock: Callable[[], float]) -> bool:
    sent_at = clock()
    configuration_set = settings.configuration_set
    try:
        response = ses.send_email(
            Source=settings.sender,
            Destination={"ToAddresses": [mail.address]},
            Message={"Subject": {"Data": "Canary of ses-feedback"}, "Body": {"Text": {"Data": _TEXT}}},
            **({"ConfigurationSetName": configuration_set} if configuration_set else {}),  # type: ignore[arg-type] # one
        )
    except (ClientError, BotoCoreError) as error:
        mail.problem = f"SendEmail: {describe(error)}"
        return False
    mail.message_id, mail.sent_at, mail.problem = response["MessageId"], sent_at, ""
    return True


def _look(mail: Mail, settings: CanarySettings, dynamodb: "DynamoDBClient", clock: Callable[[], float]) -> None:
    try:
        response = dynamodb.get_item(
            TableName=settings.blocked_table,
            Key={"value": {"S": mail.address}},
            ConsistentRead=True,
            ProjectionExpression="message_id, blocked_at",
        )
    except (ClientError, BotoCoreError) as error:
        mail.problem = f"GetItem: {describe(error)}"
        return
    item = decode(response.get("Item", {}))
    if item.get("message_id") == mail.message_id:
        mail.seconds, mail.problem = clock() - mail.sent_at, ""
    elif item:
        mail.problem = f"only an earlier mail is known, with feedback of {item.get('blocked_at', 'an unknown time')}"
    else:
        mail.problem = "no mail to this address ever blocked it"
