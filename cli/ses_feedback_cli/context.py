"""What a command works on: tables, Regions and pipelines, from options, environment or the outputs of stacks."""

import getpass
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ses_feedback.arn import Arn
from ses_feedback.history.protected import Protected

from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.stack_outputs import Pipeline, StackOutputs

if TYPE_CHECKING:
    from boto3 import Session
    from ses_feedback.sender.blocklist import Blocklist


def table_name(table: str) -> str:
    """The name of a table that is given by ARN or name."""
    arn = Arn.parse(table)
    return arn.resource.removeprefix("table/") if arn else table


@dataclass(frozen=True)
class Context:
    """The shared options of a command. A method that needs one which is missing raises UsageError, naming it."""

    table: str | None = None
    """--table"""
    history: str | None = None
    """--history"""
    regions: tuple[str, ...] = ()
    """--region"""
    profile: str | None = None
    """--profile"""
    actor: str | None = None
    """--actor"""
    stack_outputs: tuple[StackOutputs, ...] = field(default=())
    """What --outputs and --stack gave, one per stack."""
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def session(self) -> "Session":
        """Credentials and Region, found as every AWS tool finds them."""
        import boto3  # noqa: PLC0415 - half a second that --help does not need

        return boto3.Session(profile_name=self.profile)

    def client(self, service: str, region: str | None = None) -> Any:
        """A client with botocore's standard retries, made once per service and Region (None: that of the session)."""
        from botocore.config import Config  # noqa: PLC0415

        if (service, region) not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
            client = cast(Any, self.session).client(service, region_name=region, config=config)
            self._clients[service, region] = client
        return self._clients[service, region]

    def dynamodb_client(self, table: str) -> Any:
        """A client for the Region of a table, which may be an ARN or a name."""
        arn = Arn.parse(table)
        return self.client("dynamodb", arn.region if arn else None)

    def blocked_table(self) -> str:
        """The blocked table, by ARN or name. Raises: UsageError."""
        return self.table or self._output("blockedTableArn", "blocked table", "--table", "SES_FEEDBACK_TABLE")

    def blocklist(self) -> "Blocklist":
        """The blocked table as a sender reads it. Raises: UsageError."""
        from ses_feedback.sender.blocklist import Blocklist  # noqa: PLC0415

        table = self.blocked_table()
        return Blocklist(table, client=self.dynamodb_client(table), when_unavailable="raise")

    def history_table(self) -> str:
        """The history table, by ARN or name. Raises: UsageError."""
        return self.history or self._output("historyTableArn", "history table", "--history", "SES_FEEDBACK_HISTORY")

    def protected(self) -> Protected:
        """The protected addresses of all stacks' settings. The history table has a list of its own."""
        return Protected.read(text for outputs in self.stack_outputs for text in outputs.get("protected", ()))

    def pipelines(self) -> list[Pipeline]:
        """The pipelines of all stacks, in the Regions of --region if it is given. Raises: UsageError without any."""
        pipelines = [
            Pipeline.from_output(name, output, outputs.get("canaries", {}))
            for outputs in self.stack_outputs
            for name, output in outputs.get("pipelines", {}).items()
        ]
        if not pipelines:
            raise UsageError("no pipelines are given: --outputs FILE (of `pulumi stack output --json`) or --stack NAME")
        return [pipeline for pipeline in pipelines if not self.regions or pipeline.region in self.regions]

    def pipeline_regions(self) -> list[str]:
        """The Regions of the pipelines of all stacks, each once."""
        regions = (
            pipeline["region"] for outputs in self.stack_outputs for pipeline in outputs.get("pipelines", {}).values()
        )
        return list(dict.fromkeys(regions))

    def selected_regions(self) -> list[str]:
        """--region; else the Regions of the pipelines; else that of the environment. Raises: UsageError without any."""
        if self.regions:
            return list(self.regions)
        pipeline_regions = self.pipeline_regions()
        region = self.session.region_name
        if not pipeline_regions and not region:
            raise UsageError("no Region is given: --region, AWS_DEFAULT_REGION, --outputs FILE or --stack NAME")
        return pipeline_regions or [str(region)]

    def acting_name(self) -> str:
        """The name to record: --actor, else the ARN of the credentials, else the user of this machine."""
        if self.actor:
            return self.actor
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return str(self.client("sts", self.selected_regions()[0]).get_caller_identity()["Arn"])
        except (ClientError, BotoCoreError, UsageError):
            return getpass.getuser()

    def _output(self, key: str, description: str, option: str, environment_variable: str) -> str:
        for outputs in self.stack_outputs:
            if value := outputs.get(key):
                return str(value)
        raise UsageError(f"no {description} is given: {option}, {environment_variable}, --outputs FILE or --stack NAME")
