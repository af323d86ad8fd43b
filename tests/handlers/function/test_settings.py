"""The settings that are lists: what is read, and what is wrong with them."""

import json

import pytest
from ses_feedback.function.origin import Source
from ses_feedback.function.settings import Settings, SettingsError
from ses_feedback.history.safeguards import Safeguards

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
REQUIRED = {"BLOCKED_TABLE_ARN": f"{TABLE}blocked", "HISTORY_TABLE_ARN": f"{TABLE}history", "PIPELINE": "bounce-shop"}


def test_everything_is_read() -> None:
    settings = Settings.read(
        {
            **REQUIRED,
            "PROTECTED": json.dumps(["Jane@Example.org", "example.net", "abuse@"]),
            "ACCOUNT": "123456789012",
            "AWS_REGION": "eu-west-1",
            "IDENTITIES": json.dumps(["shop.example"]),
            "CONFIGURATION_SET": "main",
            "SENDING_ACCOUNTS": json.dumps(["210987654321"]),
        }
    )
    assert settings.safeguards.protected.patterns == {"jane@example.org", "example.net", "abuse@"}
    assert settings.source == Source("123456789012", "eu-west-1", ("shop.example",), "main", ("210987654321",))


def test_the_environment_of_the_version_before_is_enough() -> None:
    settings = Settings.read(REQUIRED)
    assert (settings.safeguards, settings.source) == (Safeguards(), Source())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PROTECTED", "jane@example.org", "PROTECTED is no JSON list of strings"),
        ("PROTECTED", '{"jane@example.org": 1}', "PROTECTED is no JSON list of strings"),
        ("PROTECTED", '["example.net", "amy@amy@example.org"]', "entry 2 of PROTECTED is not usable"),
        ("IDENTITIES", "[1]", "IDENTITIES is no JSON list of strings"),
        ("ACCOUNT", "1", "ACCOUNT has '1'; an account id"),
        ("SENDING_ACCOUNTS", '["123456789012", "x"]', "SENDING_ACCOUNTS has 'x'; an account id"),
    ],
)
def test_a_wrong_one_is_named_without_an_address(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read({**REQUIRED, name: value})
    assert str(error.value).startswith(message)
    assert 'jane@example.org"' not in str(error.value)
    assert "amy" not in str(error.value)
