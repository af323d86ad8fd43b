"""One emulator per test process; accounts keep the tests apart, so each test takes its own."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sandbox import Account, Emulator, start_emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="session")
def new_account(emulator: Emulator) -> Callable[[], Account]:
    numbers = count(100000000001)
    return lambda: emulator.account(str(next(numbers)))


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    return new_account()
