"""Ctrl-C while a program runs, without an emulator."""

import gc
import signal

import pulumi_aws as aws
import pytest

from tests.recorder import record


def test_ctrl_c_while_the_program_runs_leaves_no_unfinished_task() -> None:
    def program() -> None:
        topic = aws.sns.Topic("topic", region="eu-west-1")
        aws.sns.TopicPolicy("policy", arn=topic.arn, policy="{}", region="eu-west-1")
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        record(program)
    gc.collect()  # a coroutine that nobody awaited would be reported now, as an error
    assert record(lambda: aws.sns.Topic("topic", region="eu-west-1")).custom[0].name == "topic"
