"""What could not be looked at."""

from collections import defaultdict
from collections.abc import Iterator

from ses_feedback_cli.doctor.facts import Facts, Unseen
from ses_feedback_cli.doctor.rules.rule import RUNBOOKS, Finding, Found, Rule, Severity


def _theirs(facts: Facts, one: Unseen) -> bool:
    """Whether it is a table of another account: what its function may do there says nothing about looking at it."""
    return one.refused and one.account != facts.caller and one.about.endswith(" table")


def _refused(facts: Facts) -> Found:
    return _grouped([one for one in facts.unseen if one.refused and not _theirs(facts, one)])


def _tables_elsewhere(facts: Facts) -> Found:
    return _grouped([one for one in facts.unseen if _theirs(facts, one)])


def _unanswered(facts: Facts) -> Found:
    return _grouped([one for one in facts.unseen if not one.refused])


def _grouped(unseen: list[Unseen]) -> Found:
    """One finding per call, with all that it was about: a missing right is missing everywhere."""
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for one in unseen:
        groups[one.account, one.region, one.action, one.why].append(one.about)
    return [
        {"account": account, "region": region, "action": action, "why": why, "about": ", ".join(dict.fromkeys(about))}
        for (account, region, action, why), about in groups.items()
    ]


def _elsewhere(facts: Facts) -> Found:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account, pipeline in facts.elsewhere:
        groups[account, pipeline.region].append(pipeline.name)
    return [
        {"account": account, "region": region, "about": ", ".join(names), "caller": facts.caller}
        for (account, region), names in groups.items()
    ]


def found(rule: Rule[Facts], facts: Facts) -> Iterator[Finding]:
    """What a rule finds, at the place of what was not looked at."""
    for names in rule.find(facts):
        yield Finding(
            rule.id,
            rule.severity,
            str(names["account"]),
            str(names["region"]),
            "not looked at",
            rule.says.format(**names),
            rule.mend,
            f"{RUNBOOKS}#{rule.anchor}",
        )


RULES: tuple[Rule[Facts], ...] = (
    Rule(
        "look-refused", Severity.WARNING, "looks",
        "could not look at {about}: {action} is needed ({why})",
        "`ses-feedback doctor --policy` prints the policy for whoever runs this", _refused,
    ),
    Rule(
        "table-elsewhere", Severity.INFO, "looks",
        "did not look at {about}, of account {account}: {action} is needed ({why})",
        "--role NAME takes a role of that name there; or run it in that account", _tables_elsewhere,
    ),
    Rule(
        "look-failed", Severity.WARNING, "looks",
        "could not look at {about}: {action} was not answered ({why})",
        "try again; if it stays so, see the health of the service in that Region", _unanswered,
    ),
    Rule(
        "other-account", Severity.WARNING, "looks",
        "did not look at {about}: they are of account {account}, the credentials of {caller}",
        "--role NAME takes a role of that name in each account; or run it there, with --profile", _elsewhere,
    ),
)  # fmt: skip
