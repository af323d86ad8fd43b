"""Every way to break what is healthy, with the rule that must find it, and no other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ses_feedback_cli.doctor.facts import Absent, Counted, Destination, Facts, Identity, Key, Unseen

from components import policies
from tests.cli.doctor.healthy import BLOCKED, FACTS, HEALTHY, KEY, KEY_ARN, PIPELINE, QUEUE, STANDING, TABLES, TOPIC

FIRST, SECOND = HEALTHY.identities
OURS = Destination("ours", enabled=True, events=("BOUNCE",), topic=TOPIC)
NOT_SES = policies.document(policies.key_policy(KEY_ARN, [])["Statement"][0])
GONE, UNSEEN = Absent.GONE, Absent.UNSEEN


T = TypeVar("T")


def broken(facts: T, changed: Mapping[str, Any]) -> T:
    """Facts with some of their fields changed."""
    return replace(facts, **changed)  # type: ignore[type-var] # facts are dataclasses


def part(name: str, **changed: Any) -> Mapping[str, Any]:
    """A fact of the pipeline with some of its fields changed."""
    return {name: replace(getattr(HEALTHY, name), **changed)}


BROKEN_PIPELINES: list[tuple[str, Mapping[str, Any]]] = [
    ("identity-missing", {"identities": (FIRST, Identity("jane@news.example", GONE, None))}),
    ("identity-unverified", {"identities": (FIRST, replace(SECOND, verification="Pending"))}),
    ("identity-unverified", {"identities": (replace(FIRST, verification="Failed"), SECOND)}),
    ("identity-topic-missing", {"identities": (FIRST, replace(SECOND, topic=None, forwarding=True))}),
    ("identity-topic-other", {"identities": (FIRST, replace(SECOND, topic=TOPIC + "2"))}),
    ("forwarding-on", {"identities": (FIRST, replace(SECOND, forwarding=True))}),
    ("configuration-set-missing", {"destinations": GONE}),
    ("event-destination-missing", {"destinations": ()}),
    ("event-destination-missing", {"destinations": (replace(OURS, topic=TOPIC + "2"),)}),
    ("event-destination-off", {"destinations": (replace(OURS, enabled=False),)}),
    ("event-destination-events", {"destinations": (replace(OURS, events=("COMPLAINT", "OPEN")),)}),
    ("topic-missing", {"topic": GONE, "subscription": GONE}),
    ("topic-policy", part("topic", policy={})),
    ("topic-policy", part("topic", policy=policies.topic_policy(TOPIC, ["shop.example"], "main"))),
    ("topic-policy", part("topic", policy=policies.topic_policy(TOPIC, PIPELINE.identities, None))),
    ("key-of-aws", part("topic", key=Key("alias/aws/sns", managed=True))),
    ("key-of-aws", part("queue", key=Key("arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs", managed=True))),
    ("key-unusable", part("topic", key=replace(KEY, state="PendingDeletion"))),
    ("key-unusable", part("queue", key=Key(KEY_ARN, state=GONE))),
    ("key-policy", part("topic", key=replace(KEY, policy=NOT_SES))),
    ("key-policy", part("subscription_dead_letters", key=replace(KEY, policy=NOT_SES))),
    ("subscription-missing", {"subscription": GONE}),
    ("subscription-pending", part("subscription", pending=True, raw=False, dead_letters=None)),
    ("subscription-filtered", part("subscription", filter='{"a":["b"]}')),
    ("subscription-wrapped", part("subscription", raw=False)),
    ("subscription-without-dead-letter-queue", part("subscription", dead_letters=None)),
    ("queue-missing", {"queue": GONE}),
    ("queue-missing", {"dead_letters": GONE}),
    ("queue-missing", {"subscription_dead_letters": GONE}),
    ("queue-policy", part("queue", policy={})),
    ("queue-policy", part("queue", policy=policies.queue_policy(QUEUE, TOPIC + "2"))),
    ("queue-policy", part("subscription_dead_letters", policy={})),
    ("queue-redrive", part("queue", dead_letters=None)),
    ("dead-letters", part("dead_letters", waiting=1)),
    ("subscription-dead-letters", part("subscription_dead_letters", waiting=1)),
    ("oldest-message", {"counted": Counted(oldest_seconds=900)}),
    ("mapping-missing", {"mapping": GONE}),
    ("mapping-off", part("mapping", state="Disabled")),
    ("mapping-off", part("mapping", state="Disabling")),
    ("mapping-whole-batches", part("mapping", responses=())),
    ("function-missing", {"function": GONE, "reserved_concurrency": GONE, "mapping": GONE}),
    ("function-broken", part("function", state="Failed", reason="its role cannot be assumed")),
    ("function-broken", part("function", last_update="Failed")),
    ("function-stopped", {"reserved_concurrency": 0}),
    ("function-table", part("function", tables=(BLOCKED + "2",))),
    ("function-errors", {"counted": Counted(errors=1)}),
    ("function-throttles", {"counted": Counted(throttles=1)}),
    ("notifications-failed", {"counted": Counted(failed_deliveries=1)}),
    ("visibility-timeout", part("queue", visibility_seconds=179)),
]
BROKEN_TABLES: list[tuple[str, Mapping[str, Any]]] = [
    ("table-missing", {"status": GONE, "protected": UNSEEN, "ttl": UNSEEN, "recovery": UNSEEN}),
    ("table-unusable", {"status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}),
    ("table-ttl", {"ttl": None}),
    ("table-ttl", {"ttl": "blocked_at"}),
    ("table-recovery", {"recovery": False}),
    ("table-protection", {"protected": False}),
]
BROKEN_ACCOUNTS: list[tuple[str, Mapping[str, Any]]] = [
    ("sandbox", {"production": False}),
    ("sending-off", {"sending": False}),
    ("under-review", {"enforcement": "PROBATION"}),
    ("shut-down", {"enforcement": "SHUTDOWN"}),
    ("suppression-off", {"suppressed": ()}),
    ("suppression-off", {"suppressed": ("BOUNCE",)}),
    ("bounce-rate-warning", {"bounce_rate": 0.05}),
    ("bounce-rate-critical", {"bounce_rate": 0.1}),
    ("complaint-rate-warning", {"complaint_rate": 0.001}),
    ("complaint-rate-critical", {"complaint_rate": 0.005}),
]
REFUSED = Unseen(
    "123456789012", "eu-west-1", "bounce-shop", "sns:GetTopicAttributes", "AuthorizationError", refused=True
)
BROKEN_LOOKS: list[tuple[str, Mapping[str, Any]]] = [
    ("look-refused", {"unseen": (REFUSED,)}),
    ("table-elsewhere", {"unseen": (replace(REFUSED, account="999999999999", about="blocked table"),)}),
    ("look-failed", {"unseen": (replace(REFUSED, refused=False, why="ConnectTimeoutError"),)}),
    ("other-account", {"elsewhere": (("999999999999", PIPELINE),)}),
]
CASES: list[tuple[str, Facts]] = [
    *((id_, replace(FACTS, pipelines=(replace(HEALTHY, **changed),))) for id_, changed in BROKEN_PIPELINES),
    *(
        (id_, replace(FACTS, tables=tuple(replace(one, **changed) if one is table else one for one in TABLES)))
        for id_, changed in BROKEN_TABLES
        for table in TABLES
    ),
    *((id_, replace(FACTS, accounts=(replace(STANDING, **changed),))) for id_, changed in BROKEN_ACCOUNTS),
    *((id_, replace(FACTS, **changed)) for id_, changed in BROKEN_LOOKS),
]
