"""Runs work for many items in threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_in_parallel(work: Callable[[T], R], items: Sequence[T], parallel: int) -> list[R]:
    """Call `work` for each item, at most `parallel` at the same time; returns the results in the order of the items.

    After an error no other item begins, and the first error is raised once those in progress have ended.
    """
    errors: list[BaseException] = []

    def run(item: T) -> R:
        if errors:
            raise errors[0]
        try:
            return work(item)
        except BaseException as error:
            errors.append(error)
            raise

    with ThreadPoolExecutor(max(1, min(parallel, len(items)))) as pool:
        return list(pool.map(run, items))
