"""Exit codes, the same for every command."""

from enum import IntEnum


class Code(IntEnum):
    """What a script can tell without reading the output."""

    OK = 0
    """Done; for `check`: every address may be mailed."""
    NO = 1
    """Done, and the answer is no: an address is blocked, something is broken, a row was rejected, a part not done."""
    USAGE = 2
    """The command was not understood, or something it needs was not given."""
    FAILED = 3
    """AWS did not answer or refused; nothing is claimed to be done that was not reported."""
    INTERRUPTED = 130
    """Ctrl-C."""
