"""The commands for support on the deployed program: show, unblock until the next bounce, unblock a domain and undo it.

Not proved: SES's suppression list. The emulator has none and answers "not found" about every address; tests/cli has a
server in its place. And the emulator evaluates policies in its own way.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ses_feedback_cli.app import app
from ses_feedback_cli.simulation.mails import BOUNCE
from typer.testing import CliRunner, Result

from sandbox import DeployedStack
from sandbox.chain import START_SECONDS, watch

pytestmark = pytest.mark.xdist_group("stack")
ADDRESS = BOUNCE.address()
Run = Callable[..., Result]


@pytest.fixture
def run(stack: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `ses-feedback` with nothing of the user's environment, in a folder of its own."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    for name in os.environ:
        if name.startswith(("AWS_", "SES_FEEDBACK")):
            monkeypatch.delenv(name)
    environment = {
        "AWS_ENDPOINT_URL": stack.account.endpoint,
        "AWS_ACCESS_KEY_ID": stack.account.id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SES_FEEDBACK_OUTPUTS": str(outputs),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [*arguments], prog_name="ses-feedback")


def send_bounce(stack: DeployedStack) -> None:
    with watch(stack) as chain:
        chain.wait_until_drained(START_SECONDS)
        assert chain.follow(BOUNCE).failure is None


def test_a_block_is_explained_and_lifted_until_the_next_bounce(stack: DeployedStack, run: Run) -> None:
    send_bounce(stack)
    shown = run("show", ADDRESS, "--ses")
    assert shown.exit_code == 1, shown.stderr
    for fact in ("hard-bounce", "5.1.1", "shop.example", "BLOCKED because of bounce"):
        assert fact in shown.stdout
    time.sleep(0.01)  # an unblock in the same millisecond as a bounce wins
    lifted = run("unblock", ADDRESS, "--note", "ticket 7", "--actor", "joe")
    assert (lifted.exit_code, lifted.stderr) == (0, "")
    assert "now not" in lifted.stdout
    assert run("check", ADDRESS).exit_code == 0
    time.sleep(0.01)
    send_bounce(stack)
    (history,) = map(json.loads, run("show", ADDRESS, "--json").stdout.splitlines())
    assert [event.get("act", event.get("kind")) for event in history["events"]] == ["bounce", "unblock", "bounce"]
    assert history["blocked"]


def test_blocks_are_lifted_in_bulk_and_put_back(run: Run) -> None:
    def blocked() -> set[str]:
        return {json.loads(line)["value"] for line in run("list", "--json").stdout.splitlines()}

    addresses = [f"{number}@bulk.example" for number in range(120)]
    assert run("block", *addresses, "--note", "a false list").exit_code == 0
    blocked_before = blocked()
    assert blocked_before >= set(addresses)
    unblock = ("unblock", "--domain", "bulk.example", "--reason", "manual", "--note", "a mistake", "--yes")
    result = run(*unblock, "--undo-file", "undo.jsonl")
    assert result.exit_code == 0, result.stderr
    assert blocked() == blocked_before - set(addresses)
    assert run("block", "--from", "undo.jsonl").exit_code == 0
    assert blocked() == blocked_before
