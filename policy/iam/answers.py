"""Three-valued logic: yes, no, and unknown for what only an update can tell."""

from collections.abc import Iterable
from enum import Enum


class Answer(Enum):
    """Whether something holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def answer(holds: bool) -> Answer:
    """The answer that is known."""
    return Answer.YES if holds else Answer.NO


def negate(value: Answer) -> Answer:
    """Whether something does not hold."""
    return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(value, value)


def both(answers: Iterable[Answer]) -> Answer:
    """Whether all of them hold, as those of nothing do; what does not hold outweighs what is unknown."""
    return _first_of(answers, decisive=Answer.NO, otherwise=Answer.YES)


def either(answers: Iterable[Answer]) -> Answer:
    """Whether one of them holds; what holds outweighs what is unknown."""
    return _first_of(answers, decisive=Answer.YES, otherwise=Answer.NO)


def _first_of(answers: Iterable[Answer], *, decisive: Answer, otherwise: Answer) -> Answer:
    """The decisive answer as soon as there is one, so that the rest need not be evaluated; else an unknown one."""
    result = otherwise
    for value in answers:
        if value is decisive:
            return value
        if value is Answer.UNKNOWN:
            result = value
    return result
