"""A surge on the deployed program, released by the operator's command.

Not proved: SES's own suppression list, which the emulator does not have.
"""

import io

import pytest
from rich.console import Console

from sandbox import Account, SandboxError, deploy
from sandbox.screen import Screen
from sandbox.stack_context import blocked_items
from sandbox.surge import BOUNCES, exercise_surge

pytestmark = pytest.mark.xdist_group("chain")
SECONDS = 20


def test_a_provider_that_refuses_everybody_blocks_few_for_good_and_all_are_released(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, written = deploy(account), io.StringIO()
    surge = exercise_surge(stack, Screen(Console(file=written, width=80)), SECONDS)
    assert surge.held >= BOUNCES
    assert surge.blocked + surge.held == 2 * BOUNCES
    assert blocked_items(stack) == []
    assert surge.id in written.getvalue()
    # As if the breaker had not opened: every bounce is one of a domain of its own.
    monkeypatch.setattr("sandbox.surge.person", lambda number: f"jane@example{number}.provider.example")
    with pytest.raises(SandboxError, match="its breaker did not open"):
        exercise_surge(stack, Screen(Console(file=written, width=80)), SECONDS)
