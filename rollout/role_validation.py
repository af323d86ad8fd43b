"""Checks that the roles of every account lead to it: one problem for roles that several accounts share."""

from collections.abc import Sequence

from components.arn import Arn

from .targets import Account
from .words import listed
from .yaml_reader import Node, YamlReader


def check_roles(reader: YamlReader, accounts: Sequence[Account]) -> None:
    """Add accounts without roles, and last roles that are in another account, to `reader.problems`."""
    without_roles = [account for account in accounts if account.roles is None]
    if without_roles and reader.is_sound("roles"):
        paths = listed(account.node.path for account in without_roles)
        message = (
            f"roles is missing, here and in {paths}: the roles to assume, or [] to use the credentials as they are"
        )
        reader.add_problem(Node("roles", 1, None), message)
    sharing_accounts: list[Account] = []
    for account in accounts:
        node = account.roles_node
        if node is None or not account.role_arns or not account.id or not reader.is_sound(node.path, account.id_path):
            continue
        if Arn.of(account.role_arns[-1]).account == account.id:
            continue
        if node.path == "roles":
            sharing_accounts.append(account)
        else:
            message = f"the last role, {account.role_arns[-1]}, must be in the account {account.id}"
            reader.add_problem(node, f"{node.path}: {message}")
    if sharing_accounts:
        _add_shared_role(reader, sharing_accounts)


def _add_shared_role(reader: YamlReader, accounts: Sequence[Account]) -> None:
    first = accounts[0]
    if first.roles_node is None:
        return
    message = (
        f"the last role, {first.role_arns[-1]}, must be in the account of each target, and is not in that of "
        f"{listed(account.node.path for account in accounts)}: write {{account}} for the id, or give them other roles"
    )
    reader.add_problem(first.roles_node, f"roles: {message}")
