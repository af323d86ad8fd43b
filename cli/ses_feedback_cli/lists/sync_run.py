"""Compares the table with SES's lists, and does what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ses_feedback_cli.block_filter import BlockFilter
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.event_batches import batch_writer
from ses_feedback_cli.lists.comparison import Comparison
from ses_feedback_cli.lists.importing import Plan, bring_in
from ses_feedback_cli.lists.position import Position, Rejects
from ses_feedback_cli.lists.sources import SES_REJECTS, from_suppressed
from ses_feedback_cli.output import open_console
from ses_feedback_cli.suppression import FEW, Job, SuppressionList, in_turns
from ses_feedback_cli.table_reads import scan_blocked_items


@contextmanager
def compared(context: Context, regions: Sequence[str]) -> Iterator[Comparison]:
    """Both sides, read whole."""
    with Comparison() as found:
        with open_console(stderr=True).status("reading") as status:
            count = 0
            for page in in_turns(SuppressionList(context, region) for region in regions):
                count += len(page)
                found.add_ses(page)
                status.update(f"reading SES's lists: {count:,}")
            status.update("reading the blocked table")
            found.add_ours(scan_blocked_items(context, BlockFilter(), datetime.now(UTC)))
        yield found


def differences(found: Comparison, regions: Sequence[str], sample: int) -> list[dict[str, Any]]:
    """Per Region how many, and some of them."""
    return [
        {
            "region": region,
            **found.counts(region),
            "sample": {
                "only_in_ses": [one.address for one in found.only_ses(region, sample)],
                "only_here": [key for key, _ in found.only_ours(region, sample)],
            },
        }
        for region in regions
    ]


def too_many_for_calls(different: Sequence[Mapping[str, Any]], buckets: Mapping[str, str]) -> None:
    """Raises: MissingError when a Region gets more addresses than single calls are for, and has no bucket."""
    for one in different:
        if one["only_here"] > FEW and one["region"] not in buckets:
            raise UsageError(
                f"{one['only_here']:,} addresses for SES in {one['region']} are more than {FEW}, at a call a second: "
                f"give --bucket {one['region']}=NAME, an S3 bucket there from which SES's import job reads them"
            )


def pulled(context: Context, found: Comparison, regions: Sequence[str]) -> dict[str, int]:
    """Import what only SES has; how many by outcome. Raises: TableError."""
    position = Position({}, "")
    rejects = Rejects(SES_REJECTS)
    plan = Plan(context.acting_name(), datetime.now(UTC))
    with open_console(stderr=True).status("importing") as status:

        def kept() -> None:
            status.update(f"importing: {position.line:,}")

        try:
            bring_in(
                from_suppressed((found.only_ses(one) for one in regions), plan),
                batch_writer(context),
                position,
                rejects,
                kept,
            )
        finally:
            rejects.close()
            if position.line:
                open_console(stderr=True).print(f"{position.line:,} addresses of SES are in the history")
    return dict(position.counts)


def pushed(
    context: Context, found: Comparison, regions: Sequence[str], buckets: Mapping[str, str], kms_key: str | None
) -> list[dict[str, Any]]:
    """Put on SES's lists what only the table has; what was done, by Region and job. Raises: ClientError."""
    done: list[dict[str, Any]] = []
    with open_console(stderr=True).status("pushing") as status:

        def told(job: str, size: int, read: int) -> None:
            status.update(f"import job {job}: {read:,} of {size:,}")

        for region in regions:
            target = SuppressionList(context, region)
            count = found.counts(region)["only_here"]
            if count <= FEW:
                put = 0
                try:
                    for address, reason in found.only_ours(region):
                        target.put(address, reason)
                        put += 1
                        status.update(f"{region}: {put} of {count}")
                finally:
                    open_console(stderr=True).print(f"{region}: {put:,} of {count:,} addresses are on SES's list now")
                done.append({"region": region, "job": None, "status": None, "pushed": put, "failed": 0})
                continue
            for job in target.put_many(found.only_ours(region), buckets[region], kms_key, told):
                done.append(_of(job))
                open_console(stderr=True).print(f"{region}: import job {job.id} {job.status}, {job.size:,} addresses")
    return done


def _of(job: Job) -> dict[str, Any]:
    failed = job.failed if job.status == "COMPLETED" else job.size
    return {"region": job.region, "job": job.id, "status": job.status, "pushed": job.size - failed, "failed": failed}
