"""Every fault that the doctor knows, with the id of the one finding that must report it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ses_feedback_cli.doctor.observations import FailedCall, Observations
from ses_feedback_cli.doctor.resources import EventDestination, Identity, Key, Missing, PipelineMetrics

from components import policies
from tests.cli.doctor.healthy import (
    BLOCKED_TABLE_ARN,
    FUNCTION_QUEUES,
    HEALTHY,
    HEALTHY_ACCOUNT,
    HEALTHY_PIPELINE,
    HEALTHY_TABLES,
    KEY,
    KEY_ARN,
    PIPELINE,
    QUEUE_ARN,
    TOPIC_ARN,
)

FIRST_IDENTITY, SECOND_IDENTITY = HEALTHY_PIPELINE.identities
DESTINATION = EventDestination("pipeline", enabled=True, event_types=("BOUNCE",), topic_arn=TOPIC_ARN)
KEY_POLICY_WITHOUT_SERVICES = policies.document(policies.key_policy(KEY_ARN, [])["Statement"][0])
AWS_MANAGED_KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs"
NOT_FOUND, UNKNOWN = Missing.NOT_FOUND, Missing.UNKNOWN
OTHER_TOPIC_ARN = TOPIC_ARN + "2"


T = TypeVar("T")


def changed(observation: T, changes: Mapping[str, Any]) -> T:
    """A copy of an observation with some of its fields changed."""
    return replace(observation, **changes)  # type: ignore[type-var] # observations are dataclasses


def resource(name: str, **changes: Any) -> Mapping[str, Any]:
    """A resource of the healthy pipeline with some of its fields changed."""
    return {name: replace(getattr(HEALTHY_PIPELINE, name), **changes)}


PIPELINE_FAULTS: list[tuple[str, Mapping[str, Any]]] = [
    ("identity-missing", {"identities": (FIRST_IDENTITY, Identity("jane@news.example", NOT_FOUND, None))}),
    ("identity-unverified", {"identities": (FIRST_IDENTITY, replace(SECOND_IDENTITY, verification_status="Pending"))}),
    ("identity-unverified", {"identities": (replace(FIRST_IDENTITY, verification_status="Failed"), SECOND_IDENTITY)}),
    (
        "identity-topic-missing",
        {"identities": (FIRST_IDENTITY, replace(SECOND_IDENTITY, topic_arn=None, email_forwarding=True))},
    ),
    ("identity-topic-mismatch", {"identities": (FIRST_IDENTITY, replace(SECOND_IDENTITY, topic_arn=OTHER_TOPIC_ARN))}),
    ("email-forwarding-enabled", {"identities": (FIRST_IDENTITY, replace(SECOND_IDENTITY, email_forwarding=True))}),
    ("configuration-set-missing", {"event_destinations": NOT_FOUND}),
    ("event-destination-missing", {"event_destinations": ()}),
    ("event-destination-missing", {"event_destinations": (replace(DESTINATION, topic_arn=OTHER_TOPIC_ARN),)}),
    ("event-destination-disabled", {"event_destinations": (replace(DESTINATION, enabled=False),)}),
    ("event-destination-events", {"event_destinations": (replace(DESTINATION, event_types=("COMPLAINT", "OPEN")),)}),
    ("topic-missing", {"topic": NOT_FOUND, "subscription": NOT_FOUND}),
    ("topic-policy", resource("topic", policy={})),
    ("topic-policy", resource("topic", policy=policies.topic_policy(TOPIC_ARN, ["shop.example"], "main"))),
    ("topic-policy", resource("topic", policy=policies.topic_policy(TOPIC_ARN, PIPELINE.identities, None))),
    ("aws-managed-key", resource("topic", key=Key("alias/aws/sns", aws_managed=True))),
    (
        "aws-managed-key",
        resource("queue", key=Key(AWS_MANAGED_KEY_ARN, aws_managed=True)),
    ),
    ("key-unusable", resource("topic", key=replace(KEY, state="PendingDeletion"))),
    ("key-unusable", resource("queue", key=Key(KEY_ARN, state=NOT_FOUND))),
    ("key-policy", resource("topic", key=replace(KEY, policy=KEY_POLICY_WITHOUT_SERVICES))),
    ("key-policy", resource("subscription_dead_letter_queue", key=replace(KEY, policy=KEY_POLICY_WITHOUT_SERVICES))),
    ("subscription-missing", {"subscription": NOT_FOUND}),
    ("subscription-pending", resource("subscription", pending=True, raw_delivery=False, dead_letter_queue_arn=None)),
    ("subscription-filtered", resource("subscription", filter_policy='{"a":["b"]}')),
    ("raw-delivery-disabled", resource("subscription", raw_delivery=False)),
    ("subscription-without-dead-letter-queue", resource("subscription", dead_letter_queue_arn=None)),
    ("queue-missing", {"queue": NOT_FOUND}),
    ("queue-missing", {"dead_letter_queue": NOT_FOUND}),
    ("queue-missing", {"subscription_dead_letter_queue": NOT_FOUND}),
    ("queue-policy", resource("queue", policy={})),
    ("queue-policy", resource("queue", policy=policies.queue_policy(QUEUE_ARN, OTHER_TOPIC_ARN))),
    ("queue-policy", resource("subscription_dead_letter_queue", policy={})),
    ("queue-redrive-policy", resource("queue", dead_letter_queue_arn=None)),
    ("dead-letters", resource("dead_letter_queue", message_count=1)),
    ("subscription-dead-letters", resource("subscription_dead_letter_queue", message_count=1)),
    ("oldest-message", {"metrics": PipelineMetrics(oldest_message_seconds=900)}),
    ("event-source-mapping-missing", {"event_source_mapping": NOT_FOUND}),
    ("event-source-mapping-disabled", resource("event_source_mapping", state="Disabled")),
    ("event-source-mapping-disabled", resource("event_source_mapping", state="Disabling")),
    ("partial-batch-responses-disabled", resource("event_source_mapping", response_types=())),
    (
        "function-missing",
        {"function": NOT_FOUND, "reserved_concurrency": NOT_FOUND, "event_source_mapping": NOT_FOUND},
    ),
    ("function-failed", resource("function", state="Failed", state_reason="its role cannot be assumed")),
    ("function-failed", resource("function", last_update_status="Failed")),
    ("function-stopped", {"reserved_concurrency": 0}),
    ("function-table-mismatch", resource("function", table_arns=(BLOCKED_TABLE_ARN + "2",))),
    ("function-errors", {"metrics": PipelineMetrics(errors=1)}),
    ("function-throttles", {"metrics": PipelineMetrics(throttles=1)}),
    ("feedback-refused", {"metrics": PipelineMetrics(refused_seconds=900)}),
    ("function-environment", resource("function", queue_urls={})),
    ("function-environment", resource("function", queue_urls={**FUNCTION_QUEUES, "QUEUE_URL": "https://x/queue2"})),
    ("reserved-concurrency", {"reserved_concurrency": 9}),
    ("reserved-concurrency", resource("event_source_mapping", maximum_concurrency=None)),
    ("redrive-schedule-missing", {"redrive_schedule": NOT_FOUND}),
    ("redrive-schedule-disabled", {"redrive_schedule": "DISABLED"}),
    ("canary-missing", resource("canary", function=NOT_FOUND)),
    ("canary-missing", resource("canary", schedule=NOT_FOUND)),
    ("canary-missing", {**resource("canary", schedule="DISABLED"), **resource("metrics", canary_failed=NOT_FOUND)}),
    ("canary-missing", resource("metrics", canary_failed=NOT_FOUND)),
    ("canary-failed", resource("metrics", canary_failed=1)),
    ("queue-receive-count", resource("queue", max_receive_count=5)),
    ("queue-receive-count", resource("queue", visibility_timeout_seconds=300)),
    ("notifications-failed", {"metrics": PipelineMetrics(failed_deliveries=1)}),
    ("visibility-timeout", resource("queue", visibility_timeout_seconds=179, retention_seconds=345_600)),
]
TABLE_FAULTS: list[tuple[str, Mapping[str, Any]]] = [
    (
        "table-missing",
        {
            "status": NOT_FOUND,
            "deletion_protection": UNKNOWN,
            "ttl_attribute": UNKNOWN,
            "point_in_time_recovery": UNKNOWN,
        },
    ),
    ("table-not-active", {"status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}),
    ("table-ttl", {"ttl_attribute": None}),
    ("table-ttl", {"ttl_attribute": "blocked_at"}),
    ("table-point-in-time-recovery", {"point_in_time_recovery": False}),
    ("table-deletion-protection", {"deletion_protection": False}),
    ("settings-missing", {"settings": NOT_FOUND, "stack_settings": {"holdDays": 14}}),
    ("settings-unusable", {"settings": {"schema": 2}}),
    ("settings-unusable", {"settings": {"schema": 1, "hold_days": 0}}),
    ("settings-mismatch", {"settings": {"schema": 1, "hold_days": 3}, "stack_settings": {"holdDays": 7}}),
    ("settings-mismatch", {"settings": {"schema": 1}, "stack_settings": {"surgeHourlyFloor": 5}}),
]
ACCOUNT_FAULTS: list[tuple[str, Mapping[str, Any]]] = [
    ("sandbox", {"production_access": False}),
    ("sending-disabled", {"sending_enabled": False}),
    ("under-review", {"enforcement_status": "PROBATION"}),
    ("sending-paused", {"enforcement_status": "SHUTDOWN"}),
    ("suppression-list-disabled", {"suppressed_reasons": ()}),
    ("suppression-list-disabled", {"suppressed_reasons": ("BOUNCE",)}),
    ("bounce-rate-warning", {"bounce_rate": 0.05}),
    ("bounce-rate-critical", {"bounce_rate": 0.1}),
    ("complaint-rate-warning", {"complaint_rate": 0.001}),
    ("complaint-rate-critical", {"complaint_rate": 0.005}),
]
DENIED_CALL = FailedCall(
    "123456789012", "eu-west-1", "bounce-shop", "sns:GetTopicAttributes", "AuthorizationError", access_denied=True
)
ACCESS_FAULTS: list[tuple[str, Mapping[str, Any]]] = [
    ("access-denied", {"failed_calls": (DENIED_CALL,)}),
    (
        "table-access-denied",
        {"failed_calls": (replace(DENIED_CALL, account="999999999999", subject="blocked table"),)},
    ),
    (
        "call-failed",
        {"failed_calls": (replace(DENIED_CALL, access_denied=False, error_code="ConnectTimeoutError"),)},
    ),
    ("other-account", {"skipped_pipelines": (("999999999999", PIPELINE),)}),
]
CASES: list[tuple[str, Observations]] = [
    *(
        (finding_id, replace(HEALTHY, pipelines=(replace(HEALTHY_PIPELINE, **changes),)))
        for finding_id, changes in PIPELINE_FAULTS
    ),
    *(
        (
            finding_id,
            replace(
                HEALTHY,
                tables=tuple(replace(table, **changes) if table is faulty_table else table for table in HEALTHY_TABLES),
            ),
        )
        for finding_id, changes in TABLE_FAULTS
        for faulty_table in HEALTHY_TABLES
    ),
    *(
        (finding_id, replace(HEALTHY, accounts=(replace(HEALTHY_ACCOUNT, **changes),)))
        for finding_id, changes in ACCOUNT_FAULTS
    ),
    *((finding_id, replace(HEALTHY, **changes)) for finding_id, changes in ACCESS_FAULTS),
]
