"""(7) One key function for writer and reader: what is the same address, what is not, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.address import NotAnAddressError, address_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("jane@example.org", "jane@example.org"),
        ("  jane@example.org\r\n", "jane@example.org"),
        ("Jane.Doe@EXAMPLE.org", "jane.doe@example.org"),
        ("jane+shop@example.org", "jane+shop@example.org"),
        ("jane@example.org.", "jane@example.org"),
        ("<jane@example.org>", "jane@example.org"),
        ("< jane@example.org >", "jane@example.org"),
        ("Jane <jane@example.org>", "jane@example.org"),
        ("Jane<jane@example.org>", "jane@example.org"),
        ('"Doe, Jane" <jane@example.org>', "jane@example.org"),
        ('"j@x.org, k@x.org" <jane@example.org>', "jane@example.org"),
        ("Doe, Jane <jane@example.org>", "jane@example.org"),
        ('O"Brien <jane@example.org>', "jane@example.org"),
        ("=?UTF-8?B?SsO8cmdlbg==?= <jane@example.org>", "jane@example.org"),
        ("Jürgen <jane@example.org>", "jane@example.org"),
        ("jane@example.org (Jane)", "jane@example.org"),
        ("(Jane) jane@example.org", "jane@example.org"),
        ("Jane <jane@example.org> (home)", "jane@example.org"),
        ("rfc822; jane@example.org", "jane@example.org"),
        ("RFC822;<jane@example.org>", "jane@example.org"),
        ('"jane"@example.org', "jane@example.org"),
        ('"ja\\ne"@example.org', "jane@example.org"),
        ('"jane.doe"@example.org', "jane.doe@example.org"),
        ('"Jane Doe"@example.org', '"jane doe"@example.org'),
        ('"jane..doe"@example.org', '"jane..doe"@example.org'),
        ('"a\\"b"@example.org', '"a\\"b"@example.org'),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ('x <"a>b"@example.org>', '"a>b"@example.org'),
        ("o'brien@example.org", "o'brien@example.org"),
        ("a/b=c?d@example.org", "a/b=c?d@example.org"),
        ("jane..doe.@example.jp", "jane..doe.@example.jp"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@bücher.example.", "jane@xn--bcher-kva.example"),
        ("jane@XN--BCHER-KVA.example", "jane@xn--bcher-kva.example"),
        ("jane@faß.de", "jane@xn--fa-hia.de"),
        ("jane@fass.de", "jane@fass.de"),
        ("jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("jane@\uff45xample.org", "jane@example.org"),
        ("jane@xn--i-7iq.ws", "jane@xn--i-7iq.ws"),
        ("jane@[192.0.2.1]", "jane@[192.0.2.1]"),
        ("jane@[IPv6:2001:DB8::1]", "jane@[ipv6:2001:db8::1]"),
        ("jane@under_score.example", "jane@under_score.example"),
        ("jane@localhost", "jane@localhost"),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.example", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.example"),
    ],
)
def test_the_key(text: str, key: str) -> None:
    assert address_key(text) == key


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("rfc822;", "it is empty"),
        ("jane", "not of the form"),
        ("@example.org", "not of the form"),
        ("jane@", "not of the form"),
        ("jane@@example.org", "not of the form"),
        ("jane@home@example.org", "not of the form"),
        ("jane doe@example.org", "not of the form"),
        ("Jane jane@example.org", "not of the form"),
        ("jane@example.org, amy@example.org", "not of the form"),
        ("friends: jane@example.org;", "not of the form"),
        ("undisclosed-recipients:;", "not of the form"),
        ("<@a.example,@b.example:jane@example.org>", "not of the form"),
        ('"jane@example.org', "not of the form"),
        ("<jane@example.org", "not of the form"),
        ("amy@example.org, Jane <jane@example.org>", "more than one address"),
        ("amy@example.org; Jane <jane@example.org>", "more than one address"),
        ("<amy@example.org><jane@example.org>", "more than one address"),
        ("jürgen@example.org", "outside printable ASCII"),
        ("ja\x00ne@example.org", "outside printable ASCII"),
        ('"ja\x07ne"@example.org', "outside printable ASCII"),
        ("jane@[192.0.2.ü]", "outside printable ASCII"),
        ("jane@exam ple.org", "not of the form"),
        ("jane@example..org", "empty part"),
        ("jane@.org", "empty part"),
        ("jane@.", "empty part"),
        ("jane@exa$mple.org", "character no domain has"),
        ("jane@ex\u00a0ample.org", "not of the form"),
        (f"jane@{'a' * 64}.org", "more than 63"),
        ("jane@i❤.ws", "no internationalised domain"),
        ("jane@\u2028.org", "not of the form"),
        ("jane@ü" + "a" * 400 + ".org", "at most 253"),
        (f"{'a' * 310}@example.org", "at most 320"),
        ("a" * 3_000 + "@example.org", "at most 2048"),
    ],
)
def test_what_is_no_address_is_said_and_not_repeated(text: str, problem: str) -> None:
    with pytest.raises(NotAnAddressError) as caught:
        address_key(text)
    assert problem in str(caught.value)
    assert "jane" not in str(caught.value).lower()


atoms = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=12)
locals_ = st.lists(atoms, min_size=1, max_size=3).map(".".join)
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
