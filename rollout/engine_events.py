"""Turns the events of the Pulumi engine into changes, lost resources and errors."""

import re
from collections import Counter
from collections.abc import Collection

from pulumi.automation import EngineEvent, OpType, StepEventMetadata

from .deployer import Changes, LostResource, OnProgress, Step

STATEFUL_TYPES = frozenset(
    {"aws:dynamodb/table:Table", "aws:kms/key:Key", "aws:sns/topic:Topic", "aws:sqs/queue:Queue"}
)
"""Types whose replacement or deletion loses data or feedback: a new queue is empty, a new key decrypts nothing old."""
TABLE_TYPES = frozenset({"aws:dynamodb/table:Table"})
"""Types whose data is still wanted when a stack is destroyed, and its feedback is not."""

_REPLACE_STEPS = frozenset({OpType.REPLACE, OpType.CREATE_REPLACEMENT, OpType.DELETE_REPLACED})
_UNCHANGED_OPERATIONS = frozenset({"same", "read", "refresh"})
_COLOUR_TAG = re.compile(r"<\{%.*?%\}>")


class EventCollector:
    """Collects the events of one operation; the Automation API calls it with each."""

    def __init__(self, on_progress: OnProgress, stateful_types: Collection[str] = STATEFUL_TYPES) -> None:
        """Resources of the stateful types are those that can be lost."""
        self.errors: list[str] = []
        """Errors of the engine, and mandatory violations of the policy pack."""
        self._on_progress = on_progress
        self._stateful_types = stateful_types
        self._operation_by_urn: dict[str, str] = {}
        self._type_by_urn: dict[str, str] = {}
        self._properties_by_urn: dict[str, set[str]] = {}

    def __call__(self, event: EngineEvent) -> None:
        """Collect one event."""
        if event.resource_pre_event:
            self._add_step(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._add_step(event.res_outputs_event.metadata)
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            self._add_error(event.diagnostic_event.message, event.diagnostic_event.urn)
        elif event.policy_event and event.policy_event.enforcement_level == "mandatory":
            violation = event.policy_event
            self._add_error(f"policy {violation.policy_name}: {violation.message}", violation.resource_urn)

    def changes(self) -> Changes:
        """One operation per resource, a replacement counting as one; without Pulumi's own resources."""
        lost_resources = [
            LostResource(operation, _name(urn))
            for urn, operation in self._operation_by_urn.items()
            if operation in {"delete", "replace"} and self._type_by_urn[urn] in self._stateful_types
        ]
        steps = [
            Step(operation, urn, tuple(sorted(self._properties_by_urn[urn])))
            for urn, operation in self._operation_by_urn.items()
            if operation not in _UNCHANGED_OPERATIONS
        ]
        counts = dict(Counter(self._operation_by_urn.values()))
        changed_names = [_name(step.urn) for step in steps]
        return Changes(counts, tuple(lost_resources), tuple(changed_names), tuple(steps))

    def _add_step(self, step: StepEventMetadata) -> None:
        if step.type.startswith("pulumi:"):
            return
        operation = "replace" if step.op in _REPLACE_STEPS else step.op.value
        if self._operation_by_urn.get(step.urn) != "replace":  # a replacement has three steps
            self._operation_by_urn[step.urn] = operation
        self._type_by_urn[step.urn] = step.type
        self._properties_by_urn.setdefault(step.urn, set()).update(step.detailed_diff or step.diffs or ())
        if operation not in _UNCHANGED_OPERATIONS:
            self._on_progress(f"{operation} {_name(step.urn)}")

    def _add_error(self, message: str, urn: str | None) -> None:
        resource = f"{_name(urn)}: " if urn and "pulumi:pulumi:Stack" not in urn else ""
        error = resource + _COLOUR_TAG.sub("", message).strip()
        if error not in self.errors:
            self.errors.append(error)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
