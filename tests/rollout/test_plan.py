"""The plan: of the example whole, and what holds of every plan."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rollout.__main__ import main
from rollout.config import texts
from rollout.plan import Plan, PlannedStack, PlannedWave, plan
from rollout.stacks import files, hub_outputs, write
from stack.config import parse
from tests.properties import profile_times

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "rollout" / "targets.yaml"
ARNS = {
    key: f"arn:aws:dynamodb:eu-central-1:111122223333:table/{key[:7]}" for key in ("blockedTableArn", "historyTableArn")
}
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


def example() -> Plan:
    return plan(EXAMPLE.read_text())


def parsed(config: dict[str, object]) -> None:
    own = {key.removeprefix("ses-feedback:"): value for key, value in config.items() if not key.startswith("aws:")}
    parse(texts(own), str(config["aws:region"]), "ses-feedback:")


def test_the_documentation_shows_the_plan_of_the_example(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["plan", "examples/rollout/targets.yaml"]) == 0
    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    page = [line.strip() for line in (ROOT / "docs" / "rollout.md").read_text().splitlines() if line.strip()]
    assert "\n".join(line.strip() for line in shown) in "\n".join(page)


def test_the_stacks_of_the_example_get_what_the_file_says() -> None:
    stacks = {stack.name: stack for stack in example().stacks}
    assert len(stacks) == 13
    hub, news, billing = (stacks[name] for name in ("mail-eu-central-1", "news-us-east-1", "billing-us-east-1"))
    members = sorted({stack.account_id for stack in stacks.values()} - {"111122223333"})
    assert hub.config["ses-feedback:writerPrincipals"] == hub.config["ses-feedback:readerPrincipals"] == members
    assert hub.config["ses-feedback:replicaRegions"] == ["us-east-1"]
    assert (hub.from_hub, hub.depends_on) == ((), ())
    session = "ses-feedback-rollout"
    assert dict(news.config) == {
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": ["666677778888"],
        "aws:assumeRoles": [
            {"roleArn": "arn:aws:iam::999900001111:role/rollout", "sessionName": session},
            {"roleArn": "arn:aws:iam::666677778888:role/ses-feedback-deploy", "sessionName": session},
        ],
        "ses-feedback:softBounceThreshold": 4,
        "ses-feedback:alarmEmails": ["mail-platform@example.com"],
        "ses-feedback:tags": {"service": "ses-feedback", "owner": "mail-platform"},
        "ses-feedback:maximumConcurrency": 20,
        "ses-feedback:sources": [{"configurationSet": "news"}],
    }
    assert news.from_hub == ("blockedTableArn", "historyTableArn")
    assert billing.config["aws:assumeRoles"] == [
        {"roleArn": "arn:aws:iam::777788889999:role/billing-deploy", "sessionName": session}
    ]


def test_every_file_is_what_the_program_takes() -> None:
    assert list(files(example(), None)) == ["mail-eu-central-1"]
    written = files(example(), hub_outputs(example(), ARNS))
    assert len(written) == 13
    for name, config in written.items():
        parsed(config)
        assert (config.get("ses-feedback:blockedTableArn") is None) == (name == "mail-eu-central-1")


def test_members_get_the_key_that_the_hub_makes_for_its_tables() -> None:
    text = EXAMPLE.read_text().replace("    replicaRegions: [us-east-1]", "    createKmsKeys: true")
    made = plan(text)
    assert {stack.from_hub for stack in made.stacks[1:]} == {("blockedTableArn", "historyTableArn", "tableKmsKeyArn")}
    with pytest.raises(ValueError, match="tableKmsKeyArn is None"):
        hub_outputs(made, ARNS)
    key = "arn:aws:kms:eu-central-1:111122223333:key/0f7a1c1e-0000-4000-8000-000000000001"
    for name, config in files(made, hub_outputs(made, ARNS | {"tableKmsKeyArn": key})).items():
        parsed(config)
        assert config.get("ses-feedback:tableKmsKeyArn") == (None if name == "mail-eu-central-1" else key)


def test_what_pulumi_wrote_into_a_file_stays_and_the_configuration_can_be_put_back(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.one.yaml"
    file.write_text("secretsprovider: awskms://alias/pulumi\nencryptionsalt: v1:abc\nconfig:\n  aws:region: old\n")
    before = write(tmp_path, "one", {"a": "b"})
    settings = {"secretsprovider": "awskms://alias/pulumi", "encryptionsalt": "v1:abc"}
    assert yaml.safe_load(file.read_text()) == settings | {"config": {"a": "b"}}
    write(tmp_path, "one", before)
    assert yaml.safe_load(file.read_text()) == settings | {"config": {"aws:region": "old"}}
    write(tmp_path, "one", None)
    assert yaml.safe_load(file.read_text()) == settings


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, "blockedTableArn is None: the ARN of a table such as"),
        (
            ARNS | {"historyTableArn": ARNS["historyTableArn"].replace("111122223333", "1" * 12)},
            "a table of the hub is",
        ),
        (ARNS | {"blockedTableArn": ARNS["blockedTableArn"].replace("central", "west")}, "a table of the hub is"),
    ],
)
def test_outputs_of_another_stack_are_refused(outputs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hub_outputs(example(), outputs)


def test_the_command_writes_the_hub_first_and_then_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(ARNS))
    assert main(["files", "--folder", str(tmp_path), str(EXAMPLE)]) == 0
    assert [path.name for path in tmp_path.glob("Pulumi.*")] == ["Pulumi.mail-eu-central-1.yaml"]
    assert main(["files", "--folder", str(tmp_path), "--hub-outputs", str(outputs), str(EXAMPLE)]) == 0
    assert len(list(tmp_path.glob("Pulumi.*"))) == 13
    assert capsys.readouterr().err == ""
    outputs.write_text("[]")
    assert main(["files", "--hub-outputs", str(outputs), str(EXAMPLE)]) == 1
    assert "is a list: the JSON map of the hub's outputs is needed" in capsys.readouterr().err


def test_the_command_names_the_mistakes_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("wave: []\n")
    assert main(["plan", str(file)]) == 1
    assert f"{file}:1: wave is []: there is no such key" in capsys.readouterr().err
    assert main(["plan", str(tmp_path / "none.yaml")]) == 1
    assert main(["plan", "--json", str(EXAMPLE)]) == 0
    assert len(json.loads(capsys.readouterr().out)["waves"]) == 4


def _stack(name: str, *needs: str) -> PlannedStack:
    return PlannedStack(name, "a", "1" * 12, "eu-west-1", {}, (), needs)


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        ([[]], "wave '0' has no stacks"),
        ([["a"], ["a"]], "stack 'a' is in the plan twice"),
        ([["a", "a"]], "stack 'a' is in the plan twice"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(waves: list[list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(tuple(PlannedWave(str(i), 0, tuple(_stack(name) for name in names)) for i, names in enumerate(waves)))


def test_a_member_before_its_hub_is_refused() -> None:
    with pytest.raises(ValueError, match="stack 'b' needs 'a', which must be in an earlier wave"):
        Plan((PlannedWave("x", 0, (_stack("a"), _stack("b", "a"))),))


@st.composite
def organisations(draw: st.DrawFn) -> dict[str, object]:
    """Any number of accounts over three Regions, each in one of three waves."""
    count = draw(st.integers(1, 12))
    accounts: list[dict[str, object]] = []
    for index in range(count):
        regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True))
        targets = {region: {"sources": [{"identities": [f"a{index}.example"]}]} for region in regions}
        label = draw(st.sampled_from(["canary", "early", "rest"]))
        accounts.append({"name": f"a{index}", "id": f"{index:012}", "labels": [label], "regions": targets})
    hub = {"account": "hub", "region": "eu-central-1"}
    owner: dict[str, object] = {
        "name": "hub",
        "id": "9" * 12,
        "regions": {"eu-central-1": {"sources": [{"identities": ["h.example"]}]}},
    }
    accounts.insert(draw(st.integers(0, count)), owner)
    used = sorted({str(account["labels"][0]) for account in accounts if "labels" in account})  # type: ignore[index] # ours
    waves = [{"name": label, "labels": [label]} for label in used]
    return {"regions": list(REGIONS), "roles": [], "hub": hub, "accounts": accounts, "waves": waves}


@profile_times(0.5)
@given(organisations())
def test_every_target_is_in_the_plan_once_after_its_hub(organisation: dict[str, object]) -> None:
    made = plan(yaml.safe_dump(organisation, sort_keys=False))
    accounts = organisation["accounts"]
    assert isinstance(accounts, list)
    wanted = sorted(f"{account['name']}-{region}" for account in accounts for region in account["regions"])
    assert sorted(stack.name for stack in made.stacks) == wanted
    assert made.stacks[0].name == "hub-eu-central-1"
    assert len(made.waves[0].stacks) == 1
    assert made == plan(yaml.safe_dump(organisation, sort_keys=False))
    label = {account["name"]: account.get("labels", ["hub"])[0] for account in accounts}
    assert all(label[stack.account] == wave.name for wave in made.waves for stack in wave.stacks)
    for stack in made.stacks:
        arns = {key: arn.replace("111122223333", "9" * 12) for key, arn in ARNS.items()}
        parsed(dict(stack.config) | {f"ses-feedback:{key}": arns[key] for key in stack.from_hub})
