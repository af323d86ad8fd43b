"""Options that select pipelines and their dead-letter queues."""

from typing import Annotated, Literal

import typer

PipelineOption = Annotated[list[str] | None, typer.Option("--pipeline", help="Only this pipeline; once per pipeline.")]
KindOption = Annotated[
    Literal["bounce", "complaint"] | None, typer.Option("--kind", help="Only pipelines of this kind.")
]
QueueOption = Annotated[
    Literal["dead-letters", "subscription-dead-letters"] | None,
    typer.Option(
        "--queue",
        help="dead-letters: the function could not process them; subscription-dead-letters: the topic could not "
        "deliver them.",
    ),
]
