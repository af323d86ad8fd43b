"""DynamoDB for the writer and for readers: client, item format, reading many keys, and which errors to retry."""

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import get_session

from ses_feedback.arn import Arn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

READ_LIMIT = 100
"""Keys of one BatchGetItem."""

CONNECT_SECONDS, READ_SECONDS = 1, 3
"""Time-outs of one call: DynamoDB answers in milliseconds, and a new try is worth more than waiting."""

_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.025, 2.0
_MAX_DOUBLINGS = 16

_TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_PERMANENT_REASONS = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded", "AccessDenied"})
_CONFLICT_REASONS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_TRANSACTION_CANCELED = "TransactionCanceledException"


class TableError(Exception):
    """A call to DynamoDB failed. The message names operation and AWS code, never a value."""


def make_client(
    table: str, connections: int, *, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS
) -> "DynamoDBClient":
    """A client for the Region of the table's ARN, or, for a bare name, of the environment.

    Without botocore's own retries, which do not know the remaining time. And without boto3, which adds nothing to a
    low-level client but a seventh of a cold start.
    """
    arn = Arn.parse(table)
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=connections,
    )
    client = get_session().create_client("dynamodb", region_name=arn.region if arn else None, config=config)
    return cast("DynamoDBClient", client)


def read_many(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Item],
    deadline: float,
    **options: Any,  # noqa: ANN401 - botocore's
) -> list[Item]:
    """The items that exist among ``keys`` (at most READ_LIMIT, each once), in no order; ``options`` of BatchGetItem.

    Keys that DynamoDB leaves unprocessed are requested again until ``deadline`` (of time.monotonic).
    Raises: TableError.
    """
    items: list[Item] = []
    request: Any = {table: {"Keys": list(keys), **options}}

    def read() -> bool:
        nonlocal request
        response = client.batch_get_item(RequestItems=request)
        for table_items in response["Responses"].values():  # one table, which is named by its ARN or its name
            items.extend(map(decode, table_items))
        request = response.get("UnprocessedKeys")
        return not request

    retry("BatchGetItem", read, deadline)
    return items


def retry(
    operation: str,
    attempt: Callable[[], bool],
    deadline: float,
    *,
    failed_attempts: int = 0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Call ``attempt`` until it returns True, while errors are transient and until ``deadline`` (of ``clock``).

    The pauses double from 25 ms to two seconds, each shortened by up to half at random. An outage thus costs a call
    every one to two seconds. ``failed_attempts``: how often it failed before, elsewhere.
    Raises: TableError with the last reason.
    """
    reason = "unprocessed items"
    for number in itertools.count(failed_attempts):
        if number:
            pause = min(_MAX_BACKOFF_SECONDS, _BACKOFF_SECONDS * 2 ** min(number - 1, _MAX_DOUBLINGS))
            pause *= random.uniform(0.5, 1)  # noqa: S311
            sleep(min(pause, max(0.0, deadline - clock())))
        if clock() >= deadline:
            raise TableError(f"{operation}: no time left" + (f" after {reason}" if number > failed_attempts else ""))
        try:
            if attempt():
                return
        except (ClientError, BotoCoreError) as error:
            reason = describe(error)
            if not is_transient(error):
                raise TableError(f"{operation}: {reason}") from None


def is_transient(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call, on freshly read data, may succeed later."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code == _TRANSACTION_CANCELED:
            return _PERMANENT_REASONS.isdisjoint(_reasons(error))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code in _TRANSIENT_CODES or status >= 500  # noqa: PLR2004 - the server's fault
    return isinstance(error, HTTPClientError | NoConnectionError)


def is_conflict(error: ClientError | BotoCoreError) -> bool:
    """Whether a transaction failed only because of what others wrote to its items at the same time."""
    reasons = set(_reasons(error)) - {"None"} if isinstance(error, ClientError) else set()
    return bool(reasons) and reasons <= _CONFLICT_REASONS


def describe(error: ClientError | BotoCoreError) -> str:
    """The AWS code, with the reasons of a cancelled transaction. No message: it may repeat a value."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response.get("Error", {}).get("Code", "unknown error"))
    reasons = sorted(set(_reasons(error)) - {"None"})
    return f"{code} ({', '.join(reasons)})" if reasons else code


def _reasons(error: ClientError) -> list[str]:
    reasons: Any = error.response.get("CancellationReasons") or ()
    return [str(reason.get("Code", "None")) for reason in reasons]


def encode(values: Mapping[str, Any]) -> Item:
    """An item as the low-level client takes it. boto3's TypeSerializer does the same in five times the time."""
    return {name: _encoded(value) for name, value in values.items()}


def decode(item: Item) -> dict[str, Any]:
    """The values of an item that ``encode`` made."""
    return {name: _decoded(value) for name, value in item.items()}


def _encoded(value: object) -> Item:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": encode(value)}
    if isinstance(value, list | tuple):
        return {"L": [_encoded(element) for element in value]}
    raise TypeError(f"an item cannot hold {type(value).__name__}")


def _decoded(value: Item) -> Any:  # noqa: ANN401 - whatever was stored
    ((data_type, content),) = value.items()
    match data_type:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "M":
            return decode(content)
        case "L":
            return [_decoded(element) for element in content]
        case _:
            return None  # a type that nothing here writes
