"""Tests of a group run in one process, which makes their stack once. If pytest-xdist cannot group, nothing says so."""

import os

import pytest


@pytest.mark.xdist_group("groups")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process, as without make test")
def test_groups_of_tests_are_kept_together(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@groups")
