"""Carries out an unblock: shows, asks, writes the undo file, does it with progress, and tells what became of it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks import undofile
from ses_feedback_cli.blocks.changes import brief, said
from ses_feedback_cli.blocks.removal import Removal, Removed
from ses_feedback_cli.blocks.unblocking import Act, Lift, Lifted, lift
from ses_feedback_cli.blocks.wave import Wave
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
"""From how many addresses on SES's lists are read as a whole instead of deleting each unasked. Those of a selection
always are: how they are spelt on SES's lists is known for addresses that a person types only."""


@dataclass(frozen=True)
class Job:
    """What is to be lifted. ``path``: the undo file that it is from."""

    act: Act
    count: int
    lifts: Callable[[], Iterator[Lift]]
    path: Path | None = None

    @classmethod
    def of_plan(cls, plan: undofile.Plan) -> "Job":
        """All that an undo file holds."""
        return cls(
            plan.act,
            plan.count,
            lambda: (Lift(item["value"], [item["value"]], item) for item in plan.items()),
            plan.path,
        )

    def rest(self, done: int) -> str:
        """What to tell who interrupts it."""
        if self.path is None:
            return f"{done:,} of {self.count:,} are done; the same command again does the rest"
        return (
            f"{done:,} of {self.count:,} are done; `ses-feedback unblock --from {self.path}` goes on, "
            f"`ses-feedback block --from {self.path}` puts them back"
        )


def show(wave: Wave, *, as_json: bool) -> ExitCode:
    """Show what would be lifted, and change nothing."""
    with progress("reading the blocked table", None) as advance:
        for _ in wave.items():
            advance(1)
    _tell_wave(wave, as_json=as_json)
    return ExitCode.OK


def prepare(wave: Wave, act: Act, path: Path, *, ask: bool, as_json: bool) -> undofile.Plan | ExitCode:
    """Select, show and ask; the undo file, on the disk, or how it ended without one."""
    with progress("reading the blocked table", None) as advance:
        plan = undofile.write(path, wave.context, act, _each(wave.items(), advance))
    wanted = False
    try:
        _tell_wave(wave, as_json=as_json)
        if not plan.count:
            return ExitCode.OK
        if ask and not _can_ask():
            write_stderr("nothing was changed: there is nobody to ask here, --yes does it without asking")
            return ExitCode.USAGE
        wanted = not ask or confirm(f"Unblock {plan.count:,} addresses?")
    finally:
        if not wanted:
            path.unlink()
    if not wanted:
        write_stderr("nothing was changed")
        return ExitCode.NEGATIVE
    return plan


def run(context: Context, job: Job, regions: Sequence[str], *, as_json: bool) -> ExitCode:
    """Do it, and tell of each address; of a selection, in words, only what is not as it was meant."""
    removal = Removal(context, regions) if regions else None
    done = blocked = failed = 0
    try:
        if removal and (job.path or job.count > READ_LISTS_FROM):
            with progress("reading SES's own lists", None) as advance:
                removal.read({one.address for one in job.lifts()}, advance)
        with progress("unblocking", job.count) as advance:
            for one in lift(context, job.lifts(), job.act, removal):
                done += 1
                blocked += bool(one.after or one.left)
                failed += bool(one.problem)
                if as_json:
                    write_json(_document(one))
                elif job.path is None or one.after or one.left or one.problem:
                    write_line(_line(one))
                advance(1)
    except BaseException:
        write_stderr(job.rest(done))
        raise
    if job.path:
        ended = f"{done - blocked:,} of {done:,} are not blocked any more"
        write_stderr(f"{ended}; `ses-feedback block --from {job.path}` puts them back")
    if failed:
        again = f"ses-feedback unblock --from {job.path}" if job.path else "the same command"
        write_stderr(
            f"{failed:,} could not be done: try `{again}` again. What SES refuses to take off its list, its console or "
            "an import job may; then --no-ses unblocks the rest"
        )
    return ExitCode.NEGATIVE if blocked or failed else ExitCode.OK


def _each(items: Iterator[dict[str, Any]], advance: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        advance(1)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _tell_wave(wave: Wave, *, as_json: bool) -> None:
    if as_json:
        sample = [{"address": item["value"], **(brief(item) or {})} for item in wave.sample]
        write_json({"selected": wave.count, "left": dict(wave.left), "sample": sample})
        return
    for why, number in sorted(wave.left.items()):
        write_line(f"{number:,} left: {why}")
    write_line(f"{wave.count:,} selected" + (", for example" if wave.sample else ""))
    if wave.sample:
        rows = [
            (
                item["value"],
                str(item.get("reason", "")),
                str(item.get("rule", "")),
                format_time(parse(str(item.get("blocked_at")))),
            )
            for item in wave.sample
        ]
        open_console().print(build_table(("address", "because", "rule", "since"), rows))


def _line(one: Lifted) -> str:
    text = f"{one.address}  was {said(one.before)}"
    if one.problem:
        return f"{text}, NOT DONE: {one.problem}"
    if one.left:
        return f"{text}, left: {one.left}"
    if one.after:
        text += f", still {said(one.after)}: that is later than this act"
    elif one.before:
        text += ", now not"
    off = [removed.region for removed in one.ses if removed.was_there]
    return text + (f"; taken off SES's own list in {', '.join(off)}" if off else "")


def _document(one: Lifted) -> dict[str, Any]:
    return {
        "address": one.address,
        "before": brief(one.before),
        "after": brief(one.after),
        "changed": one.before is not None and one.after is None,
        "ses": {removed.region: _word(removed) for removed in one.ses},
        "left": one.left or None,
        "problem": one.problem or None,
    }


def _word(removed: Removed) -> str:
    if removed.problem:
        return removed.problem
    return "newer" if removed.newer else "removed" if removed.was_there else "not there"
