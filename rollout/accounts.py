"""Checks, before anything is changed, that the roles of every stack lead to its account."""

from collections.abc import Iterable

from .deployer import Deployer, StackError
from .parallel import run_in_parallel
from .plan import PlannedStack
from .words import listed


class WrongAccountError(Exception):
    """Credentials lead to an account that is not the stack's, or could not be checked. Nothing was changed."""


def check_accounts(deployer: Deployer, stacks: Iterable[PlannedStack], parallel: int) -> None:
    """Raises: WrongAccountError, naming every stack whose roles do not lead to its account."""
    stack_by_credentials = {(stack.account_id, stack.role_arns): stack for stack in stacks}

    def check(stack: PlannedStack) -> tuple[str, str] | None:
        try:
            account_id = deployer.account_id(stack)
        except StackError as error:
            return stack.name, str(error)
        needed = f"the account of {stack.name}, {stack.account_id}, is needed"
        problem = f"the credentials belong to account {account_id}: {needed}"
        return None if account_id == stack.account_id else ("", problem)

    names_by_problem: dict[str, list[str]] = {}  # many accounts share the first role, which then fails with one message
    for name, problem in filter(None, run_in_parallel(check, list(stack_by_credentials.values()), parallel)):
        names_by_problem.setdefault(problem, []).append(name)
    if names_by_problem:
        lines = [f"{listed(names)}: {problem}".removeprefix(": ") for problem, names in names_by_problem.items()]
        raise WrongAccountError("\n".join([*lines, "Nothing was changed."]))
