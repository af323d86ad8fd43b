"""The program's commit, its files, and the program at another commit, with the real Git."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.options import DeployerOptions
from rollout.program import program_at, program_of_record, read_commit, resolve_commit
from rollout.program_files import ProgramError, read_program_files
from tests.rollout.git_repository import commit_all, git, isolate_git


@pytest.fixture(autouse=True)
def own_git(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_git(monkeypatch)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with its pack in a folder of a repository that has another file too."""
    folder = tmp_path / "repository" / "mail"
    (folder / "policy").mkdir(parents=True)
    git(folder.parent, "init", "-q")
    (folder / "Pulumi.yaml").write_text("name: ses-feedback\n")
    (folder / "__main__.py").write_text("first")
    (folder / "policy" / "PulumiPolicy.yaml").write_text("first")
    for name in ("dev", "gone"):
        (folder / f"Pulumi.{name}.yaml").write_text("first")
    (folder.parent / "other.txt").write_text("first")
    commit_all(folder.parent)
    return folder


def options_of(program: Path) -> DeployerOptions:
    return DeployerOptions(1, program, None, None, (program / "policy",), ())


def test_the_commit_is_dirty_when_a_file_of_the_program_differs(program: Path, tmp_path: Path) -> None:
    commit = git(program, "rev-parse", "HEAD")
    assert read_commit(program) == commit
    (program.parent / "other.txt").write_text("changed")
    (program / "Pulumi.dev.yaml").write_text("changed")
    (program / "Pulumi.new-eu-west-1.yaml").write_text("new")
    targets = program / "targets.yaml"
    targets.write_text("new")
    assert read_commit(program, [targets, tmp_path / "elsewhere.yaml"]) == commit
    assert read_commit(program) == f"{commit}-dirty", "a new file may be one that the program imports"
    targets.unlink()
    (program / "Pulumi.yaml").write_text("changed")
    assert read_commit(program) == f"{commit}-dirty"


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_commit(tmp_path) == ""
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_commit(tmp_path) == ""


def test_the_program_and_its_pack_at_a_commit_have_the_stacks_and_the_backend_of_the_present(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(program, "rev-parse", "HEAD")
    for name in ("__main__.py", "policy/PulumiPolicy.yaml"):
        (program / name).write_text("second")
    (program / "Pulumi.gone.yaml").unlink()
    commit_all(program.parent)
    (program / "Pulumi.dev.yaml").write_text("second")
    (program / "Pulumi.hub.yaml").write_text("salt")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://./state")
    outer_pack = tmp_path / "pack"
    options = replace(options_of(program), policy_packs=(program / "policy", outer_pack))
    with program_at(options, first[:9]) as at_commit:
        assert at_commit.program != program
        assert (at_commit.program / "__main__.py").read_text() == "first"
        assert (at_commit.policy_packs[0] / "PulumiPolicy.yaml").read_text() == "first"
        assert at_commit.policy_packs[1] == outer_pack
        assert (at_commit.program / "Pulumi.hub.yaml").read_text() == "salt"
        assert os.environ["PULUMI_BACKEND_URL"] == f"file://{program}/state"
        (at_commit.program / "Pulumi.hub.yaml").write_text("written by the update")
    assert not at_commit.program.exists()
    assert git(program, "worktree", "list").count("\n") == 0
    assert os.environ["PULUMI_BACKEND_URL"] == "file://./state"
    assert (program / "Pulumi.hub.yaml").read_text() == "written by the update"
    assert not (program / "Pulumi.gone.yaml").exists()
    assert (program / "Pulumi.dev.yaml").read_text() == (program / "__main__.py").read_text() == "second"


def test_a_rollout_goes_on_with_the_commit_it_began_with(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options, first = options_of(program), git(program, "rev-parse", "HEAD")
    for recorded in (first, "", f"{first}-dirty"):
        with program_of_record(options, recorded, ()) as same:
            assert same is options
    assert capsys.readouterr().err == ""
    (program / "__main__.py").write_text("second")
    for _ in range(2):  # not committed, committed
        with program_of_record(options, first, ()) as at_commit:
            assert (at_commit.program / "__main__.py").read_text() == "first"
        assert f"began with commit {first}" in capsys.readouterr().err
        git(program, "commit", "-q", "-a", "--allow-empty", "-m", "x")


def test_a_commit_that_git_does_not_have_is_an_error_with_advice(program: Path, tmp_path: Path) -> None:
    for name in ("0" * 40, "no-such-tag", "--help"):
        with pytest.raises(ProgramError, match=f"does not have commit '{name}' .*fetch-depth: 0"):
            resolve_commit(program, name)
    with pytest.raises(ProgramError, match="not a git repository"), program_at(options_of(tmp_path), "HEAD"):
        raise AssertionError


def test_the_files_of_a_program_in_git_are_those_that_git_does_not_ignore(program: Path, tmp_path: Path) -> None:
    before = read_program_files(program)
    assert set(before) == {"Pulumi.yaml", "__main__.py", "policy/PulumiPolicy.yaml"}
    (program / ".gitignore").write_text("build\n")
    (program / "build").write_text("x")
    (program / "ünïcode.py").write_text("x")
    (program / "__main__.py").unlink()
    after = read_program_files(program, [program / ".gitignore", tmp_path / "elsewhere"])
    assert after.keys() == {"Pulumi.yaml", "policy/PulumiPolicy.yaml", "ünïcode.py"}
    assert after["Pulumi.yaml"] == before["Pulumi.yaml"]
