"""The verdict on one feedback: one table of rules, of which the first that fits decides. Pure.

docs/reference/verdicts.md is generated from this table.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ses_feedback.function.notification import Feedback

_CONTENTS = "SES guide, Amazon SNS notification contents"
_EVENTS = "SES guide, Contents of event data that Amazon SES publishes to Amazon SNS"
_TENANT = "SES guide, Tenant-level suppression list"
_OBSERVED = "field reports"


class Verdict(StrEnum):
    """What a feedback does to its address, the strongest first."""

    BLOCK = "block"
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


# RFC 3463 and the IANA registry: the codes about the mailbox or its domain. Left out: 5.1.5 (valid address),
# 5.1.7 to 5.1.9 (the sender's address, a relay), 5.2.2 (full), 5.2.3 and 5.2.4 (this message, this list).
_DEAD_STATUSES = (
    *("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10"),
    *("5.2.1", "5.4.4", "5.4.310"),
)
# The enhanced code right behind the reply code of the server: `smtp; 550 5.1.1 user unknown`.
_CODE_IN_DIAGNOSTIC = re.compile(r"\b[45]\d\d[ -]#?([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_UNSPECIFIC = re.compile(r"[245]\.0\.0|")


def _status(feedback: Feedback) -> str:
    """The status, or the server's own code when SES gives none or only says "failed"."""
    if _UNSPECIFIC.fullmatch(feedback.status) and (code := _CODE_IN_DIAGNOSTIC.search(feedback.diagnostic)):
        return code[1]
    return feedback.status


NOT_MAILED = Condition(
    "the address is not one that the mail went to",
    lambda feedback: not feedback.mailed,
)
DELAYED = Condition(
    "this recipient's own action is delayed, or its status 4.x.x",
    lambda feedback: _letters(feedback.action) == "delayed" or feedback.status.startswith("4."),
)
NO_REPORT = Condition(
    "no action, status or diagnostic",
    lambda feedback: not (feedback.action or feedback.status or feedback.diagnostic),
)
DEAD_STATUS = Condition(
    f"a status of the mailbox or domain: {', '.join(_DEAD_STATUSES)}",
    lambda feedback: _status(feedback) in _DEAD_STATUSES,
)
_GENERAL = ("General", "Undetermined", "")

RULES: tuple[Rule, ...] = (
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
        "no-email-other-address", Verdict.IGNORE, "bounce",
        "SES could not extract the recipient from the bounce, and the address it gives instead was never mailed.",
        _CONTENTS, ("Permanent",), ("NoEmail",), NOT_MAILED,
    ),
    Rule(
        "recipient-delayed", Verdict.COUNT, "bounce",
        "One bounce can name several recipients, and this one's own report says that it may still work.",
        f"{_CONTENTS}: its sample has both in one bounce", ("Permanent",), (), DELAYED,
    ),
    Rule(
        "account-suppression", Verdict.BLOCK, "bounce",
        "SES did not send because the account's list has it: the bounce that put it there may have been lost here.",
        "SES guide, Account-level suppression list", ("Permanent",), ("OnAccountSuppressionList",),
    ),
    Rule(
        "global-suppression", Verdict.BLOCK, "bounce",
        "SES did not send because the address bounced for some customer recently; it counts in the bounce rate.",
        "SES guide, Global suppression list", ("Permanent",), ("Suppressed",),
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
        "nonexistent-address", Verdict.BLOCK, "bounce",
        "SES calls it soft, but the server's own status says that the mailbox or domain does not exist.",
        f"RFC 3463 and its IANA registry; {_OBSERVED}", ("Transient", "Undetermined"), _GENERAL, DEAD_STATUS,
    ),
    Rule(
        "auto-reply", Verdict.IGNORE, "bounce",
        "Without any delivery report it is an automatic reply, such as an out-of-office note: the address works.",
        f"{_CONTENTS}; {_OBSERVED}", ("Transient", "Undetermined"), _GENERAL, NO_REPORT,
    ),
    Rule(
        "message-refused", Verdict.IGNORE, "bounce",
        "It concerns this message (size, content, attachment) or the sender's own time limit, not the address.",
        _EVENTS, ("Transient",), ("MessageTooLarge", "ContentRejected", "AttachmentRejected", "CustomTimeoutExceeded"),
    ),
    Rule(
        "mailbox-full", Verdict.COUNT, "bounce",
        "Full for now; only repeated bounces show that nobody reads it.",
        _CONTENTS, ("Transient",), ("MailboxFull",),
    ),
    Rule(
        "soft-bounce", Verdict.COUNT, "bounce",
        "SES stopped retrying, or could not tell why; only repeated bounces show something about the address.",
        _CONTENTS, ("Transient", "Undetermined"),
    ),
    Rule(
        "unknown-bounce-type", Verdict.COUNT, "bounce",
        "A type that AWS did not document when this was written: counted, as a single one proves nothing.",
        "AWS adds types without notice",
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
        "complaint-suppression", Verdict.BLOCK, "complaint",
        "SES did not send because a list has a complaint of this person, which may have been lost here. "
        "A complaint is the person's own decision, so a tenant's list counts for all.",
        _CONTENTS, (), ("OnAccountSuppressionList", "OnTenantSuppressionList"),
    ),
    Rule(
        "complaint", Verdict.BLOCK, "complaint",
        "The person does not want the mail. A missing or new feedback type counts as a complaint.",
        _CONTENTS,
    ),
)  # fmt: skip


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
