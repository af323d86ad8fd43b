"""Reads accounts from AWS Organizations.

Needs organizations:ListAccountsForParent and ListOrganizationalUnitsForParent, and ListTagsForResource if tags matter;
only the management account and delegated administrators may call them (AWS Organizations API Reference).
"""

from collections.abc import Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .aws import message_of, session_of
from .deployer import StackError
from .organization import Organization, OrganizationAccount

_RETRIES = Config(retries={"mode": "standard", "max_attempts": 10})  # the API allows few calls per second


def read_accounts(organization: Organization, region: str) -> list[OrganizationAccount]:
    """The active accounts of the units, with the tags, by name. `region` decides the partition. Raises: StackError."""
    try:
        session = session_of(region, organization.role_arns)
        client: Any = session.client("organizations", config=_RETRIES)
        accounts: dict[str, OrganizationAccount] = {}
        for unit in organization.units:
            for found in _accounts_below(client, unit):
                if found["Id"] not in accounts:
                    tags = _tags(client, found["Id"]) if organization.needs_tags else {}
                    accounts[found["Id"]] = OrganizationAccount(found["Id"], found["Name"], tags)
    except (ClientError, BotoCoreError) as error:
        advice = "the credentials must be of the organization's management account or of a delegated administrator"
        raise StackError(f"{message_of(error)} ({advice}; organization.roles can name roles to assume)") from None
    selected = [account for account in accounts.values() if organization.selects(account)]
    return sorted(selected, key=lambda account: (account.name, account.id))


def _accounts_below(client: Any, parent: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        for account in page["Accounts"]:
            # `State` replaces `Status`, which AWS retires on 9 September 2026 (API Reference, Account).
            if account.get("State", account.get("Status")) == "ACTIVE":
                yield account
    for page in client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            yield from _accounts_below(client, unit["Id"])


def _tags(client: Any, account_id: str) -> dict[str, str]:
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=account_id)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
