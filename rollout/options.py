"""The options that several commands of the rollout share."""

from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the program and of its policy pack."""

Targets = Annotated[Path, typer.Argument(help="The targets file, such as examples/rollout/targets.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
Parallel = Annotated[int, typer.Option(min=1, max=50, help="Stacks at once.")]
AllowLoss = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-loss", help="Name of a table, queue, topic or key that may be replaced or deleted; bounce-*-queue too."
    ),
]
Program = Annotated[Path, typer.Option(help="Folder of the program's Pulumi.yaml.")]
Organization = Annotated[str | None, typer.Option(help="Organization of the stacks in the Pulumi backend.")]
Secrets = Annotated[str | None, typer.Option(help="Secrets provider of new stacks, such as awskms://alias/pulumi.")]
Packs = Annotated[list[Path] | None, typer.Option("--policy-pack", help="Policy pack; policy/ without it.")]
PackConfigs = Annotated[list[Path] | None, typer.Option("--policy-pack-config", help="Configuration of the pack.")]
RecordFile = Annotated[
    Path | None,
    typer.Option("--record", help="File of the record; targets.rollout.json beside targets.yaml if not given."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
