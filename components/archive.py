"""The functions' code: this repository's handlers and the libraries they need, the same bytes on every machine."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pulumi

HANDLER = "ses_feedback.function.handler.lambda_handler"
CANARY_HANDLER = "ses_feedback.canary.handler.lambda_handler"
HANDLERS = Path(__file__).resolve().parent.parent / "handlers" / "ses_feedback"
"""Relative to this file, not to the working directory, which is the consumer's."""

FOLDERS = ("canary", "function", "history")
"""The folders of the library that go into the archive beside its shared modules; no function uses `sender`."""

# Without boto3: Lambda's Python runtime has it (docs/adr/0003-archive.md).
LIBRARIES = ("aws_lambda_powertools", "idna", "jmespath", "typing_extensions")


def handler_archive(handlers: Path = HANDLERS) -> pulumi.AssetArchive:
    """Build the archive from `handlers` and from the libraries installed beside Pulumi.

    Only Python files go in, in sorted order; no bytecode, so two builds are equal.
    Raises: FileNotFoundError, naming the folder or library that is missing or empty.
    """
    files = dict(_python_files(handlers, handlers.parent, "*.py"))
    for folder in FOLDERS:
        files |= _python_files(handlers / folder, handlers.parent)
    for library in LIBRARIES:
        files |= _library_files(library)
    return pulumi.AssetArchive({name: pulumi.FileAsset(str(path)) for name, path in sorted(files.items())})


def _library_files(library: str) -> dict[str, Path]:
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the library {library} is not installed beside Pulumi: install ses-feedback[lambda]")
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        return {origin.name: origin}
    return dict(_python_files(origin.parent, origin.parent.parent))


def _python_files(folder: Path, root: Path, pattern: str = "**/*.py") -> Iterator[tuple[str, Path]]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no Python file: the function's code is missing")
    for path in paths:
        yield path.relative_to(root).as_posix(), path
