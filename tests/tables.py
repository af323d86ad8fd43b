"""Creates both tables with the keys that the program gives them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_tables(client: "DynamoDBClient") -> None:
    for table_name, key_types in (("blocked", {"value": "HASH"}), ("history", {"value": "HASH", "entry": "RANGE"})):
        schema: Any = [{"AttributeName": key, "KeyType": key_type} for key, key_type in key_types.items()]
        attributes: Any = [{"AttributeName": key, "AttributeType": "S"} for key in key_types]
        client.create_table(
            TableName=table_name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
