"""Facts of one pipeline, its tables and its account in which nothing is wrong; each test breaks them in one place."""

from ses_feedback_cli.doctor.facts import (
    AccountFacts,
    Counted,
    Destination,
    EventMapping,
    Facts,
    Function,
    Identity,
    Key,
    PipelineFacts,
    Queue,
    Subscription,
    TableFacts,
    Topic,
)
from ses_feedback_cli.stack_outputs import Pipeline

from components import policies

ACCOUNT, REGION, NAME = "123456789012", "eu-west-1", "bounce-shop"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/"
QUEUE, DEAD, SUBSCRIPTION_DEAD_LETTERS = (
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("queue", "dead", "subscription-dead-letters")
)
BLOCKED, HISTORY = (f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/{name}" for name in ("blocked", "history"))
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
IDENTITIES = ("shop.example", "jane@news.example")

PIPELINE = Pipeline(
    NAME,
    "bounce",
    REGION,
    TOPIC,
    URL + "queue",
    URL + "dead",
    URL + "subscription-dead-letters",
    "function",
    "logs",
    f"arn:aws:iam::{ACCOUNT}:role/role",
    IDENTITIES,
    "main",
)

# The policies are those of the components: what they deploy must be healthy.
KEY = Key(KEY_ARN, state="Enabled", policy=policies.key_policy(KEY_ARN, []))
HEALTHY = PipelineFacts(
    PIPELINE,
    ACCOUNT,
    3,
    identities=tuple(Identity(name, "Success", TOPIC) for name in IDENTITIES),
    destinations=(
        Destination("elsewhere", enabled=False, events=("BOUNCE",), topic=None),
        Destination("ours", enabled=True, events=("BOUNCE",), topic=TOPIC),
    ),
    topic=Topic(policies.topic_policy(TOPIC, IDENTITIES, "main"), KEY),
    subscription=Subscription(f"{TOPIC}:1", dead_letters=SUBSCRIPTION_DEAD_LETTERS),
    queue=Queue(
        QUEUE,
        URL + "queue",
        policies.queue_policy(QUEUE, TOPIC),
        waiting=3,
        visibility_seconds=180,
        dead_letters=DEAD,
        key=KEY,
    ),
    dead_letters=Queue(DEAD, URL + "dead", policies.queue_policy(DEAD, None), key=KEY),
    subscription_dead_letters=Queue(
        SUBSCRIPTION_DEAD_LETTERS,
        URL + "subscription-dead-letters",
        policies.queue_policy(SUBSCRIPTION_DEAD_LETTERS, TOPIC),
        key=KEY,
    ),
    mapping=EventMapping("uuid", "Enabled", ("ReportBatchItemFailures",)),
    function=Function("Active", "", "Successful", 30, (BLOCKED, HISTORY)),
    reserved_concurrency=None,
    counted=Counted(0, 0, 0, None),
    known_tables=frozenset({BLOCKED, HISTORY}),
)
TABLES = tuple(
    TableFacts(arn, ACCOUNT, "eu-central-1", what, "ACTIVE", protected=True, ttl="expires_at", recovery=True)
    for arn, what in ((BLOCKED, "blocked"), (HISTORY, "history"))
)
STANDING = AccountFacts(ACCOUNT, REGION, seen=True, bounce_rate=0.0499, complaint_rate=0.0009)
FACTS = Facts(ACCOUNT, (HEALTHY,), TABLES, (STANDING,), answered=20)
