"""Errors that end a command, and how an error of AWS reads on one line."""


class UsageError(ValueError):
    """A command cannot run with the options that it has; the message says which ones would be right."""


def describe_error(error: Exception) -> str:
    """An error of AWS on one line: operation and code. A refusal also says what was refused, which names no address."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - `--help` needs none of AWS
    from ses_feedback.table import describe  # noqa: PLC0415

    if isinstance(error, ClientError):
        description = f"{error.operation_name}: {describe(error)}"
        if "AccessDenied" in describe(error) or "AuthorizationError" in describe(error):
            description += f": {error.response['Error'].get('Message', '')}"
        return description
    return describe(error) if isinstance(error, BotoCoreError) and not str(error) else str(error)
