"""Runs a block for a person to watch: reports each result as it comes."""

from collections.abc import Iterator

from ses_feedback_cli.blocks.manual_blocks import BlockResult
from ses_feedback_cli.blocks.wording import block_summary, describe_block
from ses_feedback_cli.output import progress, write_json, write_line, write_stderr


def run_block(results: Iterator[BlockResult], total: int, *, as_json: bool, only_problems: bool = False) -> int:
    """Write each result as it comes; returns how many failed. ``only_problems``: without --json, only those."""
    failed = finished = 0
    try:
        with progress("blocking", total) as advance:
            for result in results:
                finished += 1
                failed += bool(result.problem)
                if as_json or result.problem or not only_problems:
                    _write_result(result, as_json=as_json)
                advance(1)
    except BaseException:
        write_stderr(f"{finished:,} of {total:,} are done; the same command again does the rest")
        raise
    return failed


def _write_result(result: BlockResult, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "address": result.address,
                "before": block_summary(result.before),
                "after": block_summary(result.after),
                "changed": not (result.unchanged or result.problem),
                "problem": result.problem or None,
            }
        )
    elif result.problem:
        write_line(f"{result.address}  FAILED: {result.problem}")
    elif result.unchanged:
        before = describe_block(result.before)
        write_line(f"{result.address}  already {before}, by a person or an import, for as long: unchanged")
    else:
        write_line(f"{result.address}  was {describe_block(result.before)}, now {describe_block(result.after)}")
