"""Lengths that AWS limits, of all that a configuration leads to, before a single resource is registered."""

from components import blocked_table_args, feedback_pipeline_args, limits
from components.feedback_monitoring_args import FeedbackMonitoringInputs
from components.inputs import KINDS, InputName, camel_case
from stack.model import ExistingTables, NewTables, StackConfig

TABLES = "ses-feedback"
"""The name of the component that holds the tables, in `__main__.py`."""


def check_limits(config: StackConfig, prefix: str) -> None:
    """Raises: ValueError, naming the key, its size, the limit, and how to split it."""
    if isinstance(config.tables, NewTables):
        tables = blocked_table_args.read(config.table_args(config.tables, {}))
        limits.check_tables(TABLES, tables, lambda name: prefix + camel_case(name))
    _check_pipelines(config, prefix)
    if config.monitoring_settings:
        for region in config.regions:
            _check_monitoring(config, region, prefix)


def _check_pipelines(config: StackConfig, prefix: str) -> None:
    tables = config.tables
    if isinstance(tables, NewTables):
        table_arn = limits.longest_table_arn(tables.region)
        tables = ExistingTables(blocked_table_arn=table_arn, history_table_arn=table_arn)
    for index, source in enumerate(config.sources):
        for kind in KINDS:
            pipeline = feedback_pipeline_args.read(config.pipeline_args(source, kind, tables, {}))
            limits.check_pipeline(f"{kind}-{source.name}", pipeline, _key_of_input(f"{prefix}sources[{index}]", prefix))


def _key_of_input(source: str, prefix: str) -> InputName:
    return lambda name: f"{source}.identities" if name == "identities" else prefix + camel_case(name)


def _check_monitoring(config: StackConfig, region: str, prefix: str) -> None:
    pipelines = {source.name: {"name": source.name} for source in config.sources if source.region == region}
    monitoring = FeedbackMonitoringInputs(bounce_pipelines={**pipelines}, complaint_pipelines={**pipelines})
    limits.check_dashboard(monitoring, lambda _: f"{prefix}sources")
