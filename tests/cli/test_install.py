"""The installed command: what the wheel holds, and completion. Not proved: that the registry has the dependencies."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
COMMAND = Path(sys.executable).with_name("ses-feedback")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not UV.exists():
        pytest.skip("no .tools/bin/uv: make test sets it up")
    folder = tmp_path_factory.mktemp("wheel")
    command = [str(UV), "build", "--offline", "--no-config", "--wheel", f"--out-dir={folder}", str(ROOT / "cli")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    project = ROOT / "cli"
    files = {
        path.relative_to(project).as_posix()
        for path in (project / "ses_feedback_cli").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= {*zipfile.ZipFile(wheel).namelist()}


def test_what_the_wheel_holds_runs(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys, ses_feedback_cli.__main__ as m, ses_feedback_cli.report.page as page; page._template();"
        "print(m.__file__); sys.argv = ['ses-feedback', 'report', '--help']; m.main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True
    )
    main_file, _, help_text = process.stdout.partition("\n")
    assert Path(main_file).is_relative_to(tmp_path)
    assert "--addresses" in help_text


@pytest.mark.parametrize(
    ("words", "completions"),
    [("ses-feedback rep", ["report"]), ("ses-feedback report --addr", ["--addresses"]), ("ses-feedback nothing", [])],
)
def test_bash_completes(words: str, completions: list[str]) -> None:
    environment = {
        **os.environ,
        "_SES_FEEDBACK_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    process = subprocess.run([COMMAND], capture_output=True, text=True, env=environment, timeout=30, check=True)
    assert process.stdout.split() == completions


def test_the_script_for_the_shell_names_the_command() -> None:
    # Typer would look at the parent process for the shell, which a test runner need not have.
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [str(COMMAND), "--show-completion", "bash"]
    process = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30, check=True)
    assert "_SES_FEEDBACK_COMPLETE=complete_bash" in process.stdout
    assert "ses-feedback" in process.stdout
