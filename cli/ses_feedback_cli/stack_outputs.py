"""The outputs of the program's stacks: from files of `pulumi stack output --json`, or from that command itself."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ses_feedback.arn import Arn
from ses_feedback.function.origin import Source

from ses_feedback_cli.errors import UsageError

PULUMI_TIMEOUT_SECONDS = 120

StackOutputs = Mapping[str, Any]
"""The outputs of one stack, by the name under which it exports them."""


@dataclass(frozen=True)
class Canary:
    """The canary of a source, which tests the source's pipelines."""

    source: str
    function_name: str
    log_group_name: str


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of a stack, as the program exports it."""

    name: str
    kind: str
    region: str
    topic_arn: str
    queue_url: str
    dead_letter_queue_url: str
    subscription_dead_letter_queue_url: str
    function_name: str
    log_group_name: str
    role_arn: str
    identities: tuple[str, ...] = ()
    configuration_set: str | None = None
    sending_accounts: tuple[str, ...] | None = None
    """None of a stack whose function does not compare accounts yet."""
    redrive_schedule: str | None = None
    """The name of the schedule of the automatic redrive; None without it."""
    canary: Canary | None = None
    """None without one."""

    @property
    def source(self) -> Source:
        """What the function compares a notification with."""
        topic = Arn.parse(self.topic_arn)
        if topic is None or self.sending_accounts is None:
            return Source()
        return Source(
            topic.account, self.region, self.identities, self.configuration_set or "", tuple(self.sending_accounts)
        )

    @classmethod
    def from_output(cls, name: str, output: Mapping[str, Any], canaries: Mapping[str, Any]) -> "Pipeline":
        """The pipeline that a stack exports under this name, with its canary of the stack's ``canaries``.

        Raises: UsageError, naming what is missing.
        """
        try:
            return cls(
                name,
                output["kind"],
                output["region"],
                output["topicArn"],
                output["queueUrl"],
                output["deadLetterQueueUrl"],
                output["subscriptionDeadLetterQueueUrl"],
                output["functionName"],
                output["logGroupName"],
                output["roleArn"],
                tuple(output.get("identities", ())),
                output.get("configurationSet"),
                output.get("sendingAccounts"),
                output.get("redriveSchedule") or None,
                next(
                    (
                        Canary(source, canary["functionName"], canary["logGroupName"])
                        for source, canary in canaries.items()
                        if name in canary["addresses"]
                    ),
                    None,
                ),
            )
        except KeyError as error:
            raise UsageError(
                f"pipeline {name} of the stack's outputs has no {error}: outputs of this program are needed"
            ) from None


def read_stack_outputs(files: Iterable[Path], stacks: Iterable[str]) -> tuple[StackOutputs, ...]:
    """The outputs of the stacks that --outputs and --stack name.

    Raises: UsageError, naming the file or stack, and what would be right.
    """
    documents = [(f"--outputs {file}", _read_file(file)) for file in files]
    documents += [(f"--stack {stack}", _run_pulumi(stack)) for stack in stacks]
    return tuple(_parse(option, document) for option, document in documents)


def _read_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--outputs {file}: {error.strerror}; `pulumi stack output --json > {file}` writes it"
        ) from None


def _run_pulumi(stack: str) -> str:
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", "--stack", stack]
    try:
        process = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=PULUMI_TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise UsageError(f"--stack {stack}: pulumi is not on PATH; --outputs FILE needs no pulumi") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"--stack {stack}: pulumi did not answer within {PULUMI_TIMEOUT_SECONDS} s") from None
    if process.returncode:
        raise UsageError(f"--stack {stack}: {process.stderr.strip()}")
    return process.stdout


def _parse(option: str, document: str) -> StackOutputs:
    try:
        outputs = json.loads(document)
    except ValueError as error:
        raise UsageError(
            f"{option} is no JSON ({error}): the output of `pulumi stack output --json` is needed"
        ) from None
    if not isinstance(outputs, dict):
        raise UsageError(
            f"{option} is a {type(outputs).__name__}: the object that `pulumi stack output --json` writes is needed"
        )
    return outputs
