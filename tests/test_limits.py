"""Limits and defaults of the inputs: the same in the components, their documentation, Pulumi.yaml and the library.

The components state them once, in the modules `<component>_args`; every other place is compared with that one.
"""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ses_feedback.function.settings import Settings, SettingsError
from ses_feedback.history import soft_bounces
from ses_feedback.history.holds import HOLD_DAYS_LIMITS
from ses_feedback.history.surges import FACTOR_LIMITS, FLOOR_LIMITS

from components import (
    blocked_table_args,
    feedback_kms_key_args,
    feedback_monitoring_args,
    feedback_pipeline_args,
)
from components.feedback_pipeline_args import (
    DEAD_LETTER_RETENTION_DAYS,
    LARGEST_BATCH_WITHOUT_WINDOW,
    MAX_WINDOWS_PER_BLOCK,
)
from components.inputs import InputError, IntegerRange, Rule, camel_case, takes_output
from docs import component_reference

ROOT = Path(__file__).parents[1]
COMPONENTS: dict[str, tuple[Any, Any, dict[str, Rule[Any]]]] = {
    "BlockedTable": (
        blocked_table_args.BlockedTableArgs,
        blocked_table_args.BlockedTableInputs,
        blocked_table_args.RULES,
    ),
    "FeedbackPipeline": (
        feedback_pipeline_args.FeedbackPipelineArgs,
        feedback_pipeline_args.FeedbackPipelineInputs,
        feedback_pipeline_args.RULES,
    ),
    "FeedbackMonitoring": (
        feedback_monitoring_args.FeedbackMonitoringArgs,
        feedback_monitoring_args.FeedbackMonitoringInputs,
        feedback_monitoring_args.RULES,
    ),
    "FeedbackKmsKey": (
        feedback_kms_key_args.FeedbackKmsKeyArgs,
        feedback_kms_key_args.FeedbackKmsKeyInputs,
        feedback_kms_key_args.RULES,
    ),
}
TABLE_ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
ENVIRONMENT = {
    "BLOCKED_TABLE_ARN": f"{TABLE_ARN}blocked",
    "HISTORY_TABLE_ARN": f"{TABLE_ARN}history",
    "PIPELINE": "bounce-shop",
}
IN_WORDS = {
    "protected": "at most 800 characters",
    "redrive_principals": "at most 5000 characters",
    "soft_block_days": f"at most {MAX_WINDOWS_PER_BLOCK} windows",
    "message_retention_days": f"the dead-letter queues keep it {DEAD_LETTER_RETENTION_DAYS}",
    "batch_size": f"More than {LARGEST_BATCH_WITHOUT_WINDOW} need a batching window",
    "missing_feedback_hours": "0 for no such alarm",
}
"""What the description of an input says of its limits beside a range."""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The package's schema, by component; tests/test_snapshots.py compares it with components/schema.json."""
    resources = component_reference.schema()["resources"]
    return {token.rpartition(":")[2]: definition for token, definition in resources.items()}


@pytest.fixture(scope="module")
def declarations() -> dict[str, Any]:
    """The configuration keys of Pulumi.yaml."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return config


def check_description(name: str, rule: Rule[Any], description: str) -> None:
    ranges = [(int(minimum), int(maximum)) for minimum, maximum in re.findall(r"(\d+) to (\d+)", description)]
    assert ranges == ([(rule.minimum, rule.maximum)] if isinstance(rule, IntegerRange) else []), name
    assert IN_WORDS.get(name, "") in description, name


def default_of(inputs_type: Any, name: str) -> Any:
    field = inputs_type.__dataclass_fields__[name]
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


@pytest.mark.parametrize("component", COMPONENTS)
def test_args_rules_and_checked_inputs_have_the_same_names(component: str) -> None:
    args_type, inputs_type, rules = COMPONENTS[component]
    assert set(args_type.__annotations__) == set(rules) == {field.name for field in dataclasses.fields(inputs_type)}


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_same_inputs_are_required_and_may_be_outputs(component: str, schema: dict[str, Any]) -> None:
    _, inputs_type, _ = COMPONENTS[component]
    for field in dataclasses.fields(inputs_type):
        is_required = field.default is field.default_factory is dataclasses.MISSING
        assert is_required == (camel_case(field.name) in schema[component].get("requiredInputs", [])), field.name
        is_plain = schema[component]["inputProperties"][camel_case(field.name)].get("plain", False)
        assert takes_output(field.type) != is_plain, field.name


@pytest.mark.parametrize("component", COMPONENTS)
def test_descriptions_of_inputs_state_their_limits_and_defaults(component: str, schema: dict[str, Any]) -> None:
    _, inputs_type, rules = COMPONENTS[component]
    for name, rule in rules.items():
        description = schema[component]["inputProperties"][camel_case(name)]["description"]
        check_description(name, rule, description)
        default = default_of(inputs_type, name)
        if isinstance(default, (bool, int, float, str)):
            stated = re.search(r"Default: (\S+?)[.,]?(?:\s|$)", description)
            assert stated, name
            assert stated[1] == (str(default).lower() if isinstance(default, bool) else str(default)), name
        elif default is not dataclasses.MISSING:
            assert re.search(r"Default: [a-zA-Z]", description), name


def test_pulumi_yaml_states_the_limits_and_defaults_of_the_components(declarations: dict[str, Any]) -> None:
    compared = set()
    for component in ("BlockedTable", "FeedbackPipeline", "FeedbackMonitoring"):
        _, inputs_type, rules = COMPONENTS[component]
        for name, rule in rules.items():
            if declaration := declarations.get(camel_case(name)):
                check_description(name, rule, declaration["description"])
                default = default_of(inputs_type, name)
                if isinstance(default, (bool, int, float)):
                    assert declaration["default"] == default, name
                    compared.add(name)
    settings = {field.name for field in dataclasses.fields(feedback_pipeline_args.PipelineSettings)}
    without_default = {
        *("maximum_concurrency", "table_write_units_per_second", "permissions_boundary_arn"),
        *("protected", "sending_accounts", "redrive_principals"),
    }
    assert compared == settings - without_default | {"missing_feedback_hours", "deletion_protection"}


def test_the_readme_states_the_defaults_of_soft_bounces() -> None:
    settings = feedback_pipeline_args.PipelineSettings()
    assert (
        f"{settings.soft_bounce_threshold} soft bounces within {settings.soft_bounce_window_days} days "
        f"block for {settings.soft_block_days} days"
    ) in (ROOT / "README.md").read_text()


def test_the_library_has_the_same_limits_on_soft_bounces() -> None:
    limits = {
        "soft_bounce_threshold": soft_bounces.THRESHOLD_LIMITS,
        "soft_bounce_window_days": soft_bounces.WINDOW_DAYS_LIMITS,
        "soft_block_days": soft_bounces.BLOCK_DAYS_LIMITS,
    }
    assert {name: (rule.minimum, rule.maximum) for name, rule in ranges_of(*limits).items()} == limits
    assert soft_bounces.MAX_WINDOWS_PER_BLOCK == MAX_WINDOWS_PER_BLOCK


def test_the_library_has_the_same_limits_and_defaults_for_holds_and_surges() -> None:
    limits = {
        "hold_days": HOLD_DAYS_LIMITS,
        "surge_hourly_floor": FLOOR_LIMITS,
        "surge_factor": FACTOR_LIMITS,
    }
    assert {name: (rule.minimum, rule.maximum) for name, rule in ranges_of(*limits).items()} == limits
    settings, library = feedback_pipeline_args.PipelineSettings(), Settings.read(ENVIRONMENT)
    surges = library.safeguards.surges
    assert (library.hold_days, surges.hourly_floor, surges.factor) == (
        settings.hold_days,
        settings.surge_hourly_floor,
        settings.surge_factor,
    )


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [
        *(
            (pattern, True)
            for pattern in ("jane@example.org", "Jane+x@Example.ORG", "example.org", "abuse@", "a.b_c-d@")
        ),
        *((pattern, False) for pattern in ("abuse", "@example.org", "a@b@", "a b@", "", "[::1]")),
    ],
)
def test_the_library_takes_the_same_protected_patterns(pattern: str, is_one: bool) -> None:
    rule = feedback_pipeline_args.RULES["protected"]
    environment = {**ENVIRONMENT, "PROTECTED": json.dumps([pattern])}
    if is_one:
        assert rule("protected", [pattern]) == [pattern]
        assert Settings.read(environment).safeguards.protected.patterns == {pattern.lower()}
    else:
        with pytest.raises(InputError, match="protected"):
            rule("protected", [pattern])
        with pytest.raises(SettingsError, match="PROTECTED"):
            Settings.read(environment)


def test_the_library_has_the_same_defaults_for_soft_bounces() -> None:
    settings = feedback_pipeline_args.PipelineSettings()
    policy = soft_bounces.SoftBouncePolicy()
    assert (policy.threshold, policy.window_days, policy.block_days) == (
        settings.soft_bounce_threshold,
        settings.soft_bounce_window_days,
        settings.soft_block_days,
    )
    assert Settings.read(ENVIRONMENT).policy == policy


def ranges_of(*names: str) -> dict[str, IntegerRange]:
    rules = {}
    for name in names:
        rule = feedback_pipeline_args.RULES[name]
        assert isinstance(rule, IntegerRange)
        rules[name] = rule
    return rules
