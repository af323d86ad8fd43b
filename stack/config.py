"""The configuration of a stack: read whole, checked whole, before a single resource is registered.

Every error names the key as the user wrote it, the value, and what would be right. `Pulumi.yaml` declares the same keys
with their defaults and descriptions; a test holds the two together.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components import BlockedTableArgs, inputs
from components.feedback_monitoring_args import DEFAULTS as MONITORING_DEFAULTS
from components.feedback_pipeline_args import DEFAULTS
from stack.model import Source, StackConfig

_PIPELINE_KEYS = {
    inputs.camel(name): name
    for name in inputs.PIPELINE
    if name not in {"kind", "identities", "configuration_set_name", "region", "kms_key_arn", "email_forwarding"}
}
_TABLE_KEYS: dict[str, tuple[str, inputs.Rule[Any]]] = {
    "tableRegion": ("region", inputs.region),
    "replicaRegions": ("replica_regions", inputs.each(inputs.region)),
    "readerPrincipals": ("reader_principals", inputs.each(inputs.principal)),
    "writerPrincipals": ("writer_principals", inputs.each(inputs.principal)),
    "deletionProtection": ("deletion_protection", inputs.boolean),
}
_LONGEST_NAME = 36  # With the kind before it and a suffix behind, a function's name fits AWS's 64 characters.
_SOURCE_RULES: dict[str, inputs.Rule[Any]] = {
    "name": inputs.pattern(r"[a-z0-9][a-z0-9-]{0,35}", "up to 36 lower-case letters, digits and -"),
    "region": inputs.region,
    "identities": inputs.each(inputs.identity),
    "configurationSet": inputs.configuration_set,
    "kmsKeyArn": inputs.kms_key_arn,
    "emailForwarding": inputs.boolean,
}
_MONITORING_KEYS = {
    inputs.camel(name): name for name in ("alarm_emails", "alarm_topic_arn", "runbook_url", "missing_feedback_hours")
}
KEYS = frozenset({"sources", "monitoring", "createKmsKeys", *_PIPELINE_KEYS, *_TABLE_KEYS, *_MONITORING_KEYS})
"""The keys of a stack, without the project's name."""


def load() -> StackConfig:
    """Read the configuration of the stack that is running.

    Raises: pulumi.RunError, which the engine shows as one sentence and not as a traceback.
    """
    prefix = f"{pulumi.get_project()}:"
    values = {**get_config_env(), **CONFIG.get()}
    own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    try:
        return parse(own, values.get("aws:region"), prefix)
    except ValueError as error:
        raise pulumi.RunError(str(error)) from error


def parse(values: Mapping[str, str], default_region: str | None = None, prefix: str = "") -> StackConfig:
    """Check configuration as the engine hands it over, every value a text; an empty text means: not set.

    `default_region` is the provider's (`aws:region`); `prefix` is put before a key in an error.
    Raises: ValueError, naming key and value.
    """
    given = {key: value for key, text in values.items() if (value := _plain(text)) != ""}
    for key, value in given.items():
        if key not in KEYS:
            raise inputs.refuse(prefix + key, value, f"there is no such key; there are {', '.join(sorted(KEYS))}")
    if given.get("maximumConcurrency") == 0:
        del given["maximumConcurrency"]
    pipeline = {
        name: inputs.PIPELINE[name](prefix + key, given[key]) for key, name in _PIPELINE_KEYS.items() if key in given
    }
    inputs.combination(DEFAULTS | pipeline, lambda name: prefix + inputs.camel(name))
    sources = _sources(prefix + "sources", given.get("sources"), default_region)
    monitoring = _monitoring(given, sources, pipeline, prefix)
    tables = _tables(given, pipeline, default_region, prefix)
    keys = inputs.boolean(prefix + "createKmsKeys", given.get("createKmsKeys", False))
    if keys:
        _check_keys(sources, tables, pipeline, prefix)
    protection = inputs.boolean(prefix + "deletionProtection", given.get("deletionProtection", True))
    return StackConfig(sources, tables, pipeline, monitoring, keys, protection)


def _check_keys(
    sources: list[Source], tables: BlockedTableArgs | None, pipeline: Mapping[str, Any], prefix: str
) -> None:
    own = [(f"sources[{index}].kmsKeyArn", source.kms_key_arn) for index, source in enumerate(sources)]
    if tables:
        own += [("tableKmsKeyArn", pipeline.get("table_kms_key_arn"))]
    for key, arn in own:
        if arn:
            raise inputs.refuse(prefix + key, arn, f"leave it out with {prefix}createKmsKeys, which makes the keys")
    if tables and tables.get("replica_regions"):
        right = "leave it out with createKmsKeys: a replica would need a key of its own Region"
        raise inputs.refuse(f"{prefix}replicaRegions", tables["replica_regions"], right)


def _monitoring(
    given: Mapping[str, object], sources: list[Source], pipeline: Mapping[str, Any], prefix: str
) -> dict[str, Any] | None:
    checked = {
        name: inputs.MONITORING[name](prefix + key, given[key])
        for key, name in _MONITORING_KEYS.items()
        if given.get(key, []) != []
    }
    if not inputs.boolean(prefix + "monitoring", given.get("monitoring", True)):
        for name, value in checked.items():
            if value == MONITORING_DEFAULTS.get(name):
                continue  # the project file declares it
            raise inputs.refuse(prefix + inputs.camel(name), value, f"leave it out, or {prefix}monitoring at true")
        return None
    if topic := checked.get("alarm_topic_arn"):
        if emails := checked.get("alarm_emails"):
            right = f"leave it out with {prefix}alarmTopicArn, and subscribe to that topic"
            raise inputs.refuse(f"{prefix}alarmEmails", emails, right)
        if elsewhere := sorted({source.region for source in sources} - {topic.split(":")[3]}):
            right = (
                f"a topic in {elsewhere[0]} is needed too, since alarms notify in their own Region only; leave it out"
            )
            raise inputs.refuse(f"{prefix}alarmTopicArn", topic, right)
    return checked | {"tags": pipeline.get("tags", {})}


def _tables(
    given: Mapping[str, object],
    pipeline: Mapping[str, Any],
    default_region: str | None,
    prefix: str,
) -> BlockedTableArgs | None:
    tables = {name: rule(prefix + key, given[key]) for key, (name, rule) in _TABLE_KEYS.items() if key in given}
    if "blocked_table_arn" in pipeline:
        for of_tables in ("tableRegion", "replicaRegions", "readerPrincipals", "writerPrincipals"):
            if value := tables.get(_TABLE_KEYS[of_tables][0]):
                right = "leave it out, or blockedTableArn: it says how to make tables"
                raise inputs.refuse(prefix + of_tables, value, right)
        return None
    tables.setdefault("region", _region(f"{prefix}tableRegion", default_region))
    if key := pipeline.get("table_kms_key_arn"):
        if key.split(":")[3] != tables["region"]:
            right = f"a key in the tables' Region, {tables['region']}, is needed"
            raise inputs.refuse(f"{prefix}tableKmsKeyArn", key, right)
        if tables.get("replica_regions"):
            right = "leave it out with tableKmsKeyArn: a replica would need a key of its own Region"
            raise inputs.refuse(f"{prefix}replicaRegions", tables["replica_regions"], right)
        tables["kms_key_arn"] = key
    return cast(BlockedTableArgs, tables | {"tags": pipeline.get("tags", {})})


def _plain(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _region(name: str, default: str | None) -> str:
    if not default:
        raise inputs.refuse(name, None, "a Region such as eu-west-1 is needed, here or as aws:region")
    return inputs.region("aws:region", default)


def _sources(name: str, value: object, default_region: str | None) -> list[Source]:
    if not isinstance(value, list) or not value:
        right = "a list of at least one {region, identities, configurationSet} is needed"
        raise inputs.refuse(name, value, right)
    sources = [_source(f"{name}[{index}]", entry, default_region) for index, entry in enumerate(value)]
    seen: dict[tuple[str, str], str] = {}
    for index, source in enumerate(sources):
        origins = [("name", source.name)]
        origins += [(source.region, origin) for origin in [*source.identities, source.configuration_set] if origin]
        for origin in origins:
            where = f"{name}[{index}]"
            if origin in seen:
                raise inputs.refuse(
                    where, origin[1], f"{seen[origin]} has it already ({origin[0]}); name it in one source"
                )
            seen[origin] = where
    return sources


def _source(name: str, value: object, default_region: str | None) -> Source:
    if not isinstance(value, dict):
        raise inputs.refuse(name, value, "a map of region, identities and configurationSet is needed")
    for key, entry in value.items():
        if key not in _SOURCE_RULES:
            raise inputs.refuse(f"{name}.{key}", entry, f"there is no such key; there are {', '.join(_SOURCE_RULES)}")
    checked = {
        key: rule(f"{name}.{key}", value[key]) for key, rule in _SOURCE_RULES.items() if value.get(key) is not None
    }
    identities, configuration_set = checked.get("identities", []), checked.get("configurationSet")
    if not identities and not configuration_set:
        raise inputs.refuse(name, value, "identities or a configurationSet (or both) is needed")
    region = checked.get("region") or _region(f"{name}.region", default_region)
    key = checked.get("kmsKeyArn")
    if key and key.split(":")[3] != region:
        raise inputs.refuse(f"{name}.kmsKeyArn", key, f"a key in the source's Region, {region}, is needed")
    origin = identities[0] if identities else configuration_set
    forwarding = checked.get("emailForwarding")
    if forwarding is not None and not identities:
        raise inputs.refuse(f"{name}.emailForwarding", forwarding, "identities are needed, whose forwarding it is")
    name = checked.get("name") or _short(f"{region}-{origin}")
    return Source(name, region, identities, configuration_set, key, forwarding)


def _short(text: str) -> str:
    """A name for resources out of `text`: it must not change when a source gains another identity."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(slug) <= _LONGEST_NAME:
        return slug
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{slug[: _LONGEST_NAME - 7].rstrip('-')}-{digest}"
