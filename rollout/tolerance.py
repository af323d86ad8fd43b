"""How many stacks of a wave may fail before the rollout stops, as in the operations of AWS CloudFormation StackSets.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
"""


def tolerated_failures(stack_count: int, count: int, percentage: int) -> int:
    """How many of `stack_count` stacks may fail: `count`, or `percentage` of them, rounded down. 0: none."""
    return count or stack_count * percentage // 100


class WaveFailures:
    """The stacks of a wave that failed in one run: in their update or in the soak time. Used from several threads."""

    def __init__(self, tolerated: int) -> None:
        self._tolerated = tolerated
        self._failed: set[str] = set()

    def add(self, stack_name: str) -> None:
        """Count a stack, which counts once."""
        self._failed.add(stack_name)

    @property
    def exceeded(self) -> bool:
        """Whether more stacks have failed than the wave tolerates."""
        return len(self._failed) > self._tolerated
