"""SES's own account suppression list: asks it and takes addresses off, at SES's one call a second per Region.

AWS allows one call per second, account and Region, for everybody who makes them, and raises that for nobody. Addresses
are kept with the capitals of the mail that bounced, and found only by that spelling.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ses_feedback_cli.where import MissingError, Where

CALL_SECONDS = 1.0
"""Between two calls in one Region (SES guide, Service quotas)."""

PAGE = 1_000
"""Entries of one call."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One entry of the list of a Region, spelt as SES has it."""

    region: str
    address: str
    reason: str
    """BOUNCE or COMPLAINT."""
    at: datetime
    """When SES put it there, or changed it."""


@dataclass
class Pace:
    """Lets one call through each ``CALL_SECONDS``."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Wait until the next call is allowed."""
        if (pause := self._next - self.clock()) > 0:
            self.sleep(pause)
        self._next = self.clock() + CALL_SECONDS


class SuppressionList:
    """The account's list in one Region, not that of a tenant. Methods raise what botocore raises."""

    def __init__(self, where: Where, region: str) -> None:
        self.region = region
        self._client = where.client("sesv2", region)
        self._pace = Pace()

    def get(self, spelling: str) -> Suppressed | None:
        """The entry of an address. Needs ses:GetSuppressedDestination."""
        self._pace.wait()
        try:
            found = self._client.get_suppressed_destination(EmailAddress=spelling)["SuppressedDestination"]
        except self._client.exceptions.NotFoundException:
            return None
        return self._entry(found)

    def delete(self, spelling: str) -> bool:
        """Take an address off the list; whether it was on it. Needs ses:DeleteSuppressedDestination."""
        self._pace.wait()
        try:
            self._client.delete_suppressed_destination(EmailAddress=spelling)
        except self._client.exceptions.NotFoundException:
            return False
        return True

    def pages(self) -> Iterator[list[Suppressed]]:
        """The whole list. Needs ses:ListSuppressedDestinations."""
        token: dict[str, str] = {}
        while True:
            self._pace.wait()
            answer = self._client.list_suppressed_destinations(PageSize=PAGE, **token)
            yield [self._entry(one) for one in answer.get("SuppressedDestinationSummaries", ())]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _entry(self, found: dict[str, Any]) -> Suppressed:
        return Suppressed(self.region, found["EmailAddress"], found["Reason"], found["LastUpdateTime"])


def regions_of(where: Where, given: list[str] | None) -> list[str]:
    """The Regions whose lists are meant: those given, else --region, else those of the stacks. Raises: MissingError.

    Not that of the environment: it need not be one that mail is sent from, and its list would say "not there".
    """
    known = {one["region"]: None for stack in where.outputs for one in stack.get("pipelines", {}).values()}
    found = list(dict.fromkeys(given or where.regions or known))
    if not found:
        raise MissingError(
            "no Region of SES's own suppression list is given: --ses-region REGION, --outputs FILE or --stack NAME; "
            "or leave that list alone"
        )
    return found
