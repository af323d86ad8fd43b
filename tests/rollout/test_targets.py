"""Mistakes in a targets file: each is named with its line, all of them at once."""

from pathlib import Path

import pytest

from rollout.plan import build_plan
from rollout.targets import TargetsError
from rollout.yaml_reader import read_text

CORRECT = """\
regions: [eu-central-1, eu-west-1]
roles: ["arn:aws:iam::{account}:role/deploy"]
hub:
  account: mail
  region: eu-central-1
accounts:
  - name: mail
    id: "111122223333"
    regions:
      eu-central-1: {sources: [{identities: [mail.example]}]}
  - name: shop
    id: "444455556666"
    labels: [early]
    regions:
      eu-west-1:
        sources:
          - identities: [shop.example]
waves:
  - {name: early, labels: [early]}
"""


def error_lines(text: str) -> list[str]:
    with pytest.raises(TargetsError) as error_info:
        build_plan(text, "t.yaml")
    return str(error_info.value).splitlines()


def test_the_file_without_mistakes_is_accepted() -> None:
    assert [stack.name for stack in build_plan(CORRECT).stacks] == ["mail-eu-central-1", "shop-eu-west-1"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "regions: [eu-central-1, eu-west-1]",
            "regions: [eu-central-1]",
            "15: accounts[1].regions.eu-west-1: eu-west-1 is not in regions, which has eu-central-1",
        ),
        (
            "regions: [eu-central-1, eu-west-1]",
            "regions: [eu-central-1, mars]",
            "1: regions[1] is 'mars': a Region such",
        ),
        (
            "regions: [eu-central-1, eu-west-1]",
            "regions: [eu-central-1, eu-wst-1]",
            "1: regions[1] is 'eu-wst-1': a Region where SES sends mail is needed (a newer one than botocore",
        ),
        (
            "  region: eu-central-1\n",
            "  region: eu-central-1\n  config: {replicaRegions: [us-est-1]}\n",
            "6: hub.config.replicaRegions[0] is 'us-est-1': a Region where DynamoDB works is needed",
        ),
        ("eu-west-1:\n", "eu-wst-1:\n", "did you mean 'eu-west-1'?"),
        ("name: mail", "name: mial", "3: hub: there is no target mail in eu-central-1"),
        (
            '["arn:aws:iam::{account}:role/deploy"]',
            "[arn:aws:iam::{account}:role/deploy]",
            "2: invalid YAML: expected ',' or ']', but got ':'; put a text with {account} in quotes",
        ),
        ("account: mail\n", "account: post\n", "3: hub: there is no target post in eu-central-1"),
        ("  region: eu-central-1\n", "", "3: hub.region is missing"),
        ("  region: eu-central-1\n", "  region: eu-west-1\n", "3: hub: there is no target mail in eu-west-1"),
        ('"111122223333"', "12", "8: accounts[0].id is '12': an account id, 12 digits, is needed"),
        (
            "444455556666",
            "111122223333",
            "12: accounts[1].id is '111122223333': accounts[0].id in line 8 has it already",
        ),
        ("name: shop", "name: mail", "11: accounts[1].name is 'mail': accounts[0].name in line 7 has it already"),
        ("name: shop", "name: Shop", "11: accounts[1].name is 'Shop': up to 40 lower-case letters"),
        (
            'roles: ["arn:aws:iam::{account}:role/deploy"]',
            "",
            "1: roles is missing, here and in accounts[0] and accounts[1]: the roles to assume, or [] to use",
        ),
        (
            "{account}:role",
            "999988887777:role",
            "2: roles: the last role, arn:aws:iam::999988887777:role/deploy, must be in the account of each target",
        ),
        ('["arn:aws:iam::{account}:role/deploy"]', "[deploy]", "2: roles[0] is 'deploy': the ARN of a role, such as"),
        (
            "labels: [early]}",
            "labels: [early, canary]}",
            "19: waves[0]: there is no label 'canary'; the labels are early",
        ),
        (
            "labels: [early]}",
            "accounts: [sop]}",
            "19: waves[0]: there is no account 'sop'; the accounts are mail, shop",
        ),
        ("labels: [early]}", "accounts: [mail]}", "11: accounts[1]: account 'shop' is in no wave"),
        (
            "labels: [early]}",
            "soakMinutes: -1, remainingAccounts: true}",
            "19: waves[0].soakMinutes is -1: a whole number from 0",
        ),
        (
            "labels: [early]}",
            "labels: [early]}\n  - {name: late, remainingAccounts: true}",
            "20: waves[1]: wave 'late' is empty",
        ),
        (
            "labels: [early]}",
            "labels: [early]}\n  - {name: late, accounts: [mail]}",
            "20: waves[1]: the hub's account 'mail' must be in the first wave",
        ),
        (
            "labels: [early]}",
            "labels: [early]}\n  - {name: early, accounts: [shop]}",
            "20: waves[1].name is 'early': waves[0].name in line 19 has it already",
        ),
        (
            "labels: [early]}",
            "labels: [early]}\n  - {name: late, accounts: [shop]}",
            "20: waves[1]: account 'shop' is already in wave 'early'; name it in one wave",
        ),
        ("{name: early,", "{name: hub,", "19: waves[0].name is 'hub': another name is needed"),
        ("[shop.example]", "[shop]", "17: accounts[1].regions.eu-west-1.sources[0].identities[0] is 'shop': a domain"),
        (
            "[shop.example]",
            "[shop.example]\n          - identities: [shop.example]",
            "18: accounts[1].regions.eu-west-1: sources[1] is 'eu-west-1-shop-example': sources[0] has",
        ),
        (
            "- identities:",
            "- region: eu-west-1\n            identities:",
            "17: accounts[1].regions.eu-west-1.sources[0].region",
        ),
        (
            "- identities: [shop.example]",
            "- name: x",
            "17: accounts[1].regions.eu-west-1.sources[0] is {'name': 'x'}: ident",
        ),
        (
            "eu-west-1:\n",
            "eu-west-1:\n        config: {batchSize: 0}\n",
            "16: accounts[1].regions.eu-west-1: batchSize is 0",
        ),
        (
            "eu-west-1:\n",
            "eu-west-1:\n        config: {holdDays: 7}\n",
            "16: accounts[1].regions.eu-west-1.config.holdDays is 7: leave it out, or 14, as the hub has it",
        ),
        (
            "  region: eu-central-1\n",
            "  region: eu-central-1\n  config: {holdDays: 0}\n",
            "6: hub: holdDays is 0: a whole number from 1 to 90 days is needed",
        ),
        ("hub:\n", "defaults: {batchSize: 0}\nhub:\n", "3: defaults: batchSize is 0: a whole number from 1 to 10000"),
        (
            "hub:\n",
            "defaults: {tableRegion: eu-west-1}\nhub:\n",
            "3: defaults.tableRegion is 'eu-west-1': leave it out",
        ),
        (
            "  account: mail\n",
            "  account: mail\n  writers: []\n",
            "5: hub.writers is []: account 444455556666 has a pipeline",
        ),
        ("  account: mail\n", "  account: mail\n  readers: [all]\n", "5: hub.readers[0] is 'all': an account id"),
        (
            "  account: mail\n",
            "  account: mail\n  account: shop\n",
            "5: hub.account is already in line 4: name it once",
        ),
        (
            "labels: [early]}",
            "labels: [early], failureToleranceCount: 1, failureTolerancePercentage: 0}",
            "19: waves[0].failureTolerancePercentage is 0: waves[0].failureToleranceCount in line 19 is given too",
        ),
        (
            "labels: [early]}",
            "labels: [early], failureTolerancePercentage: 101}",
            "19: waves[0].failureTolerancePercentage is 101: a whole number from 0 to 100 percent is needed",
        ),
        (
            "labels: [early]}",
            "labels: [early], failureToleranceCount: -1}",
            "19: waves[0].failureToleranceCount is -1: a whole number from 0",
        ),
        (
            "  - {name: early, labels: [early]}",
            "  - {name: first, accounts: [mail], failureToleranceCount: 1}\n  - {name: early, labels: [early]}",
            "19: waves[0]: leave the failure tolerance out: the wave has only the hub's stack",
        ),
        ("hub:\n", "canary: {account: shop}\nhub:\n", "3: canary.region is missing"),
        (
            "hub:\n",
            "canary: {account: shop, region: eu-central-1}\nhub:\n",
            "3: canary: there is no target shop in eu-central-1; accounts must have it, with this Region",
        ),
        (
            "hub:\n",
            "canary: {account: mail, region: eu-central-1}\nhub:\n",
            "3: canary: mail in eu-central-1 is the hub, before which the canary is updated: name another target",
        ),
        (
            "hub:\n",
            "canary: {account: shop, region: eu-west-1, soakMinutes: 1.5}\nhub:\n",
            "3: canary.soakMinutes is 1.5: a whole number from 0 to 10080 minutes is needed",
        ),
        (
            "hub:\n",
            "canary: {account: shop, region: eu-west-1, config: {sources: []}}\nhub:\n",
            "3: canary.config.sources is []: leave it out",
        ),
        (
            "hub:\n",
            "canary: {account: shop, region: eu-west-1}\nhub:\n",
            "20: waves[0]: wave 'early' is empty: name accounts",
        ),
        ("waves:", "wave:", "did you mean 'waves'?"),
        ("labels: [early]\n", "labels: early\n", "13: accounts[1].labels is 'early': a list of labels is needed"),
        ("labels: [early]\n", "labels: &a [*a]\n", "contains itself: write the value out"),
        ("hub:\n", "hub: [\n", "invalid YAML"),
        (CORRECT, "", "1: the file is empty"),
        (CORRECT, "mail", "1: the file is 'mail': a map of regions, roles"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, message: str) -> None:
    assert old in CORRECT
    lines = error_lines(CORRECT.replace(old, new, 1))
    if new.startswith("canary:"):  # shop has only the canary then, and no wave needs it
        lines = [line for line in lines if "wave 'early' is empty" not in line or "is empty" in message]
    (line,) = lines
    assert line.startswith("t.yaml:")
    assert message in line


def test_all_mistakes_are_named_at_once_in_the_order_of_lines() -> None:
    text = CORRECT.replace("eu-west-1]", "mars]").replace('"111122223333"', "1").replace("[shop.example]", "[shop]")
    numbers = [int(line.split(":")[1]) for line in error_lines(text)]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 8, 17}


@pytest.mark.parametrize("hub_has_it_in", ["defaults", "hub", "account", "nowhere"])
def test_the_settings_of_the_tables_are_the_hubs(hub_has_it_in: str) -> None:
    places = {
        "defaults": ("hub:\n", "defaults: {holdDays: 7}\nhub:\n"),
        "hub": ("  region: eu-central-1\n", "  region: eu-central-1\n  config: {holdDays: 7}\n"),
        "account": ("  - name: mail\n", "  - name: mail\n    config: {holdDays: 7}\n"),
        "nowhere": ("", ""),
    }
    text = CORRECT.replace(*places[hub_has_it_in], 1)
    of_member, days = "  - name: shop\n    config: {holdDays: %d}\n", 14 if hub_has_it_in == "nowhere" else 7
    equal, other = (text.replace("  - name: shop\n", of_member % number) for number in (days, 3))
    for accepted in (text, equal):
        hub, member = build_plan(accepted).stacks
        assert hub.config.get("ses-feedback:holdDays", 14) == days
        assert "ses-feedback:holdDays" not in member.config
    (line,) = error_lines(other)
    assert f"accounts[1].config.holdDays is 3: leave it out, or {days}, as the hub has it" in line


def test_a_setting_in_the_defaults_that_the_hub_has_otherwise_is_named_once() -> None:
    text = CORRECT.replace("hub:\n", "defaults: {holdDays: 7}\nhub:\n  config: {holdDays: 3}\n", 1)
    (line,) = error_lines(text)
    assert "3: defaults.holdDays is 7: leave it out, or 3" in line


CANARY = CORRECT.replace("hub:\n", "canary: {account: try, region: eu-west-1}\nhub:\n", 1).replace(
    "waves:\n",
    '  - {name: try, id: "777788889999", regions: {eu-west-1: {sources: [{identities: [try.example]}]}}}\nwaves:\n',
)


def test_the_canary_needs_no_wave_and_its_name_is_reserved_only_where_there_is_one() -> None:
    assert [wave.name for wave in build_plan(CANARY).waves] == ["canary", "hub", "early"]
    assert [wave.name for wave in build_plan(CORRECT.replace("name: early", "name: canary")).waves] == ["hub", "canary"]
    (line,) = error_lines(CANARY.replace("name: early", "name: canary"))
    assert "21: waves[0].name is 'canary': another name is needed: the wave of the canary stack" in line


def test_a_canary_has_settings_of_its_own_tables_and_no_rights_at_the_hubs() -> None:
    text = CANARY.replace("eu-west-1}\nhub", "eu-west-1, config: {holdDays: 3}, soakMinutes: 5}\nhub")
    plan = build_plan(text.replace("  account: mail\n", '  account: mail\n  writers: ["444455556666"]\n'))
    canary, hub, _ = plan.stacks
    assert (plan.hub, canary.hub_output_keys, canary.depends_on) == (hub, (), ())
    assert canary.config["ses-feedback:holdDays"] == 3
    assert "ses-feedback:writerPrincipals" not in canary.config
    assert hub.config["ses-feedback:readerPrincipals"] == ["444455556666"]
    assert "ses-feedback:holdDays" not in hub.config
    assert [(wave.soak_minutes, wave.failure_tolerance) for wave in plan.waves] == [(5, 0), (0, 0), (0, 0)]
    (line,) = error_lines(text.replace("holdDays: 3", "holdDays: 0"))
    assert "holdDays is 0: a whole number from 1" in line


def test_an_account_with_the_canary_and_a_member_has_both() -> None:
    text = CORRECT.replace("hub:\n", "canary: {account: shop, region: eu-central-1}\nhub:\n", 1).replace(
        "      eu-west-1:\n", "      eu-central-1: {sources: [{identities: [shop.example]}]}\n      eu-west-1:\n"
    )
    canary, hub, member = build_plan(text).stacks
    assert [canary.name, hub.name, member.name] == ["shop-eu-central-1", "mail-eu-central-1", "shop-eu-west-1"]
    assert hub.config["ses-feedback:writerPrincipals"] == ["444455556666"]
    assert member.depends_on == (hub.name,)


@pytest.mark.parametrize(
    ("tolerance", "tolerated"),
    [
        ("failureToleranceCount: 2", 2),
        ("failureToleranceCount: 0", 0),
        ("failureTolerancePercentage: 49", 0),
        ("failureTolerancePercentage: 50", 1),
        ("failureTolerancePercentage: 99", 1),
        ("failureTolerancePercentage: 100", 2),
        ("soakMinutes: 0", 0),
    ],
)
def test_the_failure_tolerance_is_a_number_of_stacks_and_rounds_down(tolerance: str, tolerated: int) -> None:
    text = CORRECT.replace(
        "      eu-west-1:\n", "      eu-central-1: {sources: [{identities: [a.example]}]}\n      eu-west-1:\n"
    )
    plan = build_plan(text.replace("labels: [early]}", f"labels: [early], {tolerance}}}"))
    assert [wave.failure_tolerance for wave in plan.waves] == [0, tolerated]


def test_a_mistake_in_the_defaults_is_named_once() -> None:
    assert len(error_lines(CORRECT.replace("hub:\n", "defaults: {batchSize: 0}\nhub:\n", 1))) == 1


def test_roles_that_lead_several_accounts_elsewhere_are_named_once() -> None:
    (line,) = error_lines(CORRECT.replace("{account}:role", "999988887777:role"))
    assert "in that of accounts[0] and accounts[1]: write {account} for the id" in line


@pytest.mark.parametrize("content", ["regions: [eu-west-1\n", "regions: {\n\n", 'hub: "\n', "["])
def test_yaml_that_is_wrong_at_the_end_of_the_file_is_named_with_a_line_of_it(content: str) -> None:
    (line,) = error_lines(content)
    assert line.startswith(f"t.yaml:{len(content.splitlines())}: invalid YAML: ")


def test_a_file_in_another_encoding_is_named_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    file.write_bytes(CORRECT.replace("hub:", "# Zürich\nhub:", 1).encode("latin-1"))
    with pytest.raises(ValueError, match=r"targets.yaml:3: the byte 0xfc is not UTF-8: save the file with .* UTF-8"):
        read_text(file)
    file.write_bytes(CORRECT.encode("utf-8-sig"))
    assert read_text(file) == CORRECT
