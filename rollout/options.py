"""The options that several commands of the rollout share."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the program and of its policy pack."""

Targets = Annotated[Path, typer.Argument(help="The targets file, such as examples/rollout/targets.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
AllowLoss = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-loss", help="Name of a table, queue, topic or key that may be replaced or deleted; bounce-*-queue too."
    ),
]
RecordFile = Annotated[
    Path | None,
    typer.Option("--record", help="File of the record; targets.rollout.json beside targets.yaml if not given."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dataclass(frozen=True)
class Setup:
    """How a command carries a plan out."""

    parallel: int
    program: Path
    """Folder of Pulumi.yaml; the files of the stacks are written into it."""
    organization: str | None
    """Of the stacks, where the backend has organizations."""
    secrets_provider: str | None
    policy_packs: tuple[Path, ...]
    policy_pack_configs: tuple[Path, ...]


def _setup(
    *,
    parallel: Annotated[int, typer.Option(min=1, max=50, help="Stacks at once.")] = 4,
    program: Annotated[Path, typer.Option(help="Folder of the program's Pulumi.yaml.")] = ROOT,
    organization: Annotated[str | None, typer.Option(help="Organization of the stacks in the Pulumi backend.")] = None,
    secrets_provider: Annotated[
        str | None, typer.Option(help="Secrets provider of new stacks, such as awskms://alias/pulumi.")
    ] = None,
    policy_pack: Annotated[list[Path] | None, typer.Option(help="Policy pack; policy/ without it.")] = None,
    policy_pack_config: Annotated[list[Path] | None, typer.Option(help="Configuration of the pack.")] = None,
) -> Setup:
    packs = [ROOT / "policy"] if policy_pack is None else policy_pack
    return Setup(parallel, program, organization, secrets_provider, tuple(packs), tuple(policy_pack_config or ()))


def with_setup(function: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is a `Setup`, as one with the options that make it."""
    shared = inspect.signature(_setup, eval_str=True).parameters
    own = [*inspect.signature(function, eval_str=True).parameters.values()][1:]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        function(_setup(**{name: given.pop(name) for name in shared}), **given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared.values())]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
