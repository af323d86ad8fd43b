"""For all tests: Hypothesis sets no deadline, because the machine may be busy. bench/ measures speed."""

from hypothesis import settings

settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
