"""The canary: does it run, and did its last mail block its address?"""

from collections.abc import Iterable

from ses_feedback_cli.doctor.observations import PipelineObservation
from ses_feedback_cli.doctor.resources import Missing
from ses_feedback_cli.doctor.rules.rule import REFRESH, Fault, Rule, Severity


def _canary_missing(observed: PipelineObservation) -> Iterable[Fault]:
    canary = observed.canary
    if canary is None:
        return
    problems = {
        "its function does not exist": canary.function is Missing.NOT_FOUND,
        "it has no schedule": canary.schedule is Missing.NOT_FOUND,
        "its schedule is disabled": canary.schedule == "DISABLED",
        "it published no result in the last 30 h": observed.metrics.canary_failed is Missing.NOT_FOUND,
    }
    if any(problems.values()):
        yield {"problem": next(problem for problem, found in problems.items() if found)}


def _canary_failed(observed: PipelineObservation) -> Iterable[Fault]:
    failed, canary = observed.metrics.canary_failed, observed.pipeline.canary
    if canary and not isinstance(failed, Missing) and failed:
        yield {"log_group": canary.log_group_name}


RULES: tuple[Rule[PipelineObservation], ...] = (
    Rule(
        "canary-missing", Severity.WARNING, "canary-missing",
        "the canary does not run: {problem}; nothing tests whether {kind}s are processed",
        f"{REFRESH}; the runbook shows how to run it now", _canary_missing,
    ),
    Rule(
        "canary-failed", Severity.ERROR, "canary-failed",
        "the canary's last mail did not block its address in time: {kind}s are late or lost",
        "aws logs tail {log_group} --region {region} --since 2d --filter-pattern '\"canary failed\"'", _canary_failed,
    ),
)  # fmt: skip
