"""One emulator per test process. Each test takes its own account, so that tests do not affect each other."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sandbox import Account, Emulator, start_emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def new_account(emulator: Emulator) -> Callable[[], Account]:
    account_ids = count(100000000001)
    return lambda: emulator.account(str(next(account_ids)))


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    return new_account()
