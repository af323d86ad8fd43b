"""What answers of servers speak of: every real answer of tests/diagnostics.json, and what a far end may write.

It does not prove that an answer that is not in the file is read rightly, nor what SES makes of an answer.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function import diagnostics
from ses_feedback.function.diagnostics import PATTERNS, Pattern, Subject, diagnosed_subject, server_status


class Row(NamedTuple):
    diagnostic: str
    status: str
    provider: str
    rule: str
    seen: str


FILE = Path(__file__).parents[2] / "diagnostics.json"
ROWS = [Row(**row) for row in json.loads(FILE.read_text("utf-8"))]
RULES = {
    Subject.MAILBOX_FULL: "mailbox-full",
    Subject.RECEIVING_RATE: "rate-limited",
    Subject.SENDER: "sender-refused",
    Subject.NOT_REACHED: "not-reached",
    Subject.DNS: "dns-failure",
    Subject.NO_MAILBOX: "nonexistent-address",
    None: "hard-bounce",
}


def rule(row: Row) -> str:
    return RULES[diagnosed_subject(row.status, row.diagnostic)]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.provider}-{number}" for number, row in enumerate(ROWS)])
def test_a_real_answer_is_read_rightly(row: Row) -> None:
    assert rule(row) == row.rule, row.diagnostic


def template(diagnostic: str) -> str:
    """What is left of an answer without what differs from mail to mail: addresses, hosts, numbers, ids."""
    text = re.sub(r"\S*@\S*|\S+\.\S+|\[.*?\]", " ", diagnostic.lower())
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"\S*\d\S*", " ", text)))


def test_the_answers_are_many_however_often_a_template_is_there() -> None:
    assert len({template(row.diagnostic) for row in ROWS}) >= 200
    assert len({row.diagnostic for row in ROWS}) == len(ROWS)


def test_every_answer_has_a_source_and_fits_what_is_stored() -> None:
    for row in ROWS:
        assert re.fullmatch(r"https?://\S+", row.seen), row
        assert re.fullmatch(r"5\.\d{1,3}\.\d{1,3}", row.status), row
        assert 0 < len(row.diagnostic) <= 500, row


def test_personal_addresses_are_replaced() -> None:
    roles = {"abuse@example.com", "abuse@corp.mail.ru", "delist@messaging.microsoft.com", "tosa@rx.t-online.de"}
    bounces = r"[0-9a-f-]+@amazonses\.com"
    for row in ROWS:
        for address in re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*", row.diagnostic):
            assert address in roles | {"jane@example.org", ".@gmail.com"} or re.fullmatch(bounces, address), address


PROVIDERS = (
    *("Gmail", "Outlook", "Exchange Online", "Yahoo", "Apple", "Proofpoint", "Mimecast", "Docomo", "au", "SoftBank"),
    *("GMX", "web.de", "Orange", "Free", "Zoho", "Comcast", "QQ", "163", "Yandex", "mail.ru", "Barracuda"),
    *("Postfix", "Exim", "Sendmail", "SES"),
)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_among_the_answers(provider: str) -> None:
    assert any(row.provider == provider for row in ROWS)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.text)
def test_no_pattern_is_idle(pattern: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    without = diagnostics.compiled(other for other in PATTERNS if other is not pattern)
    monkeypatch.setattr(diagnostics, "_TEXTS", without)
    assert any(rule(row) != row.rule for row in ROWS)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.text)
def test_every_pattern_has_a_source_is_in_lower_case_and_bounded(pattern: Pattern) -> None:
    assert pattern.source.startswith("http")
    text = re.sub(r"\\.", "", pattern.text)
    assert text.islower()
    assert not re.search(r"[*+]|,\}", text)


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [
        (Subject.MAILBOX_FULL, "5.2.2 4.2.2"),
        (Subject.RECEIVING_RATE, "5.2.122"),
        (Subject.SENDER, "5.7.0 5.7.1 5.7.26 5.7.606 5.3.0 5.3.4 5.6.0 5.6.1 5.1.7 5.1.8 5.2.3"),
        (Subject.NOT_REACHED, "5.4.2 5.4.3 5.4.5 5.4.7 5.4.300 5.4.316"),
        (Subject.DNS, "5.1.2 5.4.4 5.4.6 5.4.14 5.4.310 5.4.312"),
        (Subject.NO_MAILBOX, "5.1.0 5.1.1 5.1.3 5.1.4 5.1.6 5.1.10 5.2.1"),
        (None, "5.0.0 5.1.5 5.1.9 5.1.11 5.2.0 5.2.4 5.4.1 5.5.0 5.70.1 4.1.1 4.4.4 4.7.1"),
    ],
)
def test_the_status_codes(expected: Subject | None, statuses: str) -> None:
    assert {diagnosed_subject(status, "") for status in statuses.split()} == {expected}


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "smtp; 550 5.7.1 blocked", Subject.SENDER),
        ("5.7.1", "smtp; 550 5.1.1 user unknown", Subject.SENDER),
        ("5.2.1", "smtp; 552 5.2.2 full", Subject.MAILBOX_FULL),
        ("5.0.0", "smtp; 550-'5.1.1 unknown'", Subject.NO_MAILBOX),
        ("5.0.0", "smtp; 554 no (#5.1.1)", Subject.NO_MAILBOX),
        ("5.0.0", "smtp; 554 5.1.1.9 is at fault", None),
        ("", "smtp; 550 5.4.4 no", Subject.DNS),
        ("5.0.0", "smtp; 550 #5.1.1 no", Subject.NO_MAILBOX),
        # That it is gone is believed of the status alone when it says something.
        ("5.5.0", "smtp; 550 5.1.1 no", None),
        ("5.0.0", "", None),
        ("", "", None),
        # A code or text that says "for now" never says that the mailbox or the domain is gone.
        ("4.1.1", "smtp; 550 5.1.1 user unknown", None),
        ("", "smtp; 450 4.1.1 user unknown", None),
        ("4.4.3", "Host or domain name not found", None),
        ("4.2.1", "smtp; 450-4.2.1 receiving mail at a rate that prevents", Subject.RECEIVING_RATE),
        # Words in an address say nothing.
        ("5.1.1", "smtp; 550 5.1.1 <spf+dmarc.policy@example.org>: User unknown", Subject.NO_MAILBOX),
        ("5.0.0", "smtp; 550 <reputation@example.org> User unknown", Subject.NO_MAILBOX),
        ("5.0.0", "smtp; 550 jane@example.org...User unknown", Subject.NO_MAILBOX),
        # Nor does the name of a host.
        ("5.1.1", "smtp; 550 5.1.1 mx.anti-spam.example: User unknown", Subject.NO_MAILBOX),
    ],
)
def test_codes_words_and_their_order(status: str, diagnostic: str, expected: Subject | None) -> None:
    assert diagnosed_subject(status, diagnostic) is expected


@pytest.mark.parametrize("status", ["5.7.0", "5.7.1", "5.7.26", "5.7.606"])
def test_a_refusal_by_policy_never_says_that_the_mailbox_is_gone(status: str) -> None:
    subjects = {diagnosed_subject(status, row.diagnostic) for row in ROWS}
    assert Subject.SENDER in subjects
    assert not subjects & {Subject.NO_MAILBOX, Subject.DNS, None}


def test_the_servers_own_code_counts_when_the_status_says_nothing() -> None:
    assert server_status("5.0.0", "smtp; 550 5.1.1 user unknown") == "5.1.1"
    assert server_status("", "smtp; 550 user unknown") == ""
    assert server_status("5.3.0", "smtp; 550 5.1.1 user unknown") == "5.3.0"


PIECES = st.sampled_from(
    (
        *(
            *" .@<>[]'#1x",
            "553 ",
            "550 5.1.",
            "user ",
            "mailbox ",
            "message is ",
            "doesn't have a ",
            "quota ",
            "address ",
        ),
        *("the domain in the email address ", "relaying ", "spam", "unknown ", "\n", "ü", "\u0130", "\ud83d"),
    )
)


@given(st.one_of(st.text(), st.sampled_from(["", "5.1.1", "4.2.2"])), st.lists(PIECES).map("".join))
def test_any_text_can_be_read(status: str, diagnostic: str) -> None:
    diagnosed_subject(status, diagnostic)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.text)
def test_no_text_can_make_a_pattern_slow(pattern: Pattern) -> None:
    """The far end writes the text. Without unbounded repetition the work is linear in its length."""
    assert not re.search(r"(?<!\\)[*+]|\{\d*,\}", pattern.text)
    assert all(int(most) <= 260 for most in re.findall(r"\{\d+,(\d+)\}", pattern.text))


@pytest.mark.parametrize("status", ["", "5.0.0"])
@pytest.mark.parametrize("text", ["mailbox unavailable", "user unknown", "Host not found"])
def test_a_temporary_reply_says_of_nothing_that_it_is_gone(status: str, text: str) -> None:
    assert diagnosed_subject(status, f"smtp; 450 {text}") is None
    assert diagnosed_subject(status, f"smtp; 550 {text}") is not None
