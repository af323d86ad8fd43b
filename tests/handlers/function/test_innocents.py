"""Nobody can have a stranger blocked, and what may be nobody's fault blocks for no longer than a hold.

Each case goes through the function on moto. What the breaker does has its own tests (history/test_surges.py).
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.handlers.conftest import Function

JANE, MEMBER, STAFF = "jane@example.org", "ex@corp.example", "all-staff@corp.example"
SENT = datetime.fromisoformat("2026-11-01T10:00:00+00:00")


def bounce(
    address: str = JANE,
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 user unknown",
    *,
    destinations: tuple[str, ...] = (JANE,),
    type_: str = "Permanent",
    subtype: str = "General",
    day: float = 0,
) -> dict[str, Any]:
    at = (SENT + timedelta(days=day)).isoformat()
    recipient = {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": diagnostic}
    report = {"bounceType": type_, "bounceSubType": subtype, "bouncedRecipients": [recipient], "timestamp": at}
    report["feedbackId"] = f"bounce-{day}-{address}"
    mail = {"timestamp": at, "messageId": f"mail-{day}", "destination": list(destinations)}
    return {"notificationType": "Bounce", "bounce": report, "mail": mail}


def complaint(*addresses: str, day: float = 0, mail: str = "", destinations: tuple[str, ...] = ()) -> dict[str, Any]:
    at = (SENT + timedelta(days=day)).isoformat()
    report = {
        "complainedRecipients": [{"emailAddress": address} for address in addresses],
        "complaintFeedbackType": "abuse",
        "timestamp": at,
        "feedbackId": f"complaint-{day}",
    }
    message = {"timestamp": at, "messageId": mail or f"mail-{day}", "destination": list(destinations or addresses)}
    return {"notificationType": "Complaint", "complaint": report, "mail": message}


def rules(function: Function, address: str) -> list[str]:
    return [row["rule"] for entry, row in function.history(address).items() if entry.startswith("feedback#")]


SUBTYPES = ("General", "NoEmail", "Suppressed", "OnAccountSuppressionList", "OnTenantSuppressionList", "new")


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("type_", ["Permanent", "Transient", "Undetermined"])
def test_an_address_that_the_mail_never_went_to(function: Function, type_: str, subtype: str) -> None:
    forged = bounce("stranger@elsewhere.example", destinations=(JANE, STAFF), type_=type_, subtype=subtype)
    assert function.send(forged) == []
    assert function.blocked() == {}
    assert rules(function, "stranger@elsewhere.example") == ["not-mailed"]


def test_a_complaint_about_an_address_that_the_mail_never_went_to(function: Function) -> None:
    function.send(complaint("stranger@elsewhere.example", destinations=(JANE, STAFF)))
    assert function.blocked() == {}


def test_one_dead_member_does_not_silence_a_list(function: Function) -> None:
    for day in range(4):
        function.send(bounce(MEMBER, destinations=(STAFF,), day=day))
    assert function.blocked() == {}
    function.send(bounce(MEMBER, destinations=(STAFF,), day=4))
    assert {name: item["reason"] for name, item in function.blocked().items()} == {STAFF: "soft-bounces"}
    assert function.blocked()[STAFF]["forwarded"] is True


def test_suspects_of_a_complaint_are_held_and_a_second_complaint_names_one_for_good(function: Function) -> None:
    function.send(complaint(JANE, STAFF), complaint(JANE, STAFF, day=0.5, mail="mail-0"))  # one mail, reported twice
    assert {item["reason"] for item in function.blocked().values()} == {"hold"}
    function.send(complaint(JANE, MEMBER, day=1))
    blocked = function.blocked()
    assert (blocked[JANE]["reason"], "expires_at" in blocked[JANE]) == ("complaint", False)
    assert blocked[STAFF]["reason"] == blocked[MEMBER]["reason"] == "hold"


@pytest.mark.parametrize(
    ("status", "diagnostic", "rule"),
    [
        ("5.7.1", "smtp; 550 5.7.1 Service unavailable; client host blocked using Spamhaus", "sender-refused"),
        (
            "5.7.26",
            "smtp; 550 5.7.26 This mail has been blocked because the sender is unauthenticated",
            "sender-refused",
        ),
        ("5.3.0", "smtp; 554 5.3.0 rejected", "sender-refused"),
        ("5.0.0", "smtp; 554 rejected due to DMARC policy", "sender-refused"),
        ("5.4.7", "smtp; 550 5.4.7 delivery time expired", "not-reached"),
        ("5.2.2", "smtp; 552 5.2.2 over quota", "mailbox-full"),
        ("5.2.1", "smtp; 550 5.2.1 receiving mail at a rate that prevents https://x/?p=ReceivingRate", "rate-limited"),
        ("5.2.1", "smtp; 450-4.2.1 https://x/?p=ReceivingRatePerm", "rate-limited"),
    ],
)
@pytest.mark.parametrize("type_", ["Permanent", "Transient", "Undetermined"])
def test_what_says_nothing_about_the_address_counts(
    function: Function, type_: str, status: str, diagnostic: str, rule: str
) -> None:
    function.send(*(bounce(status=status, diagnostic=diagnostic, type_=type_, day=day / 2) for day in range(30)))
    assert set(rules(function, JANE)) == {rule}
    item = function.blocked()[JANE]
    assert (item["reason"], "expires_at" in item) == ("soft-bounces", True)


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.4.4", "smtp; 550 5.4.4 Invalid domain"),
        ("5.1.2", "smtp; 550 5.1.2 bad destination system"),
        ("5.0.0", "smtp; 550 Host not found"),
    ],
)
@pytest.mark.parametrize("type_", ["Permanent", "Transient"])
def test_a_domain_that_is_not_found_is_held_until_it_is_so_again(
    function: Function, type_: str, status: str, diagnostic: str
) -> None:
    function.send(bounce(status=status, diagnostic=diagnostic, type_=type_))
    held = function.blocked()[JANE]
    assert (held["reason"], held["rule"]) == ("hold", "dns-failure")
    assert held["expires_at"] == datetime.fromisoformat("2026-11-16T00:00:00+00:00").timestamp()
    function.send(bounce(status=status, diagnostic=diagnostic, type_=type_, day=15))
    confirmed = function.blocked()[JANE]
    assert (confirmed["reason"], confirmed["confirmed"], "expires_at" in confirmed) == ("bounce", True, False)


def test_ses_s_lists_hold_and_never_for_good(function: Function) -> None:
    for day in (0, 20, 40):
        function.send(
            bounce(subtype="Suppressed", day=day),
            bounce(STAFF, destinations=(STAFF,), day=day, subtype="OnAccountSuppressionList"),
        )
    assert {item["reason"] for item in function.blocked().values()} == {"hold"}


def test_a_dead_mailbox_still_blocks_for_good(function: Function) -> None:
    function.send(bounce())
    item = function.blocked()[JANE]
    assert (item["reason"], item["rule"], "expires_at" in item) == ("bounce", "hard-bounce", False)


@pytest.mark.parametrize(
    ("bounced", "asked"),
    [("a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'), ('"jane."@docomo.ne.jp', "jane.@docomo.ne.jp")],
)
def test_a_quoted_address_is_the_unquoted_one(function: Function, bounced: str, asked: str) -> None:
    function.send(bounce(bounced, destinations=(asked,)))
    assert [item["reason"] for item in function.blocked().values()] == ["bounce"]
