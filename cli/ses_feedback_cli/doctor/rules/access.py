"""What the doctor could not inspect: API calls that AWS denied or did not answer, and accounts without access."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ses_feedback_cli.doctor.observations import FailedCall, Observations
from ses_feedback_cli.doctor.rules.rule import RUNBOOKS, Fault, Finding, Rule, Severity


def _is_table_of_another_account(call: FailedCall, observations: Observations) -> bool:
    """The function may have access to such a table although the caller has not, so this is no sign of a fault."""
    return call.access_denied and call.account != observations.caller_account and call.subject.endswith(" table")


def _access_denied(observations: Observations) -> Iterable[Fault]:
    return _grouped(
        call
        for call in observations.failed_calls
        if call.access_denied and not _is_table_of_another_account(call, observations)
    )


def _table_access_denied(observations: Observations) -> Iterable[Fault]:
    return _grouped(call for call in observations.failed_calls if _is_table_of_another_account(call, observations))


def _call_failed(observations: Observations) -> Iterable[Fault]:
    return _grouped(call for call in observations.failed_calls if not call.access_denied)


def _grouped(failed_calls: Iterable[FailedCall]) -> Iterable[Fault]:
    """One fault per action, naming all subjects: a permission that is missing is missing for all of them."""
    subjects: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for call in failed_calls:
        subjects[call.account, call.region, call.action, call.error_code].append(call.subject)
    for (account, region, action, error_code), names in subjects.items():
        yield {
            "account": account,
            "region": region,
            "action": action,
            "error_code": error_code,
            "subjects": ", ".join(dict.fromkeys(names)),
        }


def _pipelines_of_another_account(observations: Observations) -> Iterable[Fault]:
    subjects: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account, pipeline in observations.skipped_pipelines:
        subjects[account, pipeline.region].append(pipeline.name)
    for (account, region), names in subjects.items():
        yield {
            "account": account,
            "region": region,
            "subjects": ", ".join(names),
            "caller_account": observations.caller_account,
        }


def findings_of(rule: Rule[Observations], observations: Observations) -> Iterator[Finding]:
    """The findings of a rule, each in the account and Region of what was not inspected."""
    for fault in rule.faults(observations):
        yield Finding(
            rule.id,
            rule.severity,
            str(fault["account"]),
            str(fault["region"]),
            "not inspected",
            rule.message.format(**fault),
            rule.remediation,
            f"{RUNBOOKS}#{rule.anchor}",
        )


RULES: tuple[Rule[Observations], ...] = (
    Rule(
        "access-denied", Severity.WARNING, "access-denied",
        "could not inspect {subjects}: {action} is needed ({error_code})",
        "`ses-feedback doctor --policy` prints the policy that the caller needs", _access_denied,
    ),
    Rule(
        "table-access-denied", Severity.INFO, "access-denied",
        "did not inspect {subjects}, of account {account}: {action} is needed ({error_code})",
        "--role NAME assumes the role of that name there; or run the doctor in that account", _table_access_denied,
    ),
    Rule(
        "call-failed", Severity.WARNING, "access-denied",
        "could not inspect {subjects}: {action} was not answered ({error_code})",
        "try again; if it persists, see the health of the service in that Region", _call_failed,
    ),
    Rule(
        "other-account", Severity.WARNING, "access-denied",
        "did not inspect {subjects}: they belong to account {account}, the credentials to {caller_account}",
        "--role NAME assumes the role of that name in each account; or run the doctor there, with --profile",
        _pipelines_of_another_account,
    ),
)  # fmt: skip
