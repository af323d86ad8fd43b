"""The archive: the same bytes wherever and whenever it is built, all that the function needs, and nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pulumi
import pytest

from components.archive import HANDLER, HANDLERS, handler_archive


def contents(archive: pulumi.AssetArchive) -> list[tuple[str, bytes]]:
    """Name and content of every file, in order, which is what the engine hashes."""
    files = {name: asset for name, asset in archive.assets.items() if isinstance(asset, pulumi.FileAsset)}
    assert len(files) == len(archive.assets)
    return [(name, Path(asset.path).read_bytes()) for name, asset in files.items()]


def test_two_builds_from_two_folders_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "elsewhere" / "ses_feedback"
    shutil.copytree(HANDLERS, copy)
    (copy / "__pycache__").mkdir(exist_ok=True)
    (copy / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"bytecode")
    (copy / "handler.py~").write_text("an editor's backup")
    os.utime(copy / "__init__.py", (0, 0))
    monkeypatch.chdir(tmp_path)
    assert contents(handler_archive(copy)) == contents(handler_archive())


def test_only_python_files_of_the_handlers_and_their_libraries() -> None:
    names = list(handler_archive().assets)
    assert names == sorted(names)
    assert all(name.endswith(".py") and "__pycache__" not in name for name in names)
    assert {name.split("/")[0] for name in names} == {
        "ses_feedback",
        "aws_lambda_powertools",
        "idna",
        "jmespath",
        "typing_extensions.py",
    }


def test_of_the_library_what_the_functions_import_and_nothing_else() -> None:
    """The archive takes whole folders, so the functions must import each of their modules."""
    code = (
        "import sys, ses_feedback.function.handler, ses_feedback.canary.handler;"
        "print(*(module.__file__ for name, module in sys.modules.items() if name.partition('.')[0] == 'ses_feedback'))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HANDLERS.parent)}
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    files = {Path(path).relative_to(HANDLERS.parent).as_posix() for path in process.stdout.split()}
    assert {name for name in handler_archive().assets if name.startswith("ses_feedback/")} == files


def test_the_function_starts_from_the_archive_and_boto3_alone(tmp_path: Path) -> None:
    """boto3 comes with the runtime; nothing else of this environment may be needed.

    Does not prove that it starts under Lambda's own Python 3.13 on arm64.
    """
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        for name, content in contents(handler_archive()):
            archive.writestr(name, content)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    site_packages = Path(boto3.__file__).parent.parent
    for library in ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six.py"):
        (runtime / library).symlink_to(site_packages / library)
    module, _, function = HANDLER.rpartition(".")
    python_path = [str(tmp_path / "function.zip"), str(runtime)]
    code = f"import sys; sys.path[:0] = {python_path!r}; from {module} import {function}"
    table = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BLOCKED_TABLE_ARN": f"{table}blocked",
        "HISTORY_TABLE_ARN": f"{table}history",
        "PIPELINE": "p",
        "POWERTOOLS_SERVICE_NAME": "ses-feedback",
        "POWERTOOLS_METRICS_NAMESPACE": "SesFeedback",
    }
    # -S: no site-packages; -I: no PYTHONPATH and not this folder.
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr


def test_an_empty_or_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no Python file"):
        handler_archive(tmp_path)
    with pytest.raises(FileNotFoundError, match="missing holds no Python file"):
        handler_archive(tmp_path / "missing")


def test_a_missing_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.archive.LIBRARIES", ("no_such_library",))
    with pytest.raises(FileNotFoundError, match=r"no_such_library is not installed .* install ses-feedback\[lambda\]"):
        handler_archive()
