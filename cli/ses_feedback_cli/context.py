"""What a command works on: tables, Regions and pipelines, from options, environment or a stack's outputs."""

import getpass
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ses_feedback.history.soft_bounces import SoftBouncePolicy

if TYPE_CHECKING:
    from boto3 import Session
    from ses_feedback.sender.blocklist import Blocklist

PULUMI_SECONDS = 120


class MissingError(ValueError):
    """Something that a command needs was not given; the text says how to give it."""


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


@dataclass(frozen=True)
class Context:
    """What was given. Each method that finds something missing says how to give it."""

    table: str | None = None
    history: str | None = None
    regions: tuple[str, ...] = ()
    profile: str | None = None
    actor: str | None = None
    outputs: tuple[Mapping[str, Any], ...] = field(default=())
    """The outputs of stacks."""
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def session(self) -> "Session":
        """Credentials and Region as every AWS tool finds them."""
        import boto3  # noqa: PLC0415 - half a second that --help does not need

        return boto3.Session(profile_name=self.profile)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client with botocore's standard retries, in a Region or that of the environment; one for all who ask."""
        from botocore.config import Config  # noqa: PLC0415

        if (service, region) not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
            client = cast(Any, self.session).client(service, region_name=region, config=config)
            self._clients[service, region] = client
        return self._clients[service, region]

    def dynamodb(self, table: str) -> Any:
        """A client for a table's Region."""
        return self.client("dynamodb", table.split(":")[3] if table.startswith("arn:") else None)

    def blocked_table(self) -> str:
        """The blocked table, by ARN or name. Raises: MissingError."""
        return self.table or self._output("blockedTableArn", "blocked table", "--table", "SES_FEEDBACK_TABLE")

    def blocklist(self) -> "Blocklist":
        """What a sender would ask. Raises: MissingError."""
        from ses_feedback.sender.blocklist import Blocklist  # noqa: PLC0415

        table = self.blocked_table()
        return Blocklist(table, client=self.dynamodb(table), when_unavailable="raise")

    def history_table(self) -> str:
        """The history table, by ARN or name. Raises: MissingError."""
        return self.history or self._output("historyTableArn", "history table", "--history", "SES_FEEDBACK_HISTORY")

    def policy(self) -> SoftBouncePolicy:
        """When soft bounces block, as the first stack has it; the defaults without a stack."""
        for one in self.outputs:
            if soft := one.get("softBounces"):
                return SoftBouncePolicy(int(soft["threshold"]), int(soft["windowDays"]), int(soft["blockDays"]))
        return SoftBouncePolicy()

    def pipelines(self) -> list[Pipeline]:
        """The pipelines of all stacks, of the Regions asked for. Raises: MissingError when there are none."""
        found = [_pipeline(name, one) for stack in self.outputs for name, one in stack.get("pipelines", {}).items()]
        if not found:
            raise MissingError(
                "no pipelines are given: --outputs FILE (of `pulumi stack output --json`) or --stack NAME"
            )
        return [one for one in found if not self.regions or one.region in self.regions]

    def of_stacks(self) -> list[str]:
        """The Regions of the pipelines of all stacks, once each."""
        regions = (one["region"] for stack in self.outputs for one in stack.get("pipelines", {}).values())
        return list(dict.fromkeys(regions))

    def of_regions(self) -> list[str]:
        """The Regions given; else those of the pipelines; else that of the environment. Raises: MissingError."""
        if self.regions:
            return list(self.regions)
        known = self.of_stacks()
        region = self.session.region_name
        if not known and not region:
            raise MissingError("no Region is given: --region, AWS_DEFAULT_REGION, --outputs FILE or --stack NAME")
        return known or [str(region)]

    def who(self) -> str:
        """Who acts, for the record: --actor, else the ARN of the credentials, else the user of this machine."""
        if self.actor:
            return self.actor
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return str(self.client("sts", self.of_regions()[0]).get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError, MissingError):
            return getpass.getuser()

    def _output(self, key: str, what: str, option: str, variable: str) -> str:
        for one in self.outputs:
            if value := one.get(key):
                return str(value)
        raise MissingError(f"no {what} is given: {option}, {variable}, --outputs FILE or --stack NAME")


def read_outputs(files: Iterable[Path], stacks: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
    """The outputs of stacks, from files of `pulumi stack output --json` and from that command itself.

    Raises: MissingError, naming the file or stack, and what would be right.
    """
    texts = [(f"--outputs {file}", _read(file)) for file in files]
    texts += [(f"--stack {stack}", _ask_pulumi(stack)) for stack in stacks]
    return tuple(_outputs(name, text) for name, text in texts)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingError(
            f"--outputs {file}: {error.strerror}; `pulumi stack output --json > {file}` writes it"
        ) from None


def _ask_pulumi(stack: str) -> str:
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PULUMI_SECONDS, check=False)  # noqa: S603
    except FileNotFoundError:
        raise MissingError(f"--stack {stack}: pulumi is not on PATH; --outputs FILE needs no pulumi") from None
    except subprocess.TimeoutExpired:
        raise MissingError(f"--stack {stack}: pulumi did not answer within {PULUMI_SECONDS} s") from None
    if done.returncode:
        raise MissingError(f"--stack {stack}: {done.stderr.strip()}")
    return done.stdout


def _outputs(name: str, text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except ValueError as error:
        raise MissingError(f"{name} is no JSON ({error}): what `pulumi stack output --json` says is needed") from None
    if not isinstance(read, dict):
        raise MissingError(
            f"{name} is a {type(read).__name__}: the map that `pulumi stack output --json` says is needed"
        )
    return read


def _pipeline(name: str, one: Mapping[str, Any]) -> Pipeline:
    try:
        return Pipeline(
            name,
            one["kind"],
            one["region"],
            one["topicArn"],
            one["queueUrl"],
            one["deadLetterQueueUrl"],
            one["subscriptionDeadLetterQueueUrl"],
            one["functionName"],
            one["logGroupName"],
            one["roleArn"],
            tuple(one.get("identities", ())),
            one.get("configurationSet"),
        )
    except KeyError as error:
        raise MissingError(
            f"pipeline {name} of the stack's outputs has no {error}: outputs of this program are needed"
        ) from None
