"""Moving messages loses none: tested with queues in memory, where every call may fail before or after its effect.

Not tested: that SQS behaves like these queues. Other tests run the same code with moto and with the emulator.
"""

import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.function.message_mover import MessageMover
from ses_feedback.function.queue_messages import Message
from ses_feedback_cli.dead_letters.messages import sample_messages

from tests.cli import fake_sqs
from tests.cli.fake_sqs import FakeSqs, Fault
from tests.properties import profile_times

SOURCE, TARGET = "source", "target"


def sqs_with(bodies: list[str], **options: Any) -> Any:
    messages = [fake_sqs.Message(f"id-{number}", body) for number, body in enumerate(bodies)]
    return FakeSqs({SOURCE: messages, TARGET: []}, **options)


def is_even(message: Message) -> bool:
    return int(message.body) % 2 == 0


def any_message(_: Message) -> bool:
    return True


@profile_times(3)
@given(st.integers(0, 35), st.lists(st.sampled_from(Fault), max_size=30), st.booleans())
def test_at_no_time_is_a_message_in_neither_queue(count: int, faults: list[Fault], move_all: bool) -> None:
    bodies = [str(number) for number in range(count)]
    next_faults = iter(faults)

    def assert_none_lost() -> None:
        assert set(sqs.bodies(SOURCE)) | set(sqs.bodies(TARGET)) == set(bodies)

    sqs = sqs_with(bodies, fault=lambda _: next(next_faults, Fault.NONE), after_call=assert_none_lost)
    mover = MessageMover(sqs, SOURCE, TARGET, any_message if move_all else is_even)
    with suppress(ClientError, BotoCoreError, KeyboardInterrupt):
        mover.run()
    assert_none_lost()
    assert move_all or all(int(body) % 2 == 0 for body in sqs.bodies(TARGET))
    assert mover.moved <= len(sqs.bodies(TARGET))

    # Once all messages are visible again, another run without faults moves them all.
    for message in sqs.queues[SOURCE]:
        message.in_flight = False
    sqs.fault = lambda _: Fault.NONE
    MessageMover(sqs, SOURCE, TARGET, any_message).run()
    assert sqs.bodies(SOURCE) == []
    assert set(sqs.bodies(TARGET)) == set(bodies)


@given(st.integers(0, 35))
def test_without_faults_each_message_is_moved_once(count: int) -> None:
    bodies = [str(number) for number in range(count)]
    sqs = sqs_with(bodies)
    mover = MessageMover(sqs, SOURCE, TARGET, any_message)
    mover.run()
    assert (sqs.bodies(SOURCE), Counter(sqs.bodies(TARGET))) == ([], Counter(bodies))
    assert (mover.moved, mover.remaining, mover.in_both, mover.failed) == (count, 0, 0, Counter())


def test_messages_that_are_not_selected_stay_and_become_visible() -> None:
    sqs = sqs_with([str(number) for number in range(25)])
    mover = MessageMover(sqs, SOURCE, TARGET, is_even)
    mover.run()
    assert (mover.moved, mover.remaining) == (13, 12)
    assert (len(sqs.bodies(SOURCE)), sqs.in_flight(SOURCE)) == (12, 0)


def test_messages_that_sqs_rejects_stay_and_are_counted_by_error_code() -> None:
    sqs = sqs_with(["a", "b", "c"], fault=lambda call: Fault.PARTIAL if call == "send_message_batch" else Fault.NONE)
    mover = MessageMover(sqs, SOURCE, TARGET, any_message)
    mover.run()
    assert (sqs.bodies(TARGET), sqs.bodies(SOURCE), sqs.in_flight(SOURCE)) == (["b"], ["a", "c"], 0)
    assert (mover.moved, mover.failed) == (1, Counter({"InternalError": 2}))


def test_a_message_that_cannot_be_deleted_is_not_sent_twice_and_is_counted() -> None:
    sqs = sqs_with(["a"], fault=lambda call: Fault.PARTIAL if call == "delete_message_batch" else Fault.NONE)
    mover = MessageMover(sqs, SOURCE, TARGET, any_message)
    mover.run()
    assert (sqs.bodies(SOURCE), sqs.bodies(TARGET)) == (["a"], ["a"])
    assert (mover.moved, mover.in_both) == (0, 1)


def test_after_an_interruption_the_messages_that_were_sent_are_deleted() -> None:
    faults = {"delete_message_batch": Fault.INTERRUPTED_BEFORE}
    sqs = sqs_with(["a", "b"], fault=lambda call: faults.pop(call, Fault.NONE))
    with pytest.raises(KeyboardInterrupt):
        MessageMover(sqs, SOURCE, TARGET, any_message).run()
    assert (sqs.bodies(SOURCE), sqs.bodies(TARGET)) == ([], ["a", "b"])


def test_a_batch_stays_within_the_size_limit_of_sqs() -> None:
    sqs = sqs_with(["x" * 200_000, "y" * 200_000, "z", "ß" * 120_000])
    MessageMover(sqs, SOURCE, TARGET, any_message).run()
    batches = [parameters["Entries"] for call, parameters in sqs.calls if call == "send_message_batch"]
    sizes = [sum(len(entry["MessageBody"].encode()) for entry in entries) for entries in batches]
    assert (len(sqs.bodies(TARGET)), max(sizes) <= 262_144) == (4, True)


def test_the_rate_is_not_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    MessageMover(sqs_with([str(number) for number in range(20)]), SOURCE, TARGET, any_message, rate=4).run()
    assert clock[0] == 5.0


def test_a_run_ends_although_messages_become_visible_again_and_again() -> None:
    sqs = sqs_with(["1", "3"])

    def release_all() -> None:
        for message in sqs.queues[SOURCE]:
            message.in_flight = False

    sqs.after_call = release_all
    mover = MessageMover(sqs, SOURCE, TARGET, is_even)
    mover.run()
    assert (mover.moved, sqs.bodies(SOURCE)) == (0, ["1", "3"])


@given(st.integers(0, 35), st.integers(1, 40))
def test_a_sample_deletes_nothing_and_leaves_all_messages_visible(count: int, limit: int) -> None:
    sqs = sqs_with([str(number) for number in range(count)])
    ids = [message.id for message in sample_messages(sqs, SOURCE, limit)]
    assert len(ids) == len(set(ids)) == min(count, limit)
    assert (len(sqs.bodies(SOURCE)), sqs.in_flight(SOURCE)) == (count, 0)


def test_a_sample_that_is_closed_early_leaves_all_messages_visible() -> None:
    sqs = sqs_with([str(number) for number in range(15)])
    messages = sample_messages(sqs, SOURCE, 15)
    next(messages)
    messages.close()
    assert sqs.in_flight(SOURCE) == 0
