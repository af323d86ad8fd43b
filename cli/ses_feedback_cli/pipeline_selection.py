"""The pipelines that the options --pipeline and --kind select."""

from collections.abc import Iterable

from ses_feedback_cli.context import Context
from ses_feedback_cli.errors import UsageError
from ses_feedback_cli.stack_outputs import Pipeline


def select_pipelines(context: Context, names: Iterable[str] = (), kind: str | None = None) -> list[Pipeline]:
    """The pipelines with one of these names (none given: all) and of this kind. Raises: UsageError without any."""
    pipelines, wanted_names = context.pipelines(), set(names)
    if unknown_names := wanted_names - {pipeline.name for pipeline in pipelines}:
        raise UsageError(
            f"--pipeline {', '.join(sorted(unknown_names))}: there is no such pipeline; there are "
            f"{', '.join(pipeline.name for pipeline in pipelines) or 'none in these Regions'}"
        )
    selected = [
        pipeline
        for pipeline in pipelines
        if (not wanted_names or pipeline.name in wanted_names) and kind in {None, pipeline.kind}
    ]
    if not selected:
        raise UsageError("no pipeline matches --pipeline, --kind and --region together; leave one of them out")
    return selected
