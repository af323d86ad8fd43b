"""Any text out of the queue -> the SES message in it, whatever it is wrapped in. Pure.

Wrappers: none (raw delivery), the SNS envelope, the EventBridge event, and EventBridge inside SNS (ses-facts: the SES
guide's "Amazon SNS notification contents", the SNS guide's "Raw message delivery", the SES guide's EventBridge page).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.arn import Arn

_DEPTH = 4  # SQS body, SNS envelope, EventBridge event, SES message
_VALIDATION = "successfully validated sns topic"
_SNS_SETUP = frozenset({"subscriptionconfirmation", "unsubscribeconfirmation"})
_SPEAKS_OF_FEEDBACK = re.compile(r"bounce|complain", re.IGNORECASE)


class UnreadableError(Exception):
    """The record cannot be read and must stay in the queue. The message never repeats the text: it may be personal."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An SES message, or why there is none and that is fine (``skipped``)."""

    message: dict[str, Any] = field(default_factory=dict)
    skipped: str | None = None
    region: str = ""
    account: str = ""


def open_text(text: object) -> Opened:
    """Take the SES message out of the body of an SQS record.

    Setup messages come back as ``skipped``. Raises: UnreadableError for anything that is neither a setup message nor a
    JSON object, or that speaks of a bounce or complaint in a wrapping nobody knows.
    """
    region = account = ""
    value, raw = text, ""
    for _ in range(_DEPTH):
        if isinstance(value, str):
            if _VALIDATION in value[:1_000].lower() and not value.lstrip().startswith("{"):
                return Opened(skipped="setup message")
            raw = value
            value = _json_object(value)
        if not isinstance(value, dict):
            raise UnreadableError(f"a JSON object is expected, this is {_kind(value)}")
        if _is_sns(value):
            if str(value["Type"]).lower() in _SNS_SETUP:
                return Opened(skipped="SNS subscription message")
            region = region or arn_in(value.get("TopicArn")).region
            value = value["Message"]
        elif isinstance(value.get("detail"), dict) and "detail-type" in value:
            region, account = string(value.get("region")) or region, string(value.get("account"))
            value = value["detail"]
        else:
            return _recognise(Opened(value, region=region, account=account), raw)
    raise UnreadableError(f"it is wrapped more than {_DEPTH} times")


def _recognise(opened: Opened, raw: str) -> Opened:
    message = opened.message
    if message_type(message) or "mail" in message or "bounce" in message or "complaint" in message:
        return opened
    if _SPEAKS_OF_FEEDBACK.search(raw):
        raise UnreadableError("it speaks of a bounce or complaint but has no notificationType, eventType or mail")
    return Opened(skipped="unknown message")


def message_type(message: dict[str, Any]) -> str:
    """``bounce``, ``delivery``, ...: what either dialect calls its type, in lower case; empty if it names none."""
    return (string(message.get("notificationType")) or string(message.get("eventType"))).strip().lower()


def string(value: object, limit: int = 255) -> str:
    """``value`` if it is text, at most ``limit`` characters, and safe to store; else the empty text.

    JSON may carry half a surrogate pair, which no UTF-8 request to AWS can: it becomes its escape.
    """
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")[:limit]


def arn_in(value: object) -> Arn:
    """The ARN that a field holds; one with empty parts if it holds none."""
    return Arn.parse(string(value, 2_048)) or Arn("", "", "", "", "", "")


def _is_sns(value: dict[str, Any]) -> bool:
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


def _kind(value: object) -> str:
    names = {
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names.get(type(value), "something else")
