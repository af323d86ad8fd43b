"""What other people's stacks and programs rest on, as files that a reviewer reads. `make docs` renews them."""

from docs import component_reference, policy_reference
from tests import snapshot


def test_the_package_is_what_the_files_say() -> None:
    for path, text in component_reference.files().items():
        assert path.read_text() == text, f"{path} is out of date: make docs, and read the difference"


def test_the_list_of_policies_is_what_the_pack_holds() -> None:
    for path, text in policy_reference.files().items():
        assert path.read_text() == text, f"{path} is out of date: make docs, and read the difference"


def test_the_dev_stack_is_what_the_file_says() -> None:
    assert snapshot.SNAPSHOT.read_text() == snapshot.text(), "out of date: make docs, and read the difference"
