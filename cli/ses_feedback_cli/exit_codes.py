"""Exit codes, the same for every command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script learns without reading the output."""

    OK = 0
    """Done; for `check`: every address may be mailed."""
    NEGATIVE = 1
    """Done, and the answer is no: an address is blocked, something is broken, a row was rejected, a part failed."""
    USAGE = 2
    """The command line cannot be understood, or something that the command needs is missing."""
    FAILED = 3
    """AWS did not answer, or refused. Only what was reported is done."""
    INTERRUPTED = 130
    """Ctrl-C."""
