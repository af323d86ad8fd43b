"""The commands `dead-letters restore` and `dead-letters acts`."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli.blocks.address_arguments import check_note
from ses_feedback_cli.commands.dead_letter_acts import confirmed, decide, write_results
from ses_feedback_cli.commands.options import JsonOption, NoteOption, YesOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.dead_letters.acts import read_acts, record_act
from ses_feedback_cli.dead_letters.archive import read_archive
from ses_feedback_cli.dead_letters.discard import send_back
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import open_console, write_json, write_line, write_stderr


def restore(
    context: Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that discard wrote.")],
    note: NoteOption,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Send the messages of an archive back to the queues of their pipelines. The file stays.

    Repeating it is safe: feedback that is recorded already changes nothing, and what cannot be read is a dead letter
    again.

    Exit code 0: all are sent; 1: some were not, or you said no.

    Needs sqs:SendMessage on the pipelines' queues (name your role in redrivePrincipals, which their policies allow),
    with a customer managed key kms:GenerateDataKey and kms:Decrypt on it, and dynamodb:PutItem on the history table.
    """

    pipelines = {pipeline.name: pipeline for pipeline in context.pipelines()}
    context.history_table()
    check_note(note)
    numbers = Counter(name for name, _ in read_archive(file))
    if unknown := sorted(numbers.keys() - pipelines.keys()):
        raise UsageError(f"{file} has messages of the pipeline {unknown[0]}; there are {', '.join(sorted(pipelines))}")
    for name, number in numbers.items() if dry_run or not as_json else ():
        if as_json:
            write_json({"pipeline": name, "would_send": number})
        else:
            (sys.stdout if dry_run else sys.stderr).write(f"{name}: {number} message(s) to send back\n")
    if not numbers:
        write_stderr("nothing to send back")
    if dry_run or not numbers:
        return ExitCode.OK
    if not yes and not confirmed("sends the messages", "Send them?"):
        return ExitCode.NEGATIVE
    decision = decide(context, note, datetime.now(UTC))
    record_act(context, "restore", decision, selection="all", archive=file.name)
    with open_console(stderr=True).status(str(file)) as status:
        results = send_back(
            context, read_archive(file), pipelines, lambda sent: status.update(f"{file}: {sent} sent back")
        )
    exit_code = write_results("sent back", results, as_json=as_json)
    sent = sum(result.messages for result in results)
    record_act(context, "restore", decision, selection="all", archive=file.name, messages=sent)
    return exit_code


def acts(context: Context, as_json: JsonOption = False) -> ExitCode:
    """Show who discarded or restored dead letters, when, how many and why. The oldest come first.

    Without a number of messages, the command was interrupted: the archive has what it discarded.

    Needs dynamodb:Query on the history table.
    """

    for act in read_acts(context):
        if as_json:
            write_json(act)
            continue
        number = "an unknown number of" if act["messages"] is None else act["messages"]
        write_line(
            f"{act['occurred_at'][:19]}Z  {act['act']}  {number} message(s) ({act['selection']}), {act['archive']}, by "
            f"{act['actor']}  “{act['note']}”"
        )
    return ExitCode.OK
