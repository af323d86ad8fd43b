"""The two tables that every pipeline feeds: who is blocked, and why."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import inputs, policies


class BlockedTableArgs(TypedDict):
    region: NotRequired[pulumi.Input[str]]
    """Region of both tables. Default: the provider's Region."""
    replica_regions: NotRequired[list[str]]
    """Further Regions in which senders read the blocked table; every write goes to `region`. Default: none."""
    reader_principals: NotRequired[list[str]]
    """Who in other accounts may ask: account ids, ARNs of roles or users, an organisation id. Default: nobody."""
    writer_principals: NotRequired[list[str]]
    """Who in other accounts may feed the tables (their pipelines' roles): as `reader_principals`. Default: nobody."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Customer managed key of both tables; not together with `replica_regions`. Default: a key that AWS owns."""
    deletion_protection: NotRequired[bool]
    """Whether the tables resist deletion, by Pulumi and by anyone else. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of both tables. Default: none."""


class BlockedTable(pulumi.ComponentResource):
    """Keeps the blocked addresses and their history.

    Type: ``ses-feedback:index:BlockedTable``.
    Creates: the blocked table (key ``value``, the normalised address; an unexpired item there means: do not send); the
    history table (key ``value`` and ``entry``: every feedback, every manual act and the state that decides); for each,
    and for each replica, a resource policy where other accounts are named. Both tables are billed on demand, encrypted,
    recoverable to any second of the last 35 days and protected from deletion.
    Not created: any right of a principal in the same account; attach ``sender_policy_json`` to the senders' roles.
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
    """IAM policy that lets a sender ask the blocked table, and no more."""

    def __init__(self, name: str, args: BlockedTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ses-feedback:index:BlockedTable", name, dict(args), opts)
        self._base = name
        given = inputs.given(args, BlockedTableArgs.__annotations__)
        self._region = inputs.check(inputs.region, "region", given["region"]) if "region" in given else None
        self._key = (
            inputs.check(inputs.kms_key_arn, "kms_key_arn", given["kms_key_arn"]) if "kms_key_arn" in given else None
        )
        self._kept = inputs.boolean("deletion_protection", given.get("deletion_protection", True))
        self._tags = inputs.check(inputs.tags, "tags", given.get("tags") or {})
        replicas = inputs.each(inputs.region)("replica_regions", given.get("replica_regions") or [])
        if replicas and self._key is not None:
            raise inputs.refuse(
                "replica_regions",
                replicas,
                "leave it out with kms_key_arn; a replica would need a key of its own Region",
            )
        readers = inputs.each(inputs.principal)("reader_principals", given.get("reader_principals") or [])
        writers = inputs.each(inputs.principal)("writer_principals", given.get("writer_principals") or [])

        blocked = self._table("blocked", [], replicas)
        history = self._table("history", ["entry"], [])
        ask, feed = (readers, policies.READ_ACTIONS), (writers, policies.BLOCKED_WRITE_ACTIONS)
        self._grant("blocked-policy", blocked, {"Ask": ask, "Feed": feed})
        for region in replicas:  # each replica has a policy of its own
            self._grant(f"blocked-policy-{region}", blocked, {"Ask": ask}, region)
        self._grant("history-policy", history, {"Feed": (writers, policies.HISTORY_WRITE_ACTIONS)})

        self.blocked_table_arn = blocked.arn
        self.blocked_table_name = blocked.name
        self.history_table_arn = history.arn
        self.history_table_name = history.name
        self.sender_policy_json = pulumi.Output.json_dumps(
            pulumi.Output.all(blocked.arn, self._key).apply(
                lambda known: policies.sender_policy(known[0], replicas, known[1])
            ),
        )
        self.register_outputs(
            {
                "blocked_table_arn": self.blocked_table_arn,
                "blocked_table_name": self.blocked_table_name,
                "history_table_arn": self.history_table_arn,
                "history_table_name": self.history_table_name,
                "sender_policy_json": self.sender_policy_json,
            },
        )

    def _table(self, suffix: str, range_keys: list[str], replicas: list[str]) -> aws.dynamodb.Table:
        return aws.dynamodb.Table(
            f"{self._base}-{suffix}",
            region=self._region,
            billing_mode="PAY_PER_REQUEST",
            hash_key="value",
            range_key=range_keys[0] if range_keys else None,
            attributes=[{"name": key, "type": "S"} for key in ["value", *range_keys]],
            # DynamoDB's TTL is days late: readers compare `expires_at` with now. It only keeps the tables small.
            ttl={"attribute_name": "expires_at", "enabled": True},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": 35},
            server_side_encryption={"enabled": True, "kms_key_arn": self._key} if self._key is not None else None,
            deletion_protection_enabled=self._kept,
            # A replica is fed from the table's stream (DynamoDB Developer Guide, "Global tables").
            stream_enabled=True if replicas else None,
            stream_view_type="NEW_AND_OLD_IMAGES" if replicas else None,
            replicas=[
                {
                    "region_name": region,
                    "point_in_time_recovery": True,
                    "propagate_tags": True,
                    "deletion_protection_enabled": self._kept,
                }
                for region in replicas
            ]
            or None,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, protect=self._kept),
        )

    def _grant(
        self,
        suffix: str,
        table: aws.dynamodb.Table,
        grants: dict[str, tuple[list[str], tuple[str, ...]]],
        replica: str = "",
    ) -> None:
        wanted = {sid: grant for sid, grant in grants.items() if grant[0]}
        if wanted:
            arn = table.arn.apply(lambda arn: policies.in_region(arn, replica) if replica else arn)
            aws.dynamodb.ResourcePolicy(
                f"{self._base}-{suffix}",
                region=replica or self._region,
                resource_arn=arn,
                policy=pulumi.Output.json_dumps(arn.apply(lambda arn: policies.table_policy(arn, wanted))),
                opts=pulumi.ResourceOptions(parent=self),
            )
