"""Deploys a Pulumi program to an account of the emulator, without the Pulumi engine.

The program runs unchanged, as `pulumi up` runs it: by its path, with its configuration, in the order of its
dependencies. State, previews, updates and deletion need the engine; they are not here.
"""

import json
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from .create import CREATE_FUNCTIONS
from .emulator import Account
from .errors import SandboxError
from .program import run_program
from .provider import CreatedResource, EmulatorProvider
from .pulumi_config import Config, encode_value, read_config

ROOT = Path(__file__).resolve().parent.parent
STACK = "sandbox"


@dataclass(frozen=True)
class DeployedStack:
    """A program that was deployed."""

    account: Account
    outputs: Mapping[str, Any]
    """What the program exports."""
    prerequisites: list[str]
    """What was created first because the program expects it to exist, for people."""
    resources: list[CreatedResource]
    """In the order in which they were created."""


def deploy(
    account: Account,
    config: Mapping[str, Any] | None = None,
    *,
    root: Path = ROOT,
) -> DeployedStack:
    """Run `__main__.py` of a folder with its Pulumi.yaml and Pulumi.sandbox.yaml.

    Args:
        account: where to create the resources.
        config: values that replace those of the files, for example {"ses-feedback:softBounceThreshold": 2}.
        root: the folder of the program.

    Raises:
        SandboxError: the configuration, the program or one of its resources was refused; its cause is the original
            error.
    """
    project, values = _read_config(root)
    values |= {key: encode_value(key, value) for key, value in (config or {}).items()}
    prerequisites: list[str] = []

    def before_first() -> None:
        prerequisites.extend(_create_prerequisites(account, project, values))

    provider = EmulatorProvider(account, CREATE_FUNCTIONS, values.get("aws:region"), before_first)
    try:
        outputs = run_program(lambda: _run_main(root), provider, project=project, stack=STACK, config=values)
    except SandboxError:
        raise
    except pulumi.RunError as error:  # what a program raises to say something to its user
        raise SandboxError(f"the program stopped: {error}") from error
    except Exception as error:
        raise SandboxError(f"the program stopped: {type(error).__name__}: {error}") from error
    return DeployedStack(account, outputs, prerequisites, provider.created)


def create_prerequisites(account: Account, *, root: Path = ROOT) -> list[str]:
    """Create what the program expects to exist in its account: verified identities and configuration sets.

    Returns what was created, for people. Raises: SandboxError when the configuration cannot be read.
    """
    return _create_prerequisites(account, *_read_config(root))


def _read_config(root: Path) -> tuple[str, Config]:
    return read_config(root / "Pulumi.yaml", root / f"Pulumi.{STACK}.yaml")


def _create_prerequisites(account: Account, project: str, config: Config) -> list[str]:
    created: list[str] = []
    for source in json.loads(config.get(f"{project}:sources", "[]")):
        if not isinstance(source, dict):  # the program says what is wrong with it
            continue
        region = str(source.get("region") or config.get("aws:region"))
        ses = account.client("ses", region)
        for identity in source.get("identities") or []:
            if "@" in identity:
                ses.verify_email_identity(EmailAddress=identity)
            else:
                ses.verify_domain_identity(Domain=identity)
            created.append(f"identity {identity} in {region}")
        if name := source.get("configurationSet"):
            account.client("sesv2", region).create_configuration_set(ConfigurationSetName=name)
            # In AWS it is the same for both versions of the API; in the emulator each has its own.
            ses.create_configuration_set(ConfigurationSet={"Name": name})
            created.append(f"configuration set {name} in {region}")
    return created


def _run_main(root: Path) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    runpy.run_path(str(root / "__main__.py"), run_name="__main__")
