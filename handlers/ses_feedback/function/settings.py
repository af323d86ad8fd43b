"""The function's settings, from its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ses_feedback.arn import Arn
from ses_feedback.history.soft_bounces import (
    BLOCK_DAYS_LIMITS,
    MAX_WINDOWS_PER_BLOCK,
    THRESHOLD_LIMITS,
    WINDOW_DAYS_LIMITS,
    SoftBouncePolicy,
)

_ARN = re.compile(r"arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}")


class SettingsError(ValueError):
    """An environment variable is missing or wrong. The message names each, its value and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """From the variables BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN, PIPELINE (its name, for logs and metrics), and the
    numbers SOFT_BOUNCE_THRESHOLD (5), SOFT_BOUNCE_WINDOW_DAYS (30), SOFT_BLOCK_DAYS (30)."""

    blocked_table: str
    history_table: str
    pipeline: str
    policy: SoftBouncePolicy

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises: SettingsError with everything that is wrong."""
        problems: list[str] = []

        def arn(name: str) -> str:
            value = environment.get(name, "")
            if not _ARN.fullmatch(value):
                problems.append(
                    f"{name} is {value!r}; the ARN of a DynamoDB table is needed, "
                    "arn:aws:dynamodb:<region>:<account>:table/<name>"
                )
            return value

        def number(name: str, default: int, limits: tuple[int, int]) -> int:
            value = environment.get(name, str(default))
            least, most = limits
            if value.isascii() and value.isdigit() and least <= int(value) <= most:
                return int(value)
            problems.append(f"{name} is {value!r}; a whole number from {least} to {most} is needed")
            return default

        policy = SoftBouncePolicy(
            threshold=number("SOFT_BOUNCE_THRESHOLD", 5, THRESHOLD_LIMITS),
            window_days=number("SOFT_BOUNCE_WINDOW_DAYS", 30, WINDOW_DAYS_LIMITS),
            block_days=number("SOFT_BLOCK_DAYS", 30, BLOCK_DAYS_LIMITS),
        )
        if policy.block_days > MAX_WINDOWS_PER_BLOCK * policy.window_days:
            problems.append(
                f"SOFT_BLOCK_DAYS is {policy.block_days}; at most {MAX_WINDOWS_PER_BLOCK} times "
                f"SOFT_BOUNCE_WINDOW_DAYS ({policy.window_days}) is needed"
            )
        pipeline = environment.get("PIPELINE", "")
        if not pipeline:
            problems.append("PIPELINE is not set; the name of the pipeline is needed")
        settings = cls(arn("BLOCKED_TABLE_ARN"), arn("HISTORY_TABLE_ARN"), pipeline, policy)
        if problems:
            raise SettingsError("; ".join(problems))
        blocked, history = Arn.parse(settings.blocked_table), Arn.parse(settings.history_table)
        if blocked and history and (blocked.region, blocked.account) != (history.region, history.account):
            raise SettingsError(
                "BLOCKED_TABLE_ARN and HISTORY_TABLE_ARN name two Regions or accounts; a transaction needs one"
            )
        return settings
