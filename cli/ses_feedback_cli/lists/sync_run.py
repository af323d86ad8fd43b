"""Compares the blocked table with SES's suppression lists, and copies what one side does not have."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ses_feedback_cli.block_filter import BlockFilter
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.event_batches import batch_writer
from ses_feedback_cli.import_jobs import SINGLE_CALLS, ImportBuckets, ImportJob, ImportJobs
from ses_feedback_cli.lists.comparison import Comparison
from ses_feedback_cli.lists.import_entries import ImportSettings, write_entries
from ses_feedback_cli.lists.import_position import ImportPosition, Rejects
from ses_feedback_cli.lists.import_sources import SES_REJECTS_FILE, suppressed_entries
from ses_feedback_cli.output import open_console
from ses_feedback_cli.suppression_list import SuppressionList, interleave_pages
from ses_feedback_cli.table_reads import scan_blocked_items


def require_buckets(differences: Sequence[Mapping[str, Any]], buckets: ImportBuckets) -> None:
    """Raises: UsageError when a Region gets more addresses than by single calls, and has no bucket."""
    for difference in differences:
        region, count = difference["region"], difference["only_in_table"]
        if count > SINGLE_CALLS and region not in buckets.names:
            raise UsageError(
                f"{count:,} addresses for SES in {region} are more than {SINGLE_CALLS}, at one call a second: give "
                f"--bucket {region}=NAME, an S3 bucket there from which SES's import job reads them"
            )


@contextmanager
def compare_lists(context: Context, regions: Sequence[str]) -> Iterator[Comparison]:
    """Read both sides completely."""
    with Comparison() as comparison:
        with open_console(stderr=True).status("reading") as status:
            count = 0
            for page in interleave_pages(SuppressionList(context, region) for region in regions):
                count += len(page)
                comparison.add_destinations(page)
                status.update(f"reading SES's suppression lists: {count:,}")
            status.update("reading the blocked table")
            comparison.add_blocked_items(scan_blocked_items(context, BlockFilter(), datetime.now(UTC)))
        yield comparison


def describe_differences(comparison: Comparison, regions: Sequence[str], sample_size: int) -> list[dict[str, Any]]:
    """Counts and samples of each Region."""
    return [
        {
            "region": region,
            **comparison.counts(region),
            "sample": {
                "only_in_ses": [entry.address for entry in comparison.only_in_ses(region, sample_size)],
                "only_in_table": [key for key, _ in comparison.only_in_table(region, sample_size)],
            },
        }
        for region in regions
    ]


def pull_from_ses(context: Context, comparison: Comparison, regions: Sequence[str]) -> dict[str, int]:
    """Import what is only in SES; returns counts by outcome. Raises: TableError."""
    position = ImportPosition({}, "")
    rejects = Rejects(SES_REJECTS_FILE)
    settings = ImportSettings(context.acting_name(), datetime.now(UTC))
    with open_console(stderr=True).status("importing") as status:

        def position_moved() -> None:
            status.update(f"importing: {position.line:,}")

        try:
            write_entries(
                suppressed_entries((comparison.only_in_ses(region) for region in regions), settings),
                batch_writer(context),
                position,
                rejects,
                position_moved,
            )
        finally:
            rejects.close()
            if position.line:
                open_console(stderr=True).print(f"{position.line:,} addresses of SES are in the history")
    return dict(position.counts)


def push_to_ses(
    context: Context,
    comparison: Comparison,
    regions: Sequence[str],
    buckets: ImportBuckets,
) -> list[dict[str, Any]]:
    """Put on SES's lists what is only in the table; returns a summary by Region and job. Raises: ClientError."""
    summaries: list[dict[str, Any]] = []
    with open_console(stderr=True).status("pushing") as status:

        def report_job(job_id: str, size: int, processed: int) -> None:
            status.update(f"import job {job_id}: {processed:,} of {size:,}")

        for region in regions:
            suppression_list = SuppressionList(context, region)
            count = comparison.counts(region)["only_in_table"]
            if count <= SINGLE_CALLS:
                put = 0
                try:
                    for address, reason in comparison.only_in_table(region):
                        suppression_list.put(address, reason)
                        put += 1
                        status.update(f"{region}: {put} of {count}")
                finally:
                    open_console(stderr=True).print(f"{region}: {put:,} of {count:,} addresses are on SES's list now")
                summaries.append({"region": region, "job": None, "status": None, "pushed": put, "failed": 0})
                continue
            entries = comparison.only_in_table(region)
            for job in ImportJobs(context, suppression_list, buckets).put(entries, report_job):
                summaries.append(_job_summary(job))
                open_console(stderr=True).print(f"{region}: import job {job.id} {job.status}, {job.size:,} addresses")
    return summaries


def _job_summary(job: ImportJob) -> dict[str, Any]:
    failed = job.failed if job.status == "COMPLETED" else job.size
    return {"region": job.region, "job": job.id, "status": job.status, "pushed": job.size - failed, "failed": failed}
