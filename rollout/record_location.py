"""Finds the place of a record: beside the Pulumi state, where every machine that runs the rollout finds it."""

import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import yaml

from .record import RecordError
from .record_file import RecordFile
from .record_store import RecordStore

FOLDER = "ses-feedback-rollout"
"""The folder, beside the state's `.pulumi`, that has the records."""
_WHOAMI_SECONDS = 60


def find_record_store(targets: Path, record: str | None, program: Path) -> RecordStore:
    """The store of `record`, a path or an S3 URL; without it, beside the state of the Pulumi backend.

    That is `ses-feedback-rollout/targets.json` for targets.yaml in a folder or in S3. Other backends keep no files of
    others: for them it is `targets.rollout.json` beside the targets file.
    """
    if record is not None:
        return _open_store(record)
    url = find_backend_url(program)
    parts = urlsplit(url)
    name = f"{FOLDER}/{targets.stem}.json"
    if parts.scheme == "file":
        return RecordFile(folder_of_backend(url, program) / name)
    if parts.scheme == "s3":
        return _open_store(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")))
    return RecordFile(targets.with_suffix(".rollout.json"))


def find_backend_url(program: Path) -> str:
    """The URL of the Pulumi backend, from environment, project or `pulumi login`, as in the CLI; empty: none."""
    if url := os.environ.get("PULUMI_BACKEND_URL"):
        return url
    project_file = program / "Pulumi.yaml"
    project = yaml.safe_load(project_file.read_text(encoding="utf-8")) if project_file.is_file() else None
    backend = project.get("backend") if isinstance(project, dict) else None
    if isinstance(backend, dict) and isinstance(backend.get("url"), str):
        return str(backend["url"])
    return _ask_cli(program)


def _open_store(record: str) -> RecordStore:
    if not record.startswith("s3://"):
        if "://" in record:
            raise RecordError(f"--record is {record}: a path or an s3:// URL is needed")
        return RecordFile(Path(record))
    from .record_s3 import RecordObject  # noqa: PLC0415 - boto3 is slow to import

    return RecordObject(record)


def folder_of_backend(url: str, program: Path) -> Path:
    """The folder of a `file://` backend; a relative one is relative to the program, where Pulumi runs."""
    parts = urlsplit(url)
    return program.resolve() / Path(parts.netloc + parts.path).expanduser()


def _ask_cli(program: Path) -> str:
    try:
        done = subprocess.run(
            ["pulumi", "--non-interactive", "whoami", "--json"],  # noqa: S607 - the CLI on PATH, as for every operation
            cwd=program,
            capture_output=True,
            encoding="utf-8",
            timeout=_WHOAMI_SECONDS,
            check=True,
        )
        return str(json.loads(done.stdout)["url"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return ""  # not logged in, or no CLI: the operation that needs them says so better
