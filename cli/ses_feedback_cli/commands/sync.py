"""`sync`: compare the blocked table with SES's suppression lists, and copy what one side does not have."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ses_feedback_cli.commands.options import JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import build_table, open_console, write_json

DEFAULT_SAMPLE_SIZE = 5


def sync(
    context: Context,
    pull: Annotated[bool, typer.Option("--pull", help="Import what is only on SES's lists.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Put on SES's lists what is only in the table.")] = False,
    bucket: Annotated[
        list[str] | None,
        typer.Option(
            "--bucket", help="S3 bucket in the same Region, for a large --push: NAME, or REGION=NAME for each Region."
        ),
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option("--kms-key", help="Customer managed KMS key for the objects in the bucket. Default: S3's keys."),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="How many addresses of each difference to show.")
    ] = DEFAULT_SAMPLE_SIZE,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show how SES's suppression list of this account in each Region differs from the blocked table.

    Without --pull and --push nothing is changed; exit code 1 then means that there are differences to copy.

    --pull imports each address with the time when SES put it on its list. What is "only in SES" afterwards was
    unblocked here since then. --push puts on SES's list what SES has a reason for: bounces and complaints, also
    imported ones. Blocks that end and manual blocks stay only in the table, because SES has neither. Addresses are
    compared by their key, so spelling does not matter. SES allows one call a second in a Region, which reads 1,000
    entries. More than 50 addresses are put by SES's import jobs of up to 100,000, which read from a bucket; the objects
    there are deleted when the job has ended.

    Needs dynamodb:Scan on the blocked table and ses:ListSuppressedDestinations; for --pull what `import` needs; for
    --push ses:PutSuppressedDestination, or ses:CreateImportJob, ses:GetImportJob, and s3:PutObject, s3:GetObject and
    s3:DeleteObject on BUCKET/ses-feedback/*, and SES production access.
    """
    from ses_feedback_cli.files import file_errors  # noqa: PLC0415 - these imports take half a second
    from ses_feedback_cli.import_jobs import ImportBuckets  # noqa: PLC0415
    from ses_feedback_cli.lists.sync_run import (  # noqa: PLC0415
        compare_lists,
        describe_differences,
        pull_from_ses,
        push_to_ses,
        require_buckets,
    )

    if not push and (bucket or kms_key):
        raise UsageError("--bucket and --kms-key are for --push: without it nothing is put on SES's lists")
    regions = context.selected_regions()
    buckets = ImportBuckets.parse(bucket or (), kms_key, regions)
    with file_errors(), compare_lists(context, regions) as comparison:
        differences = describe_differences(comparison, regions, sample)
        document: dict[str, Any] = {"regions": differences, "unreadable_in_ses": comparison.unreadable}
        if not as_json:
            _print_differences(differences, comparison.unreadable)
        if push:
            require_buckets(differences, buckets)
        if pull:
            document["pulled"] = pull_from_ses(context, comparison, regions)
        if push:
            document["pushed"] = push_to_ses(context, comparison, regions, buckets)
    if as_json:
        write_json(document)
    else:
        _print_changes(document)
    if not pull and not push:
        has_differences = any(difference["only_in_ses"] or difference["only_in_table"] for difference in differences)
        return ExitCode.NEGATIVE if has_differences else ExitCode.OK
    failed = document.get("pulled", {}).get("failed", 0) + sum(push["failed"] for push in document.get("pushed", ()))
    return ExitCode.NEGATIVE if failed else ExitCode.OK


def _print_differences(differences: Sequence[dict[str, Any]], unreadable: int) -> None:
    columns = ("region", "in SES", "only in SES", "only in the table", "not for SES: reason", "not for SES: ends")
    names = ("in_ses", "only_in_ses", "only_in_table", "not_for_ses_reason", "not_for_ses_ends")
    rows = [(difference["region"], *(f"{difference[name]:,}" for name in names)) for difference in differences]
    open_console().print(build_table(columns, rows))
    for difference in differences:
        for name, title in (("only_in_ses", "only in SES"), ("only_in_table", "only in the table")):
            if addresses := difference["sample"][name]:
                line = f"{difference['region']}, {title}, the first {len(addresses)}: {', '.join(addresses)}"
                open_console().print(line, markup=False)
    if unreadable:
        open_console(stderr=True).print(f"{unreadable:,} entries of SES are no addresses that the table can hold")


def _print_changes(document: dict[str, Any]) -> None:
    if "pulled" in document:
        titles = {"recorded": "imported now", "duplicate": "imported before", "failed": "failed"}
        rows = [(title, f"{document['pulled'].get(name, 0):,}") for name, title in titles.items()]
        open_console().print(build_table(("pulled", "addresses"), rows))
    if "pushed" in document:
        rows_by_region = [
            (push["region"], push["job"] or "calls", f"{push['pushed']:,}", f"{push['failed']:,}")
            for push in document["pushed"]
        ]
        open_console().print(build_table(("pushed to", "by", "addresses", "failed"), rows_by_region))
        for push in document["pushed"]:
            if push["job"] and push["failed"]:
                command = f"aws sesv2 get-import-job --region {push['region']} --job-id {push['job']}"
                open_console(stderr=True).print(f"why: {command}", markup=False)
