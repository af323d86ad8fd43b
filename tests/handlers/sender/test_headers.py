"""Recipients in a header: none may be lost, whatever is around it. Not proved: that SES reads them in the same way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_feedback.address import NotAnAddressError, address_key
from ses_feedback.sender import headers


def recipients_of(value: bytes) -> list[str]:
    return headers.recipients(
        headers.parse_header(b"From: a@shop.example\r\nTo: " + value + b"\r\nSubject: x\r\n\r\nbody")
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"jane@example.org", ["jane@example.org"]),
        (b'"Doe, Jane" <jane@x.org>, bob@x.org', ["jane@x.org", "bob@x.org"]),
        (b"a@x.org,\r\n\tb@y.org", ["a@x.org", "b@y.org"]),
        (b"a@x.org, a@x.org", ["a@x.org"]),
        (b"=?utf-8?q?J=C3=BCrgen?= <j@x.org>", ["j@x.org"]),
        (b"J\xc3\xbcrgen <j@b\xc3\xbccher.example>", ["j@bücher.example"]),
        (b"\xff <j@x.org>", ["j@x.org"]),
        (b"undisclosed-recipients:;", []),
        (b'"Old: friends": a@x.org, Bob <b@x.org>; c@x.org', ["a@x.org", "b@x.org", "c@x.org"]),
        (b"a@x.org;b@x.org", ["a@x.org", "b@x.org"]),
        (b",, a@x.org ,", ["a@x.org"]),
        (b"a@x.org (home, not work), b@x.org", ["a@x.org (home, not work)", "b@x.org"]),
        (b'"a@b"@x.org, "a,b"@x.org', ['"a@b"@x.org', '"a,b"@x.org']),
        (b"jane@[IPv6:2001:db8::1]", ["jane@[IPv6:2001:db8::1]"]),
        (b"jane..doe.@example.jp", ["jane..doe.@example.jp"]),
        (b"", []),
    ],
)
def test_what_is_found_in_a_field(value: bytes, expected: list[str]) -> None:
    assert recipients_of(value) == expected
    for recipient in expected:
        address_key(recipient)


@pytest.mark.parametrize(
    "value",
    [
        b"Jane jane@example.org",
        b"jane@example.org bob@example.org",
        b"<jane@example.org><bob@example.org>",
        b"jane@example.org)bob@example.org",
        b"<@a.example,@b.example:jane@example.org>",
        b"jane@example.org\x00",
        b"Jane <jane@example.org",
        b"=?utf-8?q?jane=40example.org?=",
        b"j\xc3\xbcrgen@example.org",
    ],
)
def test_what_cannot_be_read_comes_out_as_something_that_is_no_address(value: bytes) -> None:
    """The standard library's parser finds one address or none in these, without an error."""
    recipients = recipients_of(value)
    assert recipients
    for recipient in recipients:
        with pytest.raises(NotAnAddressError):
            address_key(recipient)


local_parts = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~.", min_size=1, max_size=8)
addresses = st.builds("{}@{}.example".format, local_parts, st.text("abc019", min_size=1, max_size=8))
names = st.text(st.characters(codec="ascii", exclude_characters='"<>@,;:()\\\r\n\0'), max_size=12)
separators = st.sampled_from([", ", ",", ",\r\n ", " ,\t"])


@given(st.lists(st.tuples(addresses, names, st.sampled_from("anq")), min_size=1, max_size=6), separators)
def test_every_recipient_is_found_whatever_it_is_called(people: list[tuple[str, str, str]], separator: str) -> None:
    forms = {"a": "{0}", "n": "{1} <{0}>", "q": '"{1}, x@y; z:" <{0}>'}
    field = separator.join(forms[form].format(address, name) for address, name, form in people)
    assert recipients_of(field.encode()) == list(dict.fromkeys(address for address, _, _ in people))


def test_a_field_counts_each_time_it_stands_in_the_header_and_only_there() -> None:
    message = (
        b"to: a@x.org\r\nBCC: b@x.org\r\nTo: c@x.org\r\nReply-To: d@x.org\r\n\r\nCc: e@x.org\r\n\r\nTo: f@x.org\r\n"
    )
    for line_end in (b"\r\n", b"\n", b"\r"):
        fields = headers.parse_header(message.replace(b"\r\n", line_end))
        assert headers.recipients(fields) == ["a@x.org", "b@x.org", "c@x.org"]


def test_the_tags_of_a_message() -> None:
    fields = headers.parse_header(b"X-SES-Message-Tags: kind=alarm, priority = high\r\nX-SES-MESSAGE-TAGS: a=b\r\n\r\n")
    assert headers.message_tags(fields) == {"kind": "alarm", "priority": "high", "a": "b"}


def test_a_line_that_is_no_field_is_an_error_without_its_text() -> None:
    with pytest.raises(ValueError, match="MissingHeaderBodySeparatorDefect") as caught:
        headers.parse_header(b"To: a@x.org\r\njane@example.org\r\nBcc: b@x.org\r\n\r\n")
    assert "@" not in str(caught.value)
    assert headers.parse_header(b"To: a@x.org\r\nno field\r\n\r\n", strict=False) == [("To", "a@x.org")]
