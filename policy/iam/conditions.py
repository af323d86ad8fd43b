"""Evaluates the condition block of a statement.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values" and "Set operators for multivalued context keys".
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from policy.iam.answers import Answer, answer, both, either, negate
from policy.iam.patterns import UNKNOWN_TEXT, compile_pattern, matches, matches_arn

Comparison = Callable[[str, str], Answer]
"""Whether the value of a request compares with a compiled value of the policy."""


class Context:
    """The context keys of a request; the names of keys have no case."""

    def __init__(self, values: Mapping[str, Sequence[str]], unknown_keys: Iterable[str] = ()) -> None:
        self.values = {key.lower(): values_of_key for key, values_of_key in values.items()}
        self._unknown_keys = tuple(key.lower() for key in unknown_keys)

    def values_of(self, key: str) -> Sequence[str]:
        """What a policy variable stands for; nothing where the key is not in the request."""
        return [UNKNOWN_TEXT] if self.is_unknown(key) else self.values.get(key, ())

    def is_unknown(self, key: str) -> bool:
        """Whether a request may have the key or not; one that ends in `/` or `:` stands for all that begin with it."""
        return key not in self.values and any(
            key == unknown or (unknown[-1] in "/:" and key.startswith(unknown)) for unknown in self._unknown_keys
        )


def evaluate_conditions(block: Any, context: Context, *, has_variables: bool) -> Answer:
    """Whether a request meets all conditions of a statement."""
    if block == UNKNOWN_TEXT:
        return Answer.UNKNOWN
    return both(
        Answer.UNKNOWN
        if conditions == UNKNOWN_TEXT
        else both(
            _evaluate(operator, key, values, context, has_variables=has_variables) for key, values in _items(conditions)
        )
        for operator, conditions in _items(block)
    )


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def _evaluate(operator: str, key: str, values: Any, context: Context, *, has_variables: bool) -> Answer:
    key, operator = key.lower(), operator.lower()
    quantifier, _, base = operator.rpartition(":")
    is_optional, base = base.endswith("ifexists"), base.removesuffix("ifexists")
    policy_values = [_as_text(value) for value in _as_list(values)]
    if context.is_unknown(key) or (base != "null" and base not in _OPERATORS):  # AWS rejects an unknown operator
        return Answer.UNKNOWN
    request_values = context.values.get(key)
    if base == "null":
        return _evaluate_null(policy_values, is_absent=request_values is None)
    is_negated, comparison = _OPERATORS[base]
    if request_values is None and is_optional and quantifier == "foranyvalue":
        return Answer.UNKNOWN  # IfExists says yes, and ForAnyValue no: the guide does not say which of them wins
    if request_values is None:
        return answer(is_optional or quantifier == "forallvalues" or (is_negated and not quantifier))
    values_of = context.values_of if has_variables else None
    patterns = [
        compile_pattern(value, values_of, has_wildcards=base in _OPERATORS_WITH_WILDCARDS) for value in policy_values
    ]
    # AWS says that nothing is equal to a variable without a value, but not what a negated operator then does.
    without_value = Answer.UNKNOWN if is_negated else Answer.NO

    def meets(request_value: str) -> Answer:
        found = either(without_value if pattern is None else comparison(request_value, pattern) for pattern in patterns)
        return negate(found) if is_negated else found

    # A key with several values needs one of the set operators.
    join = {"forallvalues": both, "foranyvalue": either}.get(quantifier, _single)
    return join(map(meets, request_values))


def _single(answers: Iterable[Answer]) -> Answer:
    values = list(answers)
    return values[0] if len(values) == 1 else Answer.NO


def _evaluate_null(policy_values: Sequence[str], *, is_absent: bool) -> Answer:
    if UNKNOWN_TEXT in policy_values:
        return Answer.UNKNOWN
    return answer(str(is_absent).lower() in {value.lower() for value in policy_values})


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _as_text(value: Any) -> str:
    """A value of a policy as text: JSON's `true` is the same as "true", and 1.0 as "1"."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _compare_strings(request_value: str, pattern: str) -> Answer:
    return matches(pattern, request_value)


def _compare_without_case(request_value: str, pattern: str) -> Answer:
    return matches(pattern.lower(), request_value.lower())


def _compare_arns(request_value: str, pattern: str) -> Answer:
    return matches_arn(pattern, request_value)


def _compare_booleans(request_value: str, pattern: str) -> Answer:
    found = _compare_without_case(request_value, pattern)
    are_booleans = {request_value.lower(), pattern.lower()} <= {"true", "false", UNKNOWN_TEXT}
    return found if are_booleans else Answer.NO


def _compare_parsed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Comparison:
    """A comparison of two values that have the same form; what does not have it is equal to nothing."""

    def compare_texts(request_value: str, pattern: str) -> Answer:
        if UNKNOWN_TEXT in request_value + pattern:
            return Answer.UNKNOWN
        try:
            return answer(compare(parse(request_value), parse(pattern)))
        except (ValueError, TypeError, OverflowError):
            return Answer.NO

    return compare_texts


def _parse_date(text: str) -> datetime:
    """A date in one of W3C's forms of ISO 8601, or in seconds since 1970."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        date = datetime.fromisoformat(text)
        return date if date.tzinfo else date.replace(tzinfo=UTC)


def _is_in_network(address: Any, network: Any) -> bool:
    return bool(address.version == network.version and address.subnet_of(network))


def _parse_network(text: str) -> Any:
    return ipaddress.ip_network(text, strict=False)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, limit: value == limit,
    "lessthan": lambda value, limit: value < limit,
    "lessthanequals": lambda value, limit: value <= limit,
    "greaterthan": lambda value, limit: value > limit,
    "greaterthanequals": lambda value, limit: value >= limit,
}
_POSITIVE: dict[str, Comparison] = {
    "stringequals": _compare_strings,
    "stringequalsignorecase": _compare_without_case,
    "stringlike": _compare_strings,
    "arnequals": _compare_arns,
    "arnlike": _compare_arns,
    "bool": _compare_booleans,
    "binaryequals": _compare_strings,
    "ipaddress": _compare_parsed(_parse_network, _is_in_network),
    **{f"numeric{order}": _compare_parsed(float, compare) for order, compare in _ORDERS.items()},
    **{f"date{order}": _compare_parsed(_parse_date, compare) for order, compare in _ORDERS.items()},
}
_NEGATED = {
    "stringnotequals": "stringequals", "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike", "arnnotequals": "arnequals", "arnnotlike": "arnlike",
    "notipaddress": "ipaddress", "numericnotequals": "numericequals", "datenotequals": "dateequals",
}  # fmt: skip
_OPERATORS = {
    **{operator: (False, comparison) for operator, comparison in _POSITIVE.items()},
    **{operator: (True, _POSITIVE[positive]) for operator, positive in _NEGATED.items()},
}
"""Operator, in lower case: whether it is negated, and its comparison."""
_OPERATORS_WITH_WILDCARDS = {
    "stringlike", "stringnotlike", "arnequals", "arnlike", "arnnotequals", "arnnotlike",
}  # fmt: skip
