"""The command `doctor`."""

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
        typer.Option("--hours", min=1, max=168, help="Hours of metrics: errors, throttles and failed deliveries."),
    ] = 3,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Id of a finding to leave out; repeatable.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help="Name of a role to assume in every account but that of the credentials."),
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print the IAM policy that this command needs, and end.")
    ] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Find what is wrong on the way from SES to the tables, and how to repair it. Changes nothing.

    Inspects every pipeline of the stacks (--outputs, --stack) in all Regions: identities, configuration set, topic,
    subscription, queues, event source mapping, function and canary; both tables; and the SES account. What it is not
    allowed to inspect is a finding too.

    Exit code 0: no findings, or only of severity info; 1: errors or warnings; 3: nothing could be inspected.

    Needs the permissions that --policy prints.
    """
    # botocore and these modules take time that --help does not need
    from ses_feedback_cli.doctor import rendering  # noqa: PLC0415
    from ses_feedback_cli.doctor.aws.calls import required_policy  # noqa: PLC0415
    from ses_feedback_cli.doctor.aws.clients import AccountClients  # noqa: PLC0415
    from ses_feedback_cli.doctor.inspection import inspect, tables_to_inspect  # noqa: PLC0415
    from ses_feedback_cli.doctor.rules import ALL_RULES, Severity, findings  # noqa: PLC0415

    ignored_ids = set(ignore or ())
    if unknown_ids := sorted(ignored_ids - {rule.id for rule in ALL_RULES}):
        raise ValueError(f"--ignore {unknown_ids[0]}: one of {', '.join(rule.id for rule in ALL_RULES)} is needed")
    pipelines = context.pipelines()
    if not pipelines:
        regions = ", ".join(sorted(context.pipeline_regions()))
        raise ValueError(f"--region {', '.join(context.regions)}: no pipeline is there; they are in {regions}")
    if policy:
        tables = [table for table, _ in tables_to_inspect(context)]
        table_keys = [stack["tableKmsKeyArn"] for stack in context.stack_outputs if stack.get("tableKmsKeyArn")]
        document = required_policy(pipelines, tables, role, table_keys)
        sys.stdout.write(json.dumps(document, indent=None if as_json else 2) + "\n")
        return ExitCode.OK
    console = open_console(stderr=True)
    with console.status("inspecting") if console.is_terminal else contextlib.nullcontext():
        observations = inspect(context, AccountClients(context, role), datetime.now(UTC), hours)
    reported = [finding for finding in findings(observations) if finding.id not in ignored_ids]
    if as_json:
        write_json(rendering.as_json(observations, reported))
    else:
        open_console().print(rendering.tree(observations, reported), rendering.summary(observations, reported))
    if not observations.answered_calls:
        return ExitCode.FAILED
    return ExitCode.OK if all(finding.severity is Severity.INFO for finding in reported) else ExitCode.NEGATIVE
