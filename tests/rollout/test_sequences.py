"""Laws that hold for every sequence of commands, failures, crashes and changes of the targets file.

A fake in the place of Pulumi, AWS and Git. Does not prove what the engine does.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from rollout.__main__ import main
from rollout.plan import PlannedStack, build_plan
from rollout.record_file import RecordFile
from tests.properties import profile_times
from tests.rollout.fake_deployer import FakeDeployer

HUB, HUB_ID = "hub-eu-central-1", "1" * 12
IDS = {"a": "2" * 12, "b": "3" * 12, "c": "4" * 12}
WRITERS = "ses-feedback:writerPrincipals"
TABLE_ARNS = {
    key: f"arn:aws:dynamodb:eu-central-1:{HUB_ID}:table/{key}" for key in ("blockedTableArn", "historyTableArn")
}


class Crash(BaseException):
    """The end of the process."""


def targets_file(names: Sequence[str], canary: str | None, tolerance: int) -> str:
    def regions_of(name: str) -> str:
        regions = ("eu-west-1", "eu-central-1") if name == "b" else ("eu-west-1",)
        return ", ".join(f"{region}: {{sources: [{{identities: [{name}.example.com]}}]}}" for region in regions)

    accounts = "".join(f"  - {{name: {name}, id: '{IDS[name]}', regions: {{{regions_of(name)}}}}}\n" for name in names)
    return (
        'regions: [eu-central-1, eu-west-1]\nroles: ["arn:aws:iam::{account}:role/deploy"]\n'
        + (f"canary: {{account: {canary}, region: eu-west-1}}\n" if canary else "")
        + "hub: {account: hub, region: eu-central-1}\naccounts:\n"
        f"  - {{name: hub, id: '{HUB_ID}', regions: {{eu-central-1: {{sources: [{{identities: [example.com]}}]}}}}}}\n"
        f"{accounts}waves:\n  - {{name: first, accounts: [a]}}\n"
        f"  - {{name: rest, remainingAccounts: true, failureToleranceCount: {tolerance}}}\n"
    )


FILES = [
    targets_file(names, canary, tolerance)
    for names in ("ab", "abc", "ac")
    for canary in (None, *(["c"] if "c" in names else []))
    for tolerance in (0, 1)
    if names != "ac" or canary is None or tolerance == 0
]


def _is_valid(content: str) -> bool:
    try:
        build_plan(content)
    except ValueError:
        return False
    return True


FILES = [content for content in FILES if _is_valid(content)]
WITH_AND_WITHOUT: tuple[tuple[str, str | None], ...] = (("ab", None), ("abc", None), ("abc", "c"))
STACKS = ("a-eu-west-1", "b-eu-west-1", "b-eu-central-1", "c-eu-west-1", HUB)
OPERATIONS = ("preview", "update", "destroy")


@dataclass(frozen=True)
class Command:
    arguments: tuple[str, ...]
    failures: Mapping[tuple[str, str], int]
    crash: tuple[str, str] | None
    file: int | None
    new_commit: bool


selections = st.one_of(
    st.just(()),
    st.tuples(st.just("--until"), st.sampled_from(["hub", "a", "b", "b-eu-west-1"])),
    st.tuples(st.just("--only"), st.sampled_from(["hub", "a", "b", "c", "rest", "b-eu-central-1"])),
)
command_lines = st.one_of(
    st.tuples(st.sampled_from([("up", "--yes"), ("up", "--yes", "--restart"), ("resume",)]), selections).map(
        lambda parts: (*parts[0], *parts[1])
    ),
    st.sampled_from([("rollback", "--yes"), ("retire", "--yes")]),
)
places = st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(STACKS))
commands = st.builds(
    Command,
    command_lines,
    st.one_of(st.just({}), st.dictionaries(places, st.just(1), max_size=2)),
    st.one_of(st.none(), st.none(), places),
    st.one_of(st.none(), st.integers(0, len(FILES) - 1)),
    st.booleans(),
)


class World(FakeDeployer):
    """What is deployed, and the laws, checked when an operation begins."""

    def __init__(self) -> None:
        super().__init__(build_plan(FILES[0]))
        self.deployed: dict[str, PlannedStack] = {}
        self.rights: set[str] = set()
        self.crash: tuple[str, str] | None = None
        self.updates: Counter[str] = Counter()

    def account_id(self, stack: PlannedStack) -> str:
        return stack.account_id

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        return TABLE_ARNS if stack.name == HUB and HUB in self.deployed else {}

    def exists(self, stack: PlannedStack) -> bool:
        return stack.name in self.deployed

    def _crash(self, operation: str, stack: PlannedStack) -> None:
        if self.crash == (operation, stack.name):
            raise Crash

    def update(self, stack: PlannedStack, config: Mapping[str, object], on_progress: Any) -> Any:
        if stack.name == HUB:
            rights = set(config[WRITERS])  # type: ignore[call-overload]
            writing = {other.account_id for other in self.deployed.values() if other.hub_output_keys} - {HUB_ID}
            assert writing <= rights, f"rights go before the stacks: {writing - rights}"
        elif stack.hub_output_keys:
            assert stack.account_id in self.rights, f"{stack.name} may not write"
        self._crash("update", stack)
        changes = super().update(stack, config, on_progress)
        self.deployed[stack.name] = stack
        self.updates[stack.name] += 1
        assert self.updates[stack.name] == 1, f"{stack.name} is updated twice"
        if stack.name == HUB:
            self.rights = rights
        return changes

    def destroy(self, stack: PlannedStack, on_progress: Any) -> Any:
        self._crash("destroy", stack)
        changes = super().destroy(stack, on_progress)
        del self.deployed[stack.name]
        return changes


@contextmanager
def fakes(world: World) -> Iterator[dict[str, str]]:
    commit = {"commit": "0" * 40}

    @contextmanager
    def program_at(options: Any, _commit: str) -> Iterator[Any]:
        yield options

    with (
        mock.patch("rollout.pulumi_deployer.PulumiDeployer", return_value=world),
        mock.patch("rollout.commands.up.read_commit", side_effect=lambda *_: commit["commit"]),
        mock.patch("rollout.commands.retire.read_commit", side_effect=lambda *_: commit["commit"]),
        mock.patch("rollout.program.read_commit", side_effect=lambda *_: commit["commit"]),
        mock.patch("rollout.program.program_at", program_at),
        mock.patch("rollout.commands.rollback.program_at", program_at),
        mock.patch("rollout.commands.rollback.resolve_commit", side_effect=lambda _program, name: name),
    ):
        yield commit


def test_a_selection_leaves_no_member_without_rights() -> None:
    without_c, with_c, with_canary = (targets_file(names, canary, 0) for names, canary in WITH_AND_WITHOUT)
    world = World()
    with TemporaryDirectory() as folder, fakes(world):
        targets, store = Path(folder) / "targets.yaml", RecordFile(Path(folder) / "record.json")

        def run(content: str, *arguments: str) -> tuple[int, str]:
            targets.write_text(content)
            world.updates.clear()
            code = main(["up", str(targets), "--yes", "--restart", "--record", str(store.path), *arguments])
            record = store.load()
            assert record
            return code, "".join(stack.error for stack in record.stacks)

        assert run(without_c) == (0, "")
        code, errors = run(with_c, "--only", "c")
        assert (code, errors) == (
            1,
            f"the hub's stack {HUB} gives account {IDS['c']} no rights at its tables yet: update it first",
        )
        assert run(with_c) == (0, "")
        code, errors = run(with_canary, "--only", "hub")
        assert code == 1
        assert "would take the rights of c-eu-west-1" in errors
        assert run(with_canary) == (0, ""), "the canary stack is updated before the hub"


@given(st.lists(commands, min_size=1, max_size=8))
@profile_times(0.1, deadline=None)
def test_the_laws_hold_for_every_sequence_of_commands(sequence: list[Command]) -> None:
    world = World()
    numbers = itertools.count(1)
    with TemporaryDirectory() as folder, fakes(world) as commit:
        targets, store = Path(folder) / "targets.yaml", RecordFile(Path(folder) / "record.json")
        targets.write_text(FILES[0])
        for command in sequence:
            if command.file is not None:
                targets.write_text(FILES[command.file])
            if command.new_commit:
                commit["commit"] = f"{next(numbers):040}"
            if command.arguments[0] != "resume":
                world.updates.clear()
            world.failures, world.crash = dict(command.failures), command.crash
            world.begun.clear()
            name, *options = command.arguments
            all_options = [*options, "--record", str(store.path)]
            with suppress(Crash):
                main([name, str(targets), *all_options])
            record = store.load()
            touched = {stack for _, stack in world.begun}
            if "--only" in options:
                only = options[-1]
                assert all(stack == only or stack.startswith(f"{only}-") or only == "rest" for stack in touched)
            assert set(world.deployed) <= (set(record.deployed) if record else set()), "a lost record"
            if record and record.succeeded and name != "retire":
                assert {stack.name for stack in record.plan.stacks} <= set(world.deployed)
