"""Identities and configuration sets: does SES publish to the topic?"""

from ses_feedback_cli.doctor.facts import Absent, Destination, PipelineFacts
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity, when

_UP = "pulumi up --refresh"


def _identity_missing(facts: PipelineFacts) -> Found:
    return [{"identity": one.name} for one in facts.identities if one.verification is Absent.GONE]


def _unverified(facts: PipelineFacts) -> Found:
    return [
        {"identity": one.name, "status": one.verification}
        for one in facts.identities
        if not isinstance(one.verification, Absent) and one.verification != "Success"
    ]


def _no_topic(facts: PipelineFacts) -> Found:
    return [
        {"identity": one.name} for one in facts.identities if one.topic is None and one.verification is not Absent.GONE
    ]


def _other_topic(facts: PipelineFacts) -> Found:
    return [
        {"identity": one.name, "other": one.topic}
        for one in facts.identities
        if isinstance(one.topic, str) and one.topic != facts.pipeline.topic_arn
    ]


def _forwarding(facts: PipelineFacts) -> Found:
    # Without a topic SES forwards anyway, and that is found already.
    both = [one.name for one in facts.identities if one.forwarding and isinstance(one.topic, str)]
    return [{"identities": ", ".join(both)}] if both else []


def _own(facts: PipelineFacts) -> list[Destination] | None:
    """The event destinations that lead to the topic; none where they are not known or not wanted."""
    if not isinstance(facts.destinations, tuple):
        return None
    return [one for one in facts.destinations if one.topic == facts.pipeline.topic_arn]


def _no_destination(facts: PipelineFacts) -> Found:
    return when(_own(facts) == [])


def _wrong_events(facts: PipelineFacts) -> Found:
    own, event = _own(facts) or [], facts.pipeline.kind.upper()
    if any(event in one.events for one in own):
        return []
    return [{"destination": one.name, "event": event, "events": ", ".join(one.events) or "nothing"} for one in own]


def _off(facts: PipelineFacts) -> Found:
    own = _own(facts) or []
    return [] if any(one.enabled for one in own) else [{"destination": one.name} for one in own]


RULES: tuple[Rule[PipelineFacts], ...] = (
    Rule(
        "identity-missing", Severity.ERROR, "identity",
        "{identity} is no identity of SES in {region}: it has no notifications, and its mail is refused",
        "aws sesv2 create-email-identity --region {region} --email-identity {identity}; verify it; pulumi up --refresh",
        _identity_missing,
    ),
    Rule(
        "identity-unverified", Severity.ERROR, "identity",
        "{identity} is not verified (SES says {status}): its mail is refused",
        "aws sesv2 get-email-identity --region {region} --email-identity {identity} has what DNS must hold",
        _unverified,
    ),
    Rule(
        "identity-topic-missing", Severity.ERROR, "bounces-not-processed",
        "{identity} has no topic for {kind}s: SES removes it when it cannot publish, and mails instead",
        f"find out first why SES could not publish (other findings say so); then {_UP}",
        _no_topic,
    ),
    Rule(
        "identity-topic-other", Severity.ERROR, "bounces-not-processed",
        "{identity} sends its {kind}s to another topic, {other}",
        f"{_UP}; another stack that names this identity would set its own again",
        _other_topic,
    ),
    Rule(
        "forwarding-on", Severity.INFO, "e-mail-forwarding",
        "SES also mails feedback to the senders of {identities}",
        "emailForwarding: false in `sources`, if nobody reads these mails",
        _forwarding,
    ),
    Rule(
        "configuration-set-missing", Severity.ERROR, "event-destination",
        "there is no configuration set {configuration_set} in {region}: mail that names it is refused",
        "aws sesv2 create-configuration-set --region {region} --configuration-set-name {configuration_set}; "
        "pulumi up --refresh",
        lambda facts: when(facts.destinations is Absent.GONE),
    ),
    Rule(
        "event-destination-missing", Severity.ERROR, "event-destination",
        "configuration set {configuration_set} has no event destination with the topic",
        _UP,
        _no_destination,
    ),
    Rule(
        "event-destination-off", Severity.ERROR, "event-destination",
        "event destination {destination} of configuration set {configuration_set} is switched off",
        _UP,
        _off,
    ),
    Rule(
        "event-destination-events", Severity.ERROR, "event-destination",
        "event destination {destination} of configuration set {configuration_set} takes {events}, not {event}",
        _UP,
        _wrong_events,
    ),
)  # fmt: skip
