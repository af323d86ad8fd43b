"""What the monitoring needs to know of a pipeline, as the pipeline states it and the monitoring reads it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from components import inputs


@dataclass(frozen=True, kw_only=True)
class MonitoredPipeline:
    """A pipeline by its name, kind and Region, and by the names of its resources.

    Between components it is a map of strings with keys in camel case, which a program in any language can pass on.
    """

    name: str
    kind: str
    region: str
    topic_name: str
    queue_name: str
    dead_letter_queue_name: str
    subscription_dead_letter_queue_name: str
    function_name: str
    log_group_name: str

    def to_map(self) -> dict[str, str]:
        """The output `monitored` of a pipeline."""
        return {inputs.camel_case(name): value for name, value in asdict(self).items()}

    @classmethod
    def from_map(cls, input_name: str, value: object) -> "MonitoredPipeline":
        """Read the output `monitored` of a pipeline. Raises: ValueError, naming the input and its value."""
        keys = {field.name: inputs.camel_case(field.name) for field in fields(cls)}
        if not isinstance(value, Mapping) or not all(value.get(key) for key in keys.values()):
            requirement = f"the output `monitored` of a FeedbackPipeline is needed, with {', '.join(keys.values())}"
            raise inputs.InputError(input_name, value, requirement)
        return cls(**{name: str(value[key]) for name, key in keys.items()})
