"""The command-line options that several subcommands share."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the program and of its policy pack."""

TargetsPath = Annotated[Path, typer.Argument(help="The targets file, such as examples/rollout/targets.yaml.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AllowLossOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-loss",
        help="Name of a table, queue, topic or key that may be replaced or deleted, or a pattern: bounce-*-queue.",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="Only this wave, account or stack; several times for several. wave:x where x is also an account."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", help="All waves before this wave, account or stack, and itself.")
]
RecordOption = Annotated[
    str | None,
    typer.Option("--record", help="Path or s3:// URL of the record. Default: beside the state in the Pulumi backend."),
]
ProgramOption = Annotated[Path, typer.Option(help="Folder of the program's Pulumi.yaml.")]
ApproveOption = Annotated[
    str | None,
    typer.Option(
        "--approve",
        help="Command that gets a report as JSON, before every wave but the first; exit code 0 lets it begin.",
    ),
]
NotifyOption = Annotated[
    str | None, typer.Option("--notify", help="Command that is told, as JSON, how each wave and the rollout ended.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


@dataclass(frozen=True)
class DeployerOptions:
    """The options of every subcommand that runs Pulumi."""

    parallel: int
    program: Path
    """Folder of Pulumi.yaml; the files of the stacks are written into it."""
    organization: str | None
    """Organization of the stacks, for a backend that has organizations."""
    secrets_provider: str | None
    policy_packs: tuple[Path, ...]
    policy_pack_configs: tuple[Path, ...]


def _build_options(
    *,
    parallel: Annotated[int, typer.Option(min=1, max=50, help="Stacks at the same time.")] = 4,
    program: ProgramOption = ROOT,
    organization: Annotated[str | None, typer.Option(help="Organization of the stacks in the Pulumi backend.")] = None,
    secrets_provider: Annotated[
        str | None, typer.Option(help="Secrets provider of new stacks, such as awskms://alias/pulumi.")
    ] = None,
    policy_pack: Annotated[list[Path] | None, typer.Option(help="Folder of a policy pack. Default: policy/.")] = None,
    policy_pack_config: Annotated[
        list[Path] | None, typer.Option(help="Configuration file of a policy pack, in the same order.")
    ] = None,
) -> DeployerOptions:
    policy_packs = [ROOT / "policy"] if policy_pack is None else policy_pack
    policy_pack_configs = policy_pack_config or ()
    return DeployerOptions(
        parallel, program, organization, secrets_provider, tuple(policy_packs), tuple(policy_pack_configs)
    )


def with_deployer_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, whose first parameter is a `DeployerOptions`, the command-line options that make one."""
    shared = inspect.signature(_build_options, eval_str=True).parameters
    own = [*inspect.signature(command, eval_str=True).parameters.values()][1:]

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        command(_build_options(**{name: arguments.pop(name) for name in shared}), **arguments)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *shared.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
