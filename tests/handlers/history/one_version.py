"""The function of the version on PYTHONPATH, in a process of its own.

Each line of stdin is a batch of bodies, as a JSON list; the line of stdout that answers it has the positions of those
that failed. The first line of stdout is where the version was found.
"""

import json
import os
import sys
from pathlib import Path

ANSWERS = sys.stdout
sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process: for the function's logs and metrics

import ses_feedback  # noqa: E402 - the logger keeps the stdout of its import
from ses_feedback.function.handler import lambda_handler  # noqa: E402


class _LambdaContext:
    function_name = "bounce-shop"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bounce-shop"
    aws_request_id = "0f7a1c1e-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _answer(answer: object) -> None:
    print(json.dumps(answer), file=ANSWERS, flush=True)


_answer(ses_feedback.__file__)
for line in sys.stdin:
    records = [
        {"messageId": str(position), "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
        for position, body in enumerate(json.loads(line))
    ]
    response = lambda_handler({"Records": records}, _LambdaContext())  # type: ignore[arg-type]
    _answer([int(failure["itemIdentifier"]) for failure in response["batchItemFailures"]])
