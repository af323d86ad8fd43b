"""Messages for people: one is not many, and what is wrong for many is said once."""

from dataclasses import replace
from pathlib import Path

import pytest

from rollout.__main__ import main
from rollout.accounts import WrongAccountError, check_accounts
from rollout.deployer import StackError
from rollout.plan import PlannedStack
from rollout.words import count_of, did_you_mean, listed
from tests.rollout.fake_deployer import FakeDeployer, plan_of
from tests.rollout.test_targets import CORRECT


def test_plurals_and_lists() -> None:
    assert [count_of(count, "writer") for count in (0, 1, 2)] == ["0 writers", "1 writer", "2 writers"]
    assert [listed("abc"[:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("eu-wst-1", ["eu-west-1", "us-east-1"]) == "; did you mean 'eu-west-1'?"
    assert did_you_mean("mars", ["eu-west-1"]) == ""


def test_one_of_each_is_singular_in_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(CORRECT)
    assert main(["plan", str(file)]) == 0
    out = capsys.readouterr().out
    assert "here, 1 writer\n" in "\n".join(line.rstrip() for line in out.splitlines()) + "\n"
    assert "2 stacks in 2 accounts, 2 waves; nothing was changed." in out


def test_a_role_that_all_accounts_share_is_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(["a", "b"])
    deployer = FakeDeployer(plan)
    stacks = [replace(stack, account_id=str(index) * 12) for index, stack in enumerate(plan.waves[1].stacks)]

    def refuse(_: PlannedStack) -> str:
        raise StackError("AssumeRole: AccessDenied")

    monkeypatch.setattr(deployer, "account_id", refuse)
    with pytest.raises(WrongAccountError) as error_info:
        check_accounts(deployer, stacks, 1)
    assert str(error_info.value) == "a and b: AssumeRole: AccessDenied\nNothing was changed."
