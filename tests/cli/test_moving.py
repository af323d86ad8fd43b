"""Moving messages loses none: on a queue in memory, where every call may fail before or after it had its effect.

Not proved: that SQS is such a queue. The same code runs on moto and on the emulator in the other tests.
"""

import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback_cli.dead_letters.letters import Letter, peek
from ses_feedback_cli.dead_letters.moving import Mover

from tests.cli.fake_sqs import FakeSqs, Fault, Message
from tests.properties import profile_times

FROM, TO = "from", "to"


def filled(bodies: list[str], **more: Any) -> FakeSqs:
    return FakeSqs({FROM: [Message(f"id-{number}", body) for number, body in enumerate(bodies)], TO: []}, **more)


def even(letter: Letter) -> bool:
    return int(letter.body) % 2 == 0


@profile_times(3)
@given(st.integers(0, 35), st.lists(st.sampled_from(Fault), max_size=30), st.booleans())
def test_at_no_moment_a_message_is_in_neither_queue(number: int, faults: list[Fault], everything: bool) -> None:
    bodies = [str(one) for one in range(number)]
    coming = iter(faults)

    def all_there() -> None:
        assert set(sqs.bodies(FROM)) | set(sqs.bodies(TO)) == set(bodies)

    sqs = filled(bodies, fault=lambda _: next(coming, Fault.NONE), after=all_there)
    mover = Mover(sqs, FROM, TO, (lambda _: True) if everything else even)
    with suppress(ClientError, BotoCoreError, KeyboardInterrupt):
        mover.run()
    all_there()
    assert everything or all(int(body) % 2 == 0 for body in sqs.bodies(TO))
    assert mover.moved <= len(sqs.bodies(TO))

    # Whatever happened: once the hidden ones show themselves, another run without faults ends it.
    for one in sqs.queues[FROM]:
        one.hidden = False
    sqs.fault = lambda _: Fault.NONE
    Mover(sqs, FROM, TO, lambda _: True).run()
    assert sqs.bodies(FROM) == []
    assert set(sqs.bodies(TO)) == set(bodies)


@given(st.integers(0, 35))
def test_without_faults_each_is_moved_once(number: int) -> None:
    bodies = [str(one) for one in range(number)]
    sqs = filled(bodies)
    mover = Mover(sqs, FROM, TO, lambda _: True)
    mover.run()
    assert (sqs.bodies(FROM), Counter(sqs.bodies(TO))) == ([], Counter(bodies))
    assert (mover.moved, mover.left, mover.doubled, mover.failed) == (number, 0, 0, Counter())


def test_what_is_not_wanted_stays_and_is_shown_again() -> None:
    sqs = filled([str(one) for one in range(25)])
    mover = Mover(sqs, FROM, TO, even)
    mover.run()
    assert (mover.moved, mover.left) == (13, 12)
    assert (len(sqs.bodies(FROM)), sqs.hidden(FROM)) == (12, 0)


def test_what_sqs_does_not_take_stays_and_is_counted_by_its_code() -> None:
    sqs = filled(["a", "b", "c"], fault=lambda call: Fault.PART if call == "send_message_batch" else Fault.NONE)
    mover = Mover(sqs, FROM, TO, lambda _: True)
    mover.run()
    assert (sqs.bodies(TO), sqs.bodies(FROM), sqs.hidden(FROM)) == (["b"], ["a", "c"], 0)
    assert (mover.moved, mover.failed) == (1, Counter({"InternalError": 2}))


def test_what_cannot_be_deleted_is_not_sent_twice_and_is_told() -> None:
    sqs = filled(["a"], fault=lambda call: Fault.PART if call == "delete_message_batch" else Fault.NONE)
    mover = Mover(sqs, FROM, TO, lambda _: True)
    mover.run()
    assert (sqs.bodies(FROM), sqs.bodies(TO)) == (["a"], ["a"])
    assert (mover.moved, mover.doubled) == (0, 1)


def test_interrupted_after_sending_it_deletes_what_it_sent() -> None:
    faults = {"delete_message_batch": Fault.INTERRUPTED_BEFORE}
    sqs = filled(["a", "b"], fault=lambda call: faults.pop(call, Fault.NONE))
    with pytest.raises(KeyboardInterrupt):
        Mover(sqs, FROM, TO, lambda _: True).run()
    assert (sqs.bodies(FROM), sqs.bodies(TO)) == ([], ["a", "b"])


def test_large_messages_go_in_batches_that_sqs_takes() -> None:
    sqs = filled(["x" * 200_000, "y" * 200_000, "z", "ß" * 120_000])
    Mover(sqs, FROM, TO, lambda _: True).run()
    sent = [given["Entries"] for call, given in sqs.calls if call == "send_message_batch"]
    sizes = [sum(len(entry["MessageBody"].encode()) for entry in entries) for entries in sent]
    assert (len(sqs.bodies(TO)), max(sizes) <= 262_144) == (4, True)


def test_a_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    Mover(filled([str(one) for one in range(20)]), FROM, TO, lambda _: True, rate=4).run()
    assert now[0] == 5.0


def test_a_pass_ends_although_messages_come_back_for_ever() -> None:
    sqs = filled(["1", "3"])

    def show_again() -> None:
        for one in sqs.queues[FROM]:
            one.hidden = False

    sqs.after = show_again
    mover = Mover(sqs, FROM, TO, even)
    mover.run()
    assert (mover.moved, sqs.bodies(FROM)) == (0, ["1", "3"])


@given(st.integers(0, 35), st.integers(1, 40))
def test_a_look_takes_nothing_and_hides_nothing(number: int, limit: int) -> None:
    sqs = filled([str(one) for one in range(number)])
    seen = [one.id for one in peek(sqs, FROM, limit)]
    assert len(seen) == len(set(seen)) == min(number, limit)
    assert (len(sqs.bodies(FROM)), sqs.hidden(FROM)) == (number, 0)


def test_a_look_that_is_cut_short_gives_back_too() -> None:
    sqs = filled([str(one) for one in range(15)])
    looking = peek(sqs, FROM, 15)
    next(looking)
    looking.close()
    assert sqs.hidden(FROM) == 0
