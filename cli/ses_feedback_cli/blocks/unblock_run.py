"""Runs an unblock for a person to watch: shows the selection, asks, writes the undo file, and reports each result."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.block_selection import BlockSelection
from ses_feedback_cli.blocks.manual_unblocks import (
    UnblockDecision,
    UnblockRequest,
    UnblockResult,
    preview_unblocks,
    unblock_addresses,
)
from ses_feedback_cli.blocks.suppression_removal import RemovalResult, SuppressionRemoval
from ses_feedback_cli.blocks.undo_file import UndoFile, check_is_new, write_undo_file
from ses_feedback_cli.blocks.wording import block_summary, describe_block
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import (
    build_table,
    confirm,
    format_time,
    open_console,
    progress,
    write_json,
    write_line,
    write_stderr,
)

READ_LISTS_FROM = 100
"""For more addresses SES's suppression lists are read whole, instead of deleting each address without asking. For a
selection they always are: only of addresses that a person typed the spelling is known."""


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


def show_selection(
    selection: BlockSelection, regions: Sequence[str], undo_file: Path | None, *, as_json: bool
) -> ExitCode:
    """Show what would be unblocked, and change nothing. Raises: ValueError if the undo file exists."""
    if undo_file:
        check_is_new(undo_file)
    with progress("reading the blocked table", None) as advance:
        for _ in selection.items():
            advance(1)
    _write_selection(selection, as_json=as_json)
    _write_plan(selection.count, regions)
    return ExitCode.OK


def preview_unblock(context: Context, job: UnblockJob, regions: Sequence[str], *, as_json: bool) -> ExitCode:
    """Report what `run_unblock` would do, and with the same exit code; changes nothing."""
    finished = still_blocked = 0
    with progress("reading the tables", job.count) as advance:
        for result in preview_unblocks(context, job.requests(), job.decision):
            finished += 1
            still_blocked += bool(result.after or result.skipped)
            if as_json:
                write_json({**_document(result), "changed": False, "dry_run": True})
            elif job.undo_file is None or result.after or result.skipped:
                write_line(_describe(result, "would not be blocked"))
            advance(1)
    if job.undo_file:
        write_stderr(f"{finished - still_blocked:,} of {finished:,} would not be blocked")
    _write_plan(finished, regions)
    return ExitCode.NEGATIVE if still_blocked else ExitCode.OK


def confirm_selection(
    selection: BlockSelection, decision: UnblockDecision, path: Path, *, ask: bool, as_json: bool
) -> UndoFile | ExitCode:
    """Select, show and ask. Returns the undo file, which is on the disk; or the exit code if nothing is to be done."""
    with progress("reading the blocked table", None) as advance:
        undo_file = write_undo_file(path, selection.context, decision, _counted(selection.items(), advance))
    confirmed = False
    try:
        _write_selection(selection, as_json=as_json)
        if not undo_file.count:
            return ExitCode.OK
        if ask and not _can_ask():
            write_stderr("nothing was changed: stdin is no terminal, so nobody can be asked; --yes does it unasked")
            return ExitCode.USAGE
        confirmed = not ask or confirm(f"Unblock {undo_file.count:,} addresses?")
    finally:
        if not confirmed:
            path.unlink()
    if not confirmed:
        write_stderr("nothing was changed")
        return ExitCode.NEGATIVE
    return undo_file


def run_unblock(context: Context, job: UnblockJob, regions: Sequence[str], *, as_json: bool) -> ExitCode:
    """Unblock, and report each address; of a selection, without --json, only those that could not be unblocked.

    ``regions``: those from whose suppression lists of SES the addresses are removed.
    """
    removal = SuppressionRemoval(context, regions) if regions else None
    finished = still_blocked = failed = 0
    try:
        if removal and (job.undo_file or job.count > READ_LISTS_FROM):
            with progress("reading SES's suppression lists", None) as advance:
                removal.read_lists({request.address for request in job.requests()}, advance)
        with progress("unblocking", job.count) as advance:
            for result in unblock_addresses(context, job.requests(), job.decision, removal):
                finished += 1
                still_blocked += bool(result.after or result.skipped)
                failed += bool(result.problem)
                if as_json:
                    write_json(_document(result))
                elif job.undo_file is None or result.after or result.skipped or result.problem:
                    write_line(_describe(result))
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
            "SES's console or an import job; then --no-ses unblocks the rest"
        )
    return ExitCode.NEGATIVE if still_blocked or failed else ExitCode.OK


def _counted(items: Iterator[dict[str, Any]], advance: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        advance(1)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _write_selection(selection: BlockSelection, *, as_json: bool) -> None:
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


def _write_plan(count: int, regions: Sequence[str]) -> None:
    """What a dry run says of SES's lists, which it does not read."""
    if regions:
        write_stderr(f"up to {count:,} addresses would be removed from SES's suppression list in {', '.join(regions)}")
    write_stderr("dry run: nothing was changed")


def _describe(result: UnblockResult, lifted: str = "now not blocked") -> str:
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


def _document(result: UnblockResult) -> dict[str, Any]:
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
