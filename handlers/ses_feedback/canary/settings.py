"""The canary's settings, from its environment."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ses_feedback.arn import TABLE_ARN


@dataclass(frozen=True, slots=True)
class CanarySettings:
    """From the variables SENDER, ADDRESSES (JSON: name of a pipeline -> address of the mailbox simulator),
    BLOCKED_TABLE_ARN, TIMEOUT_SECONDS, CONFIGURATION_SET (left out for none) and Lambda's own AWS_REGION."""

    sender: str
    addresses: Mapping[str, str]
    blocked_table: str
    timeout_seconds: int
    """From sending a mail to the block that it causes."""
    region: str
    configuration_set: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "CanarySettings":
        """Raises: ValueError that names the variable, its value and what would be right."""
        return cls(
            sender=_text(environment, "SENDER", r"[^@\s]+@[^@\s]+", "an e-mail address"),
            addresses=_addresses(environment.get("ADDRESSES", "")),
            blocked_table=_text(environment, "BLOCKED_TABLE_ARN", TABLE_ARN.pattern, "the ARN of a table"),
            timeout_seconds=int(_text(environment, "TIMEOUT_SECONDS", r"\d{1,3}", "a whole number of seconds")),
            region=_text(environment, "AWS_REGION", r"[a-z0-9-]+", "a Region"),
            configuration_set=environment.get("CONFIGURATION_SET", ""),
        )


def _text(environment: Mapping[str, str], name: str, form: str, needed: str) -> str:
    value = environment.get(name)
    if value is None or not re.fullmatch(form, value):
        raise ValueError(f"{name} is {value!r}: {needed} is needed")
    return value


def _addresses(text: str) -> dict[str, str]:
    try:
        addresses = json.loads(text)
    except ValueError:
        addresses = None
    if (
        not isinstance(addresses, dict)
        or not addresses
        or not all(isinstance(each, str) for each in addresses.values())
    ):
        raise ValueError(f"ADDRESSES is {text!r}: JSON that maps pipelines to addresses of the simulator is needed")
    return addresses
