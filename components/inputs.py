"""Rules for inputs: each takes an input's name and value, and gives the value back in its plain form or raises.

One rule serves the component (input `batch_size`) and the stack (configuration key `batchSize`), so that both refuse
the same values with the same words. Ranges are AWS's own, as botocore's service models of sns, sqs, lambda, logs and
dynamodb state them, unless a rule names another source.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")
Rule = Callable[[str, object], T]

KINDS = ("bounce", "complaint")
"""The kinds of feedback; a pipeline carries one."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+{_LABEL}"
_REGION = r"[a-z]{2,4}(?:-[a-z]+){1,2}-\d{1,2}"
# CloudWatch Logs takes these numbers of days and no other (PutRetentionPolicy).
_LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

_LARGEST_BATCH_WITHOUT_WINDOW = 10  # Lambda API reference, CreateEventSourceMapping, BatchSize


def check(rule: Rule[T], name: str, value: pulumi.Input[object]) -> pulumi.Input[T]:
    """Apply `rule` at once to a plain value, and to an Output as soon as its value is known."""
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: rule(name, known))
    return rule(name, value)


def refuse(name: str, value: object, right: str) -> ValueError:
    """The error of this house: the input, its value, and what would be right."""
    return ValueError(f"{name} is {value!r}: {right}")


def integer(minimum: int, maximum: int, unit: str = "") -> Rule[int]:
    """A whole number; `5.0` is one too, since an integer reaches a component in another language as a float."""
    expected = f"a whole number from {minimum} to {maximum}{unit and ' ' + unit} is needed"

    def rule(name: str, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise refuse(name, value, expected)
        return value

    return rule


def pattern(expression: str, expected: str) -> Rule[str]:
    """A text of one form."""
    compiled = re.compile(expression)

    def rule(name: str, value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise refuse(name, value, f"{expected} is needed")
        return value

    return rule


def choice(values: Iterable[str | int]) -> Rule[str | int]:
    """One of a fixed list."""
    allowed = tuple(values)

    def rule(name: str, value: object) -> str | int:
        for candidate in allowed:
            if value == candidate and not isinstance(value, bool):
                return candidate
        raise refuse(name, value, f"one of {', '.join(map(str, allowed))} is needed")

    return rule


def each(rule: Rule[T]) -> Rule[list[T]]:
    """A list without doubles, every entry of which passes `rule`."""

    def checked(name: str, value: object) -> list[T]:
        if not isinstance(value, (list, tuple)):
            raise refuse(name, value, "a list is needed")
        entries = [rule(f"{name}[{index}]", entry) for index, entry in enumerate(value)]
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                raise refuse(f"{name}[{index}]", entry, "it is in the list already; name it once")
        return entries

    return checked


def named(name: str, value: object) -> dict[str, Any]:
    """A map under names that can be part of a resource's."""
    if not isinstance(value, Mapping):
        raise refuse(name, value, "a map of names to pipelines is needed")
    for key in value:
        resource_name(f"the name in {name}", key)
    return dict(value)


def fraction(name: str, value: object) -> float:
    """A share of a whole, above nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise refuse(name, value, "a fraction above 0 and up to 1 is needed, such as 0.05 for 5 %")
    return float(value)


def hours(name: str, value: object) -> int:
    """0, or from 2 up to the longest warm-up of an alarm (CloudWatch API reference, WarmUpConfiguration)."""
    number = integer(0, 48, "hours")(name, value)
    if number == 1:
        raise refuse(name, value, "2 to 48 hours are needed, or 0 for no such alarm")
    return number


def boolean(name: str, value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise refuse(name, value, "true or false is needed")
    return value


def tags(name: str, value: object) -> dict[str, str]:
    """AWS tags: text to text, none beginning with `aws:`."""
    if not isinstance(value, Mapping):
        raise refuse(name, value, "a map of text to text is needed")
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str) or key.lower().startswith("aws:"):
            raise refuse(f"{name}.{key}", text, "text is needed, under a key that does not begin with aws:")
    return dict(value)


kind = choice(KINDS)
region = pattern(_REGION, "a Region such as eu-west-1")
identity = pattern(
    rf"(?:[!-?A-~]{{1,64}}@)?{_DOMAIN}",
    "a domain (example.com) or an e-mail address (news@example.com) that SES has verified",
)
configuration_set = pattern(
    r"[A-Za-z0-9_-]{1,64}", "the name of a configuration set (up to 64 letters, digits, - and _)"
)
table_arn = pattern(
    rf"arn:aws[a-z-]*:dynamodb:{_REGION}:\d{{12}}:table/[A-Za-z0-9_.-]{{3,255}}",
    "the ARN of a table such as arn:aws:dynamodb:eu-central-1:123456789012:table/blocked",
)
kms_key_arn = pattern(
    rf"arn:aws[a-z-]*:kms:{_REGION}:\d{{12}}:key/[A-Za-z0-9-]+",
    "the ARN of a customer managed key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias)",
)
policy_arn = pattern(
    r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/[\w+=,.@/-]+",
    "the ARN of an IAM policy such as arn:aws:iam::123456789012:policy/boundary",
)
resource_name = pattern(r"[A-Za-z0-9_-]{1,100}", "up to 100 letters, digits, - and _")
email = pattern(rf"[!-?A-~]{{1,64}}@{_DOMAIN}", "an e-mail address such as oncall@example.com")
topic_arn = pattern(
    rf"arn:aws[a-z-]*:sns:{_REGION}:\d{{12}}:[A-Za-z0-9_-]{{1,256}}(?:\.fifo)?",
    "the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:alarms",
)
url = pattern(r"https?://[!-~]+", "an address such as https://wiki.example.com/ses-feedback")
principal = pattern(
    r"\d{12}|o-[a-z0-9]{10,32}|arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w+=,.@/-]+",
    "an account id (12 digits), the ARN of a role or user, or an organisation id (o-...)",
)

PIPELINE: dict[str, Rule[object]] = {
    "kind": kind,
    "identities": each(identity),
    "configuration_set_name": configuration_set,
    "region": region,
    "blocked_table_arn": table_arn,
    "history_table_arn": table_arn,
    "kms_key_arn": kms_key_arn,
    "table_kms_key_arn": kms_key_arn,
    "soft_bounce_threshold": integer(1, 20, "soft bounces"),
    "soft_bounce_window_days": integer(1, 365, "days"),
    "soft_block_days": integer(1, 365, "days"),
    "max_receive_count": integer(1, 1000, "receives"),
    # One day less than the dead-letter queue keeps a message: it keeps its first enqueue time when it moves there.
    "message_retention_days": integer(1, 13, "days"),
    "batch_size": integer(1, 10_000, "messages"),
    "maximum_batching_window_seconds": integer(0, 300, "seconds"),
    "maximum_concurrency": integer(2, 1000, "batches"),
    "function_memory_mb": integer(128, 10_240, "MB"),
    "function_timeout_seconds": integer(1, 900, "seconds"),
    "log_retention_days": choice(_LOG_RETENTION_DAYS),
    "include_original_headers": boolean,
    "email_forwarding": boolean,
    "permissions_boundary_arn": policy_arn,
    "tags": tags,
}
"""The rule of every input of a pipeline."""

KEY: dict[str, Rule[Any]] = {
    "region": region,
    "deletion_window_days": integer(7, 30, "days"),
    "tags": tags,
}
"""The rule of every input of a key that may be an Output."""

MONITORING: dict[str, Rule[Any]] = {
    "region": region,
    "alarm_topic_arn": topic_arn,
    "alarm_emails": each(email),
    "kms_key_arn": kms_key_arn,
    "runbook_url": url,
    "bounce_rate_warning": fraction,
    "bounce_rate_critical": fraction,
    "complaint_rate_warning": fraction,
    "complaint_rate_critical": fraction,
    "oldest_message_seconds": integer(60, 1_209_600, "seconds"),
    "missing_feedback_hours": hours,
    "tags": tags,
}
"""The rule of every input of the monitoring but the pipelines themselves."""

COMBINED = (
    "batch_size",
    "maximum_batching_window_seconds",
    "soft_bounce_window_days",
    "soft_block_days",
    "blocked_table_arn",
    "history_table_arn",
)
"""The inputs that `combination` looks at together."""

_MOST_WINDOWS = 12  # Bounds the soft bounces kept in an address's state; DynamoDB's items end at 400 KB.


def combination(values: Mapping[str, Any], name: Callable[[str], str] = str) -> None:
    """Refuse values that are right alone and wrong together; `name` turns an input into what the user knows it as."""
    batch, window = values["batch_size"], values["maximum_batching_window_seconds"]
    if batch > _LARGEST_BATCH_WITHOUT_WINDOW and window < 1:
        right = f"at least 1 is needed with {name('batch_size')} {batch}"
        raise refuse(name("maximum_batching_window_seconds"), window, right)
    block, days = values["soft_block_days"], values["soft_bounce_window_days"]
    if block > _MOST_WINDOWS * days:
        right = f"at most {_MOST_WINDOWS} times {name('soft_bounce_window_days')} ({days}) is needed"
        raise refuse(name("soft_block_days"), block, right)
    blocked, history = values.get("blocked_table_arn"), values.get("history_table_arn")
    if (blocked or history) and _home(blocked) != _home(history):
        right = f"the Region and account of {name('blocked_table_arn')} ({blocked}) is needed: both are written at once"
        raise refuse(name("history_table_arn"), history, right)


def rates(values: Mapping[str, Any]) -> None:
    """Refuse a warning that is not below what is critical."""
    for kind_ in KINDS:
        warning, critical = values[f"{kind_}_rate_warning"], values[f"{kind_}_rate_critical"]
        if warning >= critical:
            raise refuse(f"{kind_}_rate_warning", warning, f"less than {kind_}_rate_critical ({critical}) is needed")


def _home(arn: str | None) -> list[str]:
    return (arn or "").split(":")[:5]


def camel(name: str) -> str:
    """`batch_size` as a stack's configuration and other languages write it: `batchSize`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def given(args: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The inputs that have a value. Raises: ValueError for one that does not exist."""
    names = sorted(known)
    for key, value in args.items():
        if key not in names:
            raise refuse(key, value, f"there is no such input; there are {', '.join(names)}")
    return {key: value for key, value in args.items() if value is not None}
