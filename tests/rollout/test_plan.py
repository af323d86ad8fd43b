"""The plan of the example, and what holds for every plan."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rollout.__main__ import main
from rollout.hub_outputs import read_hub_outputs
from rollout.plan import Plan, PlannedStack, PlannedWave, build_plan
from rollout.stack_files import complete_configs, write_stack_file
from rollout.target_config import encode_config
from stack.config import parse
from tests.properties import profile_times

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "rollout" / "targets.yaml"
TABLE_ARNS = {
    key: f"arn:aws:dynamodb:eu-central-1:111122223333:table/{key[:7]}" for key in ("blockedTableArn", "historyTableArn")
}
OWNERS = ("sandbox-eu-west-1", "mail-eu-central-1")
"""The stacks with tables of their own: the canary stack and the hub's."""
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


def example_plan() -> Plan:
    return build_plan(EXAMPLE.read_text())


def check_with_program(config: dict[str, object]) -> None:
    """Raises: ValueError if the program refuses the configuration."""
    program_config = {
        key.removeprefix("ses-feedback:"): value for key, value in config.items() if not key.startswith("aws:")
    }
    parse(encode_config(program_config), str(config["aws:region"]), "ses-feedback:")


def test_the_stacks_of_the_example_get_what_the_file_says() -> None:
    stacks = {stack.name: stack for stack in example_plan().stacks}
    assert len(stacks) == 13
    hub, news, billing = (stacks[name] for name in ("mail-eu-central-1", "news-us-east-1", "billing-us-east-1"))
    member_ids = sorted({stack.account_id for stack in stacks.values() if stack.name not in OWNERS})
    assert hub.config["ses-feedback:writerPrincipals"] == hub.config["ses-feedback:readerPrincipals"] == member_ids
    assert hub.config["ses-feedback:replicaRegions"] == ["us-east-1"]
    assert hub.config["ses-feedback:softBounceThreshold"] == 4
    assert (hub.hub_output_keys, hub.depends_on) == ((), ())
    assert "ses-feedback:softBounceThreshold" not in stacks["sandbox-eu-west-1"].config
    assert stacks["sandbox-eu-west-1"].config["ses-feedback:missingFeedbackHours"] == 0
    assert [wave.failure_tolerance for wave in example_plan().waves] == [0, 0, 0, 2]
    session_name = "ses-feedback-rollout"
    assert dict(news.config) == {
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": ["666677778888"],
        "aws:assumeRoles": [
            {"roleArn": "arn:aws:iam::999900001111:role/rollout", "sessionName": session_name},
            {"roleArn": "arn:aws:iam::666677778888:role/ses-feedback-deploy", "sessionName": session_name},
        ],
        "ses-feedback:alarmEmails": ["mail-platform@example.com"],
        "ses-feedback:tags": {"service": "ses-feedback", "owner": "mail-platform"},
        "ses-feedback:maximumConcurrency": 20,
        "ses-feedback:sources": [{"configurationSet": "news"}],
    }
    assert news.hub_output_keys == ("blockedTableArn", "historyTableArn")
    assert billing.role_arns == ("arn:aws:iam::777788889999:role/billing-deploy",)
    assert billing.config["aws:assumeRoles"] == [
        {"roleArn": "arn:aws:iam::777788889999:role/billing-deploy", "sessionName": session_name}
    ]


def test_the_program_accepts_every_stack_file() -> None:
    assert list(complete_configs(example_plan(), None)) == list(OWNERS)
    configs = complete_configs(example_plan(), read_hub_outputs(example_plan(), TABLE_ARNS))
    assert len(configs) == 13
    for name, config in configs.items():
        check_with_program(config)
        assert (config.get("ses-feedback:blockedTableArn") is None) == (name in OWNERS)


def test_members_get_the_key_that_the_hub_makes_for_its_tables() -> None:
    text = EXAMPLE.read_text().replace("    replicaRegions: [us-east-1]", "    createKmsKeys: true")
    plan = build_plan(text)
    assert {stack.hub_output_keys for stack in plan.stacks if stack.name not in OWNERS} == {
        ("blockedTableArn", "historyTableArn", "tableKmsKeyArn")
    }
    with pytest.raises(ValueError, match="tableKmsKeyArn is None"):
        read_hub_outputs(plan, TABLE_ARNS)
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/0f7a1c1e-0000-4000-8000-000000000001"
    hub_outputs = read_hub_outputs(plan, TABLE_ARNS | {"tableKmsKeyArn": kms_key_arn})
    for name, config in complete_configs(plan, hub_outputs).items():
        check_with_program(config)
        assert config.get("ses-feedback:tableKmsKeyArn") == (None if name in OWNERS else kms_key_arn)


def test_what_pulumi_wrote_into_a_file_stays_and_the_configuration_can_be_restored(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.one.yaml"
    file.write_text("secretsprovider: awskms://alias/pulumi\nencryptionsalt: v1:abc\nconfig:\n  aws:region: old\n")
    old_config = write_stack_file(tmp_path, "one", {"a": "b"})
    settings = {"secretsprovider": "awskms://alias/pulumi", "encryptionsalt": "v1:abc"}
    assert yaml.safe_load(file.read_text()) == settings | {"config": {"a": "b"}}
    write_stack_file(tmp_path, "one", old_config)
    assert yaml.safe_load(file.read_text()) == settings | {"config": {"aws:region": "old"}}
    write_stack_file(tmp_path, "one", None)
    assert yaml.safe_load(file.read_text()) == settings


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, "blockedTableArn is None: the ARN of a table such as"),
        (
            TABLE_ARNS | {"historyTableArn": TABLE_ARNS["historyTableArn"].replace("111122223333", "1" * 12)},
            "a table of the hub is",
        ),
        (
            TABLE_ARNS | {"blockedTableArn": TABLE_ARNS["blockedTableArn"].replace("central", "west")},
            "a table of the hub is",
        ),
    ],
)
def test_outputs_of_another_stack_are_refused(outputs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_hub_outputs(example_plan(), outputs)


def test_files_writes_those_with_tables_of_their_own_first_and_then_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs_path = tmp_path / "outputs.json"
    outputs_path.write_text(json.dumps(TABLE_ARNS))
    assert main(["files", "--folder", str(tmp_path), str(EXAMPLE)]) == 0
    assert {path.name for path in tmp_path.glob("Pulumi.*")} == {f"Pulumi.{name}.yaml" for name in OWNERS}
    assert main(["files", "--folder", str(tmp_path), "--hub-outputs", str(outputs_path), str(EXAMPLE)]) == 0
    assert len(list(tmp_path.glob("Pulumi.*"))) == 13
    assert capsys.readouterr().err == ""
    outputs_path.write_text("[]")
    assert main(["files", "--hub-outputs", str(outputs_path), str(EXAMPLE)]) == 1
    assert "is a list: the JSON object of the hub's outputs is needed" in capsys.readouterr().err


def test_plan_prints_the_mistakes_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("wave: []\n")
    assert main(["plan", str(file)]) == 1
    assert f"{file}:1: wave is []: there is no such key" in capsys.readouterr().err
    assert main(["plan", str(tmp_path / "none.yaml")]) == 1
    assert main(["plan", "--json", str(EXAMPLE)]) == 0
    assert len(json.loads(capsys.readouterr().out)["waves"]) == 4


def stack_of(name: str, *depends_on: str) -> PlannedStack:
    return PlannedStack(name, "a", "1" * 12, "eu-west-1", (), {}, (), depends_on)


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        ([[]], "wave '0' has no stacks"),
        ([["a"], ["a"]], "stack 'a' is in the plan twice"),
        ([["a", "a"]], "stack 'a' is in the plan twice"),
    ],
)
def test_a_plan_with_an_empty_wave_or_a_duplicate_stack_is_refused(waves: list[list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(tuple(PlannedWave(str(index), 0, tuple(map(stack_of, names))) for index, names in enumerate(waves)))


def test_a_member_before_its_hub_is_refused() -> None:
    with pytest.raises(ValueError, match="stack 'b' needs 'a', which must be in an earlier wave"):
        Plan((PlannedWave("x", 0, (stack_of("a"), stack_of("b", "a"))),))


@st.composite
def targets_files(draw: st.DrawFn) -> dict[str, object]:
    """Any number of accounts over three Regions, each in one of three waves."""
    count = draw(st.integers(1, 12))
    accounts: list[dict[str, object]] = []
    for index in range(count):
        regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True))
        targets = {region: {"sources": [{"identities": [f"a{index}.example"]}]} for region in regions}
        label = draw(st.sampled_from(["first", "early", "late"]))
        accounts.append({"name": f"a{index}", "id": f"{index:012}", "labels": [label], "regions": targets})
    hub = {"account": "hub", "region": "eu-central-1"}
    hub_account: dict[str, object] = {
        "name": "hub",
        "id": "9" * 12,
        "regions": {"eu-central-1": {"sources": [{"identities": ["h.example"]}]}},
    }
    accounts.insert(draw(st.integers(0, count)), hub_account)
    used_labels = sorted({str(account["labels"][0]) for account in accounts if "labels" in account})  # type: ignore[index]
    waves = [{"name": label, "labels": [label]} for label in used_labels]
    targets_file: dict[str, object] = {
        "regions": list(REGIONS),
        "roles": [],
        "hub": hub,
        "accounts": accounts,
        "waves": waves,
    }
    if draw(st.booleans()):
        accounts.append({"name": "try", "id": "8" * 12, "regions": targets})
        if len(targets) > 1:
            accounts[-1]["labels"] = [used_labels[0]]
        targets_file["canary"] = {"account": "try", "region": next(iter(targets))}
    return targets_file


@profile_times(0.5)
@given(targets_files())
def test_every_target_is_in_the_plan_once_after_its_hub(targets_file: dict[str, object]) -> None:
    plan = build_plan(yaml.safe_dump(targets_file, sort_keys=False))
    accounts = targets_file["accounts"]
    assert isinstance(accounts, list)
    expected_names = sorted(f"{account['name']}-{region}" for account in accounts for region in account["regions"])
    assert sorted(stack.name for stack in plan.stacks) == expected_names
    assert plan.hub.name == "hub-eu-central-1"
    canary = targets_file.get("canary")
    owners = [f"try-{canary['region']}"] if isinstance(canary, dict) else []
    assert [[stack.name] for stack in plan.stacks if not stack.hub_output_keys] == [
        [stack.name for stack in wave.stacks] for wave in plan.waves[: 1 + len(owners)]
    ]
    assert [stack.name for stack in plan.stacks[: 1 + len(owners)]] == [*owners, plan.hub.name]
    assert plan == build_plan(yaml.safe_dump(targets_file, sort_keys=False))
    label_by_account = {account["name"]: account.get("labels", ["hub"])[0] for account in accounts}
    members = [(stack, wave) for wave in plan.waves for stack in wave.stacks if stack.hub_output_keys]
    assert all(label_by_account[stack.account_name] == wave.name for stack, wave in members)
    for stack in plan.stacks:
        table_arns = {key: arn.replace("111122223333", "9" * 12) for key, arn in TABLE_ARNS.items()}
        check_with_program(
            dict(stack.config) | {f"ses-feedback:{key}": table_arns[key] for key in stack.hub_output_keys}
        )
