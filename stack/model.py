"""What a stack's configuration says, and the arguments of the components that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

import pulumi

from components import (
    BlockedTable,
    BlockedTableArgs,
    FeedbackCanary,
    FeedbackCanaryArgs,
    FeedbackKmsKeyArgs,
    FeedbackMonitoringArgs,
    FeedbackPipeline,
    FeedbackPipelineArgs,
    capacity,
)
from components.blocked_table_args import TableSettings
from components.feedback_canary_args import FeedbackCanaryInputs
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from components.feedback_pipeline_args import PipelineSettings
from components.inputs import KINDS, camel_case

KeyArns = Mapping[str, pulumi.Output[str]]
"""ARNs of the customer managed keys that the stack creates, by Region."""
Pipelines = Mapping[tuple[str, str], FeedbackPipeline]
"""Pipelines by kind and name of the source."""
Canaries = Mapping[str, FeedbackCanary]
"""Canaries by name of the source."""

BOUNCE = KINDS[0]
EMAIL_FORWARDING_KIND = KINDS[-1]
"""The kind whose pipeline sets e-mail forwarding, after the other: SES accepts false only once both topics are set."""


@dataclass(frozen=True)
class Source:
    """One origin of feedback in SES: a Region, and identities or a configuration set or both."""

    name: str
    region: str
    identities: list[str] = field(default_factory=list)
    configuration_set: str | None = None
    kms_key_arn: str | None = None
    email_forwarding: bool | None = None
    canary_sender: str | None = None
    """The address from which a canary sends; None if none is given and no identity can have one."""


@dataclass(frozen=True, kw_only=True)
class NewTables(TableSettings):
    """Tables that this stack creates, and what decides for every pipeline that writes to them."""

    region: str
    replica_regions: list[str] = field(default_factory=list)
    reader_principals: list[str] = field(default_factory=list)
    writer_principals: list[str] = field(default_factory=list)
    kms_key_arn: str | None = None
    warm_write_units_per_second: int | None = None
    warm_read_units_per_second: int | None = None
    max_write_request_units: int | None = None
    max_read_request_units: int | None = None

    def settings(self) -> dict[str, pulumi.Input[int]]:
        """The settings by configuration key, to compare with those in the table."""
        return {camel_case(field.name): getattr(self, field.name) for field in fields(TableSettings)}


@dataclass(frozen=True, kw_only=True)
class ExistingTables:
    """Tables that another stack created."""

    blocked_table_arn: str
    history_table_arn: str
    kms_key_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class MonitoringSettings:
    """What the monitoring of all Regions shares."""

    alarm_emails: list[str] = field(default_factory=list)
    alarm_topic_arn: str | None = None
    runbook_url: str | None = None
    """None for the default of the component, a path in the repository."""
    missing_feedback_hours: int = FeedbackMonitoringInputs.missing_feedback_hours


@dataclass(frozen=True, kw_only=True)
class CanarySettings:
    """What the canaries of all sources share."""

    timeout_seconds: pulumi.Input[int] = FeedbackCanaryInputs.timeout_seconds


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """The configuration of a stack, checked; of monitoring and canaries there are no settings where they are off."""

    sources: list[Source]
    tables: NewTables | ExistingTables
    pipeline_settings: PipelineSettings
    monitoring_settings: MonitoringSettings | None
    canary_settings: CanarySettings | None
    create_kms_keys: bool
    deletion_protection: bool
    tags: dict[str, str]

    @property
    def regions(self) -> list[str]:
        """The Regions that have a source, once each."""
        return list(dict.fromkeys(source.region for source in self.sources))

    @property
    def key_regions(self) -> list[str]:
        """The Regions that get a key, once each."""
        if not self.create_kms_keys:
            return []
        table_regions = [self.tables.region] if isinstance(self.tables, NewTables) else []
        return list(dict.fromkeys([*self.regions, *table_regions]))

    def table_key_arn(self, key_arns: KeyArns) -> pulumi.Input[str] | None:
        """The customer managed key of the tables, which every pipeline needs to know; None if there is none."""
        if isinstance(self.tables, NewTables) and self.tables.region in key_arns:
            return key_arns[self.tables.region]
        return self.tables.kms_key_arn

    def key_args(self, region: str) -> FeedbackKmsKeyArgs:
        """The arguments of the key of one Region."""
        principals: list[str] = []
        if isinstance(self.tables, NewTables) and self.tables.region == region:
            principals = list(dict.fromkeys([*self.tables.reader_principals, *self.tables.writer_principals]))
        return {
            "region": region,
            "table_principals": principals,
            "deletion_protection": self.deletion_protection,
            "tags": {**self.tags},
        }

    def table_args(self, tables: NewTables, key_arns: KeyArns) -> BlockedTableArgs:
        """The arguments of the tables, under the key of their Region if there is one."""
        args = {
            **vars(tables),
            "kms_key_arn": self.table_key_arn(key_arns),
            "deletion_protection": self.deletion_protection,
            "tags": self.tags,
        }
        return cast(BlockedTableArgs, args)

    def write_units_per_second(self, kind: str) -> int:
        """Write units a second that each table takes from one pipeline of this kind.

        Every source can have a storm of bounces at the same time, for the same reason; complaints are always few.
        """
        configured = self.pipeline_settings.table_write_units_per_second
        if configured is not None:
            units = cast(int, configured)
        elif isinstance(self.tables, NewTables):
            units = capacity.write_units_at_once(
                self.tables.warm_write_units_per_second, self.tables.max_write_request_units
            )
        else:
            units = capacity.NEW_TABLE_WRITE_UNITS
        return capacity.share(units, len(self.sources)) if kind == BOUNCE else units

    def pipeline_args(
        self, source: Source, kind: str, tables: BlockedTable | ExistingTables, key_arns: KeyArns
    ) -> FeedbackPipelineArgs:
        """The arguments of the pipeline for one kind of feedback of one source."""
        args: dict[str, Any] = {
            **vars(self.pipeline_settings),
            "table_write_units_per_second": self.write_units_per_second(kind),
            "kind": kind,
            "region": source.region,
            "identities": source.identities,
            "configuration_set_name": source.configuration_set,
            "blocked_table_arn": tables.blocked_table_arn,
            "history_table_arn": tables.history_table_arn,
            "kms_key_arn": key_arns.get(source.region, source.kms_key_arn),
            "table_kms_key_arn": self.table_key_arn(key_arns),
            "tags": self.tags,
        }
        if kind == EMAIL_FORWARDING_KIND:
            args["email_forwarding"] = source.email_forwarding
        return cast(FeedbackPipelineArgs, args)

    def canary_args(
        self,
        source: Source,
        settings: CanarySettings,
        tables: BlockedTable | ExistingTables,
        pipelines: Pipelines,
        key_arns: KeyArns,
    ) -> FeedbackCanaryArgs:
        """The arguments of the canary of one source, which tests both of its pipelines."""
        args: dict[str, Any] = {
            "sender": source.canary_sender,
            "configuration_set_name": source.configuration_set,
            "blocked_table_arn": tables.blocked_table_arn,
            "timeout_seconds": settings.timeout_seconds,
            "region": source.region,
            "log_retention_days": self.pipeline_settings.log_retention_days,
            "permissions_boundary_arn": self.pipeline_settings.permissions_boundary_arn,
            "kms_key_arn": key_arns.get(source.region, source.kms_key_arn),
            "table_kms_key_arn": self.table_key_arn(key_arns),
            "tags": self.tags,
        }
        args |= {f"{kind}_pipeline": pipelines[kind, source.name].monitored for kind in KINDS}
        return cast(FeedbackCanaryArgs, args)

    def monitoring_args(
        self, region: str, settings: MonitoringSettings, pipelines: Pipelines, canaries: Canaries, key_arns: KeyArns
    ) -> FeedbackMonitoringArgs:
        """The arguments of the monitoring of one Region."""
        sources = [source for source in self.sources if source.region == region]
        args: dict[str, Any] = {**vars(settings), "region": region, "tags": self.tags}
        for kind in KINDS:
            args[f"{kind}_pipelines"] = {source.name: pipelines[kind, source.name].monitored for source in sources}
        args["canaries"] = {source.name: canaries[source.name].monitored for source in sources if canaries}
        if settings.alarm_topic_arn is None:
            args["kms_key_arn"] = key_arns.get(region)
        return cast(FeedbackMonitoringArgs, args)
