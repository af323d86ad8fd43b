"""Patterns of protected addresses: how each is spelled, and which addresses it is about."""

import pytest
from ses_feedback.address import NotAnAddressError
from ses_feedback.protected import is_protected, protected_pattern


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Jane@Example.ORG", "jane@example.org"),
        ("Example.ORG.", "example.org"),
        ("Abuse@", "abuse@"),
        ("straße.de", "xn--strae-oqa.de"),
        ("xn--p1ai.example", "xn--p1ai.example"),
    ],
)
def test_a_pattern_is_spelled_as_the_key_of_an_address(text: str, pattern: str) -> None:
    assert protected_pattern(text) == pattern == protected_pattern(pattern)


@pytest.mark.parametrize("text", ["", "@", "abuse", "@example.org", "a b@", "jane@doe@example.org", "example..org"])
def test_what_is_no_pattern_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(NotAnAddressError) as error:
        protected_pattern(text)
    assert not text.strip("@") or text not in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "protected", "others"),
    [
        ("jane@example.org", {"jane@example.org"}, {"amy@example.org", "jane@example.net", "jane@mail.example.org"}),
        (
            "example.org",
            {"jane@example.org", '"a@b"@example.org'},
            {"jane@mail.example.org", "example.org@example.net"},
        ),
        ("abuse@", {"abuse@example.org", "abuse@example.net"}, {"no-abuse@example.org", "abuse+x@example.org"}),
    ],
)
def test_a_pattern_is_about_these_addresses_only(pattern: str, protected: set[str], others: set[str]) -> None:
    assert {key for key in protected | others if is_protected(key, [pattern])} == protected
