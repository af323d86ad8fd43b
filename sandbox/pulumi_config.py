"""Reads Pulumi.yaml and a stack's file as the Pulumi engine does: the project's defaults, then the stack's values."""

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
    """Return the project's name and the whole configuration: keys with their namespace, values as the program gets
    them.

    Raises:
        SandboxError: a file is missing or unreadable, a declared key has no value, a value is not of its declared type,
            or a value is encrypted.
    """
    project, stack = _load(project_file), _load(stack_file)
    project_name: str = project["name"]
    values = {_with_namespace(project_name, key): value for key, value in (stack.get("config") or {}).items()}
    for short_key, declaration in (project.get("config") or {}).items():
        key = _with_namespace(project_name, short_key)
        if not isinstance(declaration, dict):
            declaration = {"value": declaration}  # noqa: PLW2901 - the short form of the same
        if key not in values:
            default = declaration.get("value") if declaration.get("value") is not None else declaration.get("default")
            if default is None:
                raise SandboxError(
                    f"{stack_file.name} must set {key}: {project_file.name} declares it without a default"
                )
            values[key] = default
        _check_type(key, values[key], declaration.get("type"))
    return project_name, {key: encode_value(key, value) for key, value in values.items()}


def encode_value(key: str, value: Any) -> str:
    """Return a value of the configuration as the engine passes it to the program.

    Raises:
        SandboxError: the value is encrypted.
    """
    if isinstance(value, dict) and set(value) == {"secure"}:
        raise SandboxError(f"{key} is encrypted; only the Pulumi CLI can read it")
    return value if isinstance(value, str) else json.dumps(value)


def _with_namespace(project_name: str, key: str) -> str:
    return key if ":" in key else f"{project_name}:{key}"


def _check_type(key: str, value: Any, type_name: str | None) -> None:
    if type_name is None:
        return
    is_wrong_bool = type_name == "integer" and isinstance(value, bool)  # in Python a bool is an int
    if is_wrong_bool or not isinstance(value, TYPES.get(type_name, (object,))):
        raise SandboxError(f"{key} is {value!r}; it must be of type {type_name}")


def _load(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SandboxError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SandboxError(f"{path} must hold a map of keys")
    return document
