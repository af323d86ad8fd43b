"""A canary: a function that mails SES's mailbox simulator once a day, and tells how long the blocks took."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components import inputs, policies
from components.archive import CANARY_HANDLER
from components.arn import Arn
from components.canary import canary_policy, simulator_addresses
from components.feedback_canary_args import FeedbackCanaryArgs, read
from components.monitored_pipeline import MonitoredCanary, MonitoredPipeline
from components.python_function import POWERTOOLS_VARIABLES, python_function
from components.schedule import ScheduledEvent, invoke_on_schedule

_SECONDS_FOR_SENDING = 60
"""The function tries to send for 30 seconds; the rest is for its start and its last calls."""
# Physical names end in "-" and 7 characters; a role's has 64 characters (IAM API reference, CreateRole).
_LONGEST_NAME = 64 - len("-scheduler-1234567")
# Without a start date a rate begins at once (EventBridge Scheduler User Guide, "Schedule types").
_DAILY = ScheduledEvent(suffix="schedule", expression="rate(1 day)", event={}, retries=3, retry_seconds=3600)


class FeedbackCanary(pulumi.ComponentResource):
    """A daily test of the pipelines of one source, from SES to the blocked table.

    Type: ``ses-feedback:index:FeedbackCanary``.
    Creates: a function that mails SES's mailbox simulator once for each pipeline, at addresses of its own, and waits
    until the blocked table has the block that this mail caused; its log group and role, which may mail these addresses
    from this sender and read their items, and nothing else; a schedule that invokes it at once and then every 24 hours,
    with its role. It publishes the metrics ``CanaryFailed`` and ``CanarySeconds`` of each pipeline.
    Let it depend on the pipelines: the first run follows its creation.
    Not created: alarms on these metrics, which `FeedbackMonitoring` has; rights on a table of another account, whose
    `reader_principals` must hold the output ``role_arn``. Its addresses stay blocked.
    Raises: ValueError, naming input and value, for a malformed input, or when no pipeline is given.
    """

    function_name: pulumi.Output[str]
    """Name of the function; to invoke it runs the test now."""
    log_group_name: pulumi.Output[str]
    """Name of the function's log group."""
    role_arn: pulumi.Output[str]
    """ARN of the function's role, for the `reader_principals` of a table in another account."""
    addresses: pulumi.Output[dict[str, str]]
    """The addresses of the mailbox simulator that it mails, by the name of the pipeline."""
    monitored: pulumi.Output[dict[str, str]]
    """What `FeedbackMonitoring` needs to know of this canary; pass it on unchanged."""

    def __init__(self, name: str, args: FeedbackCanaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:FeedbackCanary", name, dict(args), opts)
        name_rule = inputs.pattern(
            rf"[A-Za-z0-9_-]{{1,{_LONGEST_NAME}}}", f"a name of up to {_LONGEST_NAME} letters, digits, - and _"
        )
        self._prefix = name_rule("name", name)
        self._inputs = read(args)
        self._pipelines = pulumi.Output.all(region=self._inputs.region, **self._inputs.pipelines).apply(_by_kind)
        self._region = self._pipelines.apply(lambda pipelines: next(iter(pipelines.values())).region)

        logs = self._log_group()
        self.addresses = pulumi.Output.all(logs.arn, self._pipelines).apply(self._addresses)
        role = self._role(logs)
        role_policy = self._role_policy(role, logs)
        function = self._function(logs, role, role_policy)
        invoke_on_schedule(
            self._prefix,
            function,
            _DAILY,
            region=self._region,
            permissions_boundary_arn=self._inputs.permissions_boundary_arn,
            tags=self._inputs.tags,
            parent=self,
            # The first run needs whole pipelines: they are in the component's `depends_on`, which its children do not
            # inherit.
            depends_on=opts.depends_on if opts and opts.depends_on else [],
        )

        self.function_name, self.log_group_name, self.role_arn = function.name, logs.name, role.arn
        self.monitored = pulumi.Output.all(
            name=self._prefix,
            region=self._region,
            pipelines=self.addresses.apply(",".join),
            function_name=function.name,
            log_group_name=logs.name,
        ).apply(lambda fields: MonitoredCanary(**fields).to_map())
        self.register_outputs({output: getattr(self, output) for output in FeedbackCanary.__annotations__})

    def _addresses(self, values: list[Any]) -> dict[str, str]:
        log_group_arn, pipelines = values
        names = {kind: pipeline.name for kind, pipeline in pipelines.items()}
        return simulator_addresses(self._prefix, log_group_arn, names)

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._prefix}-logs",
            region=self._region,
            retention_in_days=self._inputs.log_retention_days,
            kms_key_id=self._inputs.kms_key_arn,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _role(self, logs: aws.cloudwatch.LogGroup) -> aws.iam.Role:
        trust_policy = logs.arn.apply(lambda arn: policies.function_trust_policy(Arn.of(arn).account))
        return aws.iam.Role(
            f"{self._prefix}-role",
            assume_role_policy=pulumi.Output.json_dumps(trust_policy),
            permissions_boundary=self._inputs.permissions_boundary_arn,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _role_policy(self, role: aws.iam.Role, logs: aws.cloudwatch.LogGroup) -> aws.iam.RolePolicy:
        policy = pulumi.Output.all(
            log_group_arn=logs.arn,
            blocked_table_arn=self._inputs.blocked_table_arn,
            addresses=self.addresses,
            configuration_set=self._inputs.configuration_set_name,
            table_kms_key_arn=self._inputs.table_kms_key_arn,
        ).apply(lambda values: canary_policy(sender=self._inputs.sender, **values))
        return aws.iam.RolePolicy(
            f"{self._prefix}-role-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(policy),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _function(
        self, logs: aws.cloudwatch.LogGroup, role: aws.iam.Role, role_policy: aws.iam.RolePolicy
    ) -> aws.lambda_.Function:
        timeout_seconds = pulumi.Output.from_input(self._inputs.timeout_seconds)
        variables: dict[str, pulumi.Input[str]] = {
            "SENDER": self._inputs.sender,
            "ADDRESSES": pulumi.Output.json_dumps(self.addresses),
            "BLOCKED_TABLE_ARN": self._inputs.blocked_table_arn,
            "TIMEOUT_SECONDS": timeout_seconds.apply(str),
            **POWERTOOLS_VARIABLES,
        }
        if self._inputs.configuration_set_name is not None:
            variables["CONFIGURATION_SET"] = self._inputs.configuration_set_name
        return python_function(
            self._prefix,
            CANARY_HANDLER,
            region=self._region,
            role=role,
            logs=logs,
            variables=variables,
            memory_mb=256,
            timeout_seconds=timeout_seconds.apply(lambda seconds: seconds + _SECONDS_FOR_SENDING),
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role_policy]),
        )


def _by_kind(values: Mapping[str, Any]) -> dict[str, MonitoredPipeline]:
    """The pipelines by kind, all in one Region. Raises: ValueError for one that is in another."""
    pipelines = {kind: values[kind] for kind in inputs.KINDS if kind in values}
    region = values["region"] or next(iter(pipelines.values())).region
    for kind, pipeline in pipelines.items():
        if pipeline.region != region:
            requirement = (
                f"it is in {pipeline.region}; one in {region} is needed: SES publishes in the Region it sends from"
            )
            raise inputs.InputError(f"{kind}_pipeline", pipeline.name, requirement)
    return pipelines
