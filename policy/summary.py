"""Sums up what the rules judged in one run, so that nothing found never looks like all well.

The engine shows what a policy pack prints as a message of the stack, which is no violation.
"""

import os
from collections.abc import Callable, Sequence

from pulumi_policy import Policy, StackValidationPolicy

from policy.feedback_path import FeedbackPath
from policy.recorded_inputs import RecordedInputs
from policy.ways import find_ways

JUDGED_AT_UP = "judged at up"
"""What the summary of a preview says of a rule and the resources for which a value is unknown."""


def is_preview() -> bool:
    """Whether the engine only previews; it then knows no value that a provider gives."""
    return os.environ.get("PULUMI_DRY_RUN") == "true"


class Summary:
    """What the rules judged in one preview or update."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._rules = 0
        self._unknown: dict[str, list[str]] = {}

    def add(self, rule: str, unknown: Sequence[str]) -> None:
        """Count a rule that ran; `unknown` are the resources, by type and logical name, that it could not judge."""
        self._rules += 1
        if unknown:
            self._unknown[rule] = sorted(set(unknown))

    def show(self, path: FeedbackPath) -> None:
        """Show what was judged, and once per rule what was not."""
        ways = find_ways(path)
        counts = [
            _count(len(path.notification_sources), "source"),
            _count(sum(not way.missing for way in ways), "way"),
            *_count_where("outside of this stack at its end", [way.leaves_stack for way in ways]),
            *_count_where("incomplete", [bool(way.missing) for way in ways]),
            _count(self._rules, "rule"),
            *_count_where(not_judged_now(), [True for _ in self._unknown]),
        ]
        self._show(f"ses-feedback: {', '.join(counts)}")
        for way in ways:
            if way.leaves_stack or way.missing:  # a misspelt ARN looks like one of another stack: somebody must see it
                self._show(f"way: {way}")
        for rule, resources in self._unknown.items():
            self._show(f"{not_judged_now()}: {rule} ({', '.join(resources)})")

    def build_policy(self, recorded: RecordedInputs) -> Policy:
        """The last policy of a pack, which reports nothing and shows this summary."""
        return StackValidationPolicy(
            name="summary",
            description="Every run ends with what was judged.",
            validate=lambda args, _: self.show(recorded.complete_path(args.resources)),
        )


def not_judged_now() -> str:
    """What the summary says of a rule that needs a value that is unknown."""
    return JUDGED_AT_UP if is_preview() else "not judged"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _count_where(what: str, are: Sequence[bool]) -> list[str]:
    """How many are something; nothing where none is."""
    return [f"{sum(are)} {what}"] if any(are) else []
