"""Which commit of the program is rolled out, and the program as it was at another commit, with Git."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from .options import DeployerOptions
from .program_files import STACK_FILES, ProgramError, pathspecs, run_git
from .record_location import find_backend_url, folder_of_backend

DIRTY = "-dirty"
"""Ends the commit of a program of which some files differ from that commit."""


def read_commit(program: Path, ignored_files: Sequence[Path] = ()) -> str:
    """The commit of the program's folder; with `-dirty` if files in it differ from the commit; empty: not in Git.

    The files of stacks do not count, nor do `ignored_files`, such as the targets file: the plan has their content.
    """
    folder = program.resolve()
    try:
        commit = run_git(folder, "rev-parse", "HEAD")
        changes = run_git(
            folder, "status", "--porcelain", "--untracked-files=all", "--", *pathspecs(folder, ignored_files)
        )
    except ProgramError:
        return ""
    return commit + DIRTY if changes else commit


def is_exact(commit: str) -> bool:
    """Whether a recorded commit is all that is needed to have the program again."""
    return bool(commit) and not commit.endswith(DIRTY)


def resolve_commit(program: Path, name: str) -> str:
    """The whole id of the commit that a short id, tag or branch names. Raises: ProgramError when there is none."""
    try:
        return run_git(program.resolve(), "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except ProgramError as error:
        advice = (
            "`git fetch` it; a shallow clone, such as that of actions/checkout without fetch-depth: 0, has only one"
        )
        raise ProgramError(f"the program's repository does not have commit {name!r} ({error}): {advice}") from None


@contextmanager
def program_of_record(
    options: DeployerOptions, commit: str, ignored_files: Sequence[Path]
) -> Iterator[DeployerOptions]:
    """The options with the program that a rollout began with, if Git has it; otherwise with the present one."""
    if not is_exact(commit) or read_commit(options.program, ignored_files) == commit:
        yield options
        return
    sys.stderr.write(f"The rollout began with commit {commit} of the program and goes on with it.\n")
    with program_at(options, commit) as options_at_commit:
        yield options_at_commit


@contextmanager
def program_at(options: DeployerOptions, commit: str) -> Iterator[DeployerOptions]:
    """The options with the program and its policy packs as they were at a commit, in a temporary worktree.

    The stacks and their files are those of the present program. Raises: ProgramError.
    """
    program = options.program.resolve()
    commit = resolve_commit(program, commit)
    repository = Path(run_git(program, "rev-parse", "--show-toplevel")).resolve()
    with TemporaryDirectory(prefix="ses-feedback-") as folder:
        worktree = Path(folder).resolve() / repository.name
        run_git(repository, "worktree", "add", "--detach", str(worktree), commit)
        try:

            def at_commit(path: Path) -> Path:
                path = path.resolve()
                return worktree / path.relative_to(repository) if path.is_relative_to(repository) else path

            options_at_commit = replace(
                options,
                program=at_commit(program),
                policy_packs=tuple(map(at_commit, options.policy_packs)),
                policy_pack_configs=tuple(map(at_commit, options.policy_pack_configs)),
            )
            with _same_backend(program), _same_stack_files(program, options_at_commit.program):
                yield options_at_commit
        finally:
            run_git(repository, "worktree", "remove", "--force", str(worktree))


@contextmanager
def _same_backend(program: Path) -> Iterator[None]:
    """A backend that the program names, or that is relative to it, stays the one of the present program."""
    before = os.environ.get("PULUMI_BACKEND_URL")
    url = find_backend_url(program)
    parts = urlsplit(url)
    if parts.scheme == "file":
        url = parts._replace(netloc="", path=str(folder_of_backend(url, program))).geturl()
    if before or parts.scheme not in {"", "http", "https"}:  # the CLI's own login needs no help
        os.environ["PULUMI_BACKEND_URL"] = url
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PULUMI_BACKEND_URL", None)
        else:
            os.environ["PULUMI_BACKEND_URL"] = before


@contextmanager
def _same_stack_files(program: Path, program_at_commit: Path) -> Iterator[None]:
    """Stacks' files, which have what Pulumi needs to decrypt, go along; what the rollout writes into them returns."""
    for path in program.glob(STACK_FILES):
        shutil.copy(path, program_at_commit)
    contents = {path: path.read_bytes() for path in program_at_commit.glob(STACK_FILES)}
    try:
        yield
    finally:
        for path in program_at_commit.glob(STACK_FILES):
            if path.read_bytes() != contents.get(path):
                shutil.copy(path, program)
