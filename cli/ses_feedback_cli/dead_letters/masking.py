"""A message without what is personal in it: everything is masked but fields that are known to be safe. Pure."""

import json
import re
from typing import Any

MASK = "***"

_SAFE = frozenset(
    (
        *("notificationType", "eventType", "bounceType", "bounceSubType", "complaintFeedbackType", "complaintSubType"),
        *("feedbackId", "timestamp", "arrivalDate", "messageId", "action", "status", "sourceArn", "sendingAccountId"),
        *("Type", "TopicArn", "Timestamp", "MessageId"),
        *("version", "id", "source", "detail-type", "account", "region", "time"),
    )
)
"""Of SES's message, the SNS envelope and the EventBridge event."""

_SAFE_VALUE = re.compile(r"[\w :/.+-]{0,200}", re.ASCII)
"""No @: a field is safe only if what it holds looks like what belongs there."""
_NAME = re.compile(r"[A-Za-z][\w:-]{0,60}", re.ASCII)
_DEPTH = 30
_NESTED = frozenset({"Message", "detail"})


def masked(body: str) -> Any:
    """What a message's body says, as JSON; a message inside another one is opened. Text that is no JSON is masked."""
    return _masked("", opened(body), 0)


def opened(body: str) -> Any:
    """A body as JSON where it is a JSON object, with the message inside an envelope opened; else the text."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(value, dict):
        return body
    return {key: opened(one) if key in _NESTED and isinstance(one, str) else one for key, one in value.items()}


def _masked(name: str, value: object, depth: int) -> Any:
    if value is None:
        return None
    if name == "tags":  # their names are the sender's own words, too
        return MASK
    if depth < _DEPTH and isinstance(value, dict):
        return {_name(key): _masked(key, one, depth + 1) for key, one in value.items()}
    if depth < _DEPTH and isinstance(value, list):
        return [_masked("", one, depth + 1) for one in value]
    if name in _SAFE and isinstance(value, str) and _SAFE_VALUE.fullmatch(value):
        return value
    return MASK


def _name(key: str) -> str:
    return key if _NAME.fullmatch(key) else MASK
