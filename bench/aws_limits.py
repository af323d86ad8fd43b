"""AWS's documented limits and prices, as the simulation uses them. Each has its source.

Limits: AWS's guides, as read in November 2026. Prices: us-east-1, from the sources named; look up the current ones
before you quote them. None is measured here.
"""

SNS_PUBLISH_PER_SECOND = {"us-east-1": 30_000, "us-west-2": 9_000, "eu-west-1": 9_000}
"""Messages a second that an account can publish to standard topics; 300 to 3,000 in other Regions. A quota that AWS
raises (AWS General Reference, "Amazon SNS endpoints and quotas"; the numbers from third parties, 2026)."""

FIRST_POLLERS, MORE_POLLERS_PER_MINUTE, MOST_POLLERS = 5, 300, 1_250
"""Batches at a time that Lambda takes from a queue: at first, more per minute while messages wait, at most
(Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings")."""

ACCOUNT_CONCURRENCY = 1_000
"""Invocations at a time of all functions of an account in a Region; a quota (Lambda Developer Guide, "Lambda
quotas")."""

MB_OF_ONE_PROCESSOR = 1_769
"""Memory with which a function has one whole virtual processor; with less it has as much less (Lambda Developer Guide,
"Configure Lambda function memory")."""

IN_FLIGHT_MESSAGES = 120_000
"""Messages of one standard queue that are received and not yet deleted (SQS Developer Guide, "Amazon SQS message
quotas")."""

NEW_TABLE_WRITE_UNITS, TABLE_WRITE_UNITS_QUOTA = 4_000, 40_000
"""Write units a second of a table on demand: of a new one at once, and at most, which is a quota."""
GROWTH_SECONDS = 1_800
"""A table on demand takes twice its highest traffic so far; to go beyond needs this long (DynamoDB Developer Guide,
"DynamoDB on-demand capacity mode")."""

PARTITION_WRITE_UNITS = 1_000
"""Write units a second of one partition, and so of one item (DynamoDB Developer Guide, "Designing partition keys")."""

CALL_SECONDS = 0.005
"""One call of DynamoDB: "single-digit milliseconds", says AWS; measured is what the function does besides."""

SNS_DOLLARS_PER_MILLION, SQS_DOLLARS_PER_MILLION = 0.50, 0.40
"""Published messages, and requests to SQS; the delivery from SNS to SQS costs nothing (cloudburn.io, March 2026;
factualminds.com, 2026)."""
LAMBDA_DOLLARS_PER_MILLION, LAMBDA_DOLLARS_PER_GB_SECOND = 0.20, 0.0000133334
"""Invocations, and memory of arm64 for a time (a copy of AWS's price list, May 2026)."""
WRITE_UNIT_DOLLARS_PER_MILLION, READ_UNIT_DOLLARS_PER_MILLION = 0.625, 0.125
"""On demand (airbyte.com, July 2025). Warm throughput costs once, when it is raised: see AWS's page of prices."""
LOG_DOLLARS_PER_GB = 0.50
"""CloudWatch Logs, ingestion."""
