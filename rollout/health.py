"""Compares the health of a stack after its update with its health before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .deployer import Deployer, HealthFindings, StackError, StoppedError
from .plan import PlannedStack


@dataclass(frozen=True)
class HealthProblem:
    """A reason why a stack is not known to be healthy after its update.

    `unreachable`: the health check itself failed, so that nothing is known; a later one may succeed.
    """

    stack: str
    message: str
    unreachable: bool = False

    def __str__(self) -> str:
        return f"{self.stack}: {'health check not possible: ' if self.unreachable else ''}{self.message}"


def remember_worse(earlier: Iterable[HealthProblem], now: Sequence[HealthProblem]) -> list[HealthProblem]:
    """The problems of now, and of each stack that was worse earlier and is not now, the earlier ones."""
    worse_now = {problem.stack for problem in now if not problem.unreachable}
    remembered = [problem for problem in earlier if not problem.unreachable and problem.stack not in worse_now]
    remembered_stacks = {problem.stack for problem in remembered}
    return remembered + [problem for problem in now if problem.stack not in remembered_stacks]


class HealthChecker:
    """Checks the health of stacks that have been updated. `check` is called from several threads."""

    def __init__(self, deployer: Deployer) -> None:
        self._deployer = deployer
        self._outputs_by_stack: dict[str, dict[str, object]] = {}  # they do not change, and reading them takes seconds

    def check(self, stack: PlannedStack, findings_before: HealthFindings) -> list[HealthProblem]:
        """What is worse than before the update, or could not be checked."""
        try:
            if stack.name not in self._outputs_by_stack:
                self._outputs_by_stack[stack.name] = dict(self._deployer.outputs(stack))
            findings = self._deployer.check_health(stack, self._outputs_by_stack[stack.name])
        except StackError as error:
            return [HealthProblem(stack.name, str(error), unreachable=True)]
        except StoppedError:
            return []
        return [
            HealthProblem(stack.name, f"{finding}: {count}, before {findings_before.get(finding, 0)}")
            for finding, count in findings.items()
            if count > findings_before.get(finding, 0)
        ]
