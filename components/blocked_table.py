"""The two tables that every pipeline writes to: who is blocked, and why."""

import dataclasses
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import policies
from components.arn import Arn
from components.blocked_table_args import BlockedTableArgs, TableSettings, read
from components.policies import Grant

_SETTINGS_SCHEMA = 1
"""Schema of the item with the settings: a writer refuses a newer one than it knows."""


class BlockedTable(pulumi.ComponentResource):
    """The blocked table and its history table.

    Type: ``ses-feedback:index:BlockedTable``.
    Creates: the blocked table (key ``value``, the normalised address; an unexpired item there means: do not send); the
    history table (keys ``value`` and ``entry``: every feedback, every manual change, and the state that decides whether
    the address is blocked); an item of the history table with the settings that decide for every pipeline; for each
    table and each replica a resource policy, if principals of other accounts are given. Both tables are billed on
    demand, encrypted, protected from deletion, and recoverable to any second of the last 35 days.
    Not created: permissions of principals in the same account; attach ``sender_policy_json`` to the senders' roles.
    Raises: ValueError, naming input and value, for a malformed input.
    """

    blocked_table_arn: pulumi.Output[str]
    """ARN of the blocked table, for `FeedbackPipeline` and for senders in other accounts."""
    blocked_table_name: pulumi.Output[str]
    """Name of the blocked table."""
    history_table_arn: pulumi.Output[str]
    """ARN of the history table, for `FeedbackPipeline`."""
    history_table_name: pulumi.Output[str]
    """Name of the history table."""
    sender_policy_json: pulumi.Output[str]
    """IAM policy that lets a sender read the blocked table, and nothing else."""

    def __init__(self, name: str, args: BlockedTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:BlockedTable", name, dict(args), opts)
        self._prefix = name
        self._inputs = read(args)

        blocked = self._table("blocked", ["value"], self._inputs.replica_regions)
        history = self._table("history", ["value", "entry"], [])
        self._resource_policies(blocked, history)
        settings = self._settings(history)

        self.blocked_table_arn, self.blocked_table_name = blocked.arn, blocked.name
        self.history_table_name = history.name
        # What uses the table is created after the settings, and deleted before them.
        self.history_table_arn = pulumi.Output.all(history.arn, settings.table_name).apply(lambda known: str(known[0]))
        self.sender_policy_json = self._sender_policy(blocked)
        self.register_outputs({output: getattr(self, output) for output in BlockedTable.__annotations__})

    def _table(self, suffix: str, keys: Sequence[str], replica_regions: Sequence[str]) -> aws.dynamodb.Table:
        kms_key_arn, protect = self._inputs.kms_key_arn, self._inputs.deletion_protection
        replicas: list[aws.dynamodb.TableReplicaArgsDict] = [
            {
                "region_name": region,
                "point_in_time_recovery": True,
                "propagate_tags": True,
                "deletion_protection_enabled": protect,
            }
            for region in replica_regions
        ]
        return aws.dynamodb.Table(
            f"{self._prefix}-{suffix}",
            region=self._inputs.region,
            billing_mode="PAY_PER_REQUEST",
            hash_key=keys[0],
            range_key=keys[1] if len(keys) > 1 else None,
            attributes=[{"name": key, "type": "S"} for key in keys],
            # Only to keep the tables small: DynamoDB deletes items days late, so readers compare `expires_at` with now.
            ttl={"attribute_name": "expires_at", "enabled": True},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": 35},
            server_side_encryption={"enabled": True, "kms_key_arn": kms_key_arn} if kms_key_arn is not None else None,
            deletion_protection_enabled=protect,
            # DynamoDB replicates from the table's stream (DynamoDB Developer Guide, "Global tables").
            stream_enabled=True if replicas else None,
            stream_view_type="NEW_AND_OLD_IMAGES" if replicas else None,
            replicas=replicas or None,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )

    def _settings(self, history: aws.dynamodb.Table) -> aws.dynamodb.TableItem:
        """The item that each writer reads with each batch.

        A changed setting is one UpdateItem of the provider: no writer finds the item missing meanwhile. Neither
        protected nor retained: it is only deleted with the tables, which are protected, or by the program of an earlier
        version, whose functions have settings of their own; and the provider does not create an item that exists.
        """
        names = [field.name for field in dataclasses.fields(TableSettings)]
        numbers = {name: pulumi.Output.from_input(getattr(self._inputs, name)).apply(str) for name in names}
        item = {
            "value": {"S": "settings"},
            "entry": {"S": "settings"},
            "schema": {"N": str(_SETTINGS_SCHEMA)},
            **{name: {"N": number} for name, number in numbers.items()},
        }
        return aws.dynamodb.TableItem(
            f"{self._prefix}-settings",
            region=self._inputs.region,
            table_name=history.name,
            hash_key="value",
            range_key="entry",
            item=pulumi.Output.json_dumps(item),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _resource_policies(self, blocked: aws.dynamodb.Table, history: aws.dynamodb.Table) -> None:
        readers, writers = self._inputs.reader_principals, self._inputs.writer_principals
        read_blocked = Grant("ReadBlockedTable", readers, policies.READ_ACTIONS)
        write_blocked = Grant("WriteBlockedTable", writers, policies.BLOCKED_WRITE_ACTIONS)
        write_history = Grant("WriteHistoryTable", writers, policies.HISTORY_WRITE_ACTIONS)
        self._resource_policy("blocked-policy", blocked, [read_blocked, write_blocked])
        for region in self._inputs.replica_regions:  # each replica has a resource policy of its own
            self._resource_policy(f"blocked-policy-{region}", blocked, [read_blocked], region)
        self._resource_policy("history-policy", history, [write_history])

    def _resource_policy(
        self, suffix: str, table: aws.dynamodb.Table, grants: Sequence[Grant], replica_region: str | None = None
    ) -> None:
        if not any(grant.principals for grant in grants):
            return
        table_arn = table.arn.apply(lambda arn: Arn.of(arn).in_region(replica_region) if replica_region else arn)
        aws.dynamodb.ResourcePolicy(
            f"{self._prefix}-{suffix}",
            region=replica_region or self._inputs.region,
            resource_arn=table_arn,
            policy=pulumi.Output.json_dumps(table_arn.apply(lambda arn: policies.table_policy(arn, grants))),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _sender_policy(self, blocked: aws.dynamodb.Table) -> pulumi.Output[str]:
        document = pulumi.Output.all(blocked.arn, self._inputs.kms_key_arn).apply(
            lambda arns: policies.sender_policy(
                blocked_table_arn=arns[0], replica_regions=self._inputs.replica_regions, kms_key_arn=arns[1]
            )
        )
        return pulumi.Output.json_dumps(document)
