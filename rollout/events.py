"""What the engine's events say about an update: what changes, what is lost, what is wrong."""

import re
from collections import Counter
from dataclasses import dataclass, field

from pulumi.automation import EngineEvent, OpType, StepEventMetadata

from .executor import Changes, Tell

STATEFUL = frozenset({"aws:dynamodb/table:Table", "aws:kms/key:Key", "aws:sns/topic:Topic", "aws:sqs/queue:Queue"})
"""Types whose replacement or deletion loses data or feedback: a new queue starts empty, a new key opens nothing."""

_REPLACES = frozenset({OpType.REPLACE, OpType.CREATE_REPLACEMENT, OpType.DELETE_REPLACED})
_QUIET = frozenset({"same", "read", "refresh"})
_COLOUR = re.compile(r"<\{%.*?%\}>")


@dataclass
class Seen:
    """Takes the engine's events of one operation."""

    tell: Tell
    errors: list[str] = field(default_factory=list)
    """What the engine and the policy pack object to."""
    _operations: dict[str, str] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)

    def __call__(self, event: EngineEvent) -> None:
        """Take one event."""
        if event.resource_pre_event:
            self._step(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._step(event.res_outputs_event.metadata)
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            self._error(event.diagnostic_event.message, event.diagnostic_event.urn)
        elif event.policy_event and event.policy_event.enforcement_level == "mandatory":
            policy = event.policy_event
            self._error(f"policy {policy.policy_name}: {policy.message}", policy.resource_urn)

    def changes(self) -> Changes:
        """One operation per resource, a replacement being one; without what is Pulumi's own."""
        lost = [
            f"{operation} {urn.split('::')[-1]}"
            for urn, operation in self._operations.items()
            if operation in {"delete", "replace"} and self._types[urn] in STATEFUL
        ]
        names = [urn.split("::")[-1] for urn, operation in self._operations.items() if operation not in _QUIET]
        return Changes(dict(Counter(self._operations.values())), tuple(lost), tuple(names))

    def _step(self, metadata: StepEventMetadata) -> None:
        if metadata.type.startswith("pulumi:"):
            return
        operation = "replace" if metadata.op in _REPLACES else metadata.op.value
        if self._operations.get(metadata.urn) != "replace":  # of which the engine tells in three steps
            self._operations[metadata.urn] = operation
        self._types[metadata.urn] = metadata.type
        if operation not in _QUIET:
            self.tell(f"{operation} {metadata.urn.split('::')[-1]}")

    def _error(self, text: str, urn: str | None) -> None:
        where = f"{urn.split('::')[-1]}: " if urn and "pulumi:pulumi:Stack" not in urn else ""
        text = where + _COLOUR.sub("", text).strip()
        if text not in self.errors:
            self.errors.append(text)
