"""The SES account in a Region: may it send, and how close are its rates to the limits of AWS?"""

from collections.abc import Iterable

from ses_feedback_cli.doctor.observations import AccountObservation
from ses_feedback_cli.doctor.rules.rule import Fault, Rule, Severity

_RATE_LIMITS = {"bounce": (0.05, 0.1), "complaint": (0.001, 0.005)}
"""From which rate AWS reviews an account, and may pause its sending."""
_SUPPRESSED_REASONS = {"BOUNCE", "COMPLAINT"}


def _rate_rule(kind: str, *, critical: bool) -> Rule[AccountObservation]:
    review_limit, pause_limit = _RATE_LIMITS[kind]
    limit = pause_limit if critical else review_limit

    def rate_in_range(account: AccountObservation) -> Iterable[Fault]:
        rate = account.bounce_rate if kind == "bounce" else account.complaint_rate
        if rate is not None and limit <= rate and (critical or rate < pause_limit):
            yield {"rate": f"{rate:.2%}"}

    name = f"{kind}-rate-{'critical' if critical else 'warning'}"
    percentage = f"{limit:.1%}".replace(".0%", "%")
    consequence = "may pause sending" if critical else "reviews the account"
    return Rule(
        name,
        Severity.ERROR if critical else Severity.WARNING,
        name,
        f"the {kind} rate is {{rate}}: at {percentage} or more AWS {consequence}",
        "stop the mailing that causes it: the runbook explains how to find it",
        rate_in_range,
    )


def _in_sandbox(account: AccountObservation) -> bool:
    return account.details_known and not account.production_access


def _sending_disabled(account: AccountObservation) -> bool:
    return account.details_known and not account.sending_enabled


def _under_review(account: AccountObservation) -> bool:
    return account.details_known and account.enforcement_status == "PROBATION"


def _sending_paused(account: AccountObservation) -> bool:
    return account.details_known and account.enforcement_status == "SHUTDOWN"


def _suppression_list_disabled(account: AccountObservation) -> Iterable[Fault]:
    missing_reasons = sorted(_SUPPRESSED_REASONS - set(account.suppressed_reasons))
    if account.details_known and missing_reasons:
        yield {"missing_reasons": " and ".join(missing_reasons)}


RULES: tuple[Rule[AccountObservation], ...] = (
    Rule(
        "sandbox", Severity.WARNING, "sandbox",
        "the account is in the SES sandbox in {region}: it can send to verified addresses and to the "
        "mailbox simulator only",
        "request production access: aws sesv2 put-account-details --region {region} --production-access-enabled, and "
        "the details that it needs",
        _in_sandbox,
    ),
    Rule(
        "sending-disabled", Severity.ERROR, "sending",
        "sending is disabled in {region}",
        "aws sesv2 put-account-sending-attributes --region {region} --sending-enabled; if AWS did it: a support case",
        _sending_disabled,
    ),
    Rule(
        "under-review", Severity.ERROR, "sending",
        "AWS has the account under review in {region} (PROBATION), with a deadline",
        "answer the support case of AWS; the runbook explains what to do until then",
        _under_review,
    ),
    Rule(
        "sending-paused", Severity.ERROR, "sending",
        "AWS has paused the account's sending in {region} (SHUTDOWN)",
        "answer the support case of AWS; the runbook explains what it asks for",
        _sending_paused,
    ),
    Rule(
        "suppression-list-disabled", Severity.WARNING, "suppression",
        "the account-level suppression list of SES is off for {missing_reasons} in {region}: a sender that does not "
        "check the blocked table sends to the address again",
        "aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
        _suppression_list_disabled,
    ),
    *(_rate_rule(kind, critical=critical) for kind in _RATE_LIMITS for critical in (False, True)),
)  # fmt: skip
