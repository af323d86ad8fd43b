"""For all tests: how many examples a property tries, and what is read once per process instead of once per test."""

import gc
from functools import cache

import botocore.session
import typer.testing
from hypothesis import HealthCheck, settings

# A property's examples may take as long as a busy machine needs; how fast code is, bench/ says.
ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", ANY_SPEED, max_examples=50)
settings.register_profile("deep", ANY_SPEED, max_examples=1_000)  # make check-deep
settings.load_profile("default")

# Each session of boto3 would read and parse the service models anew: 0.1 s of a test that makes a client.
botocore.session.create_loader = cache(botocore.session.create_loader)

# Each run of a command in a test would derive the parsers of all commands anew.
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    """Leave the modules out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
