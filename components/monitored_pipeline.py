"""What the monitoring needs to know of a pipeline and of a canary, as they state it and the monitoring reads it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, Self

from components import inputs


@dataclass(frozen=True, kw_only=True)
class _Monitored:
    """The output `monitored` of a component.

    Between components it is a map of strings with keys in camel case, which a program in any language can pass on.
    """

    component: ClassVar[str]

    name: str
    region: str

    def to_map(self) -> dict[str, str]:
        """The output `monitored`."""
        return {inputs.camel_case(name): value for name, value in asdict(self).items()}

    @classmethod
    def from_map(cls, input_name: str, value: object) -> Self:
        """Read the output `monitored`. Raises: ValueError, naming the input and its value."""
        keys = {field.name: inputs.camel_case(field.name) for field in fields(cls)}
        if not isinstance(value, Mapping) or not all(value.get(key) for key in keys.values()):
            requirement = f"the output `monitored` of a {cls.component} is needed, with {', '.join(keys.values())}"
            raise inputs.InputError(input_name, value, requirement)
        return cls(**{name: str(value[key]) for name, key in keys.items()})


@dataclass(frozen=True, kw_only=True)
class MonitoredPipeline(_Monitored):
    """A pipeline by its name, kind and Region, and by the names of its resources."""

    component: ClassVar[str] = "FeedbackPipeline"

    kind: str
    topic_name: str
    queue_name: str
    dead_letter_queue_name: str
    subscription_dead_letter_queue_name: str
    function_name: str
    log_group_name: str

    @classmethod
    def of_kind(cls, kind: str) -> inputs.Rule["MonitoredPipeline"]:
        """The rule for an input that takes a pipeline of one kind."""

        def rule(name: str, value: object) -> MonitoredPipeline:
            pipeline = cls.from_map(name, value)
            if pipeline.kind != kind:
                requirement = f"it handles {pipeline.kind}s; a pipeline of {kind}s is needed"
                raise inputs.InputError(name, pipeline.name, requirement)
            return pipeline

        return rule


@dataclass(frozen=True, kw_only=True)
class MonitoredCanary(_Monitored):
    """A canary by its name and Region, its pipelines, and the names of its resources."""

    component: ClassVar[str] = "FeedbackCanary"

    pipelines: str
    """Names of the pipelines that it tests, with commas between them."""
    function_name: str
    log_group_name: str
