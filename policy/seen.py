"""What the engine has shown of resources before it makes them: their inputs, which it hands to no rule on stacks.

At the end a rule on stacks is handed what providers answered, where a default of AWS looks like what the program gave
(a topic's own policy, the key of a table), and in a preview is unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs

from policy.path import FeedbackPath, find

_ANSWERED = ("arn", "name", "region", "sqsManagedSseEnabled", "tagsAll", "url")
"""What a rule takes from a provider's answer; AWS encrypts a queue of which nothing is said."""


class _Props(Mapping[str, Any]):
    """The inputs of a resource, and what of the answer a rule needs; not a plain dict, since unknown values raise."""

    def __init__(self, inputs: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        self._of: dict[str, Mapping[str, Any]] = {key: answer for key in answer if key in _ANSWERED}
        self._of |= dict.fromkeys(inputs, inputs)

    def __getitem__(self, key: str) -> Any:
        return self._of[key][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


class Seen:
    """The inputs of the resources of one update, in the order in which they were shown."""

    def __init__(self) -> None:
        self._resources: dict[str, PolicyResource] = {}
        self._path: FeedbackPath | None = None
        self._last = ""
        self.said: set[tuple[str, str]] = set()
        """(rule, message) of what was reported before a resource was made."""

    def with_next(self, args: ResourceValidationArgs) -> FeedbackPath:
        """The way of feedback as far as it is shown, this resource included; the engine shows it once to each rule."""
        if self._path is None or self._last != args.urn:
            shown = PolicyResource(args.resource_type, args.props, args.urn, args.name, args.opts, args.provider,
                                   None, [], {})  # fmt: skip
            self._resources[args.urn], self._last = shown, args.urn
            self._path = find(list(self._resources.values()), growing=True)
        return self._path

    def whole(self, resources: Sequence[PolicyResource]) -> FeedbackPath:
        """The way of feedback through a stack as the program gives it."""
        for one in resources:
            if one.urn in self._resources:
                one.props = _Props(self._resources[one.urn].props, one.props)
        return find(resources)
