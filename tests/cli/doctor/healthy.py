"""Observations of one pipeline, its tables and its account without any fault; each test changes one of them."""

from ses_feedback_cli.doctor.observations import AccountObservation, Observations, PipelineObservation, TableObservation
from ses_feedback_cli.doctor.resources import (
    CanaryState,
    EventDestination,
    EventSourceMapping,
    Function,
    Identity,
    Key,
    Missing,
    PipelineMetrics,
    Queue,
    Subscription,
    Topic,
)
from ses_feedback_cli.stack_outputs import Canary, Pipeline

from components import policies
from components.redelivery import Redelivery

ACCOUNT_ID, REGION, PIPELINE_NAME = "123456789012", "eu-west-1", "bounce-shop"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:topic"
QUEUE_URL_PREFIX = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT_ID}/"
QUEUE_NAME, DEAD_LETTER_QUEUE_NAME, SUBSCRIPTION_DEAD_LETTER_QUEUE_NAME = (
    "queue",
    "dead-letters",
    "subscription-dead-letters",
)
QUEUE_ARN, DEAD_LETTER_QUEUE_ARN, SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN = (
    f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"
    for name in (QUEUE_NAME, DEAD_LETTER_QUEUE_NAME, SUBSCRIPTION_DEAD_LETTER_QUEUE_NAME)
)
BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN = (
    f"arn:aws:dynamodb:eu-central-1:{ACCOUNT_ID}:table/{name}" for name in ("blocked", "history")
)
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/11111111-2222-3333-4444-555555555555"
IDENTITIES = ("shop.example", "jane@news.example")

PIPELINE = Pipeline(
    PIPELINE_NAME,
    "bounce",
    REGION,
    TOPIC_ARN,
    QUEUE_URL_PREFIX + QUEUE_NAME,
    QUEUE_URL_PREFIX + DEAD_LETTER_QUEUE_NAME,
    QUEUE_URL_PREFIX + SUBSCRIPTION_DEAD_LETTER_QUEUE_NAME,
    "function",
    "logs",
    f"arn:aws:iam::{ACCOUNT_ID}:role/role",
    IDENTITIES,
    "main",
    redrive_schedule="redrive",
    canary=Canary("shop", "canary", "canary-logs"),
)
FUNCTION_QUEUES = {
    "QUEUE_URL": PIPELINE.queue_url,
    "DEAD_LETTER_QUEUE_URL": PIPELINE.dead_letter_queue_url,
    "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": PIPELINE.subscription_dead_letter_queue_url,
}
REDELIVERY = Redelivery.over(7, 30, 0)

# The policies are those of the components: what they deploy must be healthy.
KEY = Key(KEY_ARN, state="Enabled", policy=policies.key_policy(KEY_ARN, []))
HEALTHY_PIPELINE = PipelineObservation(
    PIPELINE,
    ACCOUNT_ID,
    3,
    identities=tuple(Identity(name, "Success", TOPIC_ARN) for name in IDENTITIES),
    event_destinations=(
        EventDestination("another", enabled=False, event_types=("BOUNCE",), topic_arn=None),
        EventDestination("pipeline", enabled=True, event_types=("BOUNCE",), topic_arn=TOPIC_ARN),
    ),
    topic=Topic(policies.topic_policy(TOPIC_ARN, IDENTITIES, "main"), KEY),
    subscription=Subscription(f"{TOPIC_ARN}:1", dead_letter_queue_arn=SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN),
    queue=Queue(
        QUEUE_ARN,
        PIPELINE.queue_url,
        policies.queue_policy(QUEUE_ARN, TOPIC_ARN),
        message_count=3,
        visibility_timeout_seconds=REDELIVERY.visibility_timeout_seconds,
        retention_seconds=7 * 86_400,
        dead_letter_queue_arn=DEAD_LETTER_QUEUE_ARN,
        max_receive_count=REDELIVERY.max_receive_count,
        key=KEY,
    ),
    dead_letter_queue=Queue(
        DEAD_LETTER_QUEUE_ARN,
        PIPELINE.dead_letter_queue_url,
        policies.queue_policy(DEAD_LETTER_QUEUE_ARN, None),
        key=KEY,
    ),
    subscription_dead_letter_queue=Queue(
        SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN,
        PIPELINE.subscription_dead_letter_queue_url,
        policies.queue_policy(SUBSCRIPTION_DEAD_LETTER_QUEUE_ARN, TOPIC_ARN),
        key=KEY,
    ),
    event_source_mapping=EventSourceMapping("uuid", "Enabled", ("ReportBatchItemFailures",), 10),
    function=Function(
        "Active",
        "",
        "Successful",
        30,
        (BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN),
        FUNCTION_QUEUES,
    ),
    redrive_schedule="ENABLED",
    reserved_concurrency=10,
    metrics=PipelineMetrics(0, 0, 0, None, canary_failed=0),
    stack_tables=frozenset({BLOCKED_TABLE_ARN, HISTORY_TABLE_ARN}),
    canary=CanaryState("Active", "ENABLED"),
)
HEALTHY_TABLES = tuple(
    TableObservation(
        arn,
        ACCOUNT_ID,
        "eu-central-1",
        kind,
        "ACTIVE",
        deletion_protection=True,
        ttl_attribute="expires_at",
        point_in_time_recovery=True,
        settings=settings,
        stack_settings=stack_settings,
    )
    for arn, kind, settings, stack_settings in (
        (BLOCKED_TABLE_ARN, "blocked", Missing.UNKNOWN, {}),
        (HISTORY_TABLE_ARN, "history", {"schema": 1, "hold_days": 7}, {"softBounceThreshold": 5, "holdDays": 7}),
    )
)
HEALTHY_ACCOUNT = AccountObservation(ACCOUNT_ID, REGION, details_known=True, bounce_rate=0.0499, complaint_rate=0.0009)
HEALTHY = Observations(ACCOUNT_ID, (HEALTHY_PIPELINE,), HEALTHY_TABLES, (HEALTHY_ACCOUNT,), answered_calls=20)
