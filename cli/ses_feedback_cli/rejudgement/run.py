"""Runs a rejudge for a person to watch: shows what it changes, asks, writes the undo files, and reports failures."""

import sys
import uuid
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from ses_feedback.history.event import NOTE_LIMIT, Event, manual_event
from ses_feedback.table import TableError

from ses_feedback_cli.blocks.manual_unblocks import UnblockDecision
from ses_feedback_cli.blocks.wording import block_summary, describe_block
from ses_feedback_cli.context import Context
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import (
    build_table,
    confirm,
    open_console,
    progress,
    write_json,
    write_line,
    write_stderr,
)
from ses_feedback_cli.rejudgement.judgement import Change, Difference
from ses_feedback_cli.rejudgement.tables import Outcome, RejudgeTables
from ses_feedback_cli.rejudgement.undo import Differences, UndoFiles, write_undo_files


@dataclass(frozen=True)
class RejudgeJob:
    """How to judge, and the decision to record.

    ``hold_days``: None for the setting of the tables; ``undo_path``: where the undo files go, None to change nothing.
    """

    context: Context
    decision: UnblockDecision
    hold_days: int | None
    undo_path: Path | None
    ask: bool
    as_json: bool

    def run(self) -> ExitCode:
        """Read, show, ask, write."""
        with closing(RejudgeTables(self.context, self.hold_days)) as tables, closing(Differences()) as differences:
            unreadable = _read(tables, differences)
            self._show(differences, unreadable)
            code = ExitCode.NEGATIVE if unreadable else ExitCode.OK
            if self.undo_path is None:
                if self.as_json:
                    for difference in differences:
                        self._report(Outcome(difference))
                return code
            if not differences.count:
                return code
            files = self._write_undo_files(self.undo_path, differences)
            if isinstance(files, ExitCode):
                return files
            return max(code, self._apply(tables, differences, files))

    def _write_undo_files(self, path: Path, differences: Differences) -> UndoFiles | ExitCode:
        """The undo files, once the person agrees; or the exit code if nothing is to be done."""
        note = f"undo of a rejudge ({self.decision.note})"[:NOTE_LIMIT]
        # An id of its own: with that of the act, an unblock would be taken for the act's second delivery.
        undo = UnblockDecision(self.decision.actor, note, self.decision.at, uuid.uuid4().hex)
        files = write_undo_files(path, self.context, undo, differences)
        confirmed = False
        try:
            if self.ask and not can_ask():
                write_stderr("nothing was changed: stdin is no terminal, so nobody can be asked; --yes does it unasked")
                return ExitCode.USAGE
            confirmed = not self.ask or confirm(f"Judge {differences.count:,} addresses again?")
        finally:
            if not confirmed:
                files.delete()
        if not confirmed:
            write_stderr("nothing was changed")
            return ExitCode.NEGATIVE
        return files

    def _apply(self, tables: RejudgeTables, differences: Differences, files: UndoFiles) -> ExitCode:
        finished = failed = 0
        try:
            with progress("writing", differences.count) as advance:
                for outcome in tables.apply(differences, self._act):
                    finished += 1
                    failed += bool(outcome.problem)
                    self._report(outcome)
                    advance(1)
        finally:
            done = f"{finished - failed:,} of {differences.count:,} addresses are judged again"
            missing = differences.count - finished + failed
            write_stderr(done + (f"; {missing:,} are not: the same command again does the rest" if missing else ""))
            for command in files.commands():
                write_stderr(f"undo: {command}")
            if files.lifted and not missing:  # it would unblock those that are still blocked, too
                write_stderr(
                    "SES's suppression list is unchanged, and SES does not send to what is still on it: "
                    f"`ses-feedback unblock --from {files.lifted}` removes the addresses that are no longer blocked"
                )
        return ExitCode.NEGATIVE if failed else ExitCode.OK

    def _act(self, address: str) -> Event:
        decision = self.decision
        return manual_event(
            "rejudge", address, actor=decision.actor, note=decision.note, at=decision.at, act_id=decision.act_id
        )

    def _show(self, differences: Differences, unreadable: int) -> None:
        counts = differences.counts()
        if self.as_json:
            documents = [asdict(count) for count in counts]
            write_json({"addresses": differences.count, "unreadable": unreadable, "changes": documents})
            return
        if unreadable:
            write_line(f"{unreadable:,} addresses cannot be read and stay as they are")
        if not differences.count:
            write_line("nothing to do: the history has what today's rules say")
            return
        write_line(f"{differences.count:,} addresses are judged otherwise now")
        rows = [
            (count.change.value, count.rule_before, count.rule_after, f"{count.addresses:,}", count.example)
            for count in counts
        ]
        open_console().print(build_table(("block", "rule before", "rule now", "addresses", "for example"), rows))

    def _report(self, outcome: Outcome) -> None:
        """Write what became of an address: as JSON if its block changes, and in any case if it failed."""
        difference = outcome.difference
        if self.as_json and (outcome.problem or difference.change is not Change.NONE):
            write_json(_document(outcome))
        elif outcome.problem:
            write_line(f"{difference.address}  {describe_block(difference.before)}, FAILED: {outcome.problem}")


def can_ask() -> bool:
    """Whether a person can answer."""
    return sys.stdin.isatty()


def _read(tables: RejudgeTables, differences: Differences) -> int:
    """Find all differences; returns how many addresses cannot be read."""
    unreadable = 0
    with progress("reading the history", None) as advance:
        for difference in tables.differences(advance):
            if isinstance(difference, TableError):
                unreadable += 1
            else:
                differences.add(difference)
    return unreadable


def _document(outcome: Outcome) -> dict[str, object]:
    difference: Difference = outcome.difference
    return {
        "address": difference.address,
        "change": difference.change.value,
        "before": block_summary(difference.before),
        "after": block_summary(difference.after),
        "rule_before": difference.rule_before,
        "rule_after": difference.rule_after,
        "rows": difference.rows,
        "problem": outcome.problem or None,
    }
