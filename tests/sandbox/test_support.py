"""The commands for support on the deployed program: show, unblock until the next bounce, unblock a domain and undo it.

Not proved: SES's suppression list. The emulator has none and answers "not found" about every address; tests/cli has a
server in its place. And the emulator evaluates policies in its own way.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ses_feedback_cli.simulation.mails import BOUNCE

from sandbox import Account, DeployedStack, deploy
from sandbox.chain import START_SECONDS, watch

pytestmark = pytest.mark.xdist_group("support")  # one stack, made once
ADDRESS = BOUNCE.address()
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def stack(new_account: Callable[[], Account]) -> DeployedStack:
    return deploy(new_account())


@pytest.fixture
def run(stack: DeployedStack, tmp_path: Path) -> Run:
    """`ses-feedback` as somebody runs it, in a folder of its own."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SES_FEEDBACK"))}
    environment |= {
        "AWS_ENDPOINT_URL": stack.account.endpoint,
        "AWS_ACCESS_KEY_ID": stack.account.id,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SES_FEEDBACK_OUTPUTS": str(outputs),
    }
    command = [sys.executable, "-m", "ses_feedback_cli"]

    def run_command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run_command


def send_bounce(stack: DeployedStack) -> None:
    with watch(stack) as chain:
        chain.wait_until_drained(START_SECONDS)
        assert chain.follow(BOUNCE).failure is None


def test_a_block_is_explained_and_lifted_until_the_next_bounce(stack: DeployedStack, run: Run) -> None:
    send_bounce(stack)
    shown = run("show", ADDRESS, "--ses")
    assert shown.returncode == 1, shown.stderr
    for fact in ("hard-bounce", "5.1.1", "shop.example", "BLOCKED because of bounce"):
        assert fact in shown.stdout
    time.sleep(0.01)  # an unblock in the same millisecond as a bounce wins
    lifted = run("unblock", ADDRESS, "--note", "ticket 7", "--actor", "joe")
    assert (lifted.returncode, lifted.stderr) == (0, "")
    assert "now not" in lifted.stdout
    assert run("check", ADDRESS).returncode == 0
    time.sleep(0.01)
    send_bounce(stack)
    (history,) = map(json.loads, run("show", ADDRESS, "--json").stdout.splitlines())
    assert [event.get("act", event.get("kind")) for event in history["events"]] == ["bounce", "unblock", "bounce"]
    assert history["blocked"]


def test_a_wave_is_lifted_and_put_back(run: Run) -> None:
    def blocked() -> set[str]:
        return {json.loads(line)["value"] for line in run("list", "--json").stdout.splitlines()}

    addresses = [f"{number}@wave.example" for number in range(120)]
    assert run("block", *addresses, "--note", "a false list").returncode == 0
    blocked_before = blocked()
    assert blocked_before >= set(addresses)
    unblock = ("unblock", "--domain", "wave.example", "--reason", "manual", "--note", "a mistake", "--yes")
    result = run(*unblock, "--undo-file", "undo.jsonl")
    assert result.returncode == 0, result.stderr
    assert blocked() == blocked_before - set(addresses)
    assert run("block", "--from", "undo.jsonl").returncode == 0
    assert blocked() == blocked_before
