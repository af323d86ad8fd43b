"""`python -m rollout`: plan, preview, update and check the stacks of one targets file."""

import sys

from .accounts import WrongAccountError
from .commands import app
from .deployer import StackError


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand.

    Returns its exit code: 0 if everything succeeded, 1 if not, 2 for a wrong command line, 130 if it was interrupted.
    """
    try:
        app(arguments, prog_name="python -m rollout")
    except (OSError, ValueError, StackError, WrongAccountError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
