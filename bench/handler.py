"""What one batch costs: ten hard bounces of ten addresses, as SQS delivers them to the function.

Calls and rounds are counted, not timed: a change in them fails the run. CPU is measured twice: with the client stubbed
(the handler's own work) and with the real client up to, but without, the network. Wall time is with 5 ms per call.
DynamoDB capacity is computed from the very items that are written, by the rules of the developer guide ("DynamoDB
read and write operations"): strongly consistent reads per 4 KB, transactional writes twice per 1 KB. Prices: us-east-1,
on demand, July 2025; look up the current ones before you quote them.
"""

import contextlib
import io
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "BLOCKED_TABLE_ARN": f"{_ARN}blocked",
    "HISTORY_TABLE_ARN": f"{_ARN}history",
    "PIPELINE": "bounce-bench",
    "POWERTOOLS_METRICS_NAMESPACE": "SesFeedback",
    "POWERTOOLS_SERVICE_NAME": "ses-feedback",
}
_BATCH_SIZE = 10
CALL_SECONDS = 0.005
_WRITE_UNITS_GOAL = 4  # the state with the event, and the blocked item: each up to 1 KB, twice in a transaction
_WRITE_UNIT_DOLLARS, _READ_UNIT_DOLLARS = 0.625, 0.125  # per million
_IMPORT_BOTO3 = "import boto3; boto3.client('dynamodb', region_name='eu-central-1')"
_IMPORT_FUNCTION = "import ses_feedback.function.handler"


class LambdaContext:
    """The context object that Lambda passes."""

    function_name = "bench"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@dataclass
class Stub:
    """DynamoDB with empty tables, which counts its calls."""

    seconds: float = 0.0
    """How long each call takes."""
    spans: list[tuple[float, float]] = field(default_factory=list)
    """Start and end of each call."""
    read_keys: int = 0
    counts: int = 0
    """Writes that count a domain's hard bounces."""
    written_items: list[Mapping[str, Any]] = field(default_factory=list)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._call()
        ((table, request),) = RequestItems.items()
        self.read_keys += len(request["Keys"])
        return {"Responses": {table: []}, "UnprocessedKeys": {}}

    def transact_write_items(self, *, TransactItems: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self._call()
        self.written_items += [action["Put"]["Item"] for action in TransactItems]
        return {}

    def update_item(self, **_: object) -> dict[str, Any]:
        self._call()
        self.counts += 1
        return {}

    def _call(self) -> None:
        started = time.perf_counter()
        if self.seconds:
            time.sleep(self.seconds)
        self.spans.append((started, time.perf_counter()))

    def rounds(self) -> int:
        """The longest chain of calls in which each began after the one before had ended."""
        chain = 0
        ended = 0.0
        for start, end in sorted(self.spans, key=lambda span: span[1]):
            if start >= ended:
                chain, ended = chain + 1, end
        return chain


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes that DynamoDB counts for an item: names and values, and for maps and lists 3 more, and 1 per element."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((data_type, content),) = value.items()
    if data_type == "M":
        return 3 + len(content) + item_size(content)
    if data_type == "L":
        return 3 + len(content) + sum(map(_value_size, content))
    if data_type == "N":
        return len(content) // 2 + 2
    return len(content.encode()) if data_type == "S" else 1


def _units_of_a_full_domain() -> int:
    """Write units of a count: the item of a domain that had hard bounces in each hour of the past four weeks."""
    from ses_feedback.history.surges import hours_key  # noqa: PLC0415 - after the environment

    first_hour = 498_000
    row = {f"h{first_hour + hour}": 1_000 for hour in range(7 * 24 + 2)}
    row |= {f"p{first_hour // 24 - day}": 1_000 for day in range(1, 22)}
    key = {name: {"S": value} for name, value in hours_key("mail.example.org").items()}
    return math.ceil(item_size({**key, **{name: {"N": str(number)} for name, number in row.items()}}) / 1_024)


def _event(batch: int, size: int) -> dict[str, Any]:
    """Hard bounces of the size that SES sends: an identity's notification, raw."""
    return {
        "Records": [
            {
                "messageId": f"{batch}-{number}",
                "body": json.dumps(hard_bounce(f"{batch:06}{number:04}")),
                "attributes": {"SentTimestamp": "1795168801123"},
            }
            for number in range(size)
        ]
    }


def hard_bounce(number: str) -> dict[str, Any]:
    """A notification of the size that SES sends."""
    address = f"first.last.{number}@mail.example.org"
    recipient = {
        "emailAddress": address,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 The email account that you tried to reach does not exist. Please try "
        f"double-checking the recipient's email address for typos or unnecessary spaces. {number}",
    }
    return {
        "notificationType": "Bounce",
        "bounce": {
            "feedbackId": f"0100019a0001aaaa-bbbbbbbb-cccc-4ddd-8eee-ff{number}-000000",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [recipient],
            "timestamp": "2026-11-20T10:00:00.000Z",
            "remoteMtaIp": "198.51.100.7",
            "reportingMTA": "dns; a8-70.smtp-out.eu-west-1.amazonses.com",
        },
        "mail": {
            "timestamp": "2026-11-20T09:59:59.012Z",
            "source": "Shop <no-reply@shop.example>",
            "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/shop.example",
            "sourceIp": "192.0.2.1",
            "callerIdentity": "shop-mailer",
            "sendingAccountId": "123456789012",
            "messageId": f"0100019a0001cccc-dddddddd-eeee-4fff-8000-aa{number}-000000",
            "destination": [address],
        },
    }


def _run(client: object, batches: int, size: int = _BATCH_SIZE) -> tuple[float, float]:
    """Median seconds of CPU and of wall time per batch."""
    from ses_feedback.function import handler  # noqa: PLC0415 - after the environment is set
    from ses_feedback.history.writer import HistoryWriter  # noqa: PLC0415

    settings, _ = handler._service()
    history = HistoryWriter(settings.blocked_table, settings.history_table, client)  # type: ignore[arg-type]
    handler._service = lambda: (settings, history)  # type: ignore[assignment]
    cpu: list[float] = []
    wall: list[float] = []
    for batch in range(batches + 5):
        event = _event(batch, size)
        handler.logger.registered_handler.setStream(io.StringIO())  # type: ignore[attr-defined]
        with contextlib.redirect_stdout(io.StringIO()):
            started = time.process_time(), time.perf_counter()
            response = handler.lambda_handler(event, LambdaContext())  # type: ignore[arg-type]
            ended = time.process_time(), time.perf_counter()
        assert response == {"batchItemFailures": []}, response
        cpu.append(ended[0] - started[0])
        wall.append(ended[1] - started[1])
    return statistics.median(cpu[5:]), statistics.median(wall[5:])  # the first warm caches and threads up


def real_client(seconds: float) -> object:
    """boto3's client without the network: each request is answered after ``seconds``."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415
    from ses_feedback.table import make_client  # noqa: PLC0415

    client: Any = make_client(f"{_ARN}history", connections=10)

    def respond(request: Any, **_: object) -> AWSResponse:
        time.sleep(seconds)
        is_read = request.headers["X-Amz-Target"].endswith(b"BatchGetItem")
        body: dict[str, Any] = {"Responses": {f"{_ARN}history": []}, "UnprocessedKeys": {}} if is_read else {}
        headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
        raw: Any = io.BytesIO(json.dumps(body).encode())
        raw.stream = lambda **_: iter([raw.read()])
        return AWSResponse(request.url, 200, headers, raw)

    client.meta.events.register("before-send.dynamodb", respond)
    return client


def _cold_import(rounds: int = 9) -> tuple[float, float]:
    """Median seconds of a new interpreter: boto3 with a client, and the function as Lambda starts it."""

    def seconds(code: str) -> float:
        environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "bench"}
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)  # noqa: S603 - our own interpreter
        return time.perf_counter() - started

    pairs = [
        (seconds(_IMPORT_BOTO3), seconds(_IMPORT_FUNCTION)) for _ in range(rounds)
    ]  # alternately: both see the same load
    return statistics.median(boto3 for boto3, _ in pairs), statistics.median(function for _, function in pairs)


def print_figure(name: str, value: str, goal: str = "") -> None:
    """One figure of a table."""
    print(f"  {name:<58} {value:>14}   {goal}")


def main() -> int:
    """Print the figures; the exit status says whether the counted ones are as promised."""
    os.environ.update(ENVIRONMENT)
    stub = Stub(seconds=CALL_SECONDS)
    _run(stub, batches=1)
    batches = 6  # _run warms up with five
    calls, rounds = len(stub.spans) / batches, stub.rounds() / batches
    write_units = sum(2 * math.ceil(item_size(item) / 1_024) for item in stub.written_items) / batches / _BATCH_SIZE
    counting_units = stub.counts * _units_of_a_full_domain() / batches / _BATCH_SIZE
    read_units = stub.read_keys / batches / _BATCH_SIZE  # an item that is not there costs one unit
    dollars = (write_units + counting_units) * _WRITE_UNIT_DOLLARS + read_units * _READ_UNIT_DOLLARS
    handler_cpu, _ = _run(Stub(), batches=200)
    client_cpu, _ = _run(real_client(0), batches=200)
    _, stub_wall = _run(Stub(seconds=CALL_SECONDS), batches=100)
    _, client_wall = _run(real_client(CALL_SECONDS), batches=100)
    _, large_batch_wall = _run(real_client(CALL_SECONDS), batches=20, size=100)
    boto3_seconds, function_seconds = _cold_import()

    print(f"handler: a batch of {_BATCH_SIZE} hard bounces of {_BATCH_SIZE} addresses")
    print_figure("AWS calls: read, transaction, count of the domain", f"{calls:g}", "public peers: 10 to 30")
    print_figure("rounds of calls, one after another", f"{rounds:g}", "goal 2")
    print_figure("CPU with AWS stubbed", f"{handler_cpu * 1e3:.2f} ms", "public peers: 0.2 to 1.1 ms")
    print_figure("CPU with the real client, without network", f"{client_cpu * 1e3:.2f} ms")
    print_figure("wall time at 5 ms a call, AWS stubbed", f"{stub_wall * 1e3:.1f} ms", "goal < 25 ms")
    print_figure("wall time at 5 ms a call, real client", f"{client_wall * 1e3:.1f} ms", "goal < 25 ms")
    print_figure("the same, batch of 100", f"{large_batch_wall * 1e3:.1f} ms")
    print_figure(
        "DynamoDB write units / read units per event",
        f"{write_units:g} / {read_units:g}",
        f"goal <= {_WRITE_UNITS_GOAL}",
    )
    print_figure("of a domain with bounces in each hour of a week, more by", f"{counting_units:g}", "write units")
    print_figure("DynamoDB dollars per million events", f"${dollars:.2f}")
    print_figure("cold start: boto3 with a client", f"{boto3_seconds * 1e3:.0f} ms")
    print_figure(
        "cold start: the function",
        f"{function_seconds * 1e3:.0f} ms",
        f"goal + 25 %, is {(function_seconds / boto3_seconds - 1) * 100:+.0f} %",
    )
    return 0 if (calls, rounds) == (3, 2) and write_units <= _WRITE_UNITS_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
