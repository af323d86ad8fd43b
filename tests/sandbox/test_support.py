"""What support does, on the deployed program: show, unblock, and the next bounce counts again; a wave and its undo.

Not proved: SES's own list. The emulator keeps none and answers every question about an address with "not found";
tests/cli has a stand-in. And its idea of a right is not AWS's.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ses_feedback_cli.app import app
from typer.testing import CliRunner, Result

from sandbox import Stack
from sandbox.hops import SETTLE_SECONDS, watch
from sandbox.mails import MAILS

pytestmark = pytest.mark.xdist_group("stack")
BOUNCE = next(mail for mail in MAILS if mail.address.startswith("bounce@"))
Run = Callable[..., Result]


@pytest.fixture
def run(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
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


def bounced(stack: Stack) -> None:
    with watch(stack, 20) as watching:
        watching.drained(SETTLE_SECONDS)
        assert watching.follow(BOUNCE).failure is None


def test_a_block_is_explained_and_lifted_until_the_next_bounce(stack: Stack, run: Run) -> None:
    bounced(stack)
    shown = run("show", BOUNCE.address, "--ses")
    assert shown.exit_code == 1, shown.stderr
    for fact in ("hard-bounce", "5.1.1", "shop.example", "BLOCKED because of bounce"):
        assert fact in shown.stdout
    time.sleep(0.01)  # an act in the same millisecond as a bounce beats it
    lifted = run("unblock", BOUNCE.address, "--note", "ticket 7", "--actor", "joe")
    assert (lifted.exit_code, lifted.stderr) == (0, "")
    assert "now not" in lifted.stdout
    assert run("check", BOUNCE.address).exit_code == 0
    time.sleep(0.01)
    bounced(stack)
    (told,) = map(json.loads, run("show", BOUNCE.address, "--json").stdout.splitlines())
    assert [event.get("act", event.get("kind")) for event in told["events"]] == ["bounce", "unblock", "bounce"]
    assert told["blocked"]


def test_a_wave_is_lifted_and_put_back(run: Run) -> None:
    def blocked() -> set[str]:
        return {json.loads(line)["value"] for line in run("list", "--json").stdout.splitlines()}

    many = [f"{number}@wave.example" for number in range(120)]
    assert run("block", *many, "--note", "a false list").exit_code == 0
    before = blocked()
    assert before >= set(many)
    wave = ("unblock", "--domain", "wave.example", "--reason", "manual", "--note", "a mistake", "--yes")
    done = run(*wave, "--undo-file", "undo.jsonl")
    assert done.exit_code == 0, done.stderr
    assert blocked() == before - set(many)
    assert run("block", "--from", "undo.jsonl").exit_code == 0
    assert blocked() == before
