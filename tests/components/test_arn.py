"""ARNs: how they are taken apart, alike in the components and in the library, which do not import each other."""

import pytest
from ses_feedback import arn as library

from components.arn import Arn

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/blocked"


@pytest.mark.parametrize("text", [TABLE, "arn:aws:sns:eu-west-1:123456789012:topic:subscription", "blocked", "", "a:b"])
def test_the_library_reads_the_same(text: str) -> None:
    assert tuple(Arn.parse(text) or ()) == tuple(library.Arn.parse(text) or ())


def test_the_parts_of_an_arn() -> None:
    assert Arn.of(TABLE) == ("arn", "aws", "dynamodb", "eu-west-1", "123456789012", "table/blocked")
    assert Arn.of(TABLE).in_region("us-east-1") == TABLE.replace("eu-west-1", "us-east-1")


def test_what_is_not_an_arn_is_refused() -> None:
    assert Arn.parse("table/blocked") is None
    with pytest.raises(
        ValueError, match="the ARN is 'table/blocked': arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE is"
    ):
        Arn.of("table/blocked")
