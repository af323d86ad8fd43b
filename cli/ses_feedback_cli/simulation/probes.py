"""The mails that SES's mailbox simulator answers, what must become of each, and what SES publishes about it. Pure.

The simulator: SES Developer Guide, "Using the Amazon SES mailbox simulator". Mails to it count neither against the
daily quota nor for the reputation.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ses_feedback.timestamps import iso

from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.stack_outputs import Pipeline

DOMAIN = "simulator.amazonses.com"
LOCAL_PART = "simulator-check"
"""Of the sender, at an identity that is a domain."""


@dataclass(frozen=True)
class Probe:
    """One address of the simulator."""

    name: str
    kind: str | None
    """Of the pipeline that its feedback takes; None: no feedback comes."""
    reason: str | None
    """Why it must be blocked afterwards; None: it must not be."""

    def address(self, label: str) -> str:
        """The address with a label, which makes it one of its own in the tables."""
        return f"{self.name}+{label}@{DOMAIN}"


PROBES = (
    Probe("success", None, None),
    Probe("bounce", "bounce", "bounce"),
    Probe("suppressionlist", "bounce", "bounce"),
    Probe("ooto", "bounce", None),
    Probe("complaint", "complaint", "complaint"),
)


@dataclass(frozen=True)
class Way:
    """One way from SES into a source's pipelines: an identity's topics, or a configuration set's event destination."""

    sender: str
    region: str
    identity: str
    configuration_set: str | None
    pipelines: dict[str, Pipeline]
    """By kind."""

    @property
    def name(self) -> str:
        """For people."""
        by = f"configuration set {self.configuration_set}" if self.configuration_set else self.identity
        return f"{by} in {self.region}"


def ways(pipelines: Iterable[Pipeline], sender: str | None) -> list[Way]:
    """Every way into the pipelines; with a ``sender`` only those that it can take. Raises: MissingError without any."""
    sources: dict[tuple[Any, ...], dict[str, Pipeline]] = {}
    for one in pipelines:
        sources.setdefault((one.region, one.identities, one.configuration_set), {})[one.kind] = one
    found: list[Way] = []
    for (region, identities, configuration_set), kinds in sources.items():
        own = [one for one in identities if sender is None or _covers(one, sender)]
        found += [Way(sender or _sender(one), region, one, None, kinds) for one in own]
        if configuration_set and (own or (sender and not identities)):
            address = sender or _sender(own[0])
            identity = own[0] if own else address.rpartition("@")[2]
            found.append(Way(address, region, identity, configuration_set, kinds))
        elif configuration_set and not identities:
            raise UsageError(
                f"the source in {region} has the configuration set {configuration_set} and no identity: --from "
                "ADDRESS is needed, of an identity that is verified there (and --pipeline to try the others alone)"
            )
    if not found:
        raise UsageError(f"--from {sender} belongs to none of the identities of the pipelines that were chosen")
    return found


def _sender(identity: str) -> str:
    return identity if "@" in identity else f"{LOCAL_PART}@{identity}"


def _covers(identity: str, sender: str) -> bool:
    """Whether SES lets an identity send as an address: its own, or one of its domain or a domain below."""
    domain = sender.rpartition("@")[2].lower()
    return identity.lower() in {sender.lower(), domain} or domain.endswith("." + identity.lower())


def notification(way: Way, probe: Probe, address: str, now: datetime) -> str:
    """What SES would publish about a mail: an identity's notification, or a configuration set's event."""
    kind = str(probe.kind).capitalize()
    account = next(iter(way.pipelines.values())).topic_arn.split(":")[4]
    mail: dict[str, Any] = {
        "timestamp": iso(now),
        "source": way.sender,
        "sourceArn": f"arn:aws:ses:{way.region}:{account}:identity/{way.identity}",
        "sendingAccountId": account,
        "messageId": _ses_id(),
        "destination": [address],
    }
    if way.configuration_set:
        mail |= {"headersTruncated": False, "tags": {"ses:configuration-set": [way.configuration_set]}}
    report = {"timestamp": iso(now), "feedbackId": _ses_id(), **_report(probe, address)}
    dialect = "eventType" if way.configuration_set else "notificationType"
    return json.dumps({dialect: kind, kind.lower(): report, "mail": mail}) + ("\n" if way.configuration_set else "")


def _report(probe: Probe, address: str) -> dict[str, Any]:
    if probe.kind == "complaint":
        return {
            "complainedRecipients": [{"emailAddress": address}],
            "complaintFeedbackType": "abuse",
            "userAgent": "Amazon SES Mailbox Simulator",
        }
    if probe.name == "ooto":  # an automatic reply: without any delivery status
        return {
            "bounceType": "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address}],
        }
    status = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": address, **status}],
    }


def _ses_id() -> str:
    return f"0102{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"
