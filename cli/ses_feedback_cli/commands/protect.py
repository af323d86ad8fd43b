"""`protect` and `unprotect`: which addresses no feedback may block."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from ses_feedback.history.protected import pattern_key
from ses_feedback.timestamps import parse

from ses_feedback_cli.blocks.address_arguments import check_note, expand_stdin
from ses_feedback_cli.blocks.protected_list import (
    SAMPLE_SIZE,
    Act,
    CoveredBlocks,
    PatternTrace,
    change_patterns,
    changed_patterns,
    find_covered_blocks,
    is_address,
    is_of_feedback,
    read_patterns,
    read_traces,
)
from ses_feedback_cli.blocks.wording import describe_block
from ses_feedback_cli.commands.options import DryRunOption, JsonOption
from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.exit_codes import ExitCode
from ses_feedback_cli.output import format_time, write_json, write_line, write_stderr

PatternsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATTERN...",
        help="An address, a domain (without its subdomains), or a local part of any domain: abuse@; - reads stdin.",
    ),
]
NoteOption = Annotated[
    str | None, typer.Option("--note", help="Why, in your own words, for the history; needed with PATTERN.")
]


def protect(
    context: Context,
    *,
    patterns: PatternsArgument = None,
    note: NoteOption = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show what is protected, since when, by whom.")] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Protect addresses: feedback about them is recorded and counted, and never blocks them.

    For `abuse@`, your own staff, a payment provider. It applies to all pipelines that write to these tables, from their
    next batch on; patterns in a pipeline's own configuration apply beside it and are not in this list. At most 200.

    It lifts no block: those that exist are shown, with the command that lifts them. A person can still block and
    import protected addresses.

    Needs dynamodb:BatchGetItem and PutItem on the history table, and dynamodb:BatchGetItem on the blocked table, for a
    domain or a local part dynamodb:Scan; with --list only dynamodb:BatchGetItem and Query on the history table.
    """
    if show_list:
        if patterns or note:
            raise UsageError("--list shows the whole list: give neither PATTERN nor --note")
        _write_list(read_traces(context), as_json=as_json)
        return ExitCode.OK
    keys = _read_patterns(patterns, note)
    changed = _change(context, "protect", keys, note or "", dry_run=dry_run)
    covered = find_covered_blocks(context, keys, datetime.now(UTC))
    for key in keys:
        _write_result(key, "protect", changed=key in changed, dry_run=dry_run, covered=covered[key], as_json=as_json)
    return ExitCode.OK


def unprotect(
    context: Context,
    *,
    patterns: PatternsArgument = None,
    note: NoteOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Remove patterns from the list of protected addresses: feedback that comes from now on blocks again.

    What came in the meantime does not. A pattern that is not on the list changes nothing.

    Needs dynamodb:BatchGetItem and PutItem on the history table.
    """
    keys = _read_patterns(patterns, note)
    changed = _change(context, "unprotect", keys, note or "", dry_run=dry_run)
    for key in keys:
        _write_result(key, "unprotect", changed=key in changed, dry_run=dry_run, covered=None, as_json=as_json)
    return ExitCode.OK


def _read_patterns(patterns: Sequence[str] | None, note: str | None) -> list[str]:
    """The keys of the patterns, each once. Raises: ValueError that names each which is none."""
    keys: dict[str, None] = {}
    problems = []
    for text in expand_stdin(patterns or ()):
        try:
            keys[pattern_key(text)] = None
        except ValueError as error:
            problems.append(f"{text!r}: {error}")
    if problems:
        raise ValueError("; ".join(problems))
    if not keys or not note:
        raise UsageError("needed is PATTERN... (or -) and --note TEXT")
    return list(keys)


def _change(context: Context, act: Act, keys: Sequence[str], note: str, *, dry_run: bool) -> set[str]:
    check_note(note)
    if dry_run:
        return set(changed_patterns(act, read_patterns(context), keys))
    at = datetime.now(UTC)
    return set(change_patterns(context, act, keys, actor=context.acting_name(), note=note, at=at))


def _write_list(traces: Sequence[PatternTrace], *, as_json: bool) -> None:
    for trace in traces:
        if as_json:
            write_json(asdict(trace))
        else:
            since = format_time(parse(trace.since)) or "?"
            note = f"  “{trace.note}”" if trace.note else ""
            write_line(f"{since:20}  {trace.pattern}  by {trace.actor or 'an unknown person'}{note}")
    write_stderr(f"{len(traces)} patterns; those of the pipelines' own configuration are not in this list")


def _write_result(
    key: str, act: Act, *, changed: bool, dry_run: bool, covered: CoveredBlocks | None, as_json: bool
) -> None:
    if as_json:
        document: dict[str, Any] = {"pattern": key, "changed": changed and not dry_run}
        if dry_run:
            document["would_change"] = changed
        if covered:
            sample = [item["value"] for item in covered.sample]
            document["blocked"] = {"reasons": dict(covered.reasons), "sample": sample, "lift": _lift(key, covered)}
        write_json(document)
        return
    is_protected = "protected" if act == "protect" else "not protected any more"
    was_already = "already protected" if act == "protect" else "was not protected"
    write_line(f"{key}  {(f'would be {is_protected}' if dry_run else is_protected) if changed else was_already}")
    for line in _covered_lines(key, covered) if covered else ():
        write_line(line)


def _covered_lines(key: str, covered: CoveredBlocks) -> Iterator[str]:
    if is_address(key):
        yield from (f"    it is {describe_block(item)}" for item in covered.sample)
    elif covered.reasons:
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in covered.reasons.most_common())
        examples = ", ".join(item["value"] for item in covered.sample)
        yield f"    {covered.reasons.total():,} blocked addresses are covered ({by_reason}), for example {examples}"
    if lift := _lift(key, covered):
        more = key.endswith("@") and covered.reasons.total() > SAMPLE_SIZE
        yield f"    `{lift}` lifts what feedback blocked" + ("; then run this again for the others" if more else "")


def _lift(key: str, covered: CoveredBlocks) -> str:
    """The command that lifts the blocks that feedback made; empty without any. A person's blocks were meant."""
    what = [item["value"] for item in covered.sample if is_of_feedback(item)]
    if not what:
        return ""
    if "@" not in key:
        reasons = sorted(reason for reason in covered.reasons if is_of_feedback({"reason": reason}))
        what = ["--domain", key, *(word for reason in reasons for word in ("--reason", reason))]
    return f"ses-feedback unblock {shlex.join(what)} --note TEXT"
