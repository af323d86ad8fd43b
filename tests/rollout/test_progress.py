"""The display of a rollout that is running."""

import io
from datetime import UTC, datetime

from rich.console import Console

from rollout.health import HealthProblem
from rollout.progress import ProgressDisplay
from rollout.record import Status, new_record
from rollout.record_table import record_table
from tests.rollout.fake_deployer import plan_of


def create_console(*, terminal: bool, height: int = 40) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=terminal, width=100, height=height, highlight=False), output


def test_where_there_is_no_terminal_each_step_is_a_line_once() -> None:
    record = new_record(plan_of(["a"]), datetime.now(UTC))
    console, output = create_console(terminal=False)
    with ProgressDisplay(console) as display:
        record.stacks[1].status = Status.UPDATING
        display(record)
        display(record)
        record.stacks[1].status, record.stacks[1].changes = Status.SUCCEEDED, {"create": 2, "same": 4}
        display(record)
    assert output.getvalue() == "a: updating\na: succeeded: 2 create\n"


def test_a_terminal_shows_what_each_stack_is_doing() -> None:
    record = new_record(plan_of(["a"]), datetime.now(UTC))
    record.stacks[1].status, record.stacks[1].activity = Status.UPDATING, "create [b]queue"
    console, output = create_console(terminal=True)
    with ProgressDisplay(console) as display:
        display(record)
    assert "create [b]queue" in output.getvalue()


def test_of_more_stacks_than_there_is_room_for_the_waves_at_rest_take_a_line_each() -> None:
    record = new_record(
        plan_of([f"a{index}" for index in range(30)], [f"b{index}" for index in range(30)]), datetime.now(UTC)
    )
    record.waves[0].status = record.waves[1].status = Status.SUCCEEDED
    record.waves[2].status = Status.UPDATING
    for stack in record.waves[1].stacks:
        stack.changes = {"create": 2}
    console, output = create_console(terminal=True)
    console.print(record_table(record, max_stacks=32))
    assert "30 stacks" in output.getvalue()
    assert "60 create" in output.getvalue()
    assert "b29" in output.getvalue()
    assert "a29" not in output.getvalue()


def test_what_a_resumed_record_has_already_is_not_printed_again() -> None:
    record = new_record(plan_of(["a"], ["b"]), datetime.now(UTC))
    record.stacks[1].status = Status.SUCCEEDED
    console, output = create_console(terminal=False)
    with ProgressDisplay(console, record) as display:
        record.stacks[2].status = Status.UPDATING
        display(record)
    assert output.getvalue() == "b: updating\n"


def test_a_soaking_wave_shows_its_soak_time_and_then_its_health_problems() -> None:
    record = new_record(plan_of(["a"], soak_minutes=10), datetime.now(UTC))
    wave = record.waves[1]
    wave.status = Status.SOAKING
    console, output = create_console(terminal=True)
    console.print(record_table(record))
    assert "soak time 10 min" in output.getvalue()
    wave.health_problems = [HealthProblem("a", "throttled", unreachable=True)]
    console.print(record_table(record))
    assert "a: health check not possible: throttled" in output.getvalue()
