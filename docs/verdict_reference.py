"""Writes the page of verdicts: `python -m docs.verdict_reference`. A test compares the page with the code."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ses_feedback.function.verdict import PROTECTED, RULES, SURGE_HOLD, Rule
from ses_feedback.history.holds import CONFIRMATION_DAYS, HOLD_DAYS
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.surges import EXCEPTIONAL_DAYS, OPEN_HOURS, PAST_DAYS, SurgePolicy

PAGE = Path(__file__).resolve().parent / "reference" / "verdicts.md"

_POLICY = SoftBouncePolicy()
_HEAD = """# Verdicts

Generated from `handlers/ses_feedback/function/verdict.py` by `python -m docs.verdict_reference`. `tests/events` has a
notification for each rule. One notification may name several recipients: each is a feedback of its own. Of the rules
for its kind the first that fits decides. Its name is stored with the block (`rule`) and in the history, and is a
dimension of the metric `Feedback`.
"""
_EFFECTS = (
    ("`block`", 'do not send, until an operator unblocks; a complaint also until the person says "not spam"'),
    (
        "`hold`",
        (
            f"do not send for {HOLD_DAYS} days (input), to the midnight after them; where the rule says so, the same "
            "evidence makes it a block for good"
        ),
    ),
    (
        "`count`",
        (
            f"a soft bounce: {_POLICY.threshold} within {_POLICY.window_days} days block for "
            f"{_POLICY.block_days} days (inputs)"
        ),
    ),
    ("`clear`", "removes complaint blocks up to then, never the block of a bounce"),
    ("`ignore`", "shows nothing about the address; kept in the history"),
)
_PRECEDENCE = """A block for good is never replaced by one that ends, nor a complaint by a bounce. An unblock beats
everything that happened before it, even if it arrives later, and nothing after it.
"""
_CONFIRMATION = f"""A hold of a bounce is confirmed by a bounce of the same rule after the hold's end, within
{CONFIRMATION_DAYS} days of it; a hold of a complaint by a complaint about another mail, whenever. The block is then
one of a bounce or complaint, marked `confirmed`. What comes during a hold only lengthens it.
"""
_SURGES = SurgePolicy()
_SAFEGUARDS = f"""Before a verdict is stored, two things are looked at that are not in the feedback. The breaker of a
recipient domain is open while an hour has at least {_SURGES.hourly_floor} hard bounces of it (input) and
{_SURGES.factor} times (input) those of its usual hour, and for {OPEN_HOURS} hours after. The usual hour is the largest
of the past {PAST_DAYS} days without their {EXCEPTIONAL_DAYS} largest days: a provider's bad night is not usual, and
what is so on a fifth day is.
"""
_CIRCUMSTANCES = {
    PROTECTED.name: "a bounce or complaint about a protected address, which would block or count",
    SURGE_HOLD.name: "a bounce that would block for good, while the breaker of its domain is open",
}
_RECIPIENTS = (
    ("names a recipient that the mail went to", "the recipient's"),
    (
        "names one that the mail did not go to, and the mail went to exactly one address",
        "both: the one named, which the mail never went to, and the mail's, marked `forwarded`",
    ),
    (
        "names something that is not an address, and the mail went to exactly one address",
        "the mail's, marked `forwarded`",
    ),
    (
        "is a complaint that names several",
        "each, marked `ambiguous`: providers hide the person, and SES lists all who it may be",
    ),
    ("names no recipient, and the mail went to exactly one address", "the mail's"),
    (
        "is a complaint or comes from a suppression list, names no recipient, and the mail went to several addresses",
        "none: acknowledged and counted",
    ),
    (
        "is a bounce of subtype NoEmail that names no recipient or no address",
        "none: acknowledged and counted",
    ),
    (
        "names one address in two spellings, or two people behind one forwarding address",
        "one feedback, with the strongest verdict",
    ),
    ("is none of these", "the record fails and stays in the queue"),
)


def files() -> dict[Path, str]:
    """What each file must hold."""
    parts = [_HEAD, _table(("verdict", "what it does"), _EFFECTS), _PRECEDENCE, _CONFIRMATION]
    for kind, title in (("bounce", "Bounces"), ("complaint", "Complaints")):
        rows = [_row(rule) for rule in RULES if rule.kind == kind]
        parts += [f"## {title}\n", _table(("fits", "verdict", "rule", "why", "source"), rows)]
    tables = [(_CIRCUMSTANCES[rule.name], *_row(rule)[1:]) for rule in (PROTECTED, SURGE_HOLD)]
    parts += ["## What the tables decide\n", _SAFEGUARDS]
    parts += [_table(("when", "verdict", "rule", "why", "source"), tables)]
    parts += ["## Which address a feedback concerns\n", _table(("the notification", "whose address"), _RECIPIENTS)]
    return {PAGE: "\n".join(parts)}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def _row(rule: Rule) -> Sequence[str]:
    columns = [", ".join(name or "none" for name in names) for names in (rule.types, rule.subtypes) if names]
    types = [" / ".join(columns)] if columns else []
    conditions = [rule.condition.text] if rule.condition else []
    fits = "; ".join([*types, *conditions]) or "anything else"
    verdict = f"`{rule.verdict}`"
    if rule.hold_days is not None:
        verdict += f", {rule.hold_days} days"
    if rule.confirmable:
        verdict += ", can be confirmed"
    return fits, verdict, f"`{rule.name}`", rule.reason, rule.source


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
