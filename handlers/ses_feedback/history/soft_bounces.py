"""When soft bounces block an address. Pure."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ses_feedback.history.occurrence import Occurrence

THRESHOLD_LIMITS, WINDOW_DAYS_LIMITS, BLOCK_DAYS_LIMITS = (1, 20), (1, 365), (1, 365)
"""Least and most of each number of a ``SoftBouncePolicy``."""

MAX_WINDOWS_PER_BLOCK = 12
"""A block lasts at most this many windows, which bounds the soft bounces in a state row (0.4 KB each, of 400 KB)."""

MAX_REPORTS_PER_BOUNCE = 2
"""How often SES reports one bounce at most: to an identity's topic and to that of a configuration set."""

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class SoftBouncePolicy:
    """When soft bounces block: ``threshold`` mails that got one within ``window_days`` block for ``block_days``.

    Mails are counted, not notifications: with an identity's notifications and a configuration set both on, SES reports
    one bounce twice, and whether both reports carry one feedback id is not documented.
    """

    threshold: int = 5
    window_days: int = 30
    block_days: int = 30

    @property
    def max_kept(self) -> int:
        """How many soft bounces of an address are kept: as many as can ever decide.

        Only those within window + block days before the newest matter: an older one's block was over when the newest
        came. That span is at most k = 1 + ceil(block / window) windows. Of k * (threshold - 1) + 1 mails in it, some
        window holds ``threshold``: so the newest that many always hold a complete qualifying window, and the latest
        qualifying window, the one that decides, begins no earlier than that one. What is cut off cannot decide. SES
        reports a mail's bounce twice at most, so twice as many bounces hold that many mails.
        """
        windows = 1 + math.ceil(self.block_days / self.window_days)
        return MAX_REPORTS_PER_BOUNCE * (windows * (self.threshold - 1) + 1)

    def relevant(self, soft_bounces: Sequence[Occurrence]) -> tuple[Occurrence, ...]:
        """Those of an address's soft bounces, oldest first, that can still decide."""
        if not soft_bounces:
            return ()
        span = (self.window_days + self.block_days) * _DAY_SECONDS * 1_000
        oldest = soft_bounces[-1].epoch_milliseconds - span
        return tuple(bounce for bounce in soft_bounces[-self.max_kept :] if bounce.epoch_milliseconds >= oldest)

    def latest_block(self, soft_bounces: Sequence[Occurrence]) -> tuple[Occurrence, int] | None:
        """The latest soft bounce that blocks, and when its block ends (epoch seconds); None if none blocks.

        It blocks if ``threshold`` mails bounced in the window that ends with it, its own included. The bounces are
        those of one address, oldest first.
        """
        window = self.window_days * _DAY_SECONDS * 1_000
        times = [bounce.epoch_milliseconds for bounce in soft_bounces]
        mails = [bounce.mail for bounce in soft_bounces]
        for last in range(len(soft_bounces) - 1, self.threshold - 2, -1):
            first = bisect.bisect_left(times, times[last] - window)
            if len(set(mails[first : last + 1])) >= self.threshold:
                return soft_bounces[last], math.ceil(times[last] / 1_000) + self.block_days * _DAY_SECONDS
        return None
