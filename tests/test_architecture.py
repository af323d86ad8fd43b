"""docs/architecture.md shows the code as it is: its pictures follow from the imports; CONTRIBUTING names every folder.

Does not prove that the pictures are easy to read: look at them where Mermaid is drawn, for example on GitHub.
"""

import importlib
from pathlib import Path

import pytest

from docs import architecture
from docs.architecture import ARROWS, FOLDERS, STEPS, Step

ROOT = Path(__file__).parents[1]
OWN_FOLDERS = {package.partition(".")[0] for package in FOLDERS} - {"ses_feedback", "ses_feedback_cli"} | {
    "cli",
    "handlers",
}
CODE = [step for step in STEPS if step.module]


def test_the_page_is_what_the_imports_say() -> None:
    page = architecture.PAGE.read_text(encoding="utf-8")
    assert page == architecture.with_pictures(page), "out of date: make docs, and read the difference"


def test_every_package_is_in_the_picture() -> None:
    top = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    library = {
        f"ses_feedback.{path.parent.name}" for path in (ROOT / "handlers" / "ses_feedback").glob("*/__init__.py")
    }
    assert top | library | {"__main__", "ses_feedback", "ses_feedback_cli"} == set(FOLDERS)


@pytest.mark.parametrize("step", CODE, ids=[step.id for step in CODE])
def test_every_step_is_a_function_that_exists(step: Step) -> None:
    assert callable(getattr(importlib.import_module(step.module), step.function))


def test_every_arrow_between_modules_is_an_import() -> None:
    modules = {step.id: step.module for step in STEPS}
    arrows = {(modules[source], modules[target]) for source, target, _ in ARROWS if modules[source] and modules[target]}
    assert arrows - architecture.imports() == set()


def test_every_folder_has_a_row_in_contributing() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")}
    named = {name for row in rows for name in row.replace("`", "").split(", ")}
    packages = [path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py")]
    folders = {f"{package}/" for package in packages if package.parts[0] in OWN_FOLDERS and "venv" not in package.parts}
    folders |= {"docs/", "docs/adr/", "docs/reference/", "examples/", "tests/", "tests/events/"}
    assert folders - named == set()
