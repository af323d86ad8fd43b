"""Is the way from SES to the blocked table whole?"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, open_console, write_json
from ses_feedback_cli.pipeline_selection import select_pipelines
from ses_feedback_cli.simulation.probes import PROBES, ways

if TYPE_CHECKING:
    from ses_feedback_cli.simulation.run import Journey, Simulation


def simulate(
    context: Context,
    pipeline: Annotated[
        list[str] | None, typer.Option("--pipeline", help="Only this pipeline; once per pipeline.")
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option("--from", help="Sender of the mails. Without it: simulator-check@ each identity's domain."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help=f"Only this mail ({', '.join(one.name for one in PROBES)}); once per mail."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for all of it.")] = 60,
    publish: Annotated[
        bool, typer.Option("--publish", help="Send nothing; publish to the topics what SES would publish.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the simulator's addresses blocked.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Send mails to SES's mailbox simulator by every identity and configuration set, and see each arrive.

    A mail that is delivered, one that bounces, one to an address on SES's suppression list, an automatic reply and a
    complaint. These mails cost what mails cost, and count neither against the daily quota nor for the reputation; they
    work while the account is in SES's sandbox. Their addresses have a label of this run. They are unblocked afterwards;
    the history keeps what happened.

    Seconds are counted from sending to when it was seen here. Against an emulator on this machine, what its SES cannot
    do is published to the topic instead.

    Exit code 1: something did not arrive; the hop where it stopped is named, as far as it shows from outside.

    Needs ses:SendEmail (or, with --publish, sns:Publish on the topics) and sqs:GetQueueAttributes on the queues;
    dynamodb:Query, dynamodb:BatchGetItem and dynamodb:PutItem on the history table, dynamodb:GetItem,
    dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:DeleteItem on the blocked table; with a customer key
    kms:Decrypt and kms:GenerateDataKey on it.
    """
    from ses_feedback_cli.simulation.run import Simulation  # noqa: PLC0415 - boto3 comes with it

    if wrong := set(only or ()) - {one.name for one in PROBES}:
        raise UsageError(f"--only {', '.join(sorted(wrong))}: {', '.join(one.name for one in PROBES)} are possible")
    probes = [one for one in PROBES if not only or one.name in only]
    run = Simulation(context, ways(select_pipelines(context, pipeline or ()), sender), probes, publish=publish)
    unblocked = True
    try:
        with open_console(stderr=True).status(f"{len(run.journeys)} mails") as status:
            run.send()
            run.wait(timeout, lambda number: status.update(f"waiting for {number} of {len(run.journeys)} mails"))
    finally:
        if not keep:
            unblocked = _unblock(run)
    _say(run.journeys, as_json=as_json)
    return ExitCode.NEGATIVE if any(one.stopped_at for one in run.journeys) or not unblocked else ExitCode.OK


def _unblock(run: "Simulation") -> bool:
    done, failed = run.clean_up()
    text = f"unblocked the addresses of this run: {done}" + (f", failed: {failed}" if failed else "")
    if any(one.maybe_sent and one.probe.kind and not one.row for one in run.journeys):
        text += "; feedback that SES dates later than now blocks its address again"
    sys.stderr.write(text + "\n")
    return not failed


def _say(journeys: "list[Journey]", *, as_json: bool) -> None:
    if as_json:
        for one in journeys:
            write_json(_plain(one))
        return
    hops = ("accepted", "recorded", "blocked", "told")
    rows = [
        (
            one.way.name,
            one.probe.name + (" (published)" if one.published else ""),
            *(f"{one.seconds[hop]:.1f} s" if hop in one.seconds else "" for hop in hops),
            {True: "yes", False: "no", None: ""}[one.allowed],
            f"stopped at {one.stopped_at}" if one.stopped_at else "right",
        )
        for one in journeys
    ]
    columns = ("by", "mail", "accepted", "recorded", "blocked", "told", "may be mailed", "result")
    open_console().print(build_table(columns, rows))
    for one in journeys:
        if one.stopped_at:
            sys.stdout.write(f"{one.probe.name} by {one.way.name}: {one.stopped_at}: {one.because}\n")


def _plain(one: "Journey") -> dict[str, object]:
    return {
        "mail": one.probe.name,
        "address": one.address,
        "from": one.way.sender,
        "identity": one.way.identity,
        "configuration_set": one.way.configuration_set,
        "region": one.way.region,
        "how": "published" if one.published else "sent",
        "message_id": one.message_id,
        "seconds": one.seconds,
        "verdict": one.row.get("verdict"),
        "rule": one.row.get("rule"),
        "allowed": one.allowed,
        "stopped_at": one.stopped_at or None,
        "because": one.because or None,
    }
