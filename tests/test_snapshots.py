"""What other programs and stacks depend on, as files that a reviewer reads. `make docs` renews them."""

import json
import re
from pathlib import Path

from docs import cli_reference, component_reference, policy_reference
from tests import snapshot
from tests.test_program import stack

RELEASED = Path(__file__).with_name("released.json")
"""What holds data in the dev stack of the last release: [type, logical name]. Renewed with a release and not before."""
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
HOLDS_DATA = ("aws:dynamodb/table:Table", "aws:kms/key:Key", "aws:sns/topic:Topic", "aws:sqs/queue:Queue")


def test_the_package_is_what_the_files_say() -> None:
    for path, content in component_reference.files().items():
        assert path.read_text() == content, f"{path} is out of date: make docs, and read the difference"


def test_the_list_of_policies_is_what_the_pack_holds() -> None:
    for path, content in policy_reference.files().items():
        assert path.read_text() == content, f"{path} is out of date: make docs, and read the difference"


def test_the_help_of_the_command_line_is_what_the_commands_say() -> None:
    for path, content in cli_reference.files().items():
        assert path.read_text() == content, f"{path} is out of date: make docs, and read the difference"


def test_the_dev_stack_is_what_the_file_says() -> None:
    assert snapshot.SNAPSHOT.read_text() == snapshot.text(), "out of date: make docs, and read the difference"


def test_nothing_that_holds_data_is_replaced_without_an_alias_or_a_word() -> None:
    """A new logical name is a new queue, table or topic, and the old one is deleted with what is in it."""
    resources = {
        (resource.type, name) for resource in stack("dev").resources for name in (resource.name, *resource.aliases)
    }
    released = {(type_, name) for type_, name in json.loads(RELEASED.read_text())}
    unreleased = CHANGELOG.read_text().split("## Unreleased", 1)[1].split("\n## ", 1)[0]
    breaking = re.findall(r"### Breaking\n(.*?)(?=\n### |\Z)", unreleased, re.DOTALL)
    assert {(type_, name) for type_, name in released - resources if name not in "".join(breaking)} == set(), (
        "give it an alias, or name it in the CHANGELOG under Breaking"
    )


def test_the_released_graph_holds_every_kind_of_data_that_the_dev_stack_has() -> None:
    released = {type_ for type_, _ in json.loads(RELEASED.read_text())}
    assert released == {resource.type for resource in stack("dev").custom if resource.type in HOLDS_DATA}
