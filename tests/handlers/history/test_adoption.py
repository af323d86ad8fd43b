"""Items of the blocked table that no history knows, as docs/tables.md tells of them: an adopted table has only such."""

import time
from datetime import timedelta

import pytest
from ses_feedback import Blocklist
from ses_feedback.function.verdict import RULES
from ses_feedback.history.event import Act, Event, manual_event
from ses_feedback.history.soft_bounces import SoftBouncePolicy
from ses_feedback.history.writer import HistoryWriter, Outcome
from ses_feedback.table import encode

from tests.handlers.conftest import BLOCKED_ARN, HISTORY_ARN, Function
from tests.handlers.model import START, make_feedback
from tests.tables import settings_item

JANE = "jane@example.org"
FOREIGN = {"value": JANE, "source": "crm"}
RULE = {rule.name: rule for rule in RULES}


def adopt(function: Function, **attributes: str | int) -> None:
    function.client.put_item(TableName=BLOCKED_ARN, Item=encode({**FOREIGN, **attributes}))


def apply(function: Function, *events: Event) -> None:
    function.client.put_item(TableName=HISTORY_ARN, Item=settings_item(SoftBouncePolicy(threshold=2)))
    results = HistoryWriter(BLOCKED_ARN, HISTORY_ARN, function.client).apply(events, deadline=time.monotonic() + 20)
    assert {result.outcome for result in results} == {Outcome.RECORDED}


def feedback(rule: str, day: int) -> Event:
    return make_feedback(day, JANE, RULE[rule], START + timedelta(days=day))


def act(kind: Act, day: int) -> Event:
    return manual_event(kind, JANE, actor="ops", note="", at=START + timedelta(days=day), act_id=f"{kind}-{day}")


def test_it_blocks_a_reader(function: Function) -> None:
    adopt(function)
    (answer,) = Blocklist(BLOCKED_ARN, function.client, when_unavailable="raise").check([JANE])
    assert (answer.allowed, answer.reason, answer.blocked_at, answer.expires_at) == (False, None, None, None)


@pytest.mark.parametrize("attributes", [{"expires_at": "2027-01-01"}, {"blocked_at": 1_700_000_000}])
def test_a_reader_is_never_told_that_it_may_send_because_an_attribute_means_something_else(
    function: Function, attributes: dict[str, str | int]
) -> None:
    adopt(function, **attributes)
    try:
        (answer,) = Blocklist(BLOCKED_ARN, function.client, when_unavailable="raise").check([JANE])
    except (TypeError, ValueError):
        return
    assert not answer.allowed


@pytest.mark.parametrize("rule", ["soft-bounce", "auto-reply", "not-spam"])
def test_feedback_that_blocks_nobody_leaves_it(function: Function, rule: str) -> None:
    adopt(function)
    apply(function, feedback(rule, 1))
    assert function.blocked() == {JANE: FOREIGN}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (feedback("hard-bounce", 1), "bounce"),
        (feedback("complaint", 1), "complaint"),
        (act("block", 1), "manual"),
        (act("import", 1), "import"),
    ],
)
def test_what_blocks_for_good_replaces_it_whole(function: Function, event: Event, reason: str) -> None:
    adopt(function, reason="list of 2019", expires_at=4_000_000_000)
    apply(function, event)
    replaced = function.blocked()[JANE]
    assert (replaced["reason"], replaced.keys() & {"source", "expires_at"}) == (reason, set())


def test_soft_bounces_that_block_replace_it_by_a_block_that_ends(function: Function) -> None:
    adopt(function)
    apply(function, feedback("soft-bounce", 1), feedback("soft-bounce", 2))
    replaced = function.blocked()[JANE]
    assert (replaced["reason"], "expires_at" in replaced, "source" in replaced) == ("soft-bounces", True, False)


def test_an_unblock_deletes_it_and_an_import_of_earlier_does_not_bring_it_back(function: Function) -> None:
    adopt(function)
    apply(function, act("unblock", 5))
    assert function.blocked() == {}
    apply(function, act("import", 1))
    assert function.blocked() == {}


@pytest.mark.parametrize("first", ["import", "soft bounces"])
def test_after_the_import_soft_bounces_cannot_make_it_end(function: Function, first: str) -> None:
    adopt(function)
    soft = (feedback("soft-bounce", 1), feedback("soft-bounce", 2))
    for events in ((act("import", 0),), soft) if first == "import" else (soft, (act("import", 0),)):
        apply(function, *events)
    replaced = function.blocked()[JANE]
    assert (replaced["reason"], "expires_at" in replaced) == ("import", False)
    assert {"state", "manual#2026-01-01T00:00:00.000Z#import-0"} <= function.history(JANE).keys()
