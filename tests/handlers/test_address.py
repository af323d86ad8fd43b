"""(7) One key function for writer and reader: what is the same address, what is not, and what is none."""

import json
import pickle
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.address import NotAnAddressError, address_key

VECTORS: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "address-key.json").read_text("utf-8")
)["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=count())
def test_every_vector_has_its_key_or_its_error(vector: dict[str, str]) -> None:
    """What other languages are held to. An error says why and does not repeat the text."""
    text = vector["text"]
    if "key" in vector:
        assert address_key(text) == vector["key"]
        return
    with pytest.raises(NotAnAddressError) as caught:
        address_key(text)
    assert caught.value.kind == vector["error"]
    for word in ("jane", "amy", "rgen"):
        assert word not in str(caught.value).lower()


def test_the_vectors_have_every_kind_of_error_and_each_text_once() -> None:
    assert {vector.get("error") for vector in VECTORS} == {
        None,
        "empty",
        "too-long",
        "form",
        "several",
        "local",
        "domain",
    }
    assert len({vector["text"] for vector in VECTORS}) == len(VECTORS)
    assert all(set(vector) in ({"text", "key"}, {"text", "error"}) for vector in VECTORS)


def test_an_error_keeps_its_kind_between_processes() -> None:
    error = NotAnAddressError("it is empty", "empty")
    assert pickle.loads(pickle.dumps(error)).kind == "empty"  # noqa: S301 - our own


@given(st.text('ab.@<>\\(), ;:[]"-', min_size=1, max_size=8))
def test_quotes_are_no_part_of_a_local_part_and_two_names_have_two_keys(name: str) -> None:
    """The key has exactly the name in the quotes: unquoted if the address is accepted so, else with its quotes."""
    quoted = '"' + "".join(f"\\{letter}" if letter in '"\\' else letter for letter in name) + '"@docomo.ne.jp'
    every_letter_escaped = '"' + "".join(f"\\{letter}" for letter in name) + '"@docomo.ne.jp'
    try:
        unquoted_is_accepted = address_key(f"{name}@docomo.ne.jp") == f"{name}@docomo.ne.jp" and '"' not in name
    except NotAnAddressError:
        unquoted_is_accepted = False
    key = f"{name}@docomo.ne.jp" if unquoted_is_accepted else quoted
    assert address_key(quoted) == address_key(every_letter_escaped) == key


atoms = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=12)
locals_ = st.lists(atoms | st.just(""), min_size=1, max_size=4).map(".".join).filter(bool)
domains = st.lists(st.text("abcXYZ0189-_", min_size=1, max_size=12), min_size=1, max_size=3).map(".".join)
names = st.text(st.characters(blacklist_characters='"<>@,()\\', blacklist_categories=["Cs"]), max_size=20)


@given(locals_, domains, names, st.data())
def test_7_every_spelling_of_one_address_has_one_key(local: str, domain: str, name: str, data: st.DataObject) -> None:
    plain = f"{local}@{domain}"
    key = address_key(plain)
    spellings = [
        plain.swapcase() if plain.isascii() else plain,
        f"{plain}.",
        f"<{plain}>",
        f"{name} <{plain}>",
        f'"{name}, x@y" <{plain}>',
        f"rfc822; {plain}",
        f'"{local}"@{domain}',
        f" {plain} (comment)",
        f"{plain} <{plain}>",
    ]
    assert address_key(data.draw(st.sampled_from(spellings))) == key
    assert key == key.lower()


@given(st.text(max_size=60) | st.text('ab@.<>"\\(), ;:[]ü\n', max_size=30))
def test_a_key_is_its_own_key_and_anything_else_is_refused(text: str) -> None:
    try:
        key = address_key(text)
    except NotAnAddressError:
        return
    assert address_key(key) == key
    assert key.isascii()
    assert 1 <= len(key.encode()) <= 2_048
