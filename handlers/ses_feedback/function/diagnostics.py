"""What the answer of the receiving server speaks of, from its status and its text. Pure.

SES's own type only says that a delivery failed, for good or for now. tests/diagnostics.json has real answers, and
for each the rule that it must lead to.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What an answer is about, in the order in which it is looked for: the mildest for the recipient first."""

    MAILBOX_FULL = "mailbox-full"
    RECEIVING_RATE = "receiving-rate"
    """The mailbox gets more mail, from everybody together, than its provider allows."""
    SENDER = "sender"
    """The sender, its domain, IP address, authentication or reputation, or this message: not the recipient."""
    NOT_REACHED = "not-reached"
    """The recipient's server, which was not reached in time or had no room for one more connection."""
    DNS = "dns"
    """The recipient's domain cannot be resolved or routed."""
    NO_MAILBOX = "no-mailbox"


@dataclass(frozen=True, slots=True)
class Pattern:
    """``text``: a regular expression in lower case, without unbounded repetition: a far end cannot make it slow."""

    subject: Subject
    text: str
    source: str


# RFC 3463 and the IANA registry; 5.4.14 and 5.4.3xx are Exchange Online's (loop, expired, DNS). 5.2.3 and 5.6.x
# speak of the message, 5.4.2 to 5.4.7 of connection, directory, congestion and time. In none: 5.4.1 (Exchange Online's
# for an unknown recipient), 5.1.5 (valid address), 5.1.9 (a relay), 5.2.4 (a mailing list).
STATUSES: Mapping[Subject, tuple[str, ...]] = {
    Subject.MAILBOX_FULL: ("5.2.2", "4.2.2"),
    Subject.RECEIVING_RATE: ("5.2.122",),
    Subject.SENDER: ("5.7", "5.3", "5.6", "5.1.7", "5.1.8", "5.2.3"),
    Subject.NOT_REACHED: ("5.4.2", "5.4.3", "5.4.5", "5.4.7", "5.4.300", "5.4.316"),
    Subject.DNS: ("5.1.2", "5.4.4", "5.4.6", "5.4.14", "5.4.310", "5.4.312"),
    Subject.NO_MAILBOX: ("5.1.0", "5.1.1", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"),
}
"""``5.7`` stands for every 5.7.x."""

_GMAIL = "https://support.google.com/a/answer/3726730"
_YAHOO = "http://help.yahoo.com/l/in/yahoo/mail/original/abuse/abuse-57.html"
_GMX = "https://postmaster.gmx.net/en/error-messages"
_QQ = "https://smtp.codes/qq"
_YANDEX = "https://www.yandex.com/support/mail/bounces/other.html"
_MANUAL = "https://github.com/ActiveCampaign/smtp-field-manual/blob/master/data/codes/"
_GERMAN = (
    "http://www.sitepackage.de/service/dokumentation/auswertung/typische-fehlermeldungen-bei-unzustellbarkeit.html"
)
_CHINESE = "https://www.dbmailserver.com/tui-xin-address-not-exist.htm"
_EXCHANGE = "https://markgossa.com/2015/09/451-440-dns-query-failed-error-was.html"
_BMH = "https://github.com/voku/PHPMailer-BMH/blob/master/src/BounceMailHandler/phpmailer-bmh_rules.php"
_EXIM = "https://pastebin.com/q0gd1hGA"
_OUTLOOK = "https://github.com/zone-eu/zone-mta/pull/214"
_CARRIERS = "https://note.com/sendmagic/n/"

PATTERNS = (
    Pattern(Subject.MAILBOX_FULL, r"over ?(?:the allowed |storage )?quota", _GMAIL),
    Pattern(Subject.MAILBOX_FULL, r"(?<!sending )quota (?:has been )?exceed", _GMX),
    Pattern(Subject.MAILBOX_FULL, r"quota (?:violation|limit is exceeded)|exceeded the allowed mailbox quota", _BMH),
    Pattern(Subject.MAILBOX_FULL, r"(?:mailbox|storage) (?:<@> )?(?:is )?full", _YANDEX),
    Pattern(Subject.MAILBOX_FULL, r"exhausted allowed storage|too many messages on the server", _GERMAN),
    Pattern(Subject.MAILBOX_FULL, r"not enough storage space|space not enough", _BMH),
    Pattern(Subject.MAILBOX_FULL, r"too much mail data", f"{_CARRIERS}neb6bbe7e51cf"),
    Pattern(Subject.RECEIVING_RATE, r"receivingrate|receiving (?:e?mail )(?:at a rate|too quickly)", _GMAIL),
    Pattern(Subject.RECEIVING_RATE, r"mailbox unavailable or access denied", _QQ),
    Pattern(Subject.SENDER, r"spamhaus|(?:black|block) ?list|dnsbl|\brbl\b|\bblack ip\b", _GMX),
    Pattern(Subject.SENDER, r"\b(?:dmarc|spf|dkim)\b|authentication required|auth failed", _GMAIL),
    Pattern(Subject.SENDER, r"reputation", "https://github.com/sisimai/p5-sisimai/issues/469"),
    Pattern(Subject.SENDER, r"(?<![\w.-])spam(?![\w-]|\.\w)|\bdt:spm|virus|junk ?mail", _YANDEX),
    Pattern(Subject.SENDER, r"\bpolic(?:y|ies)\b|(?<!name )not allowed", f"{_MANUAL}554.json"),
    Pattern(Subject.SENDER, r"(?:mail|message) (?:(?:is|was) )?(?:rejected|refused|filtered)", _YANDEX),
    Pattern(Subject.SENDER, r"content (?:denied|reject)", _QQ),
    Pattern(Subject.SENDER, r"mail \w{1,80}\.\w{1,80} is rejected|data refused|mime/reject|refused to receive", _BMH),
    Pattern(Subject.SENDER, r"rejecting|quarantined", f"{_MANUAL}554.json"),
    Pattern(Subject.SENDER, r"(?<!mailbox has been )blocked", f"{_MANUAL}550.json"),
    Pattern(Subject.SENDER, r"reverse dns|resource record", _GMX),
    Pattern(Subject.SENDER, r"554 ip[=:] ?\d", "https://pastebin.com/VqKAgV9K"),
    Pattern(Subject.SENDER, r"relay(?:ing)? (?:access )?(?:denied|not permitted)", f"{_CARRIERS}n875d8dcb6cb8"),
    Pattern(Subject.SENDER, r"unable to relay|unauthorized relay|permitted to relay|rcpthosts|local user only", _BMH),
    Pattern(Subject.SENDER, r"sender (?:address|verify|(?:is )?rejected)|(?:invalid|denies the) sender", _EXIM),
    Pattern(Subject.SENDER, r"client host rejected|\bmismatch", _BMH),
    Pattern(Subject.SENDER, r"553 [\w.-]{1,255} does not exist", f"{_CARRIERS}n5afbf98aeb25"),
    Pattern(Subject.SENDER, r"frequency limited|daily limit|sending quota|too many (?:invalid )?recipients", _QQ),
    Pattern(Subject.SENDER, r"message (?:is )?too large", _GERMAN),
    Pattern(Subject.DNS, r"dns error|nxdomain", "https://support.google.com/mail/?p=BadRcptDomain"),
    Pattern(Subject.DNS, r"domain in the email address [^.]{0,260} does not", _EXCHANGE),
    Pattern(Subject.DNS, r"unrouteable address|(?:host|domain) (?:name )?(?:not found|unknown)", _YANDEX),
    Pattern(Subject.NO_MAILBOX, r"(?:user|addressee) (?:\(@\) )?unknown|unknown (?:user|recipient|local)", _YANDEX),
    Pattern(Subject.NO_MAILBOX, r"no such (?:user|mailbox)", _YANDEX),
    Pattern(Subject.NO_MAILBOX, r"user (?:\[@\] )?not found|(?:user|recipient is) not exist", _CHINESE),
    Pattern(Subject.NO_MAILBOX, r"mailbox (?:\( @ \) )?(?:is )?(?:unavailable|not found|disabled|frozen)", _QQ),
    Pattern(Subject.NO_MAILBOX, r"unavailable mail user", _CHINESE),
    Pattern(Subject.NO_MAILBOX, r"account (?:has been |is )?(?:disabled|closed|inactive|not activated)", _GERMAN),
    Pattern(Subject.NO_MAILBOX, r"user (?:is )?(?:disabled|inactive)|inactive user|deactivated mailbox", _BMH),
    Pattern(Subject.NO_MAILBOX, r"not our customer|not a member of domain|does not have an account", _BMH),
    Pattern(Subject.NO_MAILBOX, r"that you tried to reach does no", _GMAIL),
    Pattern(Subject.NO_MAILBOX, r"doesn't have an? [\w.-]{1,255} account|is no longer valid", _YAHOO),
    Pattern(Subject.NO_MAILBOX, r"(?:invalid|wrong) (?:recipient|mailbox|address|user)|bad address syntax", _QQ),
    Pattern(Subject.NO_MAILBOX, r"recipient address rejected: access denied", _OUTLOOK),
    Pattern(Subject.NO_MAILBOX, r"not listed in domino directory", _GERMAN),
)  # fmt: skip


def compiled(patterns: Iterable[Pattern]) -> Mapping[Subject, re.Pattern[str]]:
    """One expression per subject that has a pattern."""
    texts: dict[Subject, list[str]] = {}
    for pattern in patterns:
        texts.setdefault(pattern.subject, []).append(pattern.text)
    return {subject: re.compile("|".join(several)) for subject, several in texts.items()}


_CODES = {subject: tuple(f"{status}." for status in statuses) for subject, statuses in STATUSES.items()}
_TEXTS = compiled(PATTERNS)
# The server's own enhanced code, right behind its reply code or as qmail writes it: `550 5.1.1 user unknown`,
# `550-'5.1.1 ...'`, `550 #5.1.1 ...`, `554 no mailbox here (#5.1.1)`.
_CODE = re.compile(r"(?:\b[45]\d\d[ -][#']?|\(#)([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_REPLY = re.compile(r"(?:^|[\s;])([45])[0-5]\d[ -]")
_UNSPECIFIC = re.compile(r"[245]\.0\.0|")
# An address may contain any word (`spf@`), which says nothing. A run of its letters is entered only once: linear.
_ADDRESS = re.compile(r"(?<![\w.+=%-])[\w.+=%-]+@[\w-]+(?:\.[\w-]+)*")


def server_status(status: str, diagnostic: str) -> str:
    """The status, or the server's own code when SES gives none or only says "failed"."""
    if _UNSPECIFIC.fullmatch(status) and (code := _CODE.search(diagnostic)):
        return code[1]
    return status


def _replied_temporarily(diagnostic: str) -> bool:
    """Whether the server's reply code is a 4xx: RFC 5321, 4.2.1, the client should try again."""
    reply = _REPLY.search(diagnostic)
    return reply is not None and reply[1] == "4"


def diagnosed_subject(status: str, diagnostic: str) -> Subject | None:
    """What the answer speaks of; None when nothing in it is known here, so that SES's own type must decide.

    The first subject that a code or the text names: what is said of the sender outweighs the code of a dead mailbox,
    and that a mailbox or domain is gone is believed only of the most specific code, never of a 4.x.x.
    """
    own = server_status(status, diagnostic)
    every = (own, *_CODE.findall(diagnostic))
    text = _ADDRESS.sub("@", diagnostic.lower())
    for subject in Subject:
        gone = subject in (Subject.DNS, Subject.NO_MAILBOX)
        if gone and (own.startswith("4.") or (_UNSPECIFIC.fullmatch(own) and _replied_temporarily(diagnostic))):
            return None
        codes = (own,) if gone else every
        words = _TEXTS.get(subject)
        if any(f"{code}.".startswith(_CODES[subject]) for code in codes) or (words and words.search(text)):
            return subject
    return None
