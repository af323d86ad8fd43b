"""The body of an SQS record -> the SES message in it, whatever it is wrapped in. Pure.

Wrappers: none (raw delivery), the SNS envelope, the EventBridge event, and EventBridge inside SNS (the SES
guide's "Amazon SNS notification contents", the SNS guide's "Raw message delivery", the SES guide's EventBridge page).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.arn import Arn

_MAX_DEPTH = 4  # SQS body, SNS envelope, EventBridge event, SES message
_TOPIC_VALIDATION = "successfully validated sns topic"
_SNS_SETUP_TYPES = frozenset({"subscriptionconfirmation", "unsubscribeconfirmation"})
_MENTIONS_FEEDBACK = re.compile(r"bounce|complain", re.IGNORECASE)


class UnreadableError(Exception):
    """The record cannot be read and must stay in the queue. The message never repeats the body: it may be personal."""


@dataclass(frozen=True, slots=True)
class UnwrappedMessage:
    """An SES message, or why there is none to read (``skipped``)."""

    message: dict[str, Any] = field(default_factory=dict)
    skipped: str | None = None
    region: str = ""
    """As the envelope gives it; empty if it gives none. So is ``account``."""
    account: str = ""


def unwrap(body: object) -> UnwrappedMessage:
    """Take the SES message out of the body of an SQS record.

    Setup messages come back as ``skipped``. Raises: UnreadableError for anything that is neither a setup message nor a
    JSON object, or that mentions a bounce or complaint in an unknown wrapper.
    """
    region = account = ""
    value, raw = body, ""
    for _ in range(_MAX_DEPTH):
        if isinstance(value, str):
            if _TOPIC_VALIDATION in value[:1_000].lower() and not value.lstrip().startswith("{"):
                return UnwrappedMessage(skipped="setup message")
            raw = value
            value = _json_object(value)
        if not isinstance(value, dict):
            raise UnreadableError(f"a JSON object is expected, this is {_json_type(value)}")
        if _is_sns_envelope(value):
            if str(value["Type"]).lower() in _SNS_SETUP_TYPES:
                return UnwrappedMessage(skipped="SNS subscription message")
            region = region or arn_in(value.get("TopicArn")).region
            value = value["Message"]
        elif isinstance(value.get("detail"), dict) and "detail-type" in value:
            region, account = string(value.get("region")) or region, string(value.get("account"))
            value = value["detail"]
        else:
            return _checked(UnwrappedMessage(value, region=region, account=account), raw)
    raise UnreadableError(f"it is wrapped more than {_MAX_DEPTH} times")


def _checked(unwrapped: UnwrappedMessage, raw: str) -> UnwrappedMessage:
    message = unwrapped.message
    if message_type(message) or "mail" in message or "bounce" in message or "complaint" in message:
        return unwrapped
    if _MENTIONS_FEEDBACK.search(raw):
        raise UnreadableError("it mentions a bounce or complaint but has no notificationType, eventType or mail")
    return UnwrappedMessage(skipped="unknown message")


def message_type(message: dict[str, Any]) -> str:
    """``bounce``, ``delivery``, ...: what either dialect calls its type, in lower case; empty if it names none."""
    return (string(message.get("notificationType")) or string(message.get("eventType"))).strip().lower()


def string(value: object, limit: int = 255) -> str:
    """``value`` if it is a string, cut to ``limit`` characters and safe to store; else the empty string.

    JSON may carry half a surrogate pair, which a UTF-8 request to AWS cannot: it becomes its escape.
    """
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")[:limit]


def arn_in(value: object) -> Arn:
    """The ARN that a field holds; one with empty parts if it holds none."""
    return Arn.parse(string(value, 2_048)) or Arn("", "", "", "", "", "")


def _is_sns_envelope(value: dict[str, Any]) -> bool:
    return isinstance(value.get("Type"), str) and isinstance(value.get("Message"), str | dict)


def _json_object(text: str) -> object:
    if not text.strip():
        raise UnreadableError("it is empty")
    try:
        return json.loads(text)
    except ValueError as error:
        where = f" (at character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableError(f"a JSON object is expected, this is not JSON{where}") from None
    except RecursionError:
        raise UnreadableError("it is nested too deeply to be a notification") from None


def _json_type(value: object) -> str:
    names = {
        list: "a list",
        str: "a string",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names.get(type(value), "something else")
