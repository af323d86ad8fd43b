"""What `--only` and `--until` select, and what they refuse."""

from pathlib import Path

import pytest

from rollout.plan import Plan, build_plan
from rollout.selection import SelectionError, narrow, select

EXAMPLE = Path(__file__).parents[2] / "examples" / "rollout" / "targets.yaml"
EARLY = {"shop-test-eu-west-1", "shop-test-us-east-1", "news-test-eu-west-1"}
OWNERS = {"sandbox-eu-west-1", "mail-eu-central-1"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The example, whose first wave is the canary's and whose second is the hub's."""
    return build_plan(EXAMPLE.read_text())


@pytest.mark.parametrize(
    ("only", "selected"),
    [
        (["early"], EARLY),
        (["shop-test"], {"shop-test-eu-west-1", "shop-test-us-east-1"}),
        (["news-us-east-1"], {"news-us-east-1"}),
        (["stack:news-us-east-1", "wave:hub", "account:sandbox"], {"news-us-east-1", *OWNERS}),
        (["early", "shop-test"], EARLY),
    ],
)
def test_only_selects_what_it_names_and_nothing_else(plan: Plan, only: list[str], selected: set[str]) -> None:
    assert select(plan, only) == selected
    assert {stack.name for wave in narrow(plan.waves, selected) for stack in wave.stacks} == selected
    assert all(wave.stacks for wave in narrow(plan.waves, selected))


@pytest.mark.parametrize(
    ("until", "selected"),
    [
        ("canary", {"sandbox-eu-west-1"}),
        ("mail", OWNERS),
        ("early", OWNERS | EARLY),
        ("news-test", OWNERS | {"news-test-eu-west-1"}),
        ("billing-us-east-1", OWNERS | EARLY | {"billing-us-east-1"}),
    ],
)
def test_until_selects_all_waves_before_and_of_its_own_wave_what_it_names(
    plan: Plan, until: str, selected: set[str]
) -> None:
    assert select(plan, until=until) == selected


def test_until_the_last_wave_and_no_option_select_all(plan: Plan) -> None:
    all_names = {stack.name for stack in plan.stacks}
    assert select(plan) == select(plan, until="remaining") == all_names
    assert narrow(plan.waves, all_names) == plan.waves


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("erly", "--only is 'erly': there is no wave or account or stack of this name; the nearest are early"),
        ("account:erly", "--only is 'account:erly': there is no account of this name; the nearest are "),
        ("wave:shop", "--only is 'wave:shop': there is no wave of this name; the nearest are "),
        ("", "--only is '': there is no wave"),
        ("region:x", "--only is 'region:x': there is no wave or account or stack of this name"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(plan: Plan, name: str, message: str) -> None:
    with pytest.raises(SelectionError) as error_info:
        select(plan, [name])
    assert str(error_info.value).startswith(message)


def test_a_name_of_two_different_things_is_refused_and_one_of_two_equal_ones_is_not() -> None:
    text = EXAMPLE.read_text().replace("name: early", "name: shop")
    plan = build_plan(text)
    with pytest.raises(SelectionError, match="--until is 'shop', which is more than one thing: use wave:shop or acc"):
        select(plan, until="shop")
    assert select(plan, ["wave:shop"]) == EARLY
    assert select(plan, ["account:shop"]) == {f"shop-{region}" for region in ("eu-central-1", "eu-west-1", "us-east-1")}
    equal = build_plan(EXAMPLE.read_text().replace("name: sandbox", "name: canary").replace(": sandbox", ": canary"))
    assert select(equal, ["canary"]) == {"canary-eu-west-1"}


def test_both_options_are_refused(plan: Plan) -> None:
    with pytest.raises(SelectionError, match="give one of them"):
        select(plan, ["early"], "early")
