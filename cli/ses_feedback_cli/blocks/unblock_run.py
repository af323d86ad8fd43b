"""Runs an unblock for a person to watch: shows the selection, asks, writes the undo file, and reports each result."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ses_feedback_cli.blocks.block_selection import BlockSelection
from ses_feedback_cli.blocks.manual_unblocks import (
    UnblockDecision,
    UnblockRequest,
    UnblockResult,
    preview_unblocks,
    unblock_addresses,
)
from ses_feedback_cli.blocks.suppression_removal import SuppressionRemoval
from ses_feedback_cli.blocks.unblock_output import (
    describe_result,
    result_document,
    write_job,
    write_plan,
    write_selection,
    write_slow_regions,
)
from ses_feedback_cli.blocks.undo_file import UndoFile, check_is_new, write_undo_file
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.import_jobs import SINGLE_CALLS, ImportBuckets
from ses_feedback_cli.output import confirm, progress, write_json, write_line, write_stderr
from ses_feedback_cli.suppression_list import suppression_regions

READ_LISTS_FROM = 100
"""For more addresses SES's suppression lists are read whole, instead of deleting each address without asking. For a
selection they always are: only of addresses that a person typed the spelling is known."""


@dataclass(frozen=True)
class SesLists:
    """From whose suppression lists of SES to remove the addresses: none without Regions."""

    regions: Sequence[str] = ()
    buckets: ImportBuckets = field(default_factory=ImportBuckets)

    @classmethod
    def read(
        cls,
        context: Context,
        regions: list[str] | None,
        buckets: Sequence[str] | None,
        kms_key: str | None,
        *,
        no_ses: bool,
    ) -> "SesLists":
        """From the options --ses-region, --bucket, --kms-key and --no-ses. Raises: UsageError."""
        if not no_ses:
            known_regions = suppression_regions(context, regions)
            return cls(known_regions, ImportBuckets.parse(buckets or (), kms_key, known_regions))
        if regions or buckets or kms_key:
            raise UsageError(
                "--no-ses excludes --ses-region, --bucket and --kms-key, which say how to change SES's lists"
            )
        return cls()


@dataclass(frozen=True)
class UnblockJob:
    """What to unblock. ``undo_file``: where the requests come from, None for addresses that a person typed."""

    decision: UnblockDecision
    count: int
    requests: Callable[[], Iterator[UnblockRequest]]
    undo_file: Path | None = None

    @classmethod
    def from_undo_file(cls, undo_file: UndoFile) -> "UnblockJob":
        """All blocks of an undo file."""
        return cls(
            undo_file.decision,
            undo_file.count,
            lambda: (UnblockRequest(item["value"], [item["value"]], item) for item in undo_file.items()),
            undo_file.path,
        )

    def how_to_continue(self, finished: int) -> str:
        """What to do after an interruption."""
        if self.undo_file is None:
            return f"{finished:,} of {self.count:,} are done; the same command again does the rest"
        return (
            f"{finished:,} of {self.count:,} are done; `ses-feedback unblock --from {self.undo_file}` continues, "
            f"`ses-feedback block --from {self.undo_file}` puts them back"
        )


def show_selection(selection: BlockSelection, ses: SesLists, undo_file: Path | None, *, as_json: bool) -> ExitCode:
    """Show what would be unblocked, and change nothing. Raises: ValueError if the undo file exists."""
    if undo_file:
        check_is_new(undo_file)
    with progress("reading the blocked table", None) as advance:
        for _ in selection.items():
            advance(1)
    write_selection(selection, as_json=as_json)
    write_plan(selection.count, ses.regions, ses.buckets)
    return ExitCode.OK


def preview_unblock(context: Context, job: UnblockJob, ses: SesLists, *, as_json: bool) -> ExitCode:
    """Report what `run_unblock` would do, and with the same exit code; changes nothing."""
    finished = still_blocked = 0
    with progress("reading the tables", job.count) as advance:
        for result in preview_unblocks(context, job.requests(), job.decision):
            finished += 1
            still_blocked += bool(result.after or result.skipped)
            if as_json:
                write_json({**result_document(result), "changed": False, "dry_run": True})
            elif job.undo_file is None or result.after or result.skipped:
                write_line(describe_result(result, "would not be blocked"))
            advance(1)
    if job.undo_file:
        write_stderr(f"{finished - still_blocked:,} of {finished:,} would not be blocked")
    write_plan(finished, ses.regions, ses.buckets)
    return ExitCode.NEGATIVE if still_blocked else ExitCode.OK


def confirm_selection(
    selection: BlockSelection, decision: UnblockDecision, path: Path, *, ask: bool, as_json: bool, verb: str = "Unblock"
) -> UndoFile | ExitCode:
    """Select, show and ask. Returns the undo file, which is on the disk; or the exit code if nothing is to be done."""
    with progress("reading the blocked table", None) as advance:
        undo_file = write_undo_file(path, selection.context, decision, _counted(selection.items(), advance))
    confirmed = False
    try:
        write_selection(selection, as_json=as_json)
        if not undo_file.count:
            return ExitCode.OK
        if ask and not _can_ask():
            write_stderr("nothing was changed: stdin is no terminal, so nobody can be asked; --yes does it unasked")
            return ExitCode.USAGE
        confirmed = not ask or confirm(f"{verb} {undo_file.count:,} addresses?")
    finally:
        if not confirmed:
            path.unlink()
    if not confirmed:
        write_stderr("nothing was changed")
        return ExitCode.NEGATIVE
    return undo_file


def run_unblock(context: Context, job: UnblockJob, ses: SesLists, *, as_json: bool) -> ExitCode:
    """Unblock, and report each address; of a selection, without --json, only those that could not be unblocked."""
    removal = SuppressionRemoval(context, ses.regions, ses.buckets, write_job) if ses.regions else None
    finished = still_blocked = failed = 0
    try:
        if removal and (job.undo_file or job.count > (SINGLE_CALLS if ses.buckets.names else READ_LISTS_FROM)):
            _read_lists(job, removal, ses.buckets)
        with progress("unblocking", job.count) as advance:
            for result in _results(context, job, removal):
                finished += 1
                still_blocked += bool(result.after or result.skipped)
                failed += bool(result.problem)
                if as_json:
                    write_json(result_document(result))
                elif job.undo_file is None or result.after or result.skipped or result.problem:
                    write_line(describe_result(result))
                advance(1)
    except BaseException:
        write_stderr(job.how_to_continue(finished))
        raise
    if job.undo_file:
        summary = f"{finished - still_blocked:,} of {finished:,} are no longer blocked"
        write_stderr(f"{summary}; `ses-feedback block --from {job.undo_file}` puts them back")
    if failed:
        command = f"`ses-feedback unblock --from {job.undo_file}`" if job.undo_file else "the same command"
        write_stderr(
            f"{failed:,} failed: try {command} again. If SES still refuses to remove an address from its list, try "
            "SES's console, or --bucket; `aws sesv2 get-import-job --job-id ID` says why an import job failed. Then "
            "--no-ses unblocks the rest"
        )
    return ExitCode.NEGATIVE if still_blocked or failed else ExitCode.OK


def _read_lists(job: UnblockJob, removal: SuppressionRemoval, buckets: ImportBuckets) -> None:
    with progress("reading SES's suppression lists", None) as advance:
        removal.read_lists({request.address for request in job.requests()}, advance)
    slow = {region: count for region, count in removal.listed_counts().items() if region not in buckets.names}
    slow = {region: count for region, count in slow.items() if count > SINGLE_CALLS}
    if slow and buckets.names:
        needed = " ".join(f"--bucket {region}=NAME" for region in slow)
        raise UsageError(
            f"more than {SINGLE_CALLS} addresses to remove in each of {', '.join(slow)}: give also {needed}"
        )
    write_slow_regions(slow)


def _results(context: Context, job: UnblockJob, removal: SuppressionRemoval | None) -> Iterator[UnblockResult]:
    """Unblock what is on no list of SES first: it need not wait, and no echo of a list can block it again."""
    if removal is None or not removal.has_read_lists:
        yield from unblock_addresses(context, job.requests(), job.decision, removal)
        return
    for listed in (False, True):
        requests = (request for request in job.requests() if removal.is_listed(request.address) is listed)
        yield from unblock_addresses(context, requests, job.decision, removal)


def _counted(items: Iterator[dict[str, Any]], advance: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        advance(1)


def _can_ask() -> bool:
    return sys.stdin.isatty()
