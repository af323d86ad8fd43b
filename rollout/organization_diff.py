"""Compares the accounts of a targets file with those of the organization. Pure."""

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from .accounts_text import AccountsText, NewAccount
from .organization import Organization, OrganizationAccount, choose_name, fill_in, missing_tags


@dataclass(frozen=True)
class AccountsComparison:
    """How the accounts of the file differ from the organization's."""

    content: str
    """The file as it should be."""
    added_names: tuple[str, ...]
    removed_names: tuple[str, ...]
    other_names: tuple[tuple[str, str], ...]
    """Accounts that have another name in the organization: the file's, which their stacks have, and that one."""

    def unified_diff(self, old_content: str, file: str) -> str:
        """From the file to `content`; empty if both are equal."""
        old_lines, lines = old_content.splitlines(), self.content.splitlines()
        return "\n".join(difflib.unified_diff(old_lines, lines, file, f"{file} (organization)", lineterm=""))


def compare_accounts(
    content: str, organization: Organization, accounts: Sequence[OrganizationAccount], kept_names: Collection[str]
) -> AccountsComparison:
    """The file with the organization's accounts: new ones from the template, and without those that it does not have.

    An account keeps its name in the file, since the names of its stacks begin with it. `kept_names` are accounts that
    stay even if the units do not have them, such as the hub's. Raises: ValueError for new accounts without a tag that
    the template needs, and for a file whose text cannot be edited.
    """
    text = AccountsText(content)
    account_by_id = {account.id: account for account in accounts}
    listed_ids = {entry.id for entry in text.entries}
    removed = [entry for entry in text.entries if entry.id not in account_by_id and entry.name not in kept_names]
    names = {entry.name for entry in text.entries}
    problems: list[str] = []
    new_accounts: list[NewAccount] = []
    for account in accounts:
        if account.id not in listed_ids:
            name = choose_name(account, names)
            names.add(name)
            new_accounts.append(NewAccount(name, account.id, partial(fill_in, name=name, account=account)))
            problems += [
                f"account {account.id} ({account.name}) has no tag {key!r}: organization.account needs it"
                for key in missing_tags(organization, account)
            ]
    if problems:
        raise ValueError("\n".join(problems))
    return AccountsComparison(
        text.edit({entry.id for entry in removed}, new_accounts),
        tuple(account.name for account in new_accounts),
        tuple(entry.name for entry in removed),
        tuple(
            (entry.name, account_by_id[entry.id].name)
            for entry in text.entries
            if entry.id in account_by_id and choose_name(account_by_id[entry.id], ()) != entry.name
        ),
    )
