"""Stacks that leave the targets file, and their retirement, with a fake in the place of Pulumi and AWS."""

import itertools
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout import pulumi_deployer
from rollout.__main__ import main
from rollout.deployer import LostResource
from rollout.leaving import with_leaving
from rollout.plan import Plan, PlannedStack, build_plan
from rollout.record import Record, plan_digest
from rollout.record_file import RecordFile
from tests.properties import profile_times
from tests.rollout.fake_deployer import FakeDeployer, member_stack, plan_of

TARGETS = """\
regions: [eu-central-1, eu-west-1]
roles: ["arn:aws:iam::{account}:role/deploy"]
hub: {account: hub, region: eu-central-1}
accounts:
  - {name: hub, id: "111111111111", regions: {eu-central-1: {sources: [{identities: [example.com]}]}}}
  - {name: shop, id: "222222222222", regions: {eu-west-1: {sources: [{identities: [shop.example.com]}]}}}
  - name: news
    id: "333333333333"
    regions:
      eu-central-1: {sources: [{identities: [news.example.com]}]}
      eu-west-1: {sources: [{identities: [news.example.com]}]}
waves:
  - {name: all, remainingAccounts: true}
"""
NEWS = TARGETS[TARGETS.index("  - name: news") : TARGETS.index("waves:")]
WITHOUT_NEWS = TARGETS.replace(NEWS, "")
HUB = "hub-eu-central-1"
SHOP_ID, NEWS_ID = "2" * 12, "3" * 12
NEWS_STACKS = ("news-eu-central-1", "news-eu-west-1")
WRITERS = "ses-feedback:writerPrincipals"
READERS = "ses-feedback:readerPrincipals"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGETS)
    return file


@pytest.fixture
def deployer(monkeypatch: pytest.MonkeyPatch) -> FakeDeployer:
    fake_deployer = FakeDeployer(build_plan(TARGETS))
    hub_outputs = {
        key: f"arn:aws:dynamodb:eu-central-1:111111111111:table/{key}" for key in ("blockedTableArn", "historyTableArn")
    }
    monkeypatch.setattr(fake_deployer, "outputs", lambda stack: hub_outputs if stack.name == HUB else {})
    monkeypatch.setattr(pulumi_deployer, "PulumiDeployer", lambda _options: fake_deployer)
    return fake_deployer


@pytest.fixture
def store(tmp_path: Path) -> RecordFile:
    return RecordFile(tmp_path / "record.json")


@pytest.fixture
def run(targets: Path, store: RecordFile, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(command: str, *arguments: str) -> tuple[int, str, str]:
        code = main([command, str(targets), *arguments, "--record", str(store.path)])
        out, err = capsys.readouterr()
        return code, out, err

    return run_command


@pytest.fixture
def news_left(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    """The account news was deployed and then removed from the file, and the rest was rolled out."""
    assert run("up", "--yes")[0] == 0
    targets.write_text(WITHOUT_NEWS)
    assert run("up", "--yes")[0] == 0
    deployer.begun.clear()
    deployer.succeeded.clear()


def loaded(store: RecordFile) -> Record:
    record = store.load()
    assert record
    return record


@pytest.mark.usefixtures("news_left")
def test_what_leaves_is_shown_keeps_its_rights_and_is_not_touched(
    run: Run, deployer: FakeDeployer, store: RecordFile, tmp_path: Path
) -> None:
    note = f"leaves, as the targets file no longer has it: {', '.join(NEWS_STACKS)}"
    for command in ("plan", "preview", "status"):
        code, out, _ = run(command)
        assert code == 0
        assert note in out, command
    assert note in run("up", "--yes")[1]
    assert deployer.configs[HUB][WRITERS] == deployer.configs[HUB][READERS] == [SHOP_ID, NEWS_ID]
    assert not {name for _, name in deployer.begun} & {*NEWS_STACKS}
    assert {*NEWS_STACKS} < loaded(store).deployed.keys()
    assert run("files", "--folder", str(tmp_path))[0] == 0
    assert NEWS_ID in (tmp_path / f"Pulumi.{HUB}.yaml").read_text(), "`pulumi up` by hand keeps the rights too"


@pytest.mark.usefixtures("deployer")
def test_a_failed_rollout_without_the_account_can_be_resumed(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    run("up", "--yes")
    targets.write_text(WITHOUT_NEWS)
    deployer.failures = {("update", "shop-eu-west-1"): 1}
    assert run("up", "--yes")[0] == 1
    code, _, err = run("retire", "--yes")
    assert code == 1
    assert "unfinished rollout: finish it with `resume` first" in err
    assert run("resume")[0] == 0
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID, NEWS_ID]


@pytest.mark.usefixtures("news_left")
def test_the_stacks_are_destroyed_and_then_the_rights_go(run: Run, deployer: FakeDeployer, store: RecordFile) -> None:
    code, out, _ = run("retire", "--yes")
    assert code == 0
    assert "2 delete" in out
    changes = [call for call in deployer.begun if call[0] in {"destroy", "update"}]
    assert sorted(changes[:2]) == [("destroy", name) for name in NEWS_STACKS]
    assert changes[2:] == [("update", HUB)]
    assert deployer.configs[HUB][WRITERS] == deployer.configs[HUB][READERS] == [SHOP_ID]
    record, last_success = loaded(store), store.load_last_success()
    assert last_success == record
    assert set(record.deployed) == {HUB, "shop-eu-west-1"}
    assert record.plan == build_plan(WITHOUT_NEWS)
    assert run("status")[0] == 0, "the record is that of the file"
    assert run("retire", "--yes") == (0, "", "no stack leaves: every deployed one is in the targets file\n")
    run("up", "--yes")
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID]


@pytest.mark.usefixtures("news_left")
def test_the_rights_of_an_account_stay_until_its_last_stack_is_gone(
    run: Run, deployer: FakeDeployer, store: RecordFile
) -> None:
    assert run("retire", NEWS_STACKS[0], "--yes")[0] == 0
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID, NEWS_ID]
    assert set(loaded(store).deployed) == {HUB, "shop-eu-west-1", NEWS_STACKS[1]}
    assert run("retire", NEWS_STACKS[1], "--yes")[0] == 0
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID]


@pytest.mark.usefixtures("news_left")
@pytest.mark.parametrize("failing", [("destroy", NEWS_STACKS[0]), ("update", HUB)])
def test_after_a_failure_the_rights_stay_and_retire_continues(
    run: Run, deployer: FakeDeployer, store: RecordFile, failing: tuple[str, str]
) -> None:
    deployer.failures = {failing: 1}
    code, out, err = run("retire", "--yes")
    assert code == 1
    assert f"{failing[0]} of {failing[1]} failed" in out
    assert "`retire` continues" in err
    assert NEWS_ID in str(loaded(store).deployed[HUB].config[WRITERS])
    assert NEWS_STACKS[0] in loaded(store).deployed
    assert run("retire", "--yes")[0] == 0
    assert [deployer.succeeded.count(("destroy", name)) for name in NEWS_STACKS] == [1, 1]
    assert set(loaded(store).deployed) == {HUB, "shop-eu-west-1"}
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID]


@pytest.mark.usefixtures("news_left")
@pytest.mark.parametrize("operation", ["preview destroy", "destroy", "update"])
def test_a_signal_stops_and_retire_continues(
    run: Run, deployer: FakeDeployer, operation: str, request: pytest.FixtureRequest
) -> None:
    previous_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGTERM, previous_handler))

    def interrupt(called: str, _stack_name: str) -> None:
        if called == operation and not deployer.stopped.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            assert deployer.stopped.wait(20)

    deployer.on_call = interrupt
    assert run("retire", "--yes", "--parallel", "1")[0] == 130
    deployer.on_call = lambda _operation, _stack_name: None
    deployer.stopped = threading.Event()
    assert run("retire", "--yes")[0] == 0
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID]


@pytest.mark.usefixtures("news_left")
def test_nothing_is_destroyed_without_confirmation(run: Run, deployer: FakeDeployer) -> None:
    code, out, err = run("retire")
    assert code == 1
    assert "2 delete" in out, "the preview comes first"
    assert "--yes" in err
    assert deployer.succeeded
    assert {operation for operation, _ in deployer.begun} == {"preview destroy", "preview"}


@pytest.mark.usefixtures("news_left")
@pytest.mark.parametrize(
    ("loss", "allowed"),
    [("delete blocked-table", "blocked-*"), ("delete 3 dead letters of bounce-news", "dead letters of bounce-news")],
)
def test_data_is_lost_only_if_it_is_allowed(run: Run, deployer: FakeDeployer, loss: str, allowed: str) -> None:
    if "table" in loss:
        deployer.lost_resources = {NEWS_STACKS[1]: (LostResource("delete", "blocked-table"),)}
    else:
        deployer.messages_in_queues = {NEWS_STACKS[1]: {"dead letters of bounce-news": 3}}
    code, out, err = run("retire", "--yes")
    assert code == 1
    assert f"this would lose data: {loss}; --allow-loss NAME allows it" in out
    assert "nothing was changed" in err
    assert not {operation for operation, _ in deployer.begun} & {"destroy", "update"}
    assert run("retire", "--yes", "--allow-loss", allowed)[0] == 0


@pytest.mark.usefixtures("news_left")
def test_a_stack_that_no_longer_exists_is_only_forgotten(run: Run, deployer: FakeDeployer, store: RecordFile) -> None:
    """Of a closed account, for example: nobody can assume its roles."""
    deployer.missing_stacks = {*NEWS_STACKS}
    deployer.account_ids |= dict.fromkeys(NEWS_STACKS, "9" * 12)
    assert run("retire", "--yes")[0] == 0
    assert deployer.configs[HUB][WRITERS] == [SHOP_ID]
    assert set(loaded(store).deployed) == {HUB, "shop-eu-west-1"}


@pytest.mark.usefixtures("news_left")
def test_a_wrong_account_is_reported_before_anything_is_destroyed(run: Run, deployer: FakeDeployer) -> None:
    deployer.account_ids |= dict.fromkeys(NEWS_STACKS, "9" * 12)
    code, _, err = run("retire", "--yes")
    assert code == 1
    assert "the credentials belong to account 999999999999" in err
    assert deployer.begun == []


@pytest.mark.usefixtures("news_left")
@pytest.mark.parametrize(
    ("name", "reason"), [("shop-eu-west-1", "it is in the targets file"), ("sop-eu-west-1", "it is not deployed")]
)
def test_only_what_leaves_can_be_retired(run: Run, deployer: FakeDeployer, name: str, reason: str) -> None:
    code, _, err = run("retire", name, "--yes")
    assert code == 1
    assert err == f"{name} does not leave, since {reason}; what leaves: {', '.join(NEWS_STACKS)}\n"
    assert deployer.begun == []


@pytest.mark.usefixtures("news_left")
def test_a_file_that_was_not_rolled_out_is_refused(run: Run, deployer: FakeDeployer, targets: Path) -> None:
    targets.write_text(WITHOUT_NEWS.replace("shop.example.com", "other.example.com"))
    code, _, err = run("retire", "--yes")
    assert code == 1
    assert "is of another plan than the targets file: run `up` first" in err
    assert deployer.begun == []


@pytest.mark.usefixtures("news_left")
def test_a_hub_is_never_retired(run: Run, deployer: FakeDeployer, store: RecordFile) -> None:
    record = loaded(store)
    old_hub = replace(record.deployed[HUB], name="old-hub", account_id="4" * 12, region="eu-west-1")
    record.deployed["old-hub"] = old_hub
    record.plan = with_leaving(build_plan(WITHOUT_NEWS), record.deployed)
    record.plan_digest = plan_digest(record.plan)
    store.save(record)
    code, _, err = run("retire", "--yes")
    assert code == 1
    assert "old-hub is a hub: its tables have what blocks the addresses of all accounts" in err
    assert deployer.begun == []


@pytest.mark.usefixtures("news_left")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "name: shop",
            "name: store",
            "account 222222222222 is store in the targets file, and its stack shop-eu-west-1",
        ),
        (
            SHOP_ID,
            "4" * 12,
            f"stack shop-eu-west-1 is deployed in account {SHOP_ID}, and the targets file has 444444444444",
        ),
    ],
)
def test_a_deployed_account_can_have_no_other_name_or_id(
    run: Run, deployer: FakeDeployer, targets: Path, old: str, new: str, message: str
) -> None:
    targets.write_text(WITHOUT_NEWS.replace(old, new))
    for arguments in (["plan"], ["preview"], ["up", "--yes"], ["retire", "--yes"], ["files"]):
        code, _, err = run(*arguments)
        assert code == 1
        assert message in err
    assert deployer.begun == []


def test_without_a_readable_record_the_plan_is_shown_and_says_so(run: Run, store: RecordFile) -> None:
    store.path.write_text("[]")
    code, out, err = run("plan")
    assert code == 0
    assert NEWS_STACKS[0] in out
    assert f"stacks that leave are not shown: {store.path} is not a rollout record" in err


ACCOUNT_IDS = [str(number) * 12 for number in range(2, 6)]
PRINCIPALS = [*ACCOUNT_IDS, *(f"arn:aws:iam::{account_id}:role/writer" for account_id in ACCOUNT_IDS), "o-aaaaaaaaaa"]


def hub_with(writers: list[str], plan: Plan) -> PlannedStack:
    return replace(plan.hub, config={**plan.hub.config, WRITERS: writers, READERS: []})


def may_write(account_id: str, writers: object) -> set[str]:
    """The writers, out of those in the test, that let somebody of an account in."""
    assert isinstance(writers, list)
    by_organization = {account_id} if "o-aaaaaaaaaa" in writers else set()
    return by_organization | {principal for principal in writers if account_id in principal}


@profile_times(1)
@given(
    st.lists(st.sampled_from(PRINCIPALS), unique=True),
    st.lists(st.sampled_from(PRINCIPALS), unique=True),
    st.sets(st.sampled_from(ACCOUNT_IDS), min_size=1),
)
def test_a_leaving_account_keeps_exactly_the_rights_that_it_had(
    before: list[str], now: list[str], leaving_ids: set[str]
) -> None:
    plan = plan_of()
    plan = replace(plan, waves=(replace(plan.waves[0], stacks=(hub_with(now, plan),)),))
    deployed = {f"m{account_id}": member_stack(f"m{account_id}", account_id) for account_id in leaving_ids}
    deployed[plan.hub.name] = hub_with(before, plan)
    kept_plan = with_leaving(plan, deployed)
    writers = kept_plan.hub.config[WRITERS]
    assert isinstance(writers, list)
    for account_id in leaving_ids:
        assert may_write(account_id, before) | may_write(account_id, now) <= may_write(account_id, writers) | (
            {account_id} if account_id in writers else set()
        )
    for account_id in set(ACCOUNT_IDS) - leaving_ids:
        assert may_write(account_id, writers) == may_write(account_id, now), "of the others, the file decides"
    assert {stack.name for stack in kept_plan.leaving} == deployed.keys() - {plan.hub.name}
    again = with_leaving(plan, {**deployed, plan.hub.name: kept_plan.hub})
    assert again == kept_plan, "so that `resume` finds the plan of `up`"


def test_without_a_record_of_the_hub_a_leaving_account_may_write_and_read() -> None:
    plan = plan_of(["a"])
    leaving = member_stack("b", NEWS_ID)
    hub = with_leaving(plan, {"b": leaving}).hub
    assert hub.config[WRITERS] == hub.config[READERS] == [NEWS_ID]


def test_accounts_of_the_hub_need_no_rights_of_their_own() -> None:
    plan = plan_of()
    leaving = member_stack("b", plan.hub.account_id)
    assert with_leaving(plan, {"b": leaving}).hub.config[WRITERS] == []


def test_every_order_of_retirement_ends_with_the_file(
    run: Run, deployer: FakeDeployer, targets: Path, store: RecordFile
) -> None:
    for order in itertools.permutations(NEWS_STACKS):
        deployer.succeeded.clear()
        targets.write_text(TARGETS)
        assert run("up", "--yes")[0] == 0
        targets.write_text(WITHOUT_NEWS)
        assert run("up", "--yes")[0] == 0
        for name in order:
            assert run("retire", name, "--yes")[0] == 0
        assert loaded(store).plan == build_plan(WITHOUT_NEWS)
