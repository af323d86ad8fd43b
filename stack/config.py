"""The configuration of a stack: all of it is read and checked before a single resource is registered.

Every error names the key as the user wrote it, the value, and what would be right. `Pulumi.yaml` declares the same keys
with their defaults and descriptions; a test compares the two.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components import blocked_table_args, feedback_monitoring_args, feedback_pipeline_args, inputs
from components.arn import Arn
from components.feedback_pipeline_args import PipelineSettings
from components.inputs import Rule, camel_case, input_error
from stack.model import ExistingTables, MonitoringSettings, NewTables, Source, StackConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def _rules_by_key(rules: Mapping[str, Rule[Any]], *names: str) -> dict[str, Rule[Any]]:
    return {camel_case(name): rules[name] for name in names}


def _names(settings: "type[DataclassInstance]") -> list[str]:
    return [field.name for field in dataclasses.fields(settings)]


_TABLE_OPTIONS = ("replica_regions", "reader_principals", "writer_principals")
_RULES: dict[str, Rule[Any]] = {
    **_rules_by_key(feedback_pipeline_args.RULES, *_names(PipelineSettings)),
    **_rules_by_key(feedback_pipeline_args.RULES, "blocked_table_arn", "history_table_arn", "table_kms_key_arn"),
    **_rules_by_key(blocked_table_args.RULES, *_TABLE_OPTIONS, "deletion_protection", "tags"),
    **_rules_by_key(feedback_monitoring_args.RULES, *_names(MonitoringSettings)),
    "tableRegion": inputs.region,
    "createKmsKeys": inputs.boolean,
    "monitoring": inputs.boolean,
}
KEYS = frozenset({"sources", *_RULES})
"""The keys of a stack, without the project's name."""

_LONGEST_SOURCE_NAME = 36  # With the kind before it and a suffix behind, a function's name fits AWS's 64 characters.
_SOURCE_RULES: dict[str, Rule[Any]] = {
    "name": inputs.pattern(
        rf"[a-z0-9][a-z0-9-]{{0,{_LONGEST_SOURCE_NAME - 1}}}",
        f"up to {_LONGEST_SOURCE_NAME} lower-case letters, digits and -",
    ),
    "region": inputs.region,
    "identities": inputs.each(inputs.identity),
    "configurationSet": inputs.configuration_set,
    "kmsKeyArn": inputs.kms_key_arn,
    "emailForwarding": inputs.boolean,
}


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
    if values.get("maximumConcurrency") == 0:
        del values["maximumConcurrency"]
    for key, value in values.items():
        if key not in KEYS:
            raise input_error(prefix + key, value, f"there is no such key; there are {', '.join(sorted(KEYS))}")
    sources = _sources(f"{prefix}sources", values.pop("sources", None), default_region)
    checked = {key: _RULES[key](prefix + key, value) for key, value in values.items()}
    stack_config = StackConfig(
        sources=sources,
        tables=_tables(checked, default_region, prefix),
        pipeline_settings=_pipeline_settings(checked, prefix),
        monitoring_settings=_monitoring_settings(checked, sources, prefix),
        create_kms_keys=checked.get("createKmsKeys", False),
        deletion_protection=checked.get("deletionProtection", True),
        tags=checked.get("tags", {}),
    )
    if stack_config.create_kms_keys:
        _check_created_keys(stack_config, prefix)
    return stack_config


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
    check_soft_bounces = partial(feedback_pipeline_args.check_soft_bounces, input_name=_key_of_input(prefix))
    inputs.check_together(check_batching, settings.batch_size, settings.maximum_batching_window_seconds)
    inputs.check_together(check_soft_bounces, settings.soft_bounce_window_days, settings.soft_block_days)
    return settings


def _key_of_input(prefix: str) -> feedback_pipeline_args.InputName:
    return lambda name: prefix + camel_case(name)


def _monitoring_settings(checked: Mapping[str, Any], sources: list[Source], prefix: str) -> MonitoringSettings | None:
    settings = _settings(MonitoringSettings, checked)
    if not checked.get("monitoring", True):
        for name, default in vars(MonitoringSettings()).items():
            if (value := getattr(settings, name)) != default:
                raise input_error(prefix + camel_case(name), value, f"leave it out, or set {prefix}monitoring to true")
        return None
    if settings.alarm_topic_arn:
        if settings.alarm_emails:
            requirement = f"leave it out with {prefix}alarmTopicArn, and subscribe to that topic"
            raise input_error(f"{prefix}alarmEmails", settings.alarm_emails, requirement)
        regions = {source.region for source in sources}
        if other_regions := sorted(regions - {Arn.of(settings.alarm_topic_arn).region}):
            requirement = (
                f"a topic in {other_regions[0]} is needed too, since alarms notify in their own Region only; "
                "leave it out"
            )
            raise input_error(f"{prefix}alarmTopicArn", settings.alarm_topic_arn, requirement)
    return settings


def _tables(checked: Mapping[str, Any], default_region: str | None, prefix: str) -> NewTables | ExistingTables:
    blocked_table_arn, history_table_arn = checked.get("blockedTableArn"), checked.get("historyTableArn")
    kms_key_arn = checked.get("tableKmsKeyArn")
    feedback_pipeline_args.check_tables(blocked_table_arn, history_table_arn, _key_of_input(prefix))
    if blocked_table_arn and history_table_arn:
        for key in ("tableRegion", *map(camel_case, _TABLE_OPTIONS)):
            if value := checked.get(key):
                requirement = f"leave it out, or {prefix}blockedTableArn: it is for tables that are created here"
                raise input_error(prefix + key, value, requirement)
        return ExistingTables(
            blocked_table_arn=blocked_table_arn, history_table_arn=history_table_arn, kms_key_arn=kms_key_arn
        )
    tables = NewTables(
        region=checked.get("tableRegion") or _default_region(f"{prefix}tableRegion", default_region),
        kms_key_arn=kms_key_arn,
        **{name: checked.get(camel_case(name), []) for name in _TABLE_OPTIONS},
    )
    if kms_key_arn and Arn.of(kms_key_arn).region != tables.region:
        requirement = f"a key in the tables' Region, {tables.region}, is needed"
        raise input_error(f"{prefix}tableKmsKeyArn", kms_key_arn, requirement)
    if kms_key_arn and tables.replica_regions:
        requirement = f"leave it out with {prefix}tableKmsKeyArn: a replica would need a key in its own Region"
        raise input_error(f"{prefix}replicaRegions", tables.replica_regions, requirement)
    return tables


def _check_created_keys(config: StackConfig, prefix: str) -> None:
    given_keys = [(f"sources[{index}].kmsKeyArn", source.kms_key_arn) for index, source in enumerate(config.sources)]
    if isinstance(config.tables, NewTables):
        given_keys.append(("tableKmsKeyArn", config.tables.kms_key_arn))
    for key, arn in given_keys:
        if arn:
            raise input_error(prefix + key, arn, f"leave it out with {prefix}createKmsKeys, which creates the keys")
    if isinstance(config.tables, NewTables) and config.tables.replica_regions:
        requirement = f"leave it out with {prefix}createKmsKeys: a replica would need a key in its own Region"
        raise input_error(f"{prefix}replicaRegions", config.tables.replica_regions, requirement)


def _default_region(name: str, default_region: str | None) -> str:
    if not default_region:
        raise input_error(name, None, "a Region such as eu-west-1 is needed, here or as aws:region")
    return inputs.region("aws:region", default_region)


def _sources(name: str, value: object, default_region: str | None) -> list[Source]:
    if not isinstance(value, list) or not value:
        requirement = "a list of at least one {region, identities, configurationSet} is needed"
        raise input_error(name, value, requirement)
    sources = [_source(f"{name}[{index}]", entry, default_region) for index, entry in enumerate(value)]
    _check_unique(name, sources)
    return sources


def _source(name: str, value: object, default_region: str | None) -> Source:
    if not isinstance(value, dict):
        raise input_error(name, value, "a map of region, identities and configurationSet is needed")
    for key, entry in value.items():
        if key not in _SOURCE_RULES:
            raise input_error(f"{name}.{key}", entry, f"there is no such key; there are {', '.join(_SOURCE_RULES)}")
    checked = {
        key: rule(f"{name}.{key}", value[key]) for key, rule in _SOURCE_RULES.items() if value.get(key) is not None
    }
    identities, configuration_set = checked.get("identities", []), checked.get("configurationSet")
    if not identities and not configuration_set:
        raise input_error(name, value, "identities or a configurationSet (or both) is needed")
    region = checked.get("region") or _default_region(f"{name}.region", default_region)
    kms_key_arn, email_forwarding = checked.get("kmsKeyArn"), checked.get("emailForwarding")
    if kms_key_arn and Arn.of(kms_key_arn).region != region:
        raise input_error(f"{name}.kmsKeyArn", kms_key_arn, f"a key in the source's Region, {region}, is needed")
    if email_forwarding is not None and not identities:
        requirement = "identities are needed, since it is a setting of an identity"
        raise input_error(f"{name}.emailForwarding", email_forwarding, requirement)
    first_origin = identities[0] if identities else configuration_set
    source_name = checked.get("name") or _short_name(f"{region}-{first_origin}")
    return Source(source_name, region, identities, configuration_set, kms_key_arn, email_forwarding)


def _check_unique(name: str, sources: list[Source]) -> None:
    """Raises: ValueError for a name, an identity or a configuration set that two sources have."""
    owners: dict[tuple[str, str], str] = {}
    for index, source in enumerate(sources):
        owner = f"{name}[{index}]"
        origins = [*source.identities, *([source.configuration_set] if source.configuration_set else [])]
        for scope, value in [("name", source.name), *((source.region, origin) for origin in origins)]:
            if other := owners.get((scope, value)):
                raise input_error(owner, value, f"{other} has it already ({scope}); name it in one source")
            owners[scope, value] = owner


def _short_name(origin: str) -> str:
    """A name for resources, of the first identity only: it must not change when the source gains another one."""
    slug = re.sub(r"[^a-z0-9]+", "-", origin.lower()).strip("-")
    if len(slug) <= _LONGEST_SOURCE_NAME:
        return slug
    digest = hashlib.sha256(origin.encode()).hexdigest()[:6]
    return f"{slug[: _LONGEST_SOURCE_NAME - 7].rstrip('-')}-{digest}"
