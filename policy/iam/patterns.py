"""Matches the strings of a request with those of a policy: wildcards, policy variables, and parts that are unknown."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from policy.iam.answers import Answer, answer, both

UNKNOWN_TEXT = "\0"
"""Stands for any characters, also none, that a preview does not know. IAM allows no such character in a policy."""

# Wildcards in a pattern, apart from the characters `*` and `?` in a value that a policy variable stands for.
_ANY_CHARACTERS, _ANY_CHARACTER = "\ue000", "\ue001"
_WILDCARDS = str.maketrans({"*": _ANY_CHARACTERS, "?": _ANY_CHARACTER})
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ARN_PARTS = 6


def compile_pattern(
    text: str, values_of: Callable[[str], Sequence[str]] | None = None, *, has_wildcards: bool = True
) -> str | None:
    """The pattern that a policy writes as `text`; None where a variable has no value, and nothing can match.

    `values_of` gives the values of a context key, for policies that have variables: `${*}`, `${?}` and `${$}` are those
    characters, `${key}` is the value of a context key, and `${key, 'value'}` has a default (IAM User Guide, "IAM policy
    elements: Variables and tags"). A key with several values has none here.
    """
    pieces, end = [], 0
    for variable in _VARIABLE.finditer(text):
        if not values_of:
            break
        value = _value_of(variable[1], values_of)
        if value is None:
            return None
        pieces += [_mark_wildcards(text[end : variable.start()], has_wildcards=has_wildcards), value]
        end = variable.end()
    return "".join([*pieces, _mark_wildcards(text[end:], has_wildcards=has_wildcards)])


def _mark_wildcards(text: str, *, has_wildcards: bool) -> str:
    return text.translate(_WILDCARDS) if has_wildcards else text


def _value_of(variable: str, values_of: Callable[[str], Sequence[str]]) -> str | None:
    if variable in {"*", "?", "$"}:
        return variable
    key, _, default = variable.partition(",")
    values = values_of(key.strip().lower())
    if len(values) == 1:
        return values[0]
    default = default.strip()
    return default[1:-1] if len(default) > 1 and default[0] == default[-1] == "'" else None


@lru_cache(maxsize=10_000)
def matches(pattern: str, text: str) -> Answer:
    """Whether a compiled pattern matches a text; unknown where that depends on an unknown part of either."""
    if UNKNOWN_TEXT not in pattern and _as_regex(pattern).fullmatch(text):
        return Answer.YES  # only a wildcard matches the unknown parts of the text, and it matches whatever they are
    if UNKNOWN_TEXT not in pattern + text:
        return Answer.NO
    return Answer.UNKNOWN if _may_match(pattern, text) else Answer.NO


@lru_cache(maxsize=10_000)
def _as_regex(pattern: str) -> re.Pattern[str]:
    wildcards = {_ANY_CHARACTERS: ".*", _ANY_CHARACTER: f"[^{UNKNOWN_TEXT}]"}
    return re.compile("".join(wildcards.get(character, re.escape(character)) for character in pattern), re.DOTALL)


def _may_match(pattern: str, text: str) -> bool:
    """Whether there are values of the unknown parts with which the pattern matches the text."""
    runs = {_ANY_CHARACTERS, UNKNOWN_TEXT}
    # `row[j]`: whether the rest of the pattern may match the text from its character j on.
    row = [False] * len(text) + [True]
    for j in reversed(range(len(text))):
        row[j] = row[j + 1] and text[j] == UNKNOWN_TEXT
    for character in reversed(pattern):
        below, row = row, [False] * (len(text) + 1)
        for j in reversed(range(len(text) + 1)):
            row[j] = character in runs and below[j]
            if j < len(text):
                row[j] |= row[j + 1] and (character in runs or text[j] == UNKNOWN_TEXT)
                row[j] |= below[j] and text[j] == UNKNOWN_TEXT
                row[j] |= below[j + 1] and character in {text[j], _ANY_CHARACTER}
    return row[0]


def matches_arn(pattern: str, arn: str) -> Answer:
    """Whether a compiled pattern matches an ARN, part by part: no wildcard reaches beyond a colon but in the last part.

    IAM User Guide, "Condition operators", ARN condition operators: each of the six parts is checked separately.
    """
    pattern_parts, parts = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(pattern_parts) == len(parts) == _ARN_PARTS:
        return both(matches(pattern_part, part) for pattern_part, part in zip(pattern_parts, parts, strict=True))
    return answer(False) if UNKNOWN_TEXT not in pattern + arn else _at_most_unknown(matches(pattern, arn))


def _at_most_unknown(value: Answer) -> Answer:
    return Answer.NO if value is Answer.NO else Answer.UNKNOWN
