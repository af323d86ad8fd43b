"""What `ses-feedback import` costs: a million addresses, each a child process of its own, with DynamoDB stubbed.

The stub answers every call after a fixed time, so the rate is what the command itself can do; a real table is slower
while it is new (AWS: on demand starts at 4,000 write units a second, and an address takes six). Memory is the child's
peak, beside that of a fiftieth of the list: the difference is what the length costs. Write units by the rules of the
developer guide, from the items written, as in `bench.handler`.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.handler import ENVIRONMENT, item_size, print_figure, real_client
from bench.memory import peak_mb

_FEW_ROWS, _MANY_ROWS = 20_000, 1_000_000
_CALL_SECONDS = 0.005
_MAX_GROWTH_MB = 20


@dataclass
class Stub:
    """DynamoDB with empty tables; keeps only the write units of the first call."""

    write_units: list[int] = field(default_factory=list)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        time.sleep(_CALL_SECONDS)
        return {"Responses": dict.fromkeys(RequestItems, ()), "UnprocessedKeys": {}}

    def transact_write_items(self, *, TransactItems: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        time.sleep(_CALL_SECONDS)
        if not self.write_units:
            self.write_units = [2 * math.ceil(item_size(action["Put"]["Item"]) / 1_024) for action in TransactItems]
        return {}


def _child(file: str, client: str) -> None:
    from ses_feedback_cli.commands.import_list import import_  # noqa: PLC0415 - after the start, as in the command
    from ses_feedback_cli.context import Context  # noqa: PLC0415

    stub = Stub()
    stubbed_client = stub if client == "stub" else real_client(_CALL_SECONDS)

    class StubbedContext(Context):
        def dynamodb_client(self, table: str) -> object:  # noqa: ARG002 - as it is declared
            return stubbed_client

    started = time.perf_counter(), time.process_time()
    exit_code = import_(StubbedContext("blocked", "history", actor="bench"), Path(file), as_json=True)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    assert exit_code == 0
    write_units = (
        3 * sum(stub.write_units) / max(1, len(stub.write_units))
    )  # a row, a state and an item for each address
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "write_units": write_units}))


def _run(folder: str, rows: int, client: str = "stub") -> dict[str, float]:
    file = Path(folder, f"{client}-{rows}.txt")
    with file.open("w") as stream:
        stream.writelines(f"first.last.{number:08}@mail.example.org\n" for number in range(rows))
    command = [sys.executable, "-m", "bench.import_list", str(file), client]
    environment = {**os.environ, **ENVIRONMENT}
    process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own
    figures: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Print the figures; the exit status says whether memory stayed flat."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = _run(folder, _FEW_ROWS), _run(folder, _MANY_ROWS)
        real = _run(folder, _FEW_ROWS, "real")
    print(f"import: a list of {_MANY_ROWS:,} addresses")
    print_figure("addresses per second at 5 ms a call, AWS stubbed", f"{_MANY_ROWS / many['wall']:,.0f}")
    print_figure(f"the same, real client, {_FEW_ROWS:,} addresses", f"{_FEW_ROWS / real['wall']:,.0f}")
    print_figure(
        "CPU per address, AWS stubbed / real client",
        f"{many['cpu'] / _MANY_ROWS * 1e6:.0f} / {real['cpu'] / _FEW_ROWS * 1e6:.0f} us",
    )
    print_figure("peak memory", f"{many['peak_mb']:.0f} MB")
    print_figure(
        f"more than for {_FEW_ROWS:,} addresses",
        f"{many['peak_mb'] - few['peak_mb']:+.1f} MB",
        f"goal < {_MAX_GROWTH_MB}",
    )
    print_figure("DynamoDB write units per address", f"{many['write_units']:g}")
    return 0 if many["peak_mb"] - few["peak_mb"] < _MAX_GROWTH_MB else 1


if __name__ == "__main__":
    _child(*sys.argv[1:])
