"""The files of the program, as Git or the file system has them."""

import hashlib
import subprocess
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

STACK_FILES = "Pulumi.*.yaml"
"""The configuration of the stacks, which the rollout writes itself."""
_NOT_OF_THE_PROGRAM = (
    STACK_FILES,
    "*reviewed.json",
    "*.rollout.json",
    "*.rollout.last-success.json",
    ".*.rollout.json.lock",
)
"""Names of files beside the program that the rollout writes."""
_FOLDERS_OF_TOOLS = frozenset({"__pycache__", "node_modules", "venv"})


class ProgramError(ValueError):
    """Git cannot be run, or does not have what is asked for."""


def read_program_files(program: Path, ignored_files: Sequence[Path] = ()) -> dict[str, str]:
    """The SHA-256 of each file of the program by its path: in Git all files that are not ignored, else all not hidden.

    The files of stacks do not count, nor do `ignored_files`, such as the targets file: the plan has their content.
    """
    folder = program.resolve()
    try:
        arguments = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
        listed = run_git(folder, *arguments, *pathspecs(program, ignored_files)).split("\0")
        paths = [folder / name for name in set(listed) if name]
    except ProgramError:
        ignored = {path.resolve() for path in ignored_files}
        paths = [path for path in folder.rglob("*") if path not in ignored and _counts(path.relative_to(folder))]
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(paths) if path.is_file()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def pathspecs(program: Path, ignored_files: Sequence[Path]) -> list[str]:
    """The program's files for a Git command that runs in its folder."""
    folder = program.resolve()
    ignored = [path.resolve().relative_to(folder) for path in ignored_files if path.resolve().is_relative_to(folder)]
    excluded_names = [f":(exclude,glob)**/{pattern}" for pattern in _NOT_OF_THE_PROGRAM]
    return [".", *excluded_names, *(f":(exclude,literal){path}" for path in ignored)]


def run_git(folder: Path, *arguments: str) -> str:
    """What Git prints. Raises: ProgramError."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the one on PATH
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except OSError as error:
        raise ProgramError(f"git cannot be run: {error}") from None
    except subprocess.CalledProcessError as error:
        raise ProgramError(f"git {arguments[0]} in {folder}: {error.stderr.strip()}") from None
    return done.stdout.strip()


def _counts(path: Path) -> bool:
    hidden = any(part.startswith(".") or part in _FOLDERS_OF_TOOLS for part in path.parts)
    return not hidden and not any(fnmatchcase(path.name, pattern) for pattern in _NOT_OF_THE_PROGRAM)
