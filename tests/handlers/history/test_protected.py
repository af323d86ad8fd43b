"""Patterns of addresses that no feedback may block."""

import pytest
from ses_feedback.history.protected import Protected, pattern_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" Jane@Example.ORG ", "jane@example.org"),
        ("Example.ORG.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Abuse@", "abuse@"),
        ('"Abuse"@', "abuse@"),
    ],
)
def test_a_pattern_has_the_form_of_the_keys(text: str, key: str) -> None:
    assert pattern_key(text) == key


@pytest.mark.parametrize(
    "text",
    ["", "staff", "*@example.org", "@example.com", "abuse@*", "a b", "exa mple.org", "jane@@example.org", "jane,joe@"],
)
def test_what_is_no_pattern_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"it (is no address|has a \*)") as refusal:
        pattern_key(text)
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("jane@example.org", {"jane@example.org"}),
        ("example.org", {"jane@example.org", "abuse@example.org"}),
        ("abuse@", {"abuse@example.org", "abuse@mail.example.org"}),
    ],
)
def test_it_covers_what_it_says_and_nothing_else(pattern: str, covered: set[str]) -> None:
    keys = {"jane@example.org", "abuse@example.org", "abuse@mail.example.org", "notabuse@mail.example.org"}
    assert {key for key in keys if Protected.read([pattern]).covers(key)} == covered
