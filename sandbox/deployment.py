"""Runs a Pulumi program against an account of the emulator, without the Pulumi engine.

The program runs unchanged, as `pulumi up` runs it: by its path, with its configuration, in order of its dependencies.
What the engine and the AWS provider do beside that (state, previews, updates, deletion) is not there.
"""

import json
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from .applier import Applier, Create, Created
from .config import Config, encoded, read_config
from .create import CREATE
from .emulator import Account
from .errors import SandboxError
from .program import run_program

ROOT = Path(__file__).resolve().parent.parent
STACK = "sandbox"


@dataclass(frozen=True)
class Stack:
    """A program that has run."""

    account: Account
    outputs: Mapping[str, Any]
    """What the program exports."""
    sources: list[dict[str, Any]]
    """The configuration key `sources`: where mail is sent from."""
    prepared: list[str]
    """What was made first because the program expects it to exist."""
    created: list[Created]
    """The resources, in the order in which they were made."""


def deploy(
    account: Account,
    config: Mapping[str, Any] | None = None,
    *,
    root: Path = ROOT,
    table: Mapping[str, Create] = CREATE,
    on_created: Callable[[Created], None] = lambda _: None,
) -> Stack:
    """Run `__main__.py` of a folder with its Pulumi.yaml and Pulumi.sandbox.yaml.

    Args:
        account: where to make the resources.
        config: values that replace those of the files, for example {"ses-feedback:softBounceThreshold": 2}.
        root: the folder of the program.
        table: how to make each resource type.
        on_created: called with each resource once it exists, from any thread, one call at a time.

    Raises:
        SandboxError: the configuration, the program or one of its resources was refused; its cause is the original
            error.
    """
    project, values = _configuration(root)
    values |= {key: encoded(key, value) for key, value in (config or {}).items()}
    sources, prepared = _sources(project, values), []

    def before_first() -> None:
        prepared.extend(_prepare(account, sources))

    applier = Applier(account, table, values.get("aws:region"), before_first, on_created)
    try:
        outputs = run_program(lambda: _run_main(root), applier, project=project, stack=STACK, config=values)
    except SandboxError:
        raise
    except pulumi.RunError as error:  # what a program raises to say something to its user
        raise SandboxError(f"the program stopped: {error}") from error
    except Exception as error:
        raise SandboxError(f"the program stopped: {type(error).__name__}: {error}") from error
    return Stack(account, outputs, sources, prepared, applier.created)


def prepare(account: Account, *, root: Path = ROOT) -> list[str]:
    """Make what a stack expects to exist in its account, verified identities and configuration sets, and list it.

    Raises:
        SandboxError: the configuration cannot be read.
    """
    return _prepare(account, _sources(*_configuration(root)))


def _configuration(root: Path) -> tuple[str, Config]:
    return read_config(root / "Pulumi.yaml", root / f"Pulumi.{STACK}.yaml")


def _sources(project: str, values: Config) -> list[dict[str, Any]]:
    """Read the sources as far as they can be understood; the program says what is wrong with the rest."""
    try:
        sources = json.loads(values.get(f"{project}:sources", "[]"))
    except ValueError:
        return []
    known = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    return [{**source, "region": source.get("region") or values.get("aws:region")} for source in known]


def _prepare(account: Account, sources: list[dict[str, Any]]) -> list[str]:
    made: list[str] = []
    for source in sources:
        region = source["region"]
        ses = account.client("ses", region)
        for identity in source.get("identities") or []:
            if "@" in identity:
                ses.verify_email_identity(EmailAddress=identity)
            else:
                ses.verify_domain_identity(Domain=identity)
            made.append(f"identity {identity} in {region}")
        if name := source.get("configurationSet"):
            account.client("sesv2", region).create_configuration_set(ConfigurationSetName=name)
            made.append(f"configuration set {name} in {region}")
    return made


def _run_main(root: Path) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    runpy.run_path(str(root / "__main__.py"), run_name="__main__")
