"""Both tables as the program makes them, as far as a client of DynamoDB sees."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_tables(client: "DynamoDBClient") -> None:
    for name, keys in (("blocked", {"value": "HASH"}), ("history", {"value": "HASH", "entry": "RANGE"})):
        schema: Any = [{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()]
        types: Any = [{"AttributeName": key, "AttributeType": "S"} for key in keys]
        client.create_table(TableName=name, KeySchema=schema, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
