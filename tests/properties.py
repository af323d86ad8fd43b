"""How many examples a property tries, as a multiple of the profile's number (tests/conftest.py)."""

from typing import Any

from hypothesis import settings


def profile_times(factor: float, **options: Any) -> settings:
    """Settings for a property that needs more examples than others, or that is too slow for as many."""
    return settings(max_examples=max(1, round(factor * settings().max_examples)), **options)
