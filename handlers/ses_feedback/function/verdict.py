"""The verdict on one feedback: one table of rules, of which the first that fits decides. Pure.

docs/reference/verdicts.md is generated from this table.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ses_feedback.function.diagnostics import STATUSES, Subject, diagnosed_subject
from ses_feedback.function.notification import Feedback

_CONTENTS = "SES guide, Amazon SNS notification contents"
_EVENTS = "SES guide, Contents of event data that Amazon SES publishes to Amazon SNS"
_TENANT = "SES guide, Tenant-level suppression list"
_OBSERVED = "field reports"


class Verdict(StrEnum):
    """What a feedback does to its address, the strongest first."""

    BLOCK = "block"
    HOLD = "hold"
    COUNT = "count"
    CLEAR = "clear"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Condition:
    """``text`` says on docs/reference/verdicts.md what ``test`` tests."""

    text: str
    test: Callable[[Feedback], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits a feedback of its kind, types, subtypes and condition; what is empty fits all."""

    name: str
    verdict: Verdict
    kind: str
    reason: str
    source: str
    types: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    """The empty string fits a missing one."""
    condition: Condition | None = None
    """What else must be true of the feedback."""
    hold_days: int | None = None
    """How long it holds; None: as the settings say."""
    confirmable: bool = False
    """Whether a hold is confirmed by the same evidence; see ``history.holds``."""


def _statuses(subject: Subject) -> str:
    return ", ".join(status if status.count(".") > 1 else f"{status}.x" for status in STATUSES[subject])


def _about(subject: Subject, text: str) -> Condition:
    return Condition(text, lambda feedback: _subject(feedback) is subject)


NOT_MAILED = Condition(
    "the address is not one that the mail went to",
    lambda feedback: not feedback.mailed,
)
GLOBAL_LIST = Condition(
    "the subtype is Suppressed, or SES itself says in the diagnostic that it has suppressed sending to the address",
    lambda feedback: (
        _letters(feedback.subtype) == "suppressed"
        or feedback.diagnostic.startswith("Amazon SES has suppressed sending to this address")
    ),
)
FORWARDED = Condition(
    "the report names another address, and this is the only one that the mail went to",
    lambda feedback: feedback.forwarded,
)
DELAYED = Condition(
    "this recipient's own action is delayed, or its status 4.x.x",
    lambda feedback: _letters(feedback.action) == "delayed" or feedback.status.startswith("4."),
)
NO_REPORT = Condition(
    "no action, status or diagnostic",
    lambda feedback: not (feedback.action or feedback.status or feedback.diagnostic),
)
FULL = Condition(
    "subtype, status or diagnostic say that the mailbox is full",
    lambda feedback: _letters(feedback.subtype) == "mailboxfull" or _subject(feedback) is Subject.MAILBOX_FULL,
)
RECEIVING_RATE = _about(
    Subject.RECEIVING_RATE,
    "the diagnostic speaks of the rate at which the mailbox receives mail",
)
ABOUT_SENDER = _about(
    Subject.SENDER,
    f"status ({_statuses(Subject.SENDER)}) or diagnostic speak of the sender, its mail or its reputation",
)
NOT_REACHED = _about(
    Subject.NOT_REACHED,
    f"status ({_statuses(Subject.NOT_REACHED)}) says that the recipient's server was not reached in time",
)
DNS_FAILURE = _about(
    Subject.DNS,
    f"status ({_statuses(Subject.DNS)}) or diagnostic say that the domain was not found",
)
NO_MAILBOX = _about(
    Subject.NO_MAILBOX,
    f"status ({_statuses(Subject.NO_MAILBOX)}) or diagnostic say that there is no such mailbox",
)
DESTINATION_UNKNOWN = Condition(
    "the notification does not say where the mail went",
    lambda feedback: not feedback.destinations_known,
)
DEAD_SOMEWHERE = Condition(
    f"{DESTINATION_UNKNOWN.text}, and the bounce is permanent or says that there is no such mailbox",
    lambda feedback: (
        DESTINATION_UNKNOWN.test(feedback) and (_letters(feedback.type) == "permanent" or NO_MAILBOX.test(feedback))
    ),
)
SUSPECT = Condition(
    "the complaint names several recipients, or another one than the only one that the mail went to",
    lambda feedback: feedback.ambiguous or feedback.forwarded,
)
_SOFT = ("Transient", "Undetermined")
_GENERAL = ("General", "Undetermined", "")
_SUPPRESSED_DAYS = 14

RULES: tuple[Rule, ...] = (
    Rule(
        "not-mailed", Verdict.IGNORE, "bounce",
        "The report's author, who can be anyone, chose this address; the mail went elsewhere.",
        f"RFC 3464, 2.3.2 Final-Recipient; {_CONTENTS}", condition=NOT_MAILED,
    ),
    Rule(
        "unsubscribed", Verdict.IGNORE, "bounce",
        "The person left one topic of a contact list; the address works and may want other mail.",
        _CONTENTS, ("Permanent",), ("UnsubscribedRecipient",),
    ),
    Rule(
        "tenant-suppression", Verdict.IGNORE, "bounce",
        "SES did not send because of one tenant's own list, which does not concern the other tenants.",
        _TENANT, ("Permanent",), ("OnTenantSuppressionList",),
    ),
    Rule(
        "validation-suppression", Verdict.COUNT, "bounce",
        "SES did not send because it predicts a bounce, at a threshold the account set: a prediction, no bounce.",
        "SES guide, Auto Validation", ("Permanent",), ("EmailValidationSuppressed",),
    ),
    Rule(
        "recipient-delayed", Verdict.COUNT, "bounce",
        "One bounce can name several recipients, and this one's own report says that it may still work.",
        f"{_CONTENTS}: its sample has both in one bounce", ("Permanent",), (), DELAYED,
    ),
    Rule(
        "account-suppression", Verdict.HOLD, "bounce",
        "SES did not send because the account's list has it. The list never forgets, and a provider's bad night fills "
        "it too: so this holds each time, as SES does, and proves nothing more.",
        "SES guide, Account-level suppression list", ("Permanent",), ("OnAccountSuppressionList",),
    ),
    Rule(
        "global-suppression", Verdict.HOLD, "bounce",
        "SES did not send because the address bounced for some customer recently; SES forgets that in 14 days.",
        "SES guide, Global suppression list; AWS knowledge center, ses-suppression-list-sending-quota: the diagnostic",
        ("Permanent",), condition=GLOBAL_LIST, hold_days=_SUPPRESSED_DAYS,
    ),
    Rule(
        "forwarded", Verdict.COUNT, "bounce",
        "One reader of a list or a forwarding address bounced; the address itself took the mail.",
        f"RFC 3464, 2.3.2 Final-Recipient; {_OBSERVED}", condition=FORWARDED,
    ),
    Rule(
        "auto-reply", Verdict.IGNORE, "bounce",
        "Without any delivery report it is an automatic reply, such as an out-of-office note: the address works.",
        f"{_CONTENTS}; {_OBSERVED}", _SOFT, _GENERAL, NO_REPORT,
    ),
    Rule(
        "message-refused", Verdict.IGNORE, "bounce",
        "It concerns this message (size, content, attachment) or the sender's own time limit, not the address.",
        _EVENTS, ("Transient",), ("MessageTooLarge", "ContentRejected", "AttachmentRejected", "CustomTimeoutExceeded"),
    ),
    Rule(
        "mailbox-full", Verdict.COUNT, "bounce",
        "Full for now, whatever SES calls it; only repeated bounces show that nobody reads it.",
        f"{_CONTENTS}; RFC 3463, 3.3", condition=FULL,
    ),
    Rule(
        "rate-limited", Verdict.COUNT, "bounce",
        "The person gets more mail than the provider takes: the address works.",
        "Gmail SMTP errors and codes: 5.2.1 ReceivingRatePerm", condition=RECEIVING_RATE,
    ),
    Rule(
        "sender-refused", Verdict.COUNT, "bounce",
        "The provider refuses the sender or its mail: trouble of the sender's own, which says nothing of the address.",
        f"RFC 3463, 3.4 and 3.8; {_OBSERVED}", condition=ABOUT_SENDER,
    ),
    Rule(
        "not-reached", Verdict.COUNT, "bounce",
        "The network, a directory or a busy server was at fault, whatever SES calls it: nobody judged the mailbox.",
        "RFC 3463, 3.5; Exchange Online's codes", condition=NOT_REACHED,
    ),
    Rule(
        "dns-failure", Verdict.HOLD, "bounce",
        "The domain was not found. That may be an hour's fault of its DNS: the same after the hold blocks for good.",
        "RFC 3463, 3.2 and 3.5", condition=DNS_FAILURE, confirmable=True,
    ),
    Rule(
        "destination-unknown", Verdict.HOLD, "bounce",
        "Nothing vouches for the address in the report: the same after the hold blocks for good.",
        _CONTENTS, condition=DEAD_SOMEWHERE, confirmable=True,
    ),
    Rule(
        "nonexistent-address", Verdict.BLOCK, "bounce",
        "SES calls it soft, but the server's own answer says that the mailbox does not exist.",
        f"RFC 3463 and its IANA registry; {_OBSERVED}", _SOFT, _GENERAL, NO_MAILBOX,
    ),
    Rule(
        "no-email", Verdict.BLOCK, "bounce",
        "The mailbox does not exist, and the address is one that the mail went to.",
        _EVENTS, ("Permanent",), ("NoEmail",),
    ),
    Rule(
        "hard-bounce", Verdict.BLOCK, "bounce",
        "The provider refuses the address for good. Subtypes that AWS adds later count as this one.",
        _CONTENTS, ("Permanent",),
    ),
    Rule(
        "soft-bounce", Verdict.COUNT, "bounce",
        "SES stopped retrying, or could not tell why; only repeated bounces show something about the address.",
        _CONTENTS, _SOFT,
    ),
    Rule(
        "unknown-bounce-type", Verdict.COUNT, "bounce",
        "A type that AWS did not document when this was written: counted, as a single one proves nothing.",
        "AWS adds types without notice",
    ),
    Rule(
        "complaint-not-mailed", Verdict.IGNORE, "complaint",
        "The complaint names an address that the mail did not go to.",
        _EVENTS, condition=NOT_MAILED,
    ),
    Rule(
        "not-spam", Verdict.CLEAR, "complaint",
        "The person says that it was no spam: it removes complaint blocks up to then, never the block of a bounce.",
        f"{_CONTENTS}; {_TENANT}", ("not-spam",),
    ),
    Rule(
        "auth-failure", Verdict.IGNORE, "complaint",
        "A report about SPF, DKIM or DMARC, not a decision of the person.",
        _CONTENTS, ("auth-failure",),
    ),
    Rule(
        "complaint-suppression", Verdict.HOLD, "complaint",
        "SES did not send because a list has a complaint, which may have been lost here or named several people. "
        "It holds each time, as SES does; a tenant's list counts for all, since the person decided.",
        _CONTENTS, (), ("OnAccountSuppressionList", "OnTenantSuppressionList"),
    ),
    Rule(
        "suspects", Verdict.HOLD, "complaint",
        "Providers hide who complained, and SES names all who it may be: a complaint about another mail "
        "blocks for good.",
        _EVENTS, condition=SUSPECT, confirmable=True,
    ),
    Rule(
        "complaint-destination-unknown", Verdict.HOLD, "complaint",
        "Nothing vouches for the address in the report: a complaint about another mail blocks for good.",
        _CONTENTS, condition=DESTINATION_UNKNOWN, confirmable=True,
    ),
    Rule(
        "complaint", Verdict.BLOCK, "complaint",
        "The person does not want the mail. A missing or new feedback type counts as a complaint.",
        _CONTENTS,
    ),
)  # fmt: skip


# What the tables decide, not the feedback: history.writer applies them as it writes.
PROTECTED = Rule(
    "protected", Verdict.IGNORE, "",
    "An input of the pipeline or `ses-feedback protect` names the address, its domain or its local part.",
    "docs/support.md",
)  # fmt: skip
SURGE_HOLD = Rule(
    "surge-hold", Verdict.HOLD, "bounce",
    "Far more hard bounces of this domain than usual in an hour: more likely its provider is at fault than that all "
    "these people are gone. A hard bounce outside a surge blocks for good.",
    "Gmail, 14 and 15 December 2020: hours of false 550 5.1.1",
)  # fmt: skip


def _subject(feedback: Feedback) -> Subject | None:
    return _diagnosed_subject(feedback.status, feedback.diagnostic)


_diagnosed_subject = lru_cache(maxsize=16)(diagnosed_subject)  # several rules ask about the same feedback


def judge(feedback: Feedback) -> Rule:
    """The first rule that fits; the last rule of each kind fits everything."""
    rules = _candidates(feedback.kind, feedback.type, feedback.subtype)
    return next(rule for rule in rules if rule.condition is None or rule.condition.test(feedback))


@lru_cache(maxsize=256)
def _candidates(kind: str, type_: str, subtype: str) -> tuple[Rule, ...]:
    def fits(value: str, names: tuple[str, ...]) -> bool:
        return not names or _letters(value) in map(_letters, names)

    return tuple(
        rule for rule in RULES if rule.kind == kind and fits(type_, rule.types) and fits(subtype, rule.subtypes)
    )


def judge_all(notification_feedback: Iterable[Feedback]) -> list[tuple[Feedback, Rule]]:
    """Judge the feedback of one notification: one verdict per address, the strongest if the address occurs twice.

    It occurs twice when two members of one forwarding address bounce, or when the report spells it in two ways.
    """
    order = list(Verdict)
    strongest: dict[str, tuple[Feedback, Rule]] = {}
    for feedback in notification_feedback:
        rule = judge(feedback)
        known = strongest.get(feedback.address)
        if known is None or order.index(rule.verdict) < order.index(known[1].verdict):
            strongest[feedback.address] = (feedback, rule)
    return list(strongest.values())


def _letters(value: str) -> str:
    """SES's version 2 interface spells types in capitals with underscores, and AWS's pages vary: only letters count."""
    return re.sub(r"[^a-z]", "", value.lower())
