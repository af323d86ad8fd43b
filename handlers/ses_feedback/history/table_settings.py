"""The settings that decide for everybody who writes to a table: an item of the history table has them. Pure.

They are read with each batch, so a change counts from the next batch on, and no two writers decide by different ones. A
setting that a later version adds keeps the schema, if writers that do not know it may go on without it; if they must
not, the schema goes up, and they refuse to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ses_feedback.history.holds import HOLD_DAYS, HOLD_DAYS_LIMITS
from ses_feedback.history.soft_bounces import (
    BLOCK_DAYS_LIMITS,
    MAX_WINDOWS_PER_BLOCK,
    THRESHOLD_LIMITS,
    WINDOW_DAYS_LIMITS,
    SoftBouncePolicy,
)
from ses_feedback.history.surges import FACTOR_LIMITS, FLOOR_LIMITS, SurgePolicy
from ses_feedback.table import TableError

SETTINGS_KEY = {"value": "settings", "entry": "settings"}
"""The key of that item. No address has it: it has no @."""

SCHEMA = 1
"""The schema of the item that this version writes, and the newest that it reads."""

LIMITS = {
    "soft_bounce_threshold": THRESHOLD_LIMITS,
    "soft_bounce_window_days": WINDOW_DAYS_LIMITS,
    "soft_block_days": BLOCK_DAYS_LIMITS,
    "hold_days": HOLD_DAYS_LIMITS,
    "surge_hourly_floor": FLOOR_LIMITS,
    "surge_factor": FACTOR_LIMITS,
}
"""The settings by their names in the item, each with its least and most."""


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The settings, by default those that count without an item."""

    soft_bounces: SoftBouncePolicy = field(default_factory=SoftBouncePolicy)
    hold_days: int = HOLD_DAYS
    """Days for which a hold lasts."""
    surges: SurgePolicy = field(default_factory=SurgePolicy)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "TableSettings":
        """Those of the item, and the default of what it lacks: of everything, if it is empty as there is none.

        Raises: TableError for a newer schema, or with everything that is wrong.
        """
        schema = row.get("schema", SCHEMA)
        if type(schema) is not int or schema > SCHEMA:
            raise TableError(f"the table's settings have schema {schema}; this version knows up to {SCHEMA}")
        numbers = cls().numbers() | {name: row[name] for name in LIMITS if name in row}
        if problems := _problems(numbers):
            raise TableError(f"the table's settings cannot be used: {'; '.join(problems)}")
        return cls(
            SoftBouncePolicy(
                numbers["soft_bounce_threshold"], numbers["soft_bounce_window_days"], numbers["soft_block_days"]
            ),
            numbers["hold_days"],
            SurgePolicy(numbers["surge_hourly_floor"], numbers["surge_factor"]),
        )

    def numbers(self) -> dict[str, int]:
        """The settings by their names in the item."""
        return {
            "soft_bounce_threshold": self.soft_bounces.threshold,
            "soft_bounce_window_days": self.soft_bounces.window_days,
            "soft_block_days": self.soft_bounces.block_days,
            "hold_days": self.hold_days,
            "surge_hourly_floor": self.surges.hourly_floor,
            "surge_factor": self.surges.factor,
        }


def _problems(numbers: Mapping[str, Any]) -> list[str]:
    problems = [
        f"{name} is {number!r}, and a whole number from {LIMITS[name][0]} to {LIMITS[name][1]} is needed"
        for name, number in numbers.items()
        if type(number) is not int or not LIMITS[name][0] <= number <= LIMITS[name][1]
    ]
    if not problems and numbers["soft_block_days"] > MAX_WINDOWS_PER_BLOCK * numbers["soft_bounce_window_days"]:
        problems.append(
            f"soft_block_days is {numbers['soft_block_days']}, and at most {MAX_WINDOWS_PER_BLOCK} times "
            f"soft_bounce_window_days ({numbers['soft_bounce_window_days']}) is needed"
        )
    return problems
