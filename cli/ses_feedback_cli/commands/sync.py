"""Compare the blocked table with SES's own suppression lists, and bring them together."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, open_console, write_json

SAMPLE = 5


def sync(
    context: Context,
    pull: Annotated[bool, typer.Option("--pull", help="Import what only SES has.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Put on SES's lists what only the table has.")] = False,
    bucket: Annotated[
        list[str] | None,
        typer.Option(help="S3 bucket for a large --push, in the Region: NAME, or REGION=NAME for each of several."),
    ] = None,
    kms_key: Annotated[
        str | None, typer.Option(help="Customer managed key for the objects there. Without it: S3's own.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="How many addresses of each difference to show.")] = SAMPLE,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show how SES's account suppression list of each Region differs from the blocked table.

    Without --pull and --push nothing is changed; exit code 1 then says that one of them has something to do.

    --pull imports each address from the time that SES put it on its list. What stays "only in SES" after it was
    unblocked here since then. --push takes what SES has a reason for: bounces and complaints, also imported ones.
    Blocks that end, and manual ones, stay here: SES has neither. Addresses are compared by their key, so spelling
    does not matter. SES allows a call a second in a Region, which reads 1,000 entries. More than 50 addresses are
    pushed by SES's import jobs of 100,000, which read from a bucket; the addresses are deleted there when the job has
    ended.

    Needs dynamodb:Scan on the blocked table and ses:ListSuppressedDestinations; for --pull what `import` needs; for
    --push ses:PutSuppressedDestination, or ses:CreateImportJob, ses:GetImportJob, and s3:PutObject, s3:GetObject and
    s3:DeleteObject on BUCKET/ses-feedback/*, and SES production access.
    """
    from ses_feedback_cli.files import file_errors  # noqa: PLC0415 - what follows takes half a second to import
    from ses_feedback_cli.lists.sync_run import compared, differences, pulled, pushed, too_many_for_calls  # noqa: PLC0415
    from ses_feedback_cli.suppression import buckets  # noqa: PLC0415

    regions = context.selected_regions()
    given = buckets(bucket or (), regions)
    with file_errors(), compared(context, regions) as found:
        different = differences(found, regions, sample)
        done: dict[str, Any] = {"regions": different, "unreadable_in_ses": found.unreadable}
        if not as_json:
            _show(different, found.unreadable)
        if push:
            too_many_for_calls(different, given)
        if pull:
            done["pulled"] = pulled(context, found, regions)
        if push:
            done["pushed"] = pushed(context, found, regions, given, kms_key)
    if as_json:
        write_json(done)
    else:
        _show_done(done)
    if not pull and not push:
        return ExitCode.NEGATIVE if any(one["only_in_ses"] or one["only_here"] for one in different) else ExitCode.OK
    failed = done.get("pulled", {}).get("failed", 0) + sum(one["failed"] for one in done.get("pushed", ()))
    return ExitCode.NEGATIVE if failed else ExitCode.OK


def _show(different: Sequence[dict[str, Any]], unreadable: int) -> None:
    columns = ("region", "in SES", "only in SES", "only here", "stays: no reason SES knows", "stays: ends")
    names = ("in_ses", "only_in_ses", "only_here", "kept_without_reason", "kept_because_it_ends")
    open_console().print(
        build_table(columns, [(one["region"], *(f"{one[name]:,}" for name in names)) for one in different])
    )
    for one in different:
        for name, text in (("only_in_ses", "only in SES"), ("only_here", "only here")):
            if shown := one["sample"][name]:
                open_console().print(
                    f"{one['region']}, {text}, the first {len(shown)}: {', '.join(shown)}", markup=False
                )
    if unreadable:
        open_console(stderr=True).print(f"{unreadable:,} entries of SES are no addresses that the table can hold")


def _show_done(done: dict[str, Any]) -> None:
    if "pulled" in done:
        said = {"recorded": "imported now", "duplicate": "imported before", "failed": "not written"}
        rows = [(text, f"{done['pulled'].get(name, 0):,}") for name, text in said.items()]
        open_console().print(build_table(("pulled", "addresses"), rows))
    if "pushed" in done:
        pushes = [
            (one["region"], one["job"] or "calls", f"{one['pushed']:,}", f"{one['failed']:,}") for one in done["pushed"]
        ]
        open_console().print(build_table(("pushed to", "by", "addresses", "refused"), pushes))
        for one in done["pushed"]:
            if one["job"] and one["failed"]:
                open_console(stderr=True).print(
                    f"why: aws sesv2 get-import-job --region {one['region']} --job-id {one['job']}", markup=False
                )
