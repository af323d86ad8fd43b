"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from ses_feedback_cli import times
from ses_feedback_cli.block_filter import BlockReason

SELECTION_PANEL = "Which blocks"
SES_PANEL = "SES's suppression list"

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be changed.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
NoteOption = Annotated[str, typer.Option("--note", help="Why, in your own words, for the history.")]
UndoFileOption = Annotated[
    Path | None, typer.Option("--undo-file", help="Undo file to write. Default: a new file in this folder.")
]
ReasonOption = Annotated[
    BlockReason | None,
    typer.Option("--reason", help="Why they are blocked.", rich_help_panel=SELECTION_PANEL),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", help=f"Blocked at or after this time: {times.PAST_FORMATS}.", rich_help_panel=SELECTION_PANEL
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", help="Blocked before this time, given as for --since.", rich_help_panel=SELECTION_PANEL),
]
DomainOption = Annotated[
    str | None,
    typer.Option("--domain", help="Domain of the address, not its subdomains.", rich_help_panel=SELECTION_PANEL),
]
RuleOption = Annotated[
    str | None,
    typer.Option("--rule", help="Rule that judged the feedback, such as hard-bounce.", rich_help_panel=SELECTION_PANEL),
]
IdentityOption = Annotated[
    str | None,
    typer.Option("--identity", help="SES identity that the mail was sent from.", rich_help_panel=SELECTION_PANEL),
]
SesRegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ses-region",
        help="Region whose list to remove them from; once for each. Default: --region, or those of the stacks.",
        rich_help_panel=SES_PANEL,
    ),
]
NoSesOption = Annotated[
    bool, typer.Option("--no-ses", help="Do not change SES's suppression list.", rich_help_panel=SES_PANEL)
]
BucketOption = Annotated[
    list[str] | None,
    typer.Option(
        "--bucket",
        help="S3 bucket in the same Region, to remove many by import jobs: NAME, or REGION=NAME for each Region.",
        rich_help_panel=SES_PANEL,
    ),
]
KmsKeyOption = Annotated[
    str | None,
    typer.Option(
        "--kms-key",
        help="Customer managed KMS key for the objects in the bucket. Default: S3's keys.",
        rich_help_panel=SES_PANEL,
    ),
]
