"""What a person sees of a rollout."""

import io
from datetime import UTC, datetime

from rich.console import Console

from rollout.live import Follow, table
from rollout.record import Step, begin
from tests.rollout.fake import a_plan


def shown(*, terminal: bool, height: int = 40) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100, height=height, highlight=False), text


def test_where_there_is_no_terminal_each_step_is_a_line_once() -> None:
    record = begin(a_plan(["a"]), datetime.now(UTC))
    console, text = shown(terminal=False)
    with Follow(console) as follow:
        record.stacks[1].step = Step.UPDATING
        follow(record)
        follow(record)
        record.stacks[1].step, record.stacks[1].changes = Step.DONE, {"create": 2, "same": 4}
        follow(record)
    assert text.getvalue() == "a: updating\na: done: 2 create\n"


def test_a_terminal_shows_what_each_stack_is_doing() -> None:
    record = begin(a_plan(["a"]), datetime.now(UTC))
    record.stacks[1].step, record.stacks[1].doing = Step.UPDATING, "create [b]queue"
    console, text = shown(terminal=True)
    with Follow(console) as follow:
        follow(record)
    assert "create [b]queue" in text.getvalue()


def test_of_more_stacks_than_there_is_room_for_the_waves_at_rest_take_a_line_each() -> None:
    record = begin(a_plan([f"a{i}" for i in range(30)], [f"b{i}" for i in range(30)]), datetime.now(UTC))
    record.waves[0].step = record.waves[1].step = Step.DONE
    record.waves[2].step = Step.UPDATING
    for one in record.waves[1].stacks:
        one.changes = {"create": 2}
    console, text = shown(terminal=True)
    console.print(table(record, room=32))
    assert "30 stacks" in text.getvalue()
    assert "60 create" in text.getvalue()
    assert "b29" in text.getvalue()
    assert "a29" not in text.getvalue()
