"""Deploys stacks with Pulumi's Automation API, one CLI process per operation."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pulumi import automation
from pulumi.automation import CommandError, LocalWorkspaceOptions, Stack, StackNotFoundError

from . import aws
from .deployer import Changes, HealthFindings, OnProgress, StackError
from .engine_events import TABLE_TYPES, EventCollector
from .options import DeployerOptions
from .plan import PlannedStack
from .pulumi_cli import PulumiCli
from .stack_files import write_stack_file

_MAX_ERROR_LINES = 12


class PulumiDeployer:
    """A `RetiringDeployer`."""

    def __init__(self, options: DeployerOptions) -> None:
        """Raises: StackError when the Pulumi CLI is missing or too old, or a file does not exist."""
        self._options = options
        self._program = options.program.resolve()
        needed_files = [
            options.program / "Pulumi.yaml",
            *(pack / "PulumiPolicy.yaml" for pack in options.policy_packs),
            *options.policy_pack_configs,
        ]
        for path in needed_files:
            if not path.is_file():
                raise StackError(f"{path} is needed, and there is no such file")
        try:
            self._cli = PulumiCli()
        except (OSError, automation.InvalidVersionError) as error:
            raise StackError(f"pulumi cannot be run ({error}): the Pulumi CLI must be on PATH") from None
        self._policy_packs = [str(path.resolve()) for path in options.policy_packs]
        self._policy_pack_configs = [str(path.resolve()) for path in options.policy_pack_configs]
        self._first_run_lock = threading.Lock()
        self._first_run_begun = False

    def account_id(self, stack: PlannedStack) -> str:
        """The id of the account that the stack's roles lead to."""
        return aws.read_account_id(stack)

    def check_health(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        """Alarms in the ALARM state, and messages in dead-letter queues."""
        return aws.check_health(stack, outputs)

    def dead_letters(self, stack: PlannedStack, outputs: Mapping[str, object]) -> HealthFindings:
        """Messages in the dead-letter queues of a deployed stack."""
        return aws.count_dead_letters(stack, outputs)

    def stop(self) -> None:
        """Interrupt the running operations."""
        self._cli.stop()

    def outputs(self, stack: PlannedStack) -> Mapping[str, object]:
        """The outputs of the stack; empty if it does not exist."""
        try:
            outputs = self._select_stack(stack, create=False).outputs()
        except StackNotFoundError:
            return {}
        except CommandError as error:
            raise StackError(_message(error)) from None
        return {name: output.value for name, output in outputs.items()}

    def preview(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """What an update would do, under the policy packs. Creates an empty stack if there is none."""
        events = EventCollector(on_progress)

        def preview(pulumi_stack: Stack) -> None:
            pulumi_stack.preview(
                on_event=events, policy_packs=self._policy_packs, policy_pack_configs=self._policy_pack_configs
            )

        with self._configured(stack, config, keep=False):
            return self._run(stack, events, preview)

    def update(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """Update the stack, under the policy packs. Its configuration stays in its file, for `pulumi` by hand."""
        events = EventCollector(on_progress)

        def update(pulumi_stack: Stack) -> None:
            pulumi_stack.up(
                on_event=events, policy_packs=self._policy_packs, policy_pack_configs=self._policy_pack_configs
            )

        with self._configured(stack, config, keep=True):
            return self._run(stack, events, update)

    def detect_drift(self, stack: PlannedStack, config: Mapping[str, object], on_progress: OnProgress) -> Changes:
        """How AWS differs from the state after the last update."""
        events = EventCollector(on_progress)
        with self._configured(stack, config, keep=False):
            return self._run(
                stack, events, lambda pulumi_stack: pulumi_stack.preview_refresh(on_event=events), create=False
            )

    def exists(self, stack: PlannedStack) -> bool:
        """Whether the Pulumi backend has the stack."""
        try:
            self._select_stack(stack, create=False)
        except StackNotFoundError:
            return False
        except CommandError as error:
            raise StackError(_message(error)) from None
        return True

    def preview_destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        """What `destroy` would delete."""
        events = EventCollector(on_progress, TABLE_TYPES)
        with self._configured(stack, stack.config, keep=False):
            return self._run(
                stack, events, lambda pulumi_stack: pulumi_stack.preview_destroy(on_event=events), create=False
            )

    def destroy(self, stack: PlannedStack, on_progress: OnProgress) -> Changes:
        """Delete the resources, then the stack with its history and its file."""
        events = EventCollector(on_progress, TABLE_TYPES)
        with self._configured(stack, stack.config, keep=False):
            changes = self._run(stack, events, lambda pulumi_stack: pulumi_stack.destroy(on_event=events), create=False)
        self._run(
            stack, events, lambda pulumi_stack: pulumi_stack.workspace.remove_stack(pulumi_stack.name), create=False
        )
        return changes

    @contextmanager
    def _configured(self, stack: PlannedStack, config: Mapping[str, object], *, keep: bool) -> Iterator[None]:
        """Write the stack's file. A preview does not keep it: its ARNs may be placeholders, unfit for an update."""
        old_config = write_stack_file(self._program, stack.name, config)
        try:
            yield
        finally:
            if not keep:
                write_stack_file(self._program, stack.name, old_config)

    def _run(
        self,
        stack: PlannedStack,
        events: EventCollector,
        operation: Callable[[Stack], object],
        *,
        create: bool = True,
    ) -> Changes:
        with self._first_run_lock:  # the first run creates the virtual environments that all others use: it runs alone
            is_first, self._first_run_begun = not self._first_run_begun, True
            if is_first:
                return self._run_operation(stack, events, operation, create=create)
        return self._run_operation(stack, events, operation, create=create)

    def _run_operation(
        self, stack: PlannedStack, events: EventCollector, operation: Callable[[Stack], object], *, create: bool
    ) -> Changes:
        try:
            operation(self._select_stack(stack, create=create))
        except StackNotFoundError:
            raise StackError("there is no such stack; `up` creates it") from None
        except CommandError as error:
            raise StackError("\n".join(events.errors) or _message(error)) from None
        return events.changes()

    def _select_stack(self, stack: PlannedStack, *, create: bool) -> Stack:
        organization = self._options.organization
        name = f"{organization}/{stack.name}" if organization else stack.name
        options = LocalWorkspaceOptions(secrets_provider=self._options.secrets_provider, pulumi_command=self._cli)
        select = automation.create_or_select_stack if create else automation.select_stack
        return select(name, work_dir=str(self._program), opts=options)


def _message(error: CommandError) -> str:
    """The last lines that the CLI wrote to stderr, which is the last part of the error's own message."""
    lines = str(error).rpartition("stderr:")[2].strip().splitlines()
    return "\n".join(lines[-_MAX_ERROR_LINES:]) or "pulumi failed without a message"
