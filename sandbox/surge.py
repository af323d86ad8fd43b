"""A provider refuses everybody for an hour: its domain's breaker opens, and the operator's own command lifts it all."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ses_feedback_cli.simulation.mails import BOUNCE
from ses_feedback_cli.simulation.notification_builder import build_notification
from ses_feedback_cli.simulation.origins import Origin, read_origins

from .deployment import DeployedStack
from .errors import SandboxError
from .screen import Screen
from .stack_context import blocked_items, context_of

DOMAIN = "provider.example"
BOUNCES = 10
"""Published twice: the breaker opens during the first ten at the latest, as Pulumi.sandbox.yaml sets its floor to 5."""
POLL_SECONDS = 0.05
_USERS_VARIABLES = ("AWS_", "SES_FEEDBACK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""How variables of the user's environment begin that the command must not see: another account, or a way round."""


@dataclass(frozen=True)
class Surge:
    """What the bounces of one domain came to."""

    id: str
    blocked: int
    """For good, before the breaker opened."""
    held: int


def exercise_surge(stack: DeployedStack, screen: Screen, seconds: float) -> Surge:
    """Publish false hard bounces of one domain, and release them with `ses-feedback surges release`.

    Raises: SandboxError when one is lost, none is held, or one is still blocked afterwards.
    """
    started_at = time.monotonic()
    origin = read_origins(pipeline for pipeline in context_of(stack).pipelines() if pipeline.identities)[0]
    for first in (0, BOUNCES):
        _publish(stack, origin, range(first, first + BOUNCES))
        _wait_until_recorded(stack, first + BOUNCES, seconds)
    items = [item for item in blocked_items(stack) if item["value"].endswith(DOMAIN)]
    held = [item for item in items if item.get("rule") == "surge-hold"]
    if len(held) < BOUNCES:
        raise SandboxError(f"of {len(items)} bounces of {DOMAIN} only {len(held)} are held; its breaker did not open")
    listed = json.loads(_ses_feedback(stack, "surges", "list", "--json"))
    surge = Surge(listed["id"], listed["blocked"], listed["held"])
    if (surge.blocked, surge.held) != (len(items) - len(held), len(held)):
        raise SandboxError(f"`ses-feedback surges` says {surge}; the table has {len(held)} held of {len(items)}")
    screen.write_step(
        "surge",
        f"{len(items)} people at {DOMAIN} bounce in one hour: the first {surge.blocked} are blocked for good, then the "
        f"breaker opens and {surge.held} are held",
        time.monotonic() - started_at,
    )
    started_at = time.monotonic()
    _ses_feedback(stack, "surges", "release", surge.id, "--note", "the provider was at fault", "--yes")
    if remaining := [item for item in blocked_items(stack) if item["value"].endswith(DOMAIN)]:
        raise SandboxError(f"{len(remaining)} addresses of {DOMAIN} are still blocked after `surges release`")
    screen.write_step(
        "released", f"all may be mailed again: ses-feedback surges release {surge.id}", time.monotonic() - started_at
    )
    return surge


def person(number: int) -> str:
    """The address of a living customer of the provider."""
    return f"person{number}@{DOMAIN}"


def _publish(stack: DeployedStack, origin: Origin, numbers: range) -> None:
    sns = stack.account.client("sns", origin.region)
    for number in numbers:
        message = build_notification(origin, BOUNCE, person(number), datetime.now(UTC))
        sns.publish(TopicArn=origin.pipelines["bounce"].topic_arn, Message=message)


def _wait_until_recorded(stack: DeployedStack, number: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (recorded := sum(item["value"].endswith(DOMAIN) for item in blocked_items(stack))) < number:
        if time.monotonic() > deadline:
            raise SandboxError(f"of {number} bounces of {DOMAIN} only {recorded} are in the blocked table")
        time.sleep(POLL_SECONDS)


def _ses_feedback(stack: DeployedStack, *arguments: str) -> str:
    """Run the operator's command as a person would; what it writes to its standard output."""
    region = str(next(iter(stack.outputs["pipelines"].values()))["region"])
    with TemporaryDirectory(prefix="ses-feedback-") as folder:
        outputs_file = Path(folder) / "outputs.json"
        outputs_file.write_text(json.dumps(stack.outputs), encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.upper().startswith(_USERS_VARIABLES)},
            "AWS_ENDPOINT_URL": stack.account.endpoint,
            "AWS_ACCESS_KEY_ID": stack.account.id,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_REGION": region,
            "SES_FEEDBACK_OUTPUTS": str(outputs_file),
        }
        result = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "ses_feedback_cli", *arguments],
            cwd=folder,  # where the undo file goes
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        raise SandboxError(f"`ses-feedback {' '.join(arguments)}` failed: {result.stderr.strip()[-500:]}")
    return result.stdout
