"""For all tests: how many examples a property tries, and what is read once per process instead of once per test."""

from functools import cache

import botocore.session
from hypothesis import settings

# A property's examples may take as long as a busy machine needs; how fast code is, bench/ says.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

# Each session of boto3 would read and parse the service models anew: 0.1 s of a test that makes a client.
botocore.session.create_loader = cache(botocore.session.create_loader)
