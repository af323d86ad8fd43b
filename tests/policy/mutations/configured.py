"""Faults only with settings."""

from tests.policy.graph_changes import (
    BASE,
    TABLE,
    set_input,
)
from tests.policy.mutations.mutation import ConfiguredMutation

CONFIGURED: tuple[ConfiguredMutation, ...] = (
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["topics"]}, lambda _: None, f"{BASE}-topic"),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["queues"]}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["tables"]}, lambda _: None, TABLE),
    ConfiguredMutation("kms-key-required", {"resourceTypes": ["logGroups"]}, lambda _: None, f"{BASE}-logs"),
    ConfiguredMutation("allowed-regions", {"regions": ["eu-west-1"]}, lambda _: None, TABLE),
    ConfiguredMutation(
        "allowed-regions",
        {"regions": ["eu-central-1", "eu-west-1"]},
        set_input(
            TABLE,
            "replicas",
            [{"regionName": "us-east-1", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        ),
        TABLE,
    ),
    ConfiguredMutation("allowed-accounts", {"accounts": ["210987654321"]}, lambda _: None, TABLE),
    ConfiguredMutation("required-tags", {"tags": ["owner"]}, lambda _: None, f"{BASE}-topic"),
    ConfiguredMutation("queue-minimum-receive-count", {"minimumReceiveCount": 1001}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation("queue-retries-last", {"minimumPercent": 99}, lambda _: None, f"{BASE}-queue"),
    ConfiguredMutation(
        "queue-retries-last",
        {"minimumPercent": 58},
        set_input("queue", "visibilityTimeoutSeconds", 350),  # a thousand times: 57.9 % of 7 days
        f"{BASE}-queue",
    ),
    ConfiguredMutation("queue-visibility-timeout", {"functionTimeoutMultiple": 20}, lambda _: None, f"{BASE}-mapping"),
    ConfiguredMutation("log-group-retention", {"maximumDays": 29}, lambda _: None, f"{BASE}-function"),
    ConfiguredMutation("table-hash-key", {"hashKeyNames": ["address"]}, lambda _: None, TABLE),
    ConfiguredMutation("lambda-runtime-supported", {"currentDate": "2029-01-01"}, lambda _: None, f"{BASE}-function"),
    ConfiguredMutation(
        "lambda-runtime-supported",
        {"deprecationDates": {"python3.13": "2020-01-01"}},
        lambda _: None,
        f"{BASE}-function",
    ),
)
