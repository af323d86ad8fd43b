"""SES's own suppression list of an account and Region, one call a second.

AWS throttles these calls to one per second per account and Region, for everybody who makes them, and raises it for
nobody. Addresses are stored with the capitals of the mail that bounced, and found only by that spelling.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ses_feedback.address import NotAnAddressError, address_key

from ses_feedback_cli.where import MissingError, Where

SECONDS_PER_CALL = 1.0

PAGE = 1_000
"""Addresses of one ListSuppressedDestinations."""


@dataclass(frozen=True)
class Entry:
    """An address on the list, spelled as it is there."""

    region: str
    address: str
    reason: str
    since: datetime


@dataclass
class Pace:
    """Lets one call through per ``seconds``."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=float("-inf"), init=False)

    def wait(self) -> None:
        """Wait until the next call may go out."""
        if (pause := self._next - self.clock()) > 0:
            self.sleep(pause)
        self._next = self.clock() + self.seconds


class Suppression:
    """The account's list in one Region. What goes wrong is raised as botocore has it."""

    def __init__(self, where: Where, region: str) -> None:
        self.region = region
        self._client = where.client("sesv2", region)
        self._pace = Pace(SECONDS_PER_CALL)

    def get(self, spelling: str) -> Entry | None:
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

    def entries(self) -> Iterator[list[tuple[str, Entry]]]:
        """Page by page all entries, each with its key. Needs ses:ListSuppressedDestinations."""
        more: dict[str, Any] = {}
        while True:
            self._pace.wait()
            page = self._client.list_suppressed_destinations(PageSize=PAGE, **more)
            found = (self._entry(one) for one in page.get("SuppressedDestinationSummaries", ()))
            yield [(key, entry) for entry in found if (key := _key(entry.address))]
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _entry(self, found: dict[str, Any]) -> Entry:
        return Entry(self.region, found["EmailAddress"], found["Reason"], found["LastUpdateTime"])


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


def _key(address: str) -> str:
    try:
        return address_key(address)
    except NotAnAddressError:
        return ""
