"""An emulator that is restarted has what it had: what the benchmark of outages relies on.

Not proved: that AWS's services keep their state, which is theirs to keep.
"""

import os
import signal
import time

import pytest

from sandbox import SandboxError, deploy, start_emulator
from sandbox.emulator import Emulator

pytestmark = pytest.mark.xdist_group("processes")
REGION = "eu-west-1"


def test_it_keeps_queues_and_messages_and_runs_the_functions_again() -> None:
    with start_emulator(keeps_state=True) as emulator:
        stack = deploy(emulator.account(), {"ses-feedback:monitoring": False})
        sqs = emulator.account().client("sqs", REGION)
        url = sqs.create_queue(QueueName="own")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="still here")
        process = emulator.process
        emulator.restart()
        assert process.poll() is not None
        assert emulator.process.pid != process.pid
        assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["still here"]
        pipeline = next(iter(stack.outputs["pipelines"].values()))
        invoked = (
            emulator.account()
            .client("lambda", REGION)
            .invoke(FunctionName=pipeline["functionName"], Payload=b'{"Records": []}')
        )
        assert invoked["Payload"].read() == b'{"batchItemFailures": []}'
        _kill_workers(emulator)


def _kill_workers(emulator: Emulator) -> None:
    workers = emulator.worker_ids()
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while set(workers) & set(emulator.worker_ids()):
        assert time.monotonic() < deadline, "a worker that was killed is still there"
        time.sleep(0.05)


def test_one_that_keeps_nothing_is_not_restarted(emulator: Emulator) -> None:
    with pytest.raises(SandboxError, match="would start empty"):
        emulator.restart()
