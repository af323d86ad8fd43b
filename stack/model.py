"""What a stack's configuration says, and the arguments of the components that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from components import (
    BlockedTable,
    BlockedTableArgs,
    FeedbackKmsKeyArgs,
    FeedbackMonitoringArgs,
    FeedbackPipeline,
    FeedbackPipelineArgs,
)
from components.feedback_pipeline_args import DEFAULTS
from components.inputs import KINDS

Keys = Mapping[str, pulumi.Output[str]]
"""ARNs of customer managed keys, by Region."""


@dataclass(frozen=True)
class Source:
    """One SES origin: a Region, and identities or a configuration set or both."""

    name: str
    region: str
    identities: list[str]
    configuration_set: str | None
    kms_key_arn: str | None
    email_forwarding: bool | None = None


@dataclass(frozen=True)
class StackConfig:
    """All that a stack's configuration says.

    `tables` holds the arguments of `BlockedTable`; it is None where the tables were made elsewhere, and `pipeline`, the
    arguments that every `FeedbackPipeline` shares, has their ARNs. `monitoring` holds what every `FeedbackMonitoring`
    shares; it is None where there is to be none.
    """

    sources: list[Source]
    tables: BlockedTableArgs | None
    pipeline: dict[str, Any]
    monitoring: dict[str, Any] | None
    create_kms_keys: bool
    deletion_protection: bool

    @property
    def key_regions(self) -> list[str]:
        """The Regions that get a key, once each."""
        if not self.create_kms_keys:
            return []
        return list(dict.fromkeys([*self.regions, *([str(self.tables["region"])] if self.tables else [])]))

    def key_args(self, region: str) -> FeedbackKmsKeyArgs:
        """The arguments of the key of one Region."""
        tables: dict[str, Any] = dict(self.tables or {})
        principals = [*tables.get("reader_principals", []), *tables.get("writer_principals", [])]
        of_tables = {"table_principals": list(dict.fromkeys(principals))} if tables.get("region") == region else {}
        shared = {"region": region, "deletion_protection": self.deletion_protection}
        return cast(FeedbackKmsKeyArgs, {**shared, **of_tables, "tags": self.pipeline.get("tags", {})})

    def table_key(self, keys: Keys) -> pulumi.Input[str] | None:
        """The customer managed key of the tables, which other stacks' pipelines need to know; None if there is none."""
        given: str | None = self.pipeline.get("table_kms_key_arn")
        return keys.get(str(self.tables["region"])) if self.tables and keys else given

    def table_args(self, keys: Keys) -> BlockedTableArgs | None:
        """The arguments of the tables, under the key of their Region if there is one."""
        if self.tables is None or not keys:
            return self.tables
        return cast(BlockedTableArgs, {**self.tables, "kms_key_arn": keys[str(self.tables["region"])]})

    @property
    def soft_bounces(self) -> dict[str, int]:
        """When soft bounces block, for those who write to the tables from outside."""
        given = {**DEFAULTS, **self.pipeline}
        return {
            "threshold": given["soft_bounce_threshold"],
            "windowDays": given["soft_bounce_window_days"],
            "blockDays": given["soft_block_days"],
        }

    @property
    def regions(self) -> list[str]:
        """The Regions that have a source, once each."""
        return list(dict.fromkeys(source.region for source in self.sources))

    def pipeline_args(self, source: Source, kind: str, tables: BlockedTable | None, keys: Keys) -> FeedbackPipelineArgs:
        """The arguments of the pipeline for one kind of feedback of one source."""
        arns = tables and {"blocked_table_arn": tables.blocked_table_arn, "history_table_arn": tables.history_table_arn}
        own: dict[str, Any] = {
            "kind": kind,
            "region": source.region,
            "identities": source.identities,
            "configuration_set_name": source.configuration_set,
            "kms_key_arn": keys.get(source.region, source.kms_key_arn),
        }
        if self.tables and keys:
            own["table_kms_key_arn"] = keys[str(self.tables["region"])]
        if source.email_forwarding is not None and kind == KINDS[-1]:  # SES takes it once both topics are set
            own["email_forwarding"] = source.email_forwarding
        return cast(FeedbackPipelineArgs, {**self.pipeline, **(arns or {}), **own})

    def monitoring_args(
        self,
        region: str,
        made: Mapping[tuple[str, str], FeedbackPipeline],
        keys: Keys,
    ) -> FeedbackMonitoringArgs:
        """The arguments of the monitoring of one Region; `made` are the stack's pipelines by kind and source's name."""
        names = [source.name for source in self.sources if source.region == region]
        pipelines = {f"{kind}_pipelines": {name: made[kind, name].monitored for name in names} for kind in KINDS}
        own: dict[str, Any] = {"region": region, **pipelines}
        if region in keys and "alarm_topic_arn" not in (self.monitoring or {}):
            own["kms_key_arn"] = keys[region]
        return cast(FeedbackMonitoringArgs, {**(self.monitoring or {}), **own})
