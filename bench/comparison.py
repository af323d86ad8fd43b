"""What `ses-feedback sync` holds while it compares: two long lists that share nothing, in a child process.

Without SES and DynamoDB, whose reading takes longer than the comparison: SES gives 1,000 addresses a second.
"""

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

from bench.handler import line
from bench.memory import peak_mb

_FEW, _MANY = 10_000, 200_000
_PAGE = 1_000
_MORE_MB = 10


def _child(rows: int) -> None:
    from ses_feedback_cli.lists.comparison import Comparison  # noqa: PLC0415 - after the start, as in the command
    from ses_feedback_cli.suppression_list import SuppressedDestination  # noqa: PLC0415

    now, made = datetime.now(UTC), random.Random(1)  # noqa: S311 - addresses in no order, as both sides give them

    def address() -> str:
        return f"first.last.{made.getrandbits(60):015x}@mail.example.org"

    started = time.process_time()
    with Comparison() as comparison:
        for _ in range(0, rows, _PAGE):
            comparison.add_destinations(
                [SuppressedDestination("eu-west-1", address(), "BOUNCE", now) for _ in range(_PAGE)]
            )
        comparison.add_blocked_items({"value": address(), "reason": "bounce"} for _ in range(rows))
        assert sum(1 for _ in comparison.only_in_ses("eu-west-1")) == rows
        assert sum(1 for _ in comparison.only_in_table("eu-west-1")) == rows
    peak = peak_mb()
    print(json.dumps({"cpu": time.process_time() - started, "peak": peak}))


def _run(rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.comparison", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print the figures; the exit status says whether memory stayed flat."""
    few, many = _run(_FEW), _run(_MANY)
    print(f"sync: {_MANY:,} addresses on either side, none on both")
    line("CPU per address", f"{many['cpu'] / _MANY / 2 * 1e6:.0f} us")
    line("peak memory", f"{many['peak']:.0f} MB")
    line(f"more than for {_FEW:,}", f"{many['peak'] - few['peak']:+.1f} MB", f"goal < {_MORE_MB}")
    return 0 if many["peak"] - few["peak"] < _MORE_MB else 1


if __name__ == "__main__":
    _child(int(sys.argv[1]))
