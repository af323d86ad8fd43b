"""Checks, before anything is changed, that the roles of every stack lead to its account."""

from collections.abc import Iterable

from .deployer import Deployer, StackError
from .parallel import run_in_parallel
from .plan import PlannedStack


class WrongAccountError(Exception):
    """Credentials lead to an account that is not the stack's, or could not be checked. Nothing was changed."""


def check_accounts(deployer: Deployer, stacks: Iterable[PlannedStack], parallel: int) -> None:
    """Raises: WrongAccountError, naming every stack whose roles do not lead to its account."""
    stack_by_credentials = {(stack.account_id, stack.role_arns): stack for stack in stacks}

    def check(stack: PlannedStack) -> str | None:
        try:
            account_id = deployer.account_id(stack)
        except StackError as error:
            return f"{stack.name}: {error}"
        requirement = f"the account of {stack.name}, {stack.account_id}, is needed"
        return (
            None if account_id == stack.account_id else f"the credentials belong to account {account_id}: {requirement}"
        )

    results = run_in_parallel(check, list(stack_by_credentials.values()), parallel)
    if problems := [problem for problem in results if problem]:
        raise WrongAccountError("\n".join([*problems, "Nothing was changed."]))
