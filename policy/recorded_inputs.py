"""Records the inputs of resources as the engine shows them before it creates them: a stack policy does not get them.

A stack policy gets the outputs of the providers. In those, a default of AWS looks like an input of the program (a
topic's default policy, a table's key), and in a preview they are unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs

from policy.feedback_path import FeedbackPath, find_feedback_path

_OUTPUTS = ("arn", "keyId", "name", "region", "sqsManagedSseEnabled", "tagsAll", "url")
"""The outputs that rules read; SQS encrypts a queue unless the program says otherwise."""


class _InputsAndOutputs(Mapping[str, Any]):
    """The inputs of a resource and the outputs that rules read; reading an unknown value raises, so no plain dict."""

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        self._container_of: dict[str, Mapping[str, Any]] = {key: outputs for key in outputs if key in _OUTPUTS}
        self._container_of |= dict.fromkeys(inputs, inputs)

    def __getitem__(self, key: str) -> Any:
        return self._container_of[key][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._container_of)

    def __len__(self) -> int:
        return len(self._container_of)


class RecordedInputs:
    """The inputs of the resources of one update, in the order in which the engine showed them."""

    def __init__(self) -> None:
        self._resources: dict[str, PolicyResource] = {}
        self._path: FeedbackPath | None = None
        self._last_urn = ""
        self.reported: set[tuple[str, str, str]] = set()
        """(rule name, URN, message) of each violation that was reported before a resource was created."""

    def record(self, args: ResourceValidationArgs) -> FeedbackPath:
        """The feedback path as far as it is known, this resource included; each rule is shown each resource once."""
        if self._path is None or self._last_urn != args.urn:
            resource = PolicyResource(args.resource_type, args.props, args.urn, args.name, args.opts, args.provider,
                                      None, [], {})  # fmt: skip
            self._resources[args.urn], self._last_urn = resource, args.urn
            self._path = find_feedback_path(list(self._resources.values()), is_incomplete=True)
        return self._path

    def complete_path(self, resources: Sequence[PolicyResource]) -> FeedbackPath:
        """The feedback path of the whole stack; replaces the outputs of its resources by their recorded inputs."""
        for resource in resources:
            if resource.urn in self._resources:
                resource.props = _InputsAndOutputs(self._resources[resource.urn].props, resource.props)
        return find_feedback_path(resources)
