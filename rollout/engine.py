"""Carries stacks out with the Pulumi engine, through its Automation API, each in a process of its own."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pulumi import automation
from pulumi.automation import CommandError, LocalWorkspaceOptions, Stack, StackNotFoundError

from . import aws
from .command import Command
from .events import Seen
from .executor import Changes, Health, StackError, Tell
from .options import Setup
from .plan import PlannedStack
from .stacks import write

_LAST_LINES = 12


class Engine:
    """An `Executor`."""

    def __init__(self, setup: Setup) -> None:
        """Raises: StackError when there is no Pulumi CLI, or one that is too old, or a file is not there."""
        self._setup = setup
        self._program = setup.program.resolve()
        needed = [setup.program / "Pulumi.yaml", *(one / "PulumiPolicy.yaml" for one in setup.policy_packs)]
        for path in [*needed, *setup.policy_pack_configs]:
            if not path.is_file():
                raise StackError(f"{path} is needed, and there is no such file")
        try:
            self._command = Command()
        except (OSError, automation.InvalidVersionError) as error:
            raise StackError(f"pulumi cannot be run ({error}): the Pulumi CLI must be on PATH") from None
        self._packs = [str(one.resolve()) for one in setup.policy_packs]
        self._pack_configs = [str(one.resolve()) for one in setup.policy_pack_configs]
        self._first = threading.Lock()
        self._prepared = False

    def account(self, stack: PlannedStack) -> str:
        """The id of the account that the stack's roles lead to."""
        return aws.account(stack)

    def health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> Health:
        """Alarms that ring, and messages in dead-letter queues."""
        return aws.health(stack, outputs)

    def stop(self) -> None:
        """Interrupt what is under way."""
        self._command.stop()

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        """What the stack exports; nothing if it does not exist."""
        try:
            return {key: one.value for key, one in self._select(stack, create=False).outputs().items()}
        except StackNotFoundError:
            return {}
        except CommandError as error:
            raise StackError(_told(error)) from None

    def preview(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """What an update would do, under the policy packs. Makes the stack, with nothing in it, if there is none."""
        seen = Seen(tell)
        with self._configured(stack, config, keep=False):
            return self._run(
                stack,
                seen,
                lambda one: one.preview(
                    on_event=seen, policy_packs=self._packs, policy_pack_configs=self._pack_configs
                ),
            )

    def up(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """Update the stack, under the policy packs. Its configuration stays in its file, for `pulumi` by hand."""
        seen = Seen(tell)
        with self._configured(stack, config, keep=True):
            return self._run(
                stack,
                seen,
                lambda one: one.up(on_event=seen, policy_packs=self._packs, policy_pack_configs=self._pack_configs),
            )

    def drift(self, stack: PlannedStack, config: Mapping[str, object], tell: Tell) -> Changes:
        """What is no longer as the last update left it."""
        seen = Seen(tell)
        with self._configured(stack, config, keep=False):
            return self._run(stack, seen, lambda one: one.preview_refresh(on_event=seen), create=False)

    @contextmanager
    def _configured(self, stack: PlannedStack, config: Mapping[str, object], *, keep: bool) -> Iterator[None]:
        """The stack's file while it is used. A preview may have stand-ins in it, which no update must find."""
        before = write(self._program, stack.name, config)
        try:
            yield
        finally:
            if not keep:
                write(self._program, stack.name, before)

    def _run(self, stack: PlannedStack, seen: Seen, work: Callable[[Stack], object], *, create: bool = True) -> Changes:
        with self._first:  # one alone makes the environments of program and policy pack, which all others use
            alone, self._prepared = not self._prepared, True
            if alone:
                return self._try(stack, seen, work, create=create)
        return self._try(stack, seen, work, create=create)

    def _try(self, stack: PlannedStack, seen: Seen, work: Callable[[Stack], object], *, create: bool) -> Changes:
        try:
            work(self._select(stack, create=create))
        except StackNotFoundError:
            raise StackError("there is no such stack; `up` makes it") from None
        except CommandError as error:
            raise StackError("\n".join(seen.errors) or _told(error)) from None
        return seen.changes()

    def _select(self, stack: PlannedStack, *, create: bool) -> Stack:
        name = f"{self._setup.organization}/{stack.name}" if self._setup.organization else stack.name
        options = LocalWorkspaceOptions(secrets_provider=self._setup.secrets_provider, pulumi_command=self._command)
        make = automation.create_or_select_stack if create else automation.select_stack
        return make(name, work_dir=str(self._program), opts=options)


def _told(error: CommandError) -> str:
    """What the CLI said of a failure: its stderr, which comes last in the text of the error."""
    told = str(error).rpartition("stderr:")[2].strip().splitlines()
    return "\n".join(told[-_LAST_LINES:]) or "pulumi failed and said nothing"
