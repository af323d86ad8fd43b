"""What the answer of the receiving server speaks of, from its status and its text. Pure.

SES's own type says only that a delivery failed for good or for now. tests/diagnostics.json has real answers, each with its subject.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What an answer is about, in the order in which it is looked for: the mildest first."""

    MAILBOX_FULL = "mailbox-full"
    RECEIVING_RATE = "receiving-rate"
    """The mailbox receives more mail than its provider allows, from everybody together."""
    SENDER = "sender"
    """The sender, its domain, IP address, authentication, reputation or message: not the recipient."""
    DNS = "dns"
    NO_MAILBOX = "no-mailbox"


@dataclass(frozen=True, slots=True)
class Pattern:
    """``text`` is found in the diagnostic without regard to case. It is linear: no repetition of what has none of its own."""

    subject: Subject
    text: str
    source: str


# RFC 3463 and the IANA registry of enhanced status codes.
_STATUSES = {
    Subject.MAILBOX_FULL: r"[45]\.2\.2",
    Subject.SENDER: r"5\.(?:7|3)\.\d+|5\.1\.[78]",
    Subject.DNS: r"5\.1\.2|5\.4\.4|5\.4\.310",
    Subject.NO_MAILBOX: r"5\.1\.(?:0|1|3|4|6|10)|5\.2\.1",
}
_RFC = "https://www.rfc-editor.org/rfc/rfc3463"
PATTERNS = (
    Pattern(Subject.MAILBOX_FULL, r"mailbox (?:is )?full|over ?quota|quota exceeded", _RFC),
    Pattern(Subject.RECEIVING_RATE, r"ReceivingRate|receiving mail at a rate", "https://support.google.com/a/answer/3726730"),
    Pattern(Subject.SENDER, r"spamhaus|\b(?:DMARC|SPF|DKIM)\b|reputation|relay(?:ing)? (?:access )?denied", "https://support.google.com/a/answer/3726730"),
    Pattern(Subject.DNS, r"\b(?:host|domain) not found|NXDOMAIN|no MX", _RFC),
    Pattern(Subject.NO_MAILBOX, r"user unknown|no such user|mailbox (?:unavailable|disabled)", _RFC),
)  # fmt: skip

# The enhanced code right behind the reply code of the server: `smtp; 550 5.1.1 user unknown`.
_CODE_IN_DIAGNOSTIC = re.compile(r"\b[45]\d\d[ -]#?([45]\.\d{1,3}\.\d{1,3})(?![.\d])")
_UNSPECIFIC = re.compile(r"[245]\.0\.0|")
# An address may contain any word (`spf@`), which says nothing. Each run of letters is entered once: linear.
_ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]+@[\w.-]+")


def server_status(status: str, diagnostic: str) -> str:
    """The status, or the server's own code when SES gives none or only says "failed"."""
    if _UNSPECIFIC.fullmatch(status) and (code := _CODE_IN_DIAGNOSTIC.search(diagnostic)):
        return code[1]
    return status


def diagnosed_subject(status: str, diagnostic: str) -> Subject | None:
    """What the answer speaks of; None: its status and text say nothing that is known here.

    The first subject that the status or the text names, so a text about the sender outweighs the status of a mailbox.
    A status of 4.x.x never says that a mailbox or domain is gone.
    """
    status = server_status(status, diagnostic)
    text = _ADDRESS.sub("@", diagnostic)
    for subject in Subject:
        if subject in (Subject.DNS, Subject.NO_MAILBOX) and status.startswith("4."):
            return None
        if re.fullmatch(_STATUSES.get(subject, "-"), status):
            return subject
        if any(re.search(p.text, text, re.IGNORECASE) for p in PATTERNS if p.subject is subject):
            return subject
    return None
