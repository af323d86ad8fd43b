"""Reads a stack's configuration as the Pulumi engine does: the project's defaults, then the stack's own values."""

import json
from pathlib import Path
from typing import Any

import yaml

from .errors import SandboxError

Config = dict[str, str]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str, int, float, bool),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def read_config(project_file: Path, stack_file: Path) -> tuple[str, Config]:
    """Return the project's name and the full configuration, keys with their namespace, values as the program gets them.

    Raises:
        SandboxError: a file is missing or unreadable, a declared key has no value, a value is not of its declared type,
            or a value is encrypted.
    """
    project, stack = _load(project_file), _load(stack_file)
    name: str = project["name"]
    given = {_namespaced(name, key): value for key, value in (stack.get("config") or {}).items()}
    for key, declaration in (project.get("config") or {}).items():
        full = _namespaced(name, key)
        declared = declaration if isinstance(declaration, dict) else {"value": declaration}
        if full not in given:
            found = next((declared[word] for word in ("value", "default") if declared.get(word) is not None), None)
            if found is None:
                raise SandboxError(
                    f"{stack_file.name} must set {full}: {project_file.name} declares it without a default"
                )
            given[full] = found
        _check_type(full, given[full], declared.get("type"))
    return name, {key: encoded(key, value) for key, value in given.items()}


def encoded(key: str, value: Any) -> str:
    """Return a value in the form in which the engine hands it to the program.

    Raises:
        SandboxError: the value is encrypted.
    """
    if isinstance(value, dict) and set(value) == {"secure"}:
        raise SandboxError(f"{key} is encrypted; only the Pulumi CLI can read it")
    return value if isinstance(value, str) else json.dumps(value)


def _namespaced(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _check_type(key: str, value: Any, declared: str | None) -> None:
    if declared is None:
        return
    right = isinstance(value, TYPES.get(declared, (object,))) and not (
        declared == "integer" and isinstance(value, bool)
    )
    if not right:
        raise SandboxError(f"{key} is {value!r}; it must be of type {declared}")


def _load(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SandboxError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SandboxError(f"{path} must hold a map of keys")
    return document
