"""`python -m rollout plan FILE`: what a targets file means, or all that is wrong with it; `files`: a file per stack."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from .plan import Plan, plan
from .screen import show
from .stacks import files, hub_outputs, keep_settings


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 if it went well, 1 if a file is wrong."""
    given = _parser().parse_args(arguments)
    try:
        made = plan(given.targets.read_text(encoding="utf-8"), str(given.targets))
        if given.command == "files":
            return _write(made, given.hub_outputs, given.folder)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        sys.stdout.write(json.dumps(made.as_json(), indent=2) + "\n")
    else:
        console = Console(highlight=False)
        show(made, console if console.is_terminal else Console(highlight=False, width=120))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rollout", description="One stack per account and Region, in waves."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    see = commands.add_parser("plan", help="show the waves, the stacks and what each gets; changes nothing")
    see.add_argument("--json", action="store_true", help="the whole plan with every stack's configuration, as JSON")
    write = commands.add_parser("files", help="write the Pulumi.<stack>.yaml of the hub or, with its outputs, of all")
    write.add_argument("--hub-outputs", type=Path, help="what `pulumi stack output --json` says of the hub's stack")
    write.add_argument("--folder", type=Path, default=Path(), help="where to write, this folder if not given")
    for command in (see, write):
        command.add_argument("targets", type=Path, help="the targets file, such as examples/rollout/targets.yaml")
    return parser


def _write(made: Plan, outputs: Path | None, folder: Path) -> int:
    from_hub = None
    if outputs is not None:
        read = json.loads(outputs.read_text(encoding="utf-8"))
        if not isinstance(read, dict):
            raise ValueError(f"{outputs} is a {type(read).__name__}: the JSON map of the hub's outputs is needed")
        from_hub = hub_outputs(made, read)
    for name, text in files(made, from_hub).items():
        path = folder / name
        path.write_text(
            keep_settings(text, path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8"
        )
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
