"""Writes the reference of the Pulumi package: `python -m docs.component_reference`.

`components/schema.json` is the schema as the plugin serves it, kept in the repository so that a review shows its
changes; `docs/reference/component.md` is the same for people. A test compares both with the code.
"""

import inspect
import json
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.component import ComponentProvider

from components.package import COMPONENTS, NAME, VERSION

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "components" / "schema.json"
PAGE = ROOT / "docs" / "reference" / "component.md"

_NAMES = """Names are as TypeScript, Go, C#, Java and YAML write them; Python writes `blocked_table_arn` for
`blockedTableArn`. *Plain* inputs must be known when the program runs; all others may be outputs of other resources."""


def schema() -> dict[str, Any]:
    """The schema as the plugin serves it; without the indentation of docstrings, which Python drops since 3.13."""
    served: dict[str, Any] = json.loads(ComponentProvider(list(COMPONENTS), NAME, version=VERSION).schema or "")
    for resource in served["resources"].values():
        resource["description"] = inspect.cleandoc(resource["description"])
    return served


def files() -> dict[Path, str]:
    """The content of each file."""
    served = schema()
    return {SCHEMA: json.dumps(served, indent=2) + "\n", PAGE: page(served)}


def page(served: dict[str, Any]) -> str:
    parts = [
        "# Components",
        "",
        "<!-- Generated from the package's schema by `make docs`; do not edit. -->",
        "",
        f"The Pulumi package `{served['name']}`. {_NAMES}",
    ]
    for token, resource in served["resources"].items():
        parts += _heading(token, resource)
        parts += _table("input", resource.get("inputProperties", {}), resource.get("requiredInputs", []))
        parts += _table("output", resource.get("properties", {}), [])
    for token, type_ in served.get("types", {}).items():
        parts += _heading(token, type_)
        parts += _table("property", type_.get("properties", {}), type_.get("required", []))
    return "\n".join(parts) + "\n"


def _heading(token: str, definition: dict[str, Any]) -> list[str]:
    return ["", f"## {token.rpartition(':')[2]}", "", definition.get("description", "").replace("``", "`")]


def _table(title: str, properties: dict[str, Any], required: list[str]) -> list[str]:
    if not properties:
        return []
    lines = ["", f"| {title} | type | meaning |", "|---|---|---|"]
    for name, definition in sorted(properties.items(), key=lambda item: (item[0] not in required, item[0])):
        is_required = " (required)" if name in required else ""
        plain = ", plain" if definition.get("plain") else ""
        meaning = " ".join(definition.get("description", "").split()).replace("``", "`").replace("|", "\\|")
        lines.append(f"| `{name}`{is_required} | {_type(definition)}{plain} | {meaning} |")
    return lines


def _type(definition: dict[str, Any]) -> str:
    if "$ref" in definition:
        return f"`{definition['$ref'].rpartition(':')[2]}`"
    if definition["type"] == "array":
        return f"list of {_type(definition['items'])}"
    if definition["type"] == "object":
        return f"map of {_type(definition['additionalProperties'])}"
    return str(definition["type"])


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content)
