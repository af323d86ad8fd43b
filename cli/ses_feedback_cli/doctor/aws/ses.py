"""Reads the SES account of a Region, its identities and its configuration sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ses_feedback_cli.doctor.aws import calls
from ses_feedback_cli.doctor.aws.clients import Reader
from ses_feedback_cli.doctor.observations import AccountObservation
from ses_feedback_cli.doctor.resources import EventDestination, Identity, Missing
from ses_feedback_cli.stack_outputs import Pipeline

_IDENTITIES_PER_CALL = 100


def read_account(reader: Reader, account: str, region: str) -> AccountObservation:
    """The account in a Region, without its rates."""
    response = reader.read(calls.ACCOUNT)
    if isinstance(response, Missing):
        return AccountObservation(account, region)
    return AccountObservation(
        account,
        region,
        details_known=True,
        production_access=response.get("ProductionAccessEnabled", True),
        sending_enabled=response.get("SendingEnabled", True),
        enforcement_status=response.get("EnforcementStatus", "HEALTHY"),
        suppressed_reasons=tuple(response.get("SuppressionAttributes", {}).get("SuppressedReasons", ())),
    )


@dataclass(frozen=True)
class Sources:
    """The identities and configuration sets of a Region, as SES reports them."""

    verification: Mapping[str, Any] | Missing
    """Verification attributes by identity."""
    notification: Mapping[str, Any] | Missing
    """Notification attributes by identity."""
    event_destinations: Mapping[str, tuple[EventDestination, ...] | Missing]
    """By configuration set."""

    def identities(self, pipeline: Pipeline) -> tuple[Identity, ...]:
        """The identities of a pipeline, with the topic for its kind of feedback."""
        topic_attribute = f"{pipeline.kind.capitalize()}Topic"
        return tuple(self._identity(name, topic_attribute) for name in pipeline.identities)

    def _identity(self, name: str, topic_attribute: str) -> Identity:
        status: str | Missing = Missing.UNKNOWN
        if not isinstance(self.verification, Missing):
            status = self.verification.get(name, {}).get("VerificationStatus", Missing.NOT_FOUND)
        if isinstance(self.notification, Missing):
            return Identity(name, status, Missing.UNKNOWN)
        attributes = self.notification.get(name, {})
        return Identity(name, status, attributes.get(topic_attribute), bool(attributes.get("ForwardingEnabled")))


def read_sources(reader: Reader, identities: Sequence[str], configuration_sets: Sequence[str]) -> Sources:
    """Read identities and configuration sets, one call after another: SES takes one call a second."""
    return Sources(
        _read_attributes(reader, calls.IDENTITY_VERIFICATION, "VerificationAttributes", identities),
        _read_attributes(reader, calls.IDENTITY_NOTIFICATION, "NotificationAttributes", identities),
        {name: _read_event_destinations(reader, name) for name in configuration_sets},
    )


def _read_attributes(
    reader: Reader, call: calls.Call, key: str, identities: Sequence[str]
) -> Mapping[str, Any] | Missing:
    attributes: dict[str, Any] = {}
    for start in range(0, len(identities), _IDENTITIES_PER_CALL):
        response = reader.read(call, Identities=list(identities[start : start + _IDENTITIES_PER_CALL]))
        if isinstance(response, Missing):
            return Missing.UNKNOWN
        attributes |= response[key]
    return attributes


def _read_event_destinations(reader: Reader, configuration_set: str) -> tuple[EventDestination, ...] | Missing:
    response = reader.read(calls.EVENT_DESTINATIONS, ConfigurationSetName=configuration_set)
    if isinstance(response, Missing):
        return response
    return tuple(
        EventDestination(
            destination["Name"],
            destination["Enabled"],
            tuple(destination["MatchingEventTypes"]),
            destination.get("SnsDestination", {}).get("TopicArn"),
        )
        for destination in response["EventDestinations"]
    )
