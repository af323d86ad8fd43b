"""What an unblock writes: the selection, what a dry run would do, each result, and what SES's lists will take."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.block_selection import BlockSelection
from ses_feedback_cli.blocks.manual_unblocks import UnblockResult
from ses_feedback_cli.blocks.suppression_removal import RemovalResult
from ses_feedback_cli.blocks.wording import block_summary, describe_block
from ses_feedback_cli.import_jobs import JOB_LIMITS, SINGLE_CALLS, ImportBuckets
from ses_feedback_cli.output import build_table, format_time, open_console, write_json, write_line, write_stderr


def write_selection(selection: BlockSelection, *, as_json: bool) -> None:
    if as_json:
        sample = [{"address": item["value"], **(block_summary(item) or {})} for item in selection.sample]
        write_json({"selected": selection.count, "skipped": dict(selection.skipped), "sample": sample})
        return
    for why, count in sorted(selection.skipped.items()):
        write_line(f"{count:,} skipped: {why}")
    write_line(f"{selection.count:,} selected" + (", for example" if selection.sample else ""))
    if selection.sample:
        rows = [
            (
                item["value"],
                str(item.get("reason", "")),
                str(item.get("rule", "")),
                format_time(parse(str(item.get("blocked_at")))),
            )
            for item in selection.sample
        ]
        open_console().print(build_table(("address", "reason", "rule", "since"), rows))


def write_plan(count: int, regions: Sequence[str], buckets: ImportBuckets) -> None:
    """What a dry run says of SES's lists, which it does not read."""
    for region in regions:
        by_jobs = region in buckets.names and count > SINGLE_CALLS
        jobs = -(-count // JOB_LIMITS["DELETE"])
        how = f"by at most {jobs:,} import jobs" if by_jobs else f"at one call a second: {call_time(count)} at most"
        write_stderr(f"up to {count:,} addresses would be removed from SES's suppression list in {region}, {how}")
    write_stderr("dry run: nothing was changed")


def write_slow_regions(counts: Mapping[str, int]) -> None:
    """How long it takes without import jobs. ``counts``: addresses to remove from each Region's list."""
    for region, count in counts.items():
        write_stderr(
            f"{count:,} addresses to remove from SES's suppression list in {region} take {call_time(count)}, at the "
            f"one call a second that SES allows; --bucket {region}=NAME, an S3 bucket there, removes them by import "
            "jobs: press Ctrl-C, and continue with it"
        )


def write_job(job_id: str, size: int, processed: int) -> None:
    """How far an import job is."""
    write_stderr(f"import job {job_id}: {processed:,} of {size:,} addresses")


def call_time(count: int) -> timedelta:
    """How long so many calls to SES take."""
    return timedelta(seconds=count)


def describe_result(result: UnblockResult, lifted: str = "now not blocked") -> str:
    line = f"{result.address}  was {describe_block(result.before)}"
    if result.problem:
        return f"{line}, FAILED: {result.problem}"
    if result.skipped:
        return f"{line}, skipped: {result.skipped}"
    if result.after:
        line += f", still {describe_block(result.after)}: that is later than this unblock"
    elif result.before:
        line += f", {lifted}"
    regions = [removal.region for removal in result.removals if removal.was_listed]
    return line + (f"; removed from SES's suppression list in {', '.join(regions)}" if regions else "")


def result_document(result: UnblockResult) -> dict[str, Any]:
    return {
        "address": result.address,
        "before": block_summary(result.before),
        "after": block_summary(result.after),
        "changed": result.before is not None and result.after is None,
        "ses": {removal.region: _removal_word(removal) for removal in result.removals},
        "skipped": result.skipped or None,
        "problem": result.problem or None,
    }


def _removal_word(removal: RemovalResult) -> str:
    if removal.problem:
        return removal.problem
    return "newer" if removal.newer_entry_at else "removed" if removal.was_listed else "not listed"
