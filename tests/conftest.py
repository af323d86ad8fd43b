"""For all tests: a property's examples may take as long as a busy machine needs; how fast code is, bench/ says."""

from hypothesis import settings

settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
