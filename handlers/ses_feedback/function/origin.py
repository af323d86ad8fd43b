"""Where a notification comes from, and whether that is the pipeline's own source. Pure.

The topic's policy lets SES publish for this source only; this is the second lock, for a message that came another way.
Only a contradiction is refused: a field that is missing says nothing, and a bounce that is refused wrongly is lost to
the senders until somebody redrives it.
"""

from dataclasses import dataclass

from ses_feedback.function.envelope import UnreadableError, UnwrappedMessage, arn_in, string


@dataclass(frozen=True, slots=True)
class Source:
    """What the pipeline takes feedback of; an empty field is not checked."""

    account: str = ""
    region: str = ""
    identities: tuple[str, ...] = ()
    configuration_set: str = ""
    sending_accounts: tuple[str, ...] = ()
    """Further accounts that may send by the identities, or own the identities that the pipeline's account sends by."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a notification says of its origin; empty where it says nothing."""

    sender: str = ""
    """Account that sent the mail: with sending authorization the delegate sender's."""
    owner: str = ""
    """Account of the identity that the mail was sent by."""
    publisher: str = ""
    """Account of the EventBridge event."""
    regions: tuple[str, ...] = ()
    identity: str = ""
    configuration_sets: tuple[str, ...] = ()
    is_event: bool = False
    """Whether it is an event of a configuration set; else it is a notification of an identity."""


def read_origin(unwrapped: UnwrappedMessage) -> Origin:
    """The origin of an SES message."""
    mail = unwrapped.message.get("mail")
    fields = mail if isinstance(mail, dict) else {}
    arn = arn_in(fields.get("sourceArn"))
    tags = fields.get("tags")
    sets = tags.get("ses:configuration-set") if isinstance(tags, dict) else None
    return Origin(
        sender=string(fields.get("sendingAccountId")).strip(),
        owner=arn.account,
        publisher=unwrapped.account,
        # An identity that SES duplicates in two Regions is named with an asterisk for both of them (SES Developer
        # Guide, "Sending emails for the identity owner").
        regions=tuple(region for region in (arn.region, unwrapped.region) if region not in {"", "*"}),
        identity=arn.resource.removeprefix("identity/") if arn.resource.startswith("identity/") else "",
        configuration_sets=tuple(filter(None, map(string, sets))) if isinstance(sets, list) else (),
        is_event=bool(string(unwrapped.message.get("eventType"))) or isinstance(tags, dict),
    )


def check_origin(origin: Origin, source: Source) -> None:
    """Raises: UnreadableError, with a reason free of addresses, if the notification says it is of another source."""
    if source.account:
        _check_accounts(origin, source)
    if source.region and any(region != source.region for region in origin.regions):
        raise UnreadableError(f"it is of another Region than the pipeline's, {source.region}")
    names = {name.casefold() for name in origin.configuration_sets}
    if source.configuration_set and names and source.configuration_set.casefold() not in names:
        raise UnreadableError(f"it is of another configuration set than the pipeline's, {source.configuration_set}")
    # An event of the pipeline's set may be about any identity that the set is used with.
    by_set = origin.is_event and source.configuration_set
    if source.identities and origin.identity and not by_set and not _is_among(origin.identity, source.identities):
        raise UnreadableError("it is of an identity that is not the pipeline's (mail.sourceArn)")


def _check_accounts(origin: Origin, source: Source) -> None:
    """The owner of the identity is anybody's if the pipeline's own account sent the mail: by sending authorization."""
    accounts = {"mail.sendingAccountId": origin.sender, "account of the event": origin.publisher}
    if origin.sender != source.account:
        accounts["mail.sourceArn"] = origin.owner
    for field, account in accounts.items():
        if account and account != source.account and account not in source.sending_accounts:
            raise UnreadableError(
                f"it is of another account than the pipeline's, {source.account} ({field}); "
                "sending_accounts names further ones"
            )


def _is_among(identity: str, identities: tuple[str, ...]) -> bool:
    """Whether an identity is one of these, or may stand for it.

    A mail sent as an address may be reported under the identity of the address, of its domain or of a parent domain:
    SES uses the most specific that is verified, unless the sender names another (SES Developer Guide, "Verified
    identities in Amazon SES").
    """
    return any(_related(identity.casefold(), other.casefold()) for other in identities)


def _related(one: str, other: str) -> bool:
    if "@" in one and "@" in other:
        return one == other
    domain, other_domain = one.rpartition("@")[2], other.rpartition("@")[2]
    return domain == other_domain or domain.endswith(f".{other_domain}") or other_domain.endswith(f".{domain}")
