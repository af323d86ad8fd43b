"""Creates both tables with the keys that the program gives them, and the item with their settings."""

from typing import TYPE_CHECKING, Any

from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.surges import SurgePolicy
from ses_feedback.history.table_settings import SETTINGS_KEY, TableSettings
from ses_feedback.table import Item, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_tables(client: "DynamoDBClient") -> None:
    for table_name, key_types in (("blocked", {"value": "HASH"}), ("history", {"value": "HASH", "entry": "RANGE"})):
        schema: Any = [{"AttributeName": key, "KeyType": key_type} for key, key_type in key_types.items()]
        attributes: Any = [{"AttributeName": key, "AttributeType": "S"} for key in key_types]
        client.create_table(
            TableName=table_name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )


def settings_item(
    policy: SoftBouncePolicy | None = None, *, hold_days: int = 14, surges: SurgePolicy | None = None
) -> Item:
    """The item as the program writes it, in the form of the low-level client."""
    settings = TableSettings(policy or SoftBouncePolicy(), hold_days, surges or SurgePolicy())
    return encode({**SETTINGS_KEY, "schema": 1, **settings.numbers()})
