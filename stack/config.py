"""The configuration of a stack: all of it is read and checked before a single resource is registered.

Every error names the key as the user wrote it, the value, and what would be right. `Pulumi.yaml` declares the same keys
with their defaults and descriptions; a test compares the two.
"""

import dataclasses
import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components import (
    blocked_table_args,
    feedback_canary_args,
    feedback_monitoring_args,
    feedback_pipeline_args,
    inputs,
)
from components.arn import Arn
from components.blocked_table_args import BlockedTableInputs, TableSettings
from components.feedback_pipeline_args import PipelineSettings
from components.inputs import InputError, Rule, camel_case
from stack.limits import check_limits
from stack.model import CanarySettings, ExistingTables, MonitoringSettings, NewTables, Source, StackConfig
from stack.sources import default_canary_sender, read_sources, required_default_region

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def _rules_by_key(rules: Mapping[str, Rule[Any]], *names: str) -> dict[str, Rule[Any]]:
    return {camel_case(name): rules[name] for name in names}


def _names(settings: "type[DataclassInstance]") -> list[str]:
    return [field.name for field in dataclasses.fields(settings)]


_TABLE_PRINCIPALS = ("replica_regions", "reader_principals", "writer_principals")
_TABLE_CAPACITY = (
    *("warm_write_units_per_second", "warm_read_units_per_second"),
    *("max_write_request_units", "max_read_request_units"),
)
_TABLE_OPTIONS = (*_TABLE_PRINCIPALS, *_TABLE_CAPACITY)
_ZERO_IS_UNSET = frozenset(map(camel_case, ("maximum_concurrency", "table_write_units_per_second", *_TABLE_CAPACITY)))
"""Keys whose default in Pulumi.yaml, 0, stands for what the component or AWS chooses."""
_RULES: dict[str, Rule[Any]] = {
    **_rules_by_key(feedback_pipeline_args.RULES, *_names(PipelineSettings)),
    **_rules_by_key(feedback_pipeline_args.RULES, "blocked_table_arn", "history_table_arn", "table_kms_key_arn"),
    **_rules_by_key(blocked_table_args.RULES, *_names(TableSettings)),
    **_rules_by_key(blocked_table_args.RULES, *_TABLE_OPTIONS, "deletion_protection", "tags"),
    **_rules_by_key(feedback_monitoring_args.RULES, *_names(MonitoringSettings)),
    "canary": inputs.boolean,
    "canaryTimeoutSeconds": feedback_canary_args.RULES["timeout_seconds"],
    "tableRegion": inputs.region,
    "createKmsKeys": inputs.boolean,
    "monitoring": inputs.boolean,
}
KEYS = frozenset({"sources", *_RULES})
"""The keys of a stack, without the project's name."""


def load() -> StackConfig:
    """Read the configuration of the stack that is running.

    Raises: pulumi.RunError, which the engine shows as one sentence and not as a traceback.
    """
    prefix = f"{pulumi.get_project()}:"
    values = {**get_config_env(), **CONFIG.get()}
    own_values = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    try:
        return parse(own_values, values.get("aws:region"), prefix)
    except ValueError as error:
        raise pulumi.RunError(str(error)) from error


def parse(config: Mapping[str, str], default_region: str | None = None, prefix: str = "") -> StackConfig:
    """Check configuration as the engine passes it, every value a string; an empty string means: not set.

    `default_region` is the provider's (`aws:region`); `prefix` is put before a key in an error.
    Raises: ValueError, naming key and value.
    """
    values = {key: value for key, text in config.items() if (value := _parse_json(text)) != ""}
    values = {key: value for key, value in values.items() if not (key in _ZERO_IS_UNSET and _is_zero(value))}
    for key, value in values.items():
        if key not in KEYS:
            raise InputError(prefix + key, value, f"there is no such key; there are {', '.join(sorted(KEYS))}")
    sources = read_sources(f"{prefix}sources", values.pop("sources", None), default_region)
    checked = {key: _RULES[key](prefix + key, value) for key, value in values.items()}
    tables = _tables(checked, default_region, prefix)
    _check_capacity(tables, checked, prefix)
    stack_config = StackConfig(
        sources=sources,
        tables=tables,
        pipeline_settings=_pipeline_settings(checked, prefix),
        monitoring_settings=_monitoring_settings(checked, sources, prefix),
        canary_settings=_canary_settings(checked, sources, prefix),
        create_kms_keys=checked.get("createKmsKeys", False),
        deletion_protection=checked.get("deletionProtection", BlockedTableInputs.deletion_protection),
        tags=checked.get("tags", {}),
    )
    if stack_config.create_kms_keys:
        _check_created_keys(stack_config, prefix)
    check_limits(stack_config, prefix)
    return stack_config


def _is_zero(value: object) -> bool:
    return value == 0 and not isinstance(value, bool)


def _parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _settings(settings: type[Settings], checked: Mapping[str, Any]) -> Settings:
    by_name = {name: checked[camel_case(name)] for name in _names(settings) if camel_case(name) in checked}
    return settings(**by_name)


def _pipeline_settings(checked: Mapping[str, Any], prefix: str) -> PipelineSettings:
    settings = _settings(PipelineSettings, checked)
    check_batching = partial(feedback_pipeline_args.check_batching, input_name=_key_of_input(prefix))
    inputs.check_together(check_batching, settings.batch_size, settings.maximum_batching_window_seconds)
    return settings


def _key_of_input(prefix: str) -> inputs.InputName:
    return lambda name: prefix + camel_case(name)


def _monitoring_settings(checked: Mapping[str, Any], sources: list[Source], prefix: str) -> MonitoringSettings | None:
    settings = _settings(MonitoringSettings, checked)
    if not checked.get("monitoring", True):
        for name, default in vars(MonitoringSettings()).items():  # Pulumi.yaml declares the defaults
            if (value := getattr(settings, name)) != default:
                raise InputError(prefix + camel_case(name), value, f"leave it out, or set {prefix}monitoring to true")
        return None
    if settings.alarm_topic_arn:
        if settings.alarm_emails:
            requirement = f"leave it out with {prefix}alarmTopicArn, and subscribe to that topic"
            raise InputError(f"{prefix}alarmEmails", settings.alarm_emails, requirement)
        regions = {source.region for source in sources}
        if other_regions := sorted(regions - {Arn.of(settings.alarm_topic_arn).region}):
            requirement = (
                f"a topic in {other_regions[0]} is needed too, since alarms notify in their own Region only; "
                "leave it out"
            )
            raise InputError(f"{prefix}alarmTopicArn", settings.alarm_topic_arn, requirement)
    return settings


def _canary_settings(checked: Mapping[str, Any], sources: list[Source], prefix: str) -> CanarySettings | None:
    key, default = f"{prefix}canaryTimeoutSeconds", CanarySettings()
    settings = CanarySettings(timeout_seconds=checked.get("canaryTimeoutSeconds", default.timeout_seconds))
    if not checked.get("canary"):
        requirement = f"leave it out, or set {prefix}canary to true"
        if settings != default:  # Pulumi.yaml declares the default
            raise InputError(key, settings.timeout_seconds, requirement)
        for index, source in enumerate(sources):
            if source.canary_sender != default_canary_sender(source.identities):
                raise InputError(f"{prefix}sources[{index}].canarySender", source.canary_sender, requirement)
        return None
    for index, source in enumerate(sources):
        if source.canary_sender is None:
            requirement = f"with {prefix}canary an address is needed from which SES may send: there is no identity"
            raise InputError(f"{prefix}sources[{index}].canarySender", None, requirement)
    return settings


def _tables(checked: Mapping[str, Any], default_region: str | None, prefix: str) -> NewTables | ExistingTables:
    blocked_table_arn, history_table_arn = checked.get("blockedTableArn"), checked.get("historyTableArn")
    kms_key_arn = checked.get("tableKmsKeyArn")
    feedback_pipeline_args.check_tables(blocked_table_arn, history_table_arn, _key_of_input(prefix))
    if blocked_table_arn and history_table_arn:
        defaults = {camel_case(name): value for name, value in vars(TableSettings()).items()}  # declared in Pulumi.yaml
        for key in ("tableRegion", *map(camel_case, _TABLE_OPTIONS), *defaults):
            if (value := checked.get(key)) and value != defaults.get(key):
                requirement = f"leave it out, or {prefix}blockedTableArn: it is for tables that are created here"
                raise InputError(prefix + key, value, requirement)
        return ExistingTables(
            blocked_table_arn=blocked_table_arn, history_table_arn=history_table_arn, kms_key_arn=kms_key_arn
        )
    settings = _settings(TableSettings, checked)
    check_soft_bounces = partial(blocked_table_args.check_soft_bounces, input_name=_key_of_input(prefix))
    inputs.check_together(check_soft_bounces, settings.soft_bounce_window_days, settings.soft_block_days)
    tables = NewTables(
        **vars(settings),
        region=checked.get("tableRegion") or required_default_region(f"{prefix}tableRegion", default_region),
        kms_key_arn=kms_key_arn,
        **{name: checked[camel_case(name)] for name in _TABLE_OPTIONS if camel_case(name) in checked},
    )
    if kms_key_arn and Arn.of(kms_key_arn).region != tables.region:
        requirement = f"a key in the tables' Region, {tables.region}, is needed"
        raise InputError(f"{prefix}tableKmsKeyArn", kms_key_arn, requirement)
    if kms_key_arn and tables.replica_regions:
        requirement = f"leave it out with {prefix}tableKmsKeyArn: a replica would need a key in its own Region"
        raise InputError(f"{prefix}replicaRegions", tables.replica_regions, requirement)
    return tables


def _check_capacity(tables: NewTables | ExistingTables, checked: Mapping[str, Any], prefix: str) -> None:
    """Raises: ValueError for write units that another key makes void, or that the tables refuse."""
    key, units = f"{prefix}tableWriteUnitsPerSecond", checked.get("tableWriteUnitsPerSecond")
    if units is None:
        return
    if "maximumConcurrency" in checked:
        requirement = f"leave it out with {prefix}maximumConcurrency: it is only for the number that this one sets"
        raise InputError(key, units, requirement)
    limit = tables.max_write_request_units if isinstance(tables, NewTables) else None
    if limit is not None and units > limit:
        raise InputError(
            key, units, f"at most {prefix}maxWriteRequestUnits ({limit}) is needed: each table refuses more"
        )


def _check_created_keys(config: StackConfig, prefix: str) -> None:
    configured_keys = [
        (f"sources[{index}].kmsKeyArn", source.kms_key_arn) for index, source in enumerate(config.sources)
    ]
    if isinstance(config.tables, NewTables):
        configured_keys.append(("tableKmsKeyArn", config.tables.kms_key_arn))
    for key, arn in configured_keys:
        if arn:
            raise InputError(prefix + key, arn, f"leave it out with {prefix}createKmsKeys, which creates the keys")
    if isinstance(config.tables, NewTables) and config.tables.replica_regions:
        requirement = f"leave it out with {prefix}createKmsKeys: a replica would need a key in its own Region"
        raise InputError(f"{prefix}replicaRegions", config.tables.replica_regions, requirement)
