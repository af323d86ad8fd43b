"""Identities and configuration sets: does SES publish to the topic?"""

from collections.abc import Iterable

from ses_feedback_cli.doctor.observations import PipelineObservation
from ses_feedback_cli.doctor.resources import EventDestination, Missing
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity


def _identity_missing(observed: PipelineObservation) -> Iterable[Fault]:
    for identity in observed.identities:
        if identity.verification_status is Missing.NOT_FOUND:
            yield {"identity": identity.name}


def _identity_unverified(observed: PipelineObservation) -> Iterable[Fault]:
    for identity in observed.identities:
        status = identity.verification_status
        if not isinstance(status, Missing) and status != "Success":
            yield {"identity": identity.name, "status": status}


def _identity_without_topic(observed: PipelineObservation) -> Iterable[Fault]:
    for identity in observed.identities:
        if identity.topic_arn is None and identity.verification_status is not Missing.NOT_FOUND:
            yield {"identity": identity.name}


def _identity_with_another_topic(observed: PipelineObservation) -> Iterable[Fault]:
    for identity in observed.identities:
        if isinstance(identity.topic_arn, str) and identity.topic_arn != observed.pipeline.topic_arn:
            yield {"identity": identity.name, "other_topic_arn": identity.topic_arn}


def _email_forwarding_enabled(observed: PipelineObservation) -> Iterable[Fault]:
    # Without a topic SES always forwards; the missing topic has a finding of its own.
    names = [
        identity.name
        for identity in observed.identities
        if identity.email_forwarding and isinstance(identity.topic_arn, str)
    ]
    if names:
        yield {"identities": ", ".join(names)}


def _configuration_set_missing(observed: PipelineObservation) -> bool:
    return observed.event_destinations is Missing.NOT_FOUND


def _event_destinations_of_topic(observed: PipelineObservation) -> list[EventDestination] | None:
    """The event destinations with the pipeline's topic; None if they are unknown or there is no configuration set."""
    if not isinstance(observed.event_destinations, tuple):
        return None
    topic_arn = observed.pipeline.topic_arn
    return [destination for destination in observed.event_destinations if destination.topic_arn == topic_arn]


def _event_destination_missing(observed: PipelineObservation) -> bool:
    return _event_destinations_of_topic(observed) == []


def _event_destination_disabled(observed: PipelineObservation) -> Iterable[Fault]:
    destinations = _event_destinations_of_topic(observed) or []
    if not any(destination.enabled for destination in destinations):
        for destination in destinations:
            yield {"event_destination": destination.name}


def _event_type_missing(observed: PipelineObservation) -> Iterable[Fault]:
    destinations, event_type = _event_destinations_of_topic(observed) or [], observed.pipeline.kind.upper()
    if not any(event_type in destination.event_types for destination in destinations):
        for destination in destinations:
            event_types = ", ".join(destination.event_types) or "nothing"
            yield {"event_destination": destination.name, "event_type": event_type, "event_types": event_types}


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "identity-missing", Severity.ERROR, "identity",
        "{identity} is not an SES identity in {region}: it has no notifications, and SES rejects its mail",
        "aws sesv2 create-email-identity --region {region} --email-identity {identity}; verify it; pulumi up --refresh",
        _identity_missing,
    ),
    Rule(
        "identity-unverified", Severity.ERROR, "identity",
        "{identity} is not verified (SES reports {status}): SES rejects its mail",
        "aws sesv2 get-email-identity --region {region} --email-identity {identity} shows the DNS records "
        "that it needs",
        _identity_unverified,
    ),
    Rule(
        "identity-topic-missing", Severity.ERROR, "bounces-not-processed",
        "{identity} has no topic for {kind}s: SES removes the topic when it cannot publish, and sends e-mail instead",
        f"find out first why SES could not publish (other findings may report it); then {REFRESH}",
        _identity_without_topic,
    ),
    Rule(
        "identity-topic-mismatch", Severity.ERROR, "bounces-not-processed",
        "{identity} publishes its {kind}s to another topic, {other_topic_arn}",
        f"{REFRESH}; if another stack has this identity too, that stack will set its own topic again",
        _identity_with_another_topic,
    ),
    Rule(
        "email-forwarding-enabled", Severity.INFO, "e-mail-forwarding",
        "SES also sends feedback by e-mail to the senders of {identities}",
        "emailForwarding: false in `sources`, if nobody reads these e-mails",
        _email_forwarding_enabled,
    ),
    Rule(
        "configuration-set-missing", Severity.ERROR, "event-destination",
        "the configuration set {configuration_set} does not exist in {region}: SES rejects mail that uses it",
        "aws sesv2 create-configuration-set --region {region} --configuration-set-name {configuration_set}; "
        "pulumi up --refresh",
        _configuration_set_missing,
    ),
    Rule(
        "event-destination-missing", Severity.ERROR, "event-destination",
        "the configuration set {configuration_set} has no event destination with the topic",
        REFRESH, _event_destination_missing,
    ),
    Rule(
        "event-destination-disabled", Severity.ERROR, "event-destination",
        "the event destination {event_destination} of the configuration set {configuration_set} is disabled",
        REFRESH, _event_destination_disabled,
    ),
    Rule(
        "event-destination-events", Severity.ERROR, "event-destination",
        "the event destination {event_destination} of the configuration set {configuration_set} publishes "
        "{event_types}, not {event_type}",
        REFRESH, _event_type_missing,
    ),
)  # fmt: skip
