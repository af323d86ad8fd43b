"""The one kind of error that the sandbox shows as a message instead of a traceback."""


class SandboxError(Exception):
    """The message says what happened, where, and what to do."""
