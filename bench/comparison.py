"""Memory and CPU of `ses-feedback sync` while it compares two long lists without a common address, in a child process.

Without SES and DynamoDB, which take longer to read than to compare: SES lists 1,000 addresses a second.
"""

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

from bench.handler import print_figure
from bench.memory import peak_mb

_FEW_ROWS, _MANY_ROWS = 10_000, 200_000
_PAGE_SIZE = 1_000
_MAX_GROWTH_MB = 10


def _child(rows: int) -> None:
    from ses_feedback_cli.lists.comparison import Comparison  # noqa: PLC0415 - after the start, as in the command
    from ses_feedback_cli.suppression_list import SuppressedDestination  # noqa: PLC0415

    now, generator = datetime.now(UTC), random.Random(1)  # noqa: S311 - addresses in no order, as both sides list them

    def address() -> str:
        return f"first.last.{generator.getrandbits(60):015x}@mail.example.org"

    started = time.process_time()
    with Comparison() as comparison:
        for _ in range(0, rows, _PAGE_SIZE):
            page = [SuppressedDestination("eu-west-1", address(), "BOUNCE", now) for _ in range(_PAGE_SIZE)]
            comparison.add_destinations(page)
        comparison.add_blocked_items({"value": address(), "reason": "bounce"} for _ in range(rows))
        assert sum(1 for _ in comparison.only_in_ses("eu-west-1")) == rows
        assert sum(1 for _ in comparison.only_in_table("eu-west-1")) == rows
    print(json.dumps({"cpu": time.process_time() - started, "peak_mb": peak_mb()}))


def _run(rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.comparison", str(rows)]
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
    figures: dict[str, float] = json.loads(process.stdout)
    return figures


def main() -> int:
    """Print the figures; the exit status says whether memory stayed flat."""
    few, many = _run(_FEW_ROWS), _run(_MANY_ROWS)
    print(f"sync: {_MANY_ROWS:,} addresses on each side, none on both")
    print_figure("CPU per address", f"{many['cpu'] / _MANY_ROWS / 2 * 1e6:.0f} us")
    print_figure("peak memory", f"{many['peak_mb']:.0f} MB")
    print_figure(
        f"more than for {_FEW_ROWS:,}", f"{many['peak_mb'] - few['peak_mb']:+.1f} MB", f"goal < {_MAX_GROWTH_MB}"
    )
    return 0 if many["peak_mb"] - few["peak_mb"] < _MAX_GROWTH_MB else 1


if __name__ == "__main__":
    _child(int(sys.argv[1]))
