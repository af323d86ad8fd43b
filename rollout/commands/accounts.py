"""`python -m rollout accounts`."""

import sys
from typing import Annotated

import typer

from rollout.options import TargetsPath
from rollout.organization import read_organization
from rollout.organization_diff import AccountsComparison, compare_accounts
from rollout.plan import build_plan
from rollout.targets import TargetsError, TargetsFile, read_targets_file
from rollout.yaml_reader import YamlReader, read_text

from .app import app
from .shared import EXIT_NOT_SUCCEEDED


@app.command(name="accounts")
def _accounts(
    targets: TargetsPath,
    write: Annotated[bool, typer.Option("--write", help="Change the file.")] = False,
) -> None:
    """Compare the accounts in the file with AWS Organizations, as `organization` in the file says. Changes no stack."""
    from rollout.aws_organizations import read_accounts  # noqa: PLC0415 - slow, and other commands do not need it

    content = read_text(targets)
    reader = YamlReader()
    targets_file = read_targets_file(reader, content)
    node = targets_file.organization if targets_file else None
    organization = read_organization(reader, node) if node else None
    if reader.problems or targets_file is None or targets_file.hub is None:
        raise TargetsError(str(targets), reader.problems)
    if organization is None:
        raise ValueError(f"{targets} has no organization: it names the units whose accounts the file should have")
    accounts = read_accounts(organization, targets_file.hub.region)
    comparison = compare_accounts(content, organization, accounts, _kept_names(targets_file))
    difference = comparison.unified_diff(content, str(targets))
    sys.stdout.write(f"{difference}\n" if difference else "")
    sys.stderr.write(_summary(comparison, written=write))
    if difference:
        build_plan(comparison.content, f"{targets} (organization)")
        if not write:
            raise typer.Exit(EXIT_NOT_SUCCEEDED)
        with targets.open("w", encoding="utf-8", newline="") as file:
            file.write(comparison.content)


def _kept_names(targets_file: TargetsFile) -> frozenset[str]:
    """The accounts that the file needs even if they are not in the units."""
    return frozenset(place.account_name for place in (targets_file.hub, targets_file.canary) if place)


def _summary(comparison: AccountsComparison, *, written: bool) -> str:
    lines = [
        f"{name} is {other_name!r} in the organization; the file keeps {name}, which the names of its stacks begin with"
        for name, other_name in comparison.other_names
    ]
    changes = [
        f"{verb}: {', '.join(names)}"
        for verb, names in (("new", comparison.added_names), ("gone", comparison.removed_names))
        if names
    ]
    if not changes:
        return "\n".join([*lines, "the file has the accounts of the organization\n"])
    advice = "the file was changed" if written else "--write changes the file"
    return "\n".join([*lines, f"{'; '.join(changes)}; {advice}\n"])
