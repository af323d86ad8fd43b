"""What is broken, and how is it mended?"""

import contextlib
import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import open_console, write_json


def doctor(
    context: Context,
    hours: Annotated[
        int,
        typer.Option("--hours", min=1, max=168, help="How far back to count errors, throttles and failed deliveries."),
    ] = 3,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Findings of this id are not told and not counted; repeatable.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", help="Name of a role to take in every account but that of the credentials.")
    ] = None,
    policy: Annotated[bool, typer.Option("--policy", help="Print the IAM policy that this needs, and end.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Say what is broken on the way from SES to the tables, and how to mend it. Changes nothing.

    Looks at every pipeline of the stacks (--outputs, --stack; all Regions at once): identities, configuration set,
    topic, subscription, queues, mapping, function; at both tables; at the account's standing with SES. What may not be
    looked at is a finding too.

    Exit code 0: nothing, or only what is of kind info; 1: errors or warnings; 3: nothing could be asked.

    Needs the rights that --policy prints.
    """
    from ses_feedback_cli.doctor import calls, report  # noqa: PLC0415 - botocore, which --help does not need
    from ses_feedback_cli.doctor.ask import Clients  # noqa: PLC0415
    from ses_feedback_cli.doctor.gather import gather, known_tables  # noqa: PLC0415
    from ses_feedback_cli.doctor.rules import ALL, Severity, findings  # noqa: PLC0415

    if unknown := sorted(set(ignore or ()) - {rule.id for rule in ALL}):
        raise ValueError(f"--ignore {unknown[0]}: one of {', '.join(rule.id for rule in ALL)} is needed")
    pipelines = context.pipelines()
    if not pipelines:
        known = sorted({one["region"] for stack in context.stack_outputs for one in stack["pipelines"].values()})
        raise ValueError(f"--region {', '.join(context.regions)}: no pipeline is there; they are in {', '.join(known)}")
    if policy:
        made = calls.policy(pipelines, [table for table, _ in known_tables(context)], role)
        sys.stdout.write(json.dumps(made, indent=None if as_json else 2) + "\n")
        return ExitCode.OK
    screen = open_console(stderr=True)
    with screen.status("asking AWS") if screen.is_terminal else contextlib.nullcontext():
        facts = gather(context, Clients(context, role), datetime.now(UTC), hours)
    found = [one for one in findings(facts) if one.id not in (ignore or ())]
    if as_json:
        write_json(report.document(facts, found))
    else:
        open_console().print(report.tree(facts, found), report.sentence(facts, found))
    if not facts.answered:
        return ExitCode.FAILED
    return ExitCode.OK if all(one.severity is Severity.INFO for one in found) else ExitCode.NEGATIVE
