"""Writes small Pulumi programs, to be deployed."""

import textwrap
from pathlib import Path

PROJECT = "name: tiny\nruntime: python\n"


def write_program(
    folder: Path, code: str, project: str = PROJECT, stack: str = "config:\n  aws:region: eu-west-1\n"
) -> Path:
    """Write a program and its two configuration files into a folder; return the folder."""
    (folder / "Pulumi.yaml").write_text(project)
    (folder / "Pulumi.sandbox.yaml").write_text(stack)
    imports = "import json\nimport pulumi\nimport pulumi_aws as aws\n"
    (folder / "__main__.py").write_text(imports + textwrap.dedent(code))
    return folder
