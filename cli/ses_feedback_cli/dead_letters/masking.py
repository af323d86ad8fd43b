"""Hides the personal data of a message: masks every field that is not known to be free of it. Pure."""

import json
import re
from typing import Any

MASK = "***"

_SAFE_FIELDS = frozenset(
    (
        *("notificationType", "eventType", "bounceType", "bounceSubType", "complaintFeedbackType", "complaintSubType"),
        *("feedbackId", "timestamp", "arrivalDate", "messageId", "action", "status", "sourceArn", "sendingAccountId"),
        *("Type", "TopicArn", "Timestamp", "MessageId"),
        *("version", "id", "source", "detail-type", "account", "region", "time"),
    )
)
"""Fields of SES's notification, of the SNS envelope and of the EventBridge event."""

_SAFE_VALUE = re.compile(r"[\w :/.+-]{0,200}", re.ASCII)
"""Contains no @: the value of a safe field is shown only if it cannot be an address."""
_SAFE_NAME = re.compile(r"[A-Za-z][\w:-]{0,60}", re.ASCII)
_DEPTH_LIMIT = 30
_NESTED_MESSAGE_FIELDS = frozenset({"Message", "detail"})


def mask_body(body: str) -> Any:
    """The body of a message as JSON without personal data, including the message in an envelope."""
    return _mask("", parse_body(body), 0)


def parse_body(body: str) -> Any:
    """The JSON object of a body, with the message in an envelope parsed too; the string itself if it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(document, dict):
        return body
    return {
        name: parse_body(value) if name in _NESTED_MESSAGE_FIELDS and isinstance(value, str) else value
        for name, value in document.items()
    }


def _mask(name: str, value: object, depth: int) -> Any:
    if value is None:
        return None
    if name == "tags":  # the sender chooses the names of tags as well as their values
        return MASK
    if depth < _DEPTH_LIMIT and isinstance(value, dict):
        return {_mask_name(key): _mask(key, member, depth + 1) for key, member in value.items()}
    if depth < _DEPTH_LIMIT and isinstance(value, list):
        return [_mask("", element, depth + 1) for element in value]
    if name in _SAFE_FIELDS and isinstance(value, str) and _SAFE_VALUE.fullmatch(value):
        return value
    return MASK


def _mask_name(name: str) -> str:
    return name if _SAFE_NAME.fullmatch(name) else MASK
