"""The settings that are lists: what is read, and what is wrong with them."""

import json

import pytest
from ses_feedback.function.origin import Source
from ses_feedback.function.settings import Queues, Settings, SettingsError
from ses_feedback.history.safeguards import Safeguards
from ses_feedback.history.surges import SurgePolicy

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
REQUIRED = {"BLOCKED_TABLE_ARN": f"{TABLE}blocked", "HISTORY_TABLE_ARN": f"{TABLE}history", "PIPELINE": "bounce-shop"}


def test_everything_is_read() -> None:
    settings = Settings.read(
        {
            **REQUIRED,
            "HOLD_DAYS": "7",
            "SURGE_HOURLY_FLOOR": "1000000",
            "SURGE_FACTOR": "1",
            "PROTECTED": json.dumps(["Jane@Example.org", "example.net", "abuse@"]),
            "ACCOUNT": "123456789012",
            "AWS_REGION": "eu-west-1",
            "IDENTITIES": json.dumps(["shop.example"]),
            "CONFIGURATION_SET": "main",
            "SENDING_ACCOUNTS": json.dumps(["210987654321"]),
        }
    )
    assert (settings.hold_days, settings.safeguards.surges) == (7, SurgePolicy(1_000_000, 1))
    assert settings.safeguards.protected.patterns == {"jane@example.org", "example.net", "abuse@"}
    assert settings.source == Source("123456789012", "eu-west-1", ("shop.example",), "main", ("210987654321",))


def test_the_environment_of_the_version_before_is_enough() -> None:
    settings = Settings.read(REQUIRED)
    assert (settings.safeguards, settings.source, settings.queues) == (Safeguards(), Source(), None)


QUEUES = {
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:4566/000000000000/subscription-dead-letters",
    "MESSAGE_RETENTION_DAYS": "7",
}


def test_the_queues_are_read() -> None:
    queues = Settings.read({**REQUIRED, **QUEUES}).queues
    assert queues == Queues(
        QUEUES["QUEUE_URL"],
        QUEUES["DEAD_LETTER_QUEUE_URL"],
        QUEUES["SUBSCRIPTION_DEAD_LETTER_QUEUE_URL"],
        retention_seconds=7 * 86_400,
    )


@pytest.mark.parametrize("missing", list(QUEUES)[:3])
def test_some_of_the_queues_are_not_enough(missing: str) -> None:
    """While a stack is updated all are missing, or none."""
    with pytest.raises(SettingsError, match=f"{missing} is ''; the URL of an SQS queue is needed"):
        Settings.read({**REQUIRED, **QUEUES, missing: ""})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HOLD_DAYS", "91", "HOLD_DAYS is '91'; a whole number from 1 to 90 is needed"),
        ("SURGE_HOURLY_FLOOR", "0", "SURGE_HOURLY_FLOOR is '0'; a whole number from 1 to 1000000 is needed"),
        ("SURGE_FACTOR", "1.5", "SURGE_FACTOR is '1.5'; a whole number from 1 to 100 is needed"),
        ("PROTECTED", "jane@example.org", "PROTECTED is no JSON list of strings"),
        ("PROTECTED", '{"jane@example.org": 1}', "PROTECTED is no JSON list of strings"),
        ("PROTECTED", '["example.net", "amy@amy@example.org"]', "entry 2 of PROTECTED is not usable"),
        ("MESSAGE_RETENTION_DAYS", "15", "QUEUE_URL is ''; the URL of an SQS queue is needed"),
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
