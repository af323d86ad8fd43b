"""What a check costs a sender: 1, 100 and 10,000 addresses, and what a guard adds to one mail.

Calls are counted, not timed: a change in them fails the run. Times are with the real client up to, but without, the
network: each call is answered after 5 ms, from an empty table. The time of DynamoDB and the network is not included.
"""

import os
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ses_feedback import Blocklist, guard

from bench.handler import CALL_SECONDS, Stub, print_figure, real_client

_EXPECTED_CALLS = {1: 1, 100: 1, 10_000: 100}
"""By number of addresses."""
_MAIL = {
    "FromEmailAddress": "shop@shop.example",
    "Destination": {"ToAddresses": ["Jane <jane@example.org>"]},
    "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}},
}


def _addresses(size: int) -> list[str]:
    return [f"First Last <First.Last.{number}@mail.example.org>" for number in range(size)]


def _measure(operation: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of CPU and of wall time."""
    cpu, wall = [], []
    for _ in range(rounds + 2):
        started = time.process_time(), time.perf_counter()
        operation()
        cpu.append(time.process_time() - started[0])
        wall.append(time.perf_counter() - started[1])
    return statistics.median(cpu[2:]), statistics.median(wall[2:])  # the first warm threads and caches up


def _blocklist(client: Any, **options: Any) -> Blocklist:
    return Blocklist("blocked", client, when_unavailable="raise", timeout=60, **options)


def _count_calls(size: int) -> tuple[int, int]:
    """Calls, and the longest chain of them, which a busy machine makes longer."""
    stub = Stub(seconds=CALL_SECONDS)
    _blocklist(stub).check(_addresses(size))
    return len(stub.spans), stub.rounds()


def _ses() -> Any:
    """A client of SES whose calls return at once."""
    import boto3  # noqa: PLC0415 - after the environment is set

    client = boto3.client("sesv2", region_name="eu-central-1")
    events: Any = client.meta.events
    events.register("before-call.sesv2", lambda **_: (SimpleNamespace(status_code=200), {"MessageId": "1"}))
    return client


def main() -> int:
    """Print the figures; the exit status says whether the counted ones are as promised."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")  # noqa: S106 - nobody's
    counts = {size: _count_calls(size) for size in _EXPECTED_CALLS}
    slow, instant = _blocklist(real_client(CALL_SECONDS)), _blocklist(real_client(0))
    cached = _blocklist(real_client(CALL_SECONDS), cache_seconds=3_600)
    plain, guarded = _ses(), guard(_ses(), _blocklist(Stub(), cache_seconds=3_600))

    print("sender: a check, at 5 ms a call and ten calls at a time")
    for size, (calls, chain) in counts.items():
        addresses, rounds, name = _addresses(size), 2_000 // size or 5, f"{size:,} address{'es' * (size > 1)}"
        _, wall = _measure(lambda addresses=addresses: slow.check(addresses), min(rounds, 100))  # type: ignore[misc]
        cpu, _ = _measure(lambda addresses=addresses: instant.check(addresses), min(rounds, 100))  # type: ignore[misc]
        print_figure(f"{name}: AWS calls / one after another", f"{calls} / {chain}")
        print_figure(f"{name}: wall time", f"{wall * 1e3:.1f} ms")
        print_figure(f"{name}: CPU, without network", f"{cpu * 1e3:.2f} ms")
    _, cached_wall = _measure(lambda: cached.check(_addresses(100)), 100)
    print_figure("100 addresses from the cache: wall time", f"{cached_wall * 1e3:.2f} ms")
    plain_cpu, _ = _measure(lambda: plain.send_email(**_MAIL), 300)
    guarded_cpu, _ = _measure(lambda: guarded.send_email(**_MAIL), 300)
    print_figure("a guard, per mail of one recipient from the cache: CPU", f"{(guarded_cpu - plain_cpu) * 1e3:+.2f} ms")
    return 0 if {size: calls for size, (calls, _) in counts.items()} == _EXPECTED_CALLS else 1
