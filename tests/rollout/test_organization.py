"""The accounts of a targets file and of AWS Organizations, on moto. Does not prove which permissions AWS requires."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.organizations.models import organizations_backends

from rollout.__main__ import main
from rollout.accounts_text import AccountsText, NewAccount
from rollout.organization import OrganizationAccount, choose_name
from rollout.plan import build_plan
from tests.properties import profile_times
from tests.rollout.test_targets import CORRECT, error_lines

TARGETS = """\
# a comment at the top
regions: [eu-central-1, eu-west-1]  # and one beside
roles: ["arn:aws:iam::{account}:role/deploy"]
hub: {account: hub, region: eu-central-1}

accounts:
  # the hub
  - name: hub
    id: "000000000001"
    regions: {eu-central-1: {sources: [{identities: [example.com]}]}}

  # the shop of the fifth floor
  - name: shop
    id: "SHOP"
    regions:
      eu-west-1: {sources: [{identities: [shop.example.com]}]}
    # labels: [later]

# the waves
waves:
  - {name: all, remainingAccounts: true}

organization:
  units: [UNIT]
  tags: {mail: "yes"}
  account:
    labels: ["{tag:stage}"] # which wave
    config:
      tags: {owner: "{tag:owner}", id: "{id}"}
    regions:
      eu-west-1:
        sources: # one domain each
          - identities: ["{name}.example.com"]
"""
NEW_ENTRY = """\

  - name: buro-1
    id: "NEW"
    labels: [test] # which wave
    config:
      tags: {owner: "a b: #c", id: "NEW"}
    regions:
      eu-west-1:
        sources: # one domain each
          - identities: [buro-1.example.com]
"""

Run = Callable[..., tuple[int, str, str]]


class FakeOrganization:
    """An organization with one unit, which has a unit below it."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("organizations", region_name="us-east-1")
        self.client.create_organization(FeatureSet="ALL")
        self.root = self.client.list_roots()["Roots"][0]["Id"]
        self.unit = self._unit(self.root, "mail")
        self.unit_below = self._unit(self.unit, "test")

    def _unit(self, parent: str, name: str) -> str:
        return str(self.client.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"])

    def add(self, name: str, unit: str, **tags: str) -> str:
        status = self.client.create_account(Email="a@example.com", AccountName=name)["CreateAccountStatus"]
        account_id = str(status["AccountId"])
        self.client.move_account(AccountId=account_id, SourceParentId=self.root, DestinationParentId=unit)
        tag_list = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.client.tag_resource(ResourceId=account_id, Tags=tag_list)
        return account_id


@pytest.fixture
def organization(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrganization]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with mock_aws():
        yield FakeOrganization()


@pytest.fixture
def shop_id(organization: FakeOrganization) -> str:
    return organization.add("Shop", organization.unit, mail="yes")


@pytest.fixture
def targets(tmp_path: Path, organization: FakeOrganization, shop_id: str) -> Path:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGETS.replace("UNIT", organization.unit).replace("SHOP", shop_id))
    return file


@pytest.fixture
def run(targets: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*options: str) -> tuple[int, str, str]:
        code = main(["accounts", str(targets), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return run_command


def test_a_file_in_another_encoding_is_named_with_the_line(run: Run, targets: Path) -> None:
    targets.write_bytes(targets.read_bytes() + "# Büro\n".encode("latin-1"))
    code, _, printed = run()
    assert code == 1
    assert "is not UTF-8: save the file with the encoding UTF-8" in printed


def test_a_file_that_has_the_accounts_of_the_organization_is_left_as_it_is(run: Run, targets: Path) -> None:
    before = targets.read_bytes()
    assert run("--write") == (0, "", "the file has the accounts of the organization\n")
    assert targets.read_bytes() == before


def test_a_new_account_is_written_as_the_template_is_and_nothing_else_changes(
    run: Run, targets: Path, organization: FakeOrganization
) -> None:
    new_id = organization.add("Büro #1", organization.unit_below, mail="yes", stage="test", owner="a b: #c")
    before = targets.read_text()
    code, out, err = run()
    assert code == 1
    assert err == "new: buro-1; --write changes the file\n"
    entry = NEW_ENTRY.replace("NEW", new_id)
    changed_lines = [line for line in out.splitlines()[2:] if line[0] in "+-"]
    assert sorted(changed_lines) == sorted(f"+{line}" for line in entry.splitlines()), "a diff may move a blank line"
    assert targets.read_text() == before
    assert run("--write")[0] == 0
    assert targets.read_text() == before.replace("    # labels: [later]\n", f"    # labels: [later]\n{entry}")
    assert run()[0] == 0
    stack = next(stack for stack in build_plan(targets.read_text()).stacks if stack.name == "buro-1-eu-west-1")
    assert stack.account_id == new_id


def test_an_account_that_is_gone_is_removed_with_its_comments(
    run: Run, targets: Path, organization: FakeOrganization, shop_id: str
) -> None:
    organization.add("Cart", organization.unit, mail="yes", stage="x", owner="x")
    run("--write")
    before = targets.read_text()
    organization.client.untag_resource(ResourceId=shop_id, TagKeys=["mail"])
    code, out, err = run("--write")
    assert code == 0
    assert err == "gone: shop; the file was changed\n"
    start, end = (
        before.index("\n  # the shop"),
        before.index("    # labels: [later]\n") + len("    # labels: [later]\n"),
    )
    assert targets.read_text() == before[:start] + before[end:]
    assert "-  - name: shop" in out


def test_a_file_that_would_be_wrong_is_not_written(
    run: Run, targets: Path, organization: FakeOrganization, shop_id: str
) -> None:
    text = targets.read_text().replace("remainingAccounts: true", "accounts: [shop]")
    targets.write_text(text)
    organization.client.untag_resource(ResourceId=shop_id, TagKeys=["mail"])
    code, out, err = run("--write")
    assert code == 1
    assert "-  - name: shop" in out
    assert "(organization):14: waves[0]: there is no account 'shop'" in err
    assert targets.read_text() == text


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"])
@pytest.mark.parametrize("field", ["State", "Status"])
def test_only_active_accounts_count(
    run: Run, shop_id: str, state: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`State` decides where AWS returns it, and `Status` where not."""
    backend = next(iter(organizations_backends["123456789012"].values()))
    account_type = type(backend.get_account_by_id(shop_id))
    describe = account_type.describe

    def described(account: Any) -> dict[str, Any]:
        states = describe(account)
        if field == "Status":
            states.pop("State", None)
        return states | ({field: state} if account.id == shop_id else {})

    monkeypatch.setattr(account_type, "describe", described)
    assert run()[2].startswith("gone: shop; --write changes the file\n")


def test_the_root_means_all_accounts_and_without_tags_none_is_asked_for(
    run: Run, targets: Path, organization: FakeOrganization
) -> None:
    text = targets.read_text().replace(organization.unit, organization.root).replace('  tags: {mail: "yes"}\n', "")
    text = text.replace('    labels: ["{tag:stage}"] # which wave\n', "").replace('owner: "{tag:owner}", ', "")
    targets.write_text(text)
    organization.add("Elsewhere", organization.root)
    assert "new: elsewhere, master;" in run()[2], "moto's management account is called master"


def test_an_account_keeps_its_name_in_the_file(run: Run, targets: Path) -> None:
    targets.write_text(targets.read_text().replace("name: shop", "name: store"))
    code, out, err = run()
    assert (code, out) == (0, "")
    assert "store is 'Shop' in the organization; the file keeps store" in err


def test_tags_that_the_template_needs_are_named_for_every_account(run: Run, organization: FakeOrganization) -> None:
    ids = [organization.add(name, organization.unit, mail="yes", owner="x") for name in ("A", "B")]
    code, out, err = run("--write")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"account {account_id} ({name}) has no tag 'stage': organization.account needs it"
        for account_id, name in zip(ids, "AB", strict=True)
    ]


def test_what_aws_refuses_is_reported_with_the_credentials_that_are_needed(run: Run, targets: Path) -> None:
    targets.write_text(targets.read_text().replace("units: [ou-", "units: [ou-9999-99999999, ou-"))
    code, out, err = run()
    assert (code, out) == (1, "")
    assert "ListAccountsForParent: (ParentNotFoundException)" in err
    assert "the organization's management account or of a delegated administrator" in err


def test_a_file_without_the_key_says_what_it_is_for(run: Run, targets: Path) -> None:
    targets.write_text(targets.read_text().partition("organization:")[0])
    assert "has no organization: it names the units" in run()[2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("units: [ou-ab12-11112222]", "units: [mail]", "organization.units[0] is 'mail': the id of an organizational"),
        ("units: [ou-ab12-11112222]", "units: []", "organization.units is []: at least one unit is needed"),
        ("units: [ou-ab12-11112222]", "unit: x", "did you mean 'units'?"),
        ("{name}", "{nmae}", "organization.account: there is no {nmae}; there are {name}, {id}, {tag:KEY}"),
        ("regions:", "region:", "did you mean 'regions'?"),
        (
            "units",
            'roles: ["arn:aws:iam::{account}:role/x"]\n  units',
            "organization.roles: arn:aws:iam::{account}:role/x",
        ),
        ("units", "tags: {mail: a!}\n  units", "organization.tags.mail is 'a!': the value of a tag"),
    ],
)
def test_mistakes_in_the_key_are_among_those_of_the_file(old: str, new: str, message: str) -> None:
    text = f"""{CORRECT}organization:
  units: [ou-ab12-11112222]
  account:
    regions: {{eu-west-1: {{sources: [{{identities: ["{{name}}.example.com"]}}]}}}}
"""
    build_plan(text)
    assert any(message in line for line in error_lines(text.replace(old, new)))


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Shop (Prod)", (), "shop-prod"),
        ("shop", ("shop",), "shop-000000000009"),
        ("x" * 50, ("x" * 40,), f"{'x' * 27}-000000000009"),
        ("ß", (), "000000000009"),
    ],
)
def test_the_name_of_a_new_account_is_one_that_the_file_accepts(
    name: str, taken: tuple[str, ...], expected: str
) -> None:
    assert choose_name(OrganizationAccount("0" * 11 + "9", name, {}), taken) == expected


BLOCKS = [
    "  # above\n",
    "\n",
    "  - name: a\n    id: '1'\n",
    "  - {name: b, id: '2'}\n",
    "  -\n    name: c\n    id: '3'\n",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    indentation = draw(st.sampled_from(["", "  "]))
    blocks = draw(
        st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=12).filter(
            lambda drawn: any("-" in block for block in drawn)
        )
    )
    lines = "".join(blocks).splitlines(keepends=True)
    accounts = "".join(indentation + line.removeprefix("  ") if line.strip() else line for line in lines)
    after = draw(st.sampled_from(["", "# below\nwaves: []\n", "\nwaves: []\n"]))
    organization = "organization: {account: {labels: [x], regions: {r: '{name}'}}}\n"
    text = f"# top\n{organization}accounts: # list\n{accounts}{after}"
    return draw(st.sampled_from([text, text.replace("\n", "\r\n"), text.rstrip("\n")]))


def test_a_new_account_after_a_last_line_without_an_end_begins_a_line() -> None:
    text = "organization: {account: {}}\naccounts:\n- id: '1'"
    assert AccountsText(text).edit((), [NewAccount("a", "2", str)]) == f'{text}\n- name: a\n  id: "2"\n'


@profile_times(1)
@given(files(), st.sets(st.sampled_from("123")), st.integers(0, 2))
def test_an_edit_changes_the_list_of_accounts_and_no_other_line(
    text: str, removed_ids: set[str], new_count: int
) -> None:
    """For every layout: what the file says afterwards, and that the other lines are still there in their order."""
    new_accounts = [
        NewAccount(f"n{index}", str(7 + index), lambda template: template.replace("{name}", "5"))
        for index in range(new_count)
    ]
    edited = AccountsText(text).edit(removed_ids, new_accounts)
    before, after = yaml.safe_load(text), yaml.safe_load(edited)
    added = [{"name": new.name, "id": new.id, "labels": ["x"], "regions": {"r": "5"}} for new in new_accounts]
    kept = [account for account in before["accounts"] if account["id"] not in removed_ids]
    assert (after["accounts"] or []) == kept + added
    assert before | {"accounts": None} == after | {"accounts": None}
    for part in ("# top", "# list", "# below"):
        assert (part in text) == (part in edited)
    if not removed_ids:
        remaining = iter(edited.splitlines())
        assert all(line in remaining for line in text.splitlines())
