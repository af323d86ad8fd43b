"""Rules for inputs, and how a component reads its inputs by them.

A rule takes an input's name and value, and returns the value in its plain form or raises. One rule serves the component
(input `batch_size`) and the stack (configuration key `batchSize`), so both refuse the same values in the same way.
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import pulumi

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
Inputs = TypeVar("Inputs", bound="DataclassInstance")
Rule = Callable[[str, object], T]
Tags = dict[str, pulumi.Input[str]]
InputName = Callable[[str], str]
"""Turns the name of an input into the one that the user knows, such as a configuration key."""

KINDS = ("bounce", "complaint")
"""The kinds of feedback; a pipeline handles one."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+{_LABEL}"
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
_REGION = r"[a-z]{2,4}(?:-[a-z]+){1,2}-\d{1,2}"


class InputError(ValueError):
    """An error that names the input, its value, and what would be right."""

    def __init__(self, name: str, value: object, requirement: str) -> None:
        self.name, self.value, self.requirement = name, value, requirement
        super().__init__(name, value, requirement)

    def __str__(self) -> str:
        return f"{self.name} is {self.value!r}: {self.requirement}"


def check(rule: Rule[T], name: str, value: pulumi.Input[object]) -> pulumi.Input[T]:
    """Apply `rule` at once to a plain value, and to an Output as soon as its value is known."""
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known_value: rule(name, known_value))
    return rule(name, value)


def check_together(rule: Callable[..., None], *values: pulumi.Input[Any] | None) -> None:
    """Apply `rule` to several inputs: at once, or as soon as all of them are known."""
    if any(isinstance(value, pulumi.Output) for value in values):
        pulumi.Output.all(*values).apply(lambda known_values: rule(*known_values))
    else:
        rule(*values)


def read_inputs(inputs_type: type[Inputs], args: Mapping[str, Any], rules: Mapping[str, Rule[Any]]) -> Inputs:
    """Check `args` by `rules` into the dataclass `inputs_type`, whose fields hold the types and defaults.

    A field declared as `pulumi.Input` takes an Output; every other value must be known when the program runs.
    Raises: ValueError, naming the input and its value.
    """
    for name, value in args.items():
        if name not in rules:
            raise InputError(name, value, f"there is no such input; there are {', '.join(sorted(rules))}")
    values: dict[str, Any] = {}
    for field in dataclasses.fields(inputs_type):
        name, value = field.name, args.get(field.name)
        if value is not None:
            values[name] = check(rules[name], name, value) if takes_output(field.type) else rules[name](name, value)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(name, value, "it is required")
    return inputs_type(**values)


def takes_output(annotation: object) -> bool:
    """Whether a field of this type may be an Output: `pulumi.Input[str]` is a union with `Awaitable[str]`."""
    return any(get_origin(member) is Awaitable for member in get_args(annotation))


def camel_case(name: str) -> str:
    """`batch_size` as a stack's configuration and other languages write it: `batchSize`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@dataclass(frozen=True)
class IntegerRange:
    """A whole number; `5.0` is one too, since an integer reaches a component in another language as a float."""

    minimum: int
    maximum: int
    unit: str
    zero: str = ""
    """What 0 stands for, where it is allowed beside the range."""

    def __call__(self, name: str, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and self._holds(value):
            return value
        or_zero = f", or 0 for {self.zero}," if self.zero else ""
        requirement = f"a whole number from {self.minimum} to {self.maximum} {self.unit}{or_zero} is needed"
        raise InputError(name, value, requirement)

    def _holds(self, value: int) -> bool:
        return self.minimum <= value <= self.maximum or (value == 0 and bool(self.zero))


def pattern(expression: str, description: str) -> Rule[str]:
    """A string that the regular expression matches as a whole."""
    compiled = re.compile(expression)

    def rule(name: str, value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise InputError(name, value, f"{description} is needed")
        return value

    return rule


def choice(values: Iterable[T]) -> Rule[T]:
    """One of a fixed list of strings or numbers."""
    allowed = tuple(values)

    def rule(name: str, value: object) -> T:
        for candidate in allowed:
            if value == candidate and not isinstance(value, bool):
                return candidate
        raise InputError(name, value, f"one of {', '.join(map(str, allowed))} is needed")

    return rule


def each(rule: Rule[T]) -> Rule[list[T]]:
    """A list without duplicates, every entry of which passes `rule`."""

    def check_list(name: str, value: object) -> list[T]:
        if not isinstance(value, (list, tuple)):
            raise InputError(name, value, "a list is needed")
        entries = [rule(f"{name}[{index}]", entry) for index, entry in enumerate(value)]
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                raise InputError(f"{name}[{index}]", entry, "it is in the list already; name it once")
        return entries

    return check_list


def named(name: str, value: object) -> dict[str, Any]:
    """A map whose keys can be part of a resource's name."""
    if not isinstance(value, Mapping):
        raise InputError(name, value, "a map of names to outputs `monitored` is needed")
    for key in value:
        resource_name(f"the name in {name}", key)
    return dict(value)


def fraction(name: str, value: object) -> float:
    """A number above 0 and up to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise InputError(name, value, "a fraction above 0 and up to 1 is needed, such as 0.05 for 5 %")
    return float(value)


def boolean(name: str, value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InputError(name, value, "true or false is needed")
    return value


def tags(name: str, value: object) -> dict[str, str]:
    """AWS tags: a map of strings to strings, no key beginning with `aws:`."""
    if not isinstance(value, Mapping):
        raise InputError(name, value, "a map of strings to strings is needed")
    for key, tag_value in value.items():
        if not isinstance(key, str) or not isinstance(tag_value, str) or key.lower().startswith("aws:"):
            requirement = "a string is needed, under a key that does not begin with aws:"
            raise InputError(f"{name}.{key}", tag_value, requirement)
    return dict(value)


kind = choice(KINDS)
region = pattern(_REGION, "a Region such as eu-west-1")
identity = pattern(
    rf"(?:[!-?A-~]{{1,64}}@)?{_DOMAIN}",
    "a domain (example.com) or an e-mail address (news@example.com) that SES has verified",
)
protected_pattern = pattern(
    rf"(?:{_LOCAL}@)?{_DOMAIN}|{_LOCAL}@",
    "an address (jane@example.org), a domain (example.org) or a local part of any domain (abuse@)",
)
account_id = pattern(r"\d{12}", "an account id (12 digits, in quotes)")
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
# An alarm's description, which names it, has 1024 characters (CloudWatch API reference, PutMetricAlarm).
url = pattern(
    r"https?://[!-~]{1,500}", "an address such as https://wiki.example.com/ses-feedback, of at most 500 characters,"
)
role_or_user = pattern(
    r"arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w+=,.@/-]+",
    "the ARN of a role or user such as arn:aws:iam::123456789012:role/operator",
)
principal = pattern(
    r"\d{12}|o-[a-z0-9]{10,32}|arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w+=,.@/-]+",
    "an account id (12 digits), the ARN of a role or user, or an organisation id (o-...)",
)
