"""The account's mail in a Region: may it send, and how near is it to AWS's limits?"""

from collections.abc import Callable

from ses_feedback_cli.doctor.facts import AccountFacts
from ses_feedback_cli.doctor.rules.rule import Found, Rule, Severity, when

_LIMITS = {"bounce": (0.05, 0.1), "complaint": (0.001, 0.005)}
_REASONS = {"BOUNCE", "COMPLAINT"}


def _rate(kind: str, *, critical: bool) -> Rule[AccountFacts]:
    warning, pause = _LIMITS[kind]

    def find(facts: AccountFacts) -> Found:
        rate = facts.bounce_rate if kind == "bounce" else facts.complaint_rate
        reached = rate is not None and (rate >= pause if critical else warning <= rate < pause)
        return [{"rate": f"{rate:.2%}"}] if reached else []

    may = "may pause sending" if critical else "reviews the account"
    limit = f"{pause if critical else warning:.1%}".replace(".0%", "%")
    return Rule(
        f"{kind}-rate-{'critical' if critical else 'warning'}",
        Severity.ERROR if critical else Severity.WARNING,
        f"{kind}-rate-{'critical' if critical else 'warning'}",
        f"the {kind} rate is {{rate}}: from {limit} on AWS {may}",
        "stop the mailing that causes it: the runbook says how to find it",
        find,
    )


def _told(broken: Callable[[AccountFacts], bool]) -> Callable[[AccountFacts], Found]:
    return lambda facts: when(facts.seen and broken(facts))


def _not_suppressed(facts: AccountFacts) -> Found:
    missing = sorted(_REASONS - set(facts.suppressed))
    return [{"missing": " and ".join(missing)}] if facts.seen and missing else []


RULES: tuple[Rule[AccountFacts], ...] = (
    Rule(
        "sandbox", Severity.WARNING, "sandbox",
        "the account is in the SES sandbox in {region}: it can mail verified addresses and the simulator only",
        "ask AWS: aws sesv2 put-account-details --region {region} --production-access-enabled, and what that needs",
        _told(lambda facts: not facts.production),
    ),
    Rule(
        "sending-off", Severity.ERROR, "sending",
        "sending is switched off in {region}",
        "aws sesv2 put-account-sending-attributes --region {region} --sending-enabled; if AWS did it: a support case",
        _told(lambda facts: not facts.sending),
    ),
    Rule(
        "under-review", Severity.ERROR, "sending",
        "AWS has the account under review in {region} (PROBATION), with a deadline",
        "answer AWS's support case; the runbook says what to do meanwhile",
        _told(lambda facts: facts.enforcement == "PROBATION"),
    ),
    Rule(
        "shut-down", Severity.ERROR, "sending",
        "AWS has paused the account's sending in {region} (SHUTDOWN)",
        "answer AWS's support case; the runbook says what it asks for",
        _told(lambda facts: facts.enforcement == "SHUTDOWN"),
    ),
    Rule(
        "suppression-off", Severity.WARNING, "suppression",
        "SES's own suppression list is off for {missing} in {region}: senders that ask nobody mail the address again",
        "aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
        _not_suppressed,
    ),
    *(_rate(kind, critical=critical) for kind in _LIMITS for critical in (False, True)),
)  # fmt: skip
