"""For all tests: how many examples a property tries, and what each test process makes once for all its tests."""

import gc
import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count

import botocore.session
import pytest
import typer.testing
from hypothesis import HealthCheck, settings

from sandbox import Account, DeployedStack, Emulator, deploy, start_emulator

# A property's examples may take as long as a busy machine needs; how fast code is, bench/ says.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", ANY_SPEED, max_examples=100)
settings.register_profile("deep", ANY_SPEED, max_examples=1_000)  # make check-deep
settings.load_profile("default")

# Each session of boto3 would read and parse the service models anew: 0.1 s of a test that makes a client.
botocore.session.create_loader = cache(botocore.session.create_loader)

# Each run of a command in a test would derive the parsers of all commands anew.
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors: several tests wait for an emulator's functions, and use none meanwhile."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave the modules out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def new_account(emulator: Emulator) -> Callable[[], Account]:
    """Makes an account: accounts keep the tests apart, so each test takes its own."""
    account_ids = count(100000000001)
    return lambda: emulator.account(str(next(account_ids)))


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    return new_account()


@pytest.fixture(scope="session")
def stack(new_account: Callable[[], Account]) -> DeployedStack:
    """The sandbox's stack, for tests that leave it whole and block addresses of their own.

    They are of the xdist group "stack": it is made once. They share its hour, so its breaker stays closed.
    """
    return deploy(new_account(), config={"ses-feedback:surgeHourlyFloor": 1_000})
