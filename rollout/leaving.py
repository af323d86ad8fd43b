"""Stacks that leave: they are deployed, and no longer in the targets file. `retire` removes them. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from components.arn import Arn

from .plan import Plan, PlannedStack, PlannedWave
from .target_config import PRINCIPAL_KEYS, PROJECT


def with_leaving(plan: Plan, deployed: Mapping[str, PlannedStack]) -> Plan:
    """The plan of a targets file with the stacks that leave, whose accounts keep their rights at the hub.

    Without the rights, their functions could not write into the tables, and their feedback would be lost. Raises:
    ValueError when a deployed account has another name or id in the file.
    """
    planned = {stack.name: stack for stack in plan.stacks}
    _refuse_changed_accounts(planned, deployed)
    leaving = tuple(stack for name, stack in sorted(deployed.items()) if name not in planned)
    if not leaving:
        return replace(plan, leaving=())
    hub = _keep_rights(plan.hub, deployed.get(plan.hub.name), leaving)
    return replace(_with_hub(plan, hub), leaving=leaving)


def leaving_note(plan: Plan) -> str:
    """What leaves, as a sentence for people; empty if nothing does."""
    if not plan.leaving:
        return ""
    names = ", ".join(stack.name for stack in plan.leaving)
    return f"leaves, as the targets file no longer has it: {names}; it stays deployed, with its rights, until `retire`"


def _refuse_changed_accounts(planned: Mapping[str, PlannedStack], deployed: Mapping[str, PlannedStack]) -> None:
    new_names = {
        (stack.account_id, stack.region): stack.account_name for name, stack in planned.items() if name not in deployed
    }
    problems = []
    for name, stack in sorted(deployed.items()):
        now = planned.get(name)
        if now and now.account_id != stack.account_id:
            problems.append(
                f"stack {name} is deployed in account {stack.account_id}, and the targets file has {now.account_id}: "
                "give the new account a name of its own; the stack then leaves, and `retire` removes it"
            )
        new_name = new_names.get((stack.account_id, stack.region))
        if now is None and new_name:
            problems.append(
                f"account {stack.account_id} is {new_name} in the targets file, and its stack {name} is deployed: "
                f"call it {stack.account_name} again; a second stack would take over the first one's feedback"
            )
    if problems:
        raise ValueError("\n".join(problems))


def _keep_rights(hub: PlannedStack, deployed_hub: PlannedStack | None, leaving: Iterable[PlannedStack]) -> PlannedStack:
    """The hub with the rights that it gave to the accounts of the leaving stacks, and to no others."""
    account_ids = {stack.account_id for stack in leaving if stack.hub_output_keys} - {hub.account_id}
    rights = {}
    for key in (f"{PROJECT}:{key}" for key in PRINCIPAL_KEYS):
        principals = cast(Sequence[str], hub.config.get(key, ()))
        before = sorted(account_ids) if deployed_hub is None else cast(Sequence[str], deployed_hub.config.get(key, ()))
        rights[key] = _kept_principals(principals, before, account_ids)
    return replace(hub, config={**hub.config, **rights})


def _kept_principals(principals: Sequence[str], before: Sequence[str], account_ids: Collection[str]) -> list[str]:
    """`principals`, and those before that are of the accounts; in the order before, so that no policy changes."""
    kept = {*principals, *(principal for principal in before if _account_of(principal) in account_ids)}
    if any(principal.startswith("o-") and principal not in principals for principal in before):
        kept |= {*account_ids}  # their rights came from the organization's id
    candidates = dict.fromkeys([*before, *principals, *sorted(account_ids)])
    return [principal for principal in candidates if principal in kept]


def _account_of(principal: str) -> str:
    """The account of an ARN; an account id as it is."""
    return Arn.of(principal).account if ":" in principal else principal


def _with_hub(plan: Plan, hub: PlannedStack) -> Plan:
    def with_hub(wave: PlannedWave) -> PlannedWave:
        return replace(wave, stacks=tuple(hub if stack.name == hub.name else stack for stack in wave.stacks))

    return replace(plan, waves=tuple(with_hub(wave) for wave in plan.waves))
