"""`ses-feedback simulate`: checks that feedback arrives, from SES to the blocked table."""

import secrets
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, open_console, write_json
from ses_feedback_cli.pipeline_selection import select_pipelines
from ses_feedback_cli.simulation.mails import MAILS
from ses_feedback_cli.simulation.origins import read_origins

if TYPE_CHECKING:
    from ses_feedback_cli.simulation.journey import Journey

POLL_SECONDS = 0.5


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
        typer.Option("--only", help=f"Only this mail ({', '.join(mail.name for mail in MAILS)}); once per mail."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for all mails.")] = 60,
    publish: Annotated[
        bool, typer.Option("--publish", help="Send no mails; publish the notifications of SES to the topics.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the simulator's addresses blocked.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Send mails to SES's mailbox simulator by every identity and configuration set, and check that feedback arrives.

    A mail that is delivered, one that bounces, one to an address on SES's suppression list, an automatic reply and a
    complaint. These mails cost what mails cost, and count neither against the daily quota nor for the reputation; they
    work while the account is in SES's sandbox. Their addresses have a label of this run. They are unblocked afterwards;
    the history keeps the feedback.

    The hops are SES, SNS, SQS, Lambda, DynamoDB and a sender who asks about the address. Seconds are counted from
    sending until this command saw that a hop was done. If SES is an emulator on this machine, the notifications that it
    does not give are published to the topic instead.

    Exit code 1: a mail stopped at a hop, which is named as far as it can be seen from outside.

    Needs ses:SendEmail (or, with --publish, sns:Publish on the topics) and sqs:GetQueueAttributes on the queues;
    dynamodb:Query, dynamodb:BatchGetItem and dynamodb:PutItem on the history table, dynamodb:GetItem,
    dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:DeleteItem on the blocked table; with a customer key
    kms:Decrypt and kms:GenerateDataKey on it.
    """
    from ses_feedback_cli.simulation.follower import Follower  # noqa: PLC0415 - boto3 comes with it
    from ses_feedback_cli.simulation.queue_evidence import QueueEvidence  # noqa: PLC0415

    names = [mail.name for mail in MAILS]
    if unknown := set(only or ()) - set(names):
        raise UsageError(f"--only {', '.join(sorted(unknown))}: {', '.join(names)} are possible")
    origins = read_origins(select_pipelines(context, pipeline or ()), sender)
    evidence = QueueEvidence(context, [pipeline for origin in origins for pipeline in origin.pipelines.values()])
    follower = Follower(context, evidence, context.blocklist().check, POLL_SECONDS)
    run_id = secrets.token_hex(4)
    planned = [
        follower.plan(origin, mail, f"{run_id}-{number}", publish=publish)
        for number, origin in enumerate(origins)
        for mail in MAILS
        if not only or mail.name in only
    ]
    journeys = [
        journey
        for journey in planned
        if journey.mail.kind in journey.origin.pipelines or (journey.mail.kind is None and not journey.published)
    ]
    unblocked = True
    try:
        with open_console(stderr=True).status(f"{len(journeys)} mails") as status:

            def show(_: "Journey") -> None:
                waiting = sum(journey.is_waiting for journey in journeys)
                status.update(f"waiting for {waiting} of {len(journeys)} mails")

            for journey in journeys:
                journey.on_change = show
            follower.send(journeys)
            follower.follow(journeys, timeout)
            follower.finish(journeys)
    finally:
        if not keep:
            unblocked = _unblock(context, journeys, run_id)
    _write(journeys, as_json=as_json)
    return ExitCode.NEGATIVE if any(journey.failure for journey in journeys) or not unblocked else ExitCode.OK


def _unblock(context: Context, journeys: "Sequence[Journey]", run_id: str) -> bool:
    from ses_feedback_cli.simulation.cleanup import unblock  # noqa: PLC0415

    done, failed = unblock(context, journeys, run_id)
    summary = f"unblocked the addresses of this run: {done}" + (f", failed: {failed}" if failed else "")
    if any(journey.maybe_sent and journey.mail.kind and not journey.row for journey in journeys):
        summary += "; feedback that SES dates later than now blocks its address again"
    sys.stderr.write(summary + "\n")
    return not failed


def _write(journeys: "Sequence[Journey]", *, as_json: bool) -> None:
    if as_json:
        for journey in journeys:
            write_json(_json(journey))
        return
    hops = ("SES", "Lambda", "DynamoDB", "sender")  # SNS and SQS show only when something stops there
    rows = [
        (
            journey.origin.name,
            journey.mail.name + (" (published)" if journey.published else ""),
            *(f"{journey.seconds[hop]:.1f} s" if hop in journey.seconds else "" for hop in hops),
            {True: "yes", False: "no", None: ""}[_allowed(journey)],
            f"stopped at {journey.failure.hop}" if journey.failure else "ok",
        )
        for journey in journeys
    ]
    open_console().print(build_table(("origin", "mail", *hops, "allowed", "result"), rows))
    for journey in journeys:
        if failure := journey.failure:
            sys.stdout.write(f"{journey.mail.name} by {journey.origin.name}: {failure.hop}: {failure.reason}\n")


def _allowed(journey: "Journey") -> bool | None:
    return journey.answer.allowed if journey.answer else None


def _json(journey: "Journey") -> dict[str, object]:
    origin, failure = journey.origin, journey.failure
    return {
        "mail": journey.mail.name,
        "address": journey.address,
        "from": origin.sender,
        "identity": origin.identity,
        "configuration_set": origin.configuration_set,
        "region": origin.region,
        "published": journey.published,
        "message_id": journey.message_id,
        "seconds": journey.seconds,
        "verdict": journey.row.get("verdict"),
        "rule": journey.row.get("rule"),
        "allowed": _allowed(journey),
        "stopped_at": failure and failure.hop,
        "reason": failure and failure.reason,
    }
