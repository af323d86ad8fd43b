"""The blocked item that follows from a whole history, computed in the simplest way; and strategies for histories."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import strategies as st
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import RULES, Rule
from ses_feedback.history.event import Act, Event, manual_event
from ses_feedback.history.occurrence import Occurrence
from ses_feedback.history.soft_bounces import MAX_REPORTS_PER_BOUNCE, MAX_WINDOWS_PER_BLOCK, SoftBouncePolicy
from ses_feedback.history.state import Effect
from ses_feedback.timestamps import iso

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_MILLISECONDS = 86_400_000
NOW = START + 400 * DAY
ADDRESSES = ("jane@example.org", "amy@example.org")
HOLDS = ("dns-failure", "destination-unknown", "global-suppression", "suspects", "complaint-suppression")
_RULES = {rule.name: rule for rule in RULES}
RULES_USED: tuple[Rule, ...] = tuple(
    _RULES[name] for name in ("hard-bounce", "soft-bounce", "auto-reply", "complaint", "not-spam", *HOLDS)
)


def expected_item(events: list[Event], policy: SoftBouncePolicy) -> dict[str, Any] | None:
    """The item of one address whose history is ``events``, expired or not."""
    unblocked = max((event.occurrence.at for event in events if event.effect is Effect.UNBLOCK), default="")
    remaining = sorted(
        {event.entry: event for event in events if event.occurrence.at > unblocked}.values(),
        key=lambda event: (event.occurrence.at, event.occurrence.id),
    )
    cleared = max((event.occurrence.at for event in remaining if event.effect is Effect.CLEAR), default="")
    complaints = [event for event in remaining if event.effect is Effect.COMPLAINT and event.occurrence.at > cleared]
    bounces = [event for event in remaining if event.effect is Effect.BOUNCE]
    manual = [event for event in remaining if event.effect is Effect.MANUAL]
    holds = [event.occurrence for event in remaining if event.effect is Effect.HOLD]
    holds = [hold for hold in holds if hold.attributes["kind"] == "bounce" or hold.at > cleared]
    for reason, blocking in (
        ("complaint", complaints),
        ("bounce", bounces),
        ("manual", [event for event in manual if "expires_at" not in event.occurrence.attributes]),
    ):
        if blocking:
            newest = blocking[-1].occurrence
            return {"reason": reason, "blocked_at": newest.at, **newest.attributes}
        if newest_confirmed := _newest_confirmed([hold for hold in holds if hold.attributes["kind"] == reason]):
            attributes = {**newest_confirmed.attributes, "confirmed": True}
            item = {"reason": reason, "blocked_at": newest_confirmed.at, **attributes}
            return {name: item[name] for name in item if name not in ("kind", "held_until", "confirmable")}
    expiring = [
        (event, {"reason": "manual", "blocked_at": event.occurrence.at, **event.occurrence.attributes})
        for event in manual
    ]
    for event in (event for event in remaining if event.effect is Effect.HOLD and event.occurrence in holds):
        item = {"reason": "hold", "blocked_at": event.occurrence.at, **event.occurrence.attributes}
        item["expires_at"] = item.pop("held_until")
        item.pop("confirmable", None)
        expiring.append((event, item))
    soft = [event for event in remaining if event.effect is Effect.SOFT]
    window = timedelta(days=policy.window_days) / timedelta(milliseconds=1)
    for last in range(len(soft)):
        at = soft[last].occurrence.epoch_milliseconds
        mails = {
            event.occurrence.attributes["message_id"]
            for event in soft[: last + 1]
            if event.occurrence.epoch_milliseconds >= at - window
        }
        if len(mails) >= policy.threshold:
            ends = -(-at // 1_000) + policy.block_days * 86_400
            item = {
                "reason": "soft-bounces",
                "blocked_at": soft[last].occurrence.at,
                **soft[last].occurrence.attributes,
            }
            expiring = [
                candidate for candidate in expiring if candidate[1]["reason"] != "soft-bounces"
            ]  # the latest decides
            expiring.append((soft[last], {**item, "expires_at": ends}))
    return max(
        expiring,
        key=lambda candidate: (candidate[1]["expires_at"], candidate[0].occurrence.at, candidate[0].occurrence.id),
        default=(None, None),
    )[1]


def _newest_confirmed(holds: list[Occurrence]) -> Occurrence | None:
    """Of one kind's holds, oldest first."""
    confirmed = []
    for rule in {hold.attributes["rule"] for hold in holds if hold.attributes.get("confirmable")}:
        same = [hold for hold in holds if hold.attributes["rule"] == rule]
        if same[0].attributes["kind"] == "complaint":
            confirms = len({hold.attributes["message_id"] for hold in same}) > 1
        else:
            confirms = any(
                0 <= later.epoch_milliseconds - int(hold.attributes["held_until"]) * 1_000 < 180 * DAY_MILLISECONDS
                for hold in same
                for later in same
            )
        if confirms:
            confirmed.append(same[-1])
    return max(confirmed, key=Occurrence.sort_key, default=None)


def blocks_at(item: Mapping[str, Any] | None, now: datetime) -> bool:
    """Whether a sender that reads the item must not send."""
    return item is not None and item.get("expires_at", float("inf")) > now.timestamp()


def newest_time(events: list[Event]) -> datetime:
    return max((datetime.fromisoformat(event.occurrence.at) for event in events), default=START)


timestamps = st.builds(
    # a coarse grid, so that ties, windows and their edges occur, with a millisecond beside it now and then
    lambda days, extra: START + days * DAY + extra,
    st.integers(0, 120) | st.integers(0, 400),
    st.sampled_from([timedelta(0), timedelta(0), timedelta(milliseconds=1), timedelta(hours=9)]),
)
policies = st.builds(
    SoftBouncePolicy, threshold=st.integers(1, 4), window_days=st.integers(1, 40), block_days=st.integers(1, 60)
).filter(lambda policy: policy.block_days <= MAX_WINDOWS_PER_BLOCK * policy.window_days)


def make_feedback(number: int, address: str, rule: Rule, at: datetime, mail: int | None = None) -> Event:
    feedback = Feedback(
        kind=rule.kind,
        address=address,
        feedback_id=f"id-{number}",
        occurred_at=iso(at),
        type="",
        subtype="General",
        status="5.1.1",
        diagnostic=f"diagnostic {number}",
        message_id=f"mail-{number if mail is None else mail}",
    )
    # The table's settings may have changed meanwhile: holds of bounces are of several lengths, whatever they are now.
    hold_days = (1, 14, 30)[(at.day + at.hour) % 3] if rule.kind == "bounce" else 14
    return replace(feedback_event(feedback, rule, pipeline="p", now=NOW, hold_days=hold_days), with_hold_days=None)


def make_act(number: int, address: str, act: Act, at: datetime, days: int | None) -> Event:
    ends = at + days * DAY if days and act != "unblock" else None
    return manual_event(
        act, address, actor="ops", note=f"note {number}", at=at, expires_at=ends, act_id=f"act-{number}"
    )


@st.composite
def histories(
    draw: st.DrawFn, *, addresses: tuple[str, ...] = ADDRESSES[:1], most: int = 25, first: int = 0
) -> list[Event]:
    """Distinct events. Half of the histories have no block for good, which would hide every block that ends."""
    only_temporary = draw(st.booleans())
    rules = (
        [_RULES[name] for name in ("soft-bounce", "auto-reply", "not-spam", *HOLDS)]
        if only_temporary
        else list(RULES_USED)
    )
    rules += [_RULES["soft-bounce"]] * draw(st.sampled_from([0, 12]))  # or no window would ever fill
    feedback = st.builds(make_feedback, st.just(0), st.sampled_from(addresses), st.sampled_from(rules), timestamps)
    acts = st.builds(
        make_act,
        st.just(0),
        st.sampled_from(addresses),
        st.sampled_from(["block", "block", "unblock", "import"]),
        timestamps,
        st.sampled_from([1, 7, 30, 90] if only_temporary else [None, 1, 7, 30, 90]),
    )
    kinds = draw(st.sampled_from([feedback, acts, feedback | acts]))
    copies = draw(st.sampled_from([1, 1, MAX_REPORTS_PER_BOUNCE]))  # of one mail's bounce, each under an id of its own
    drawn = enumerate(draw(st.lists(kinds, max_size=most)), first)
    return [_numbered(event, number, number // copies) for number, event in drawn]


@st.composite
def hold_histories(draw: st.DrawFn) -> list[Event]:
    """Holds of one or two rules, and unblocks: what is rare among all kinds of events."""
    rules = draw(st.lists(st.sampled_from([_RULES[name] for name in HOLDS]), min_size=1, max_size=2))
    days = st.integers(0, 40) | st.integers(0, 400) | st.sampled_from([15, 31, 194, 195, 196, 211])
    times = st.builds(
        lambda day, extra: START + day * DAY + extra, days, st.sampled_from([timedelta(0), timedelta(hours=9)])
    )
    feedback = st.builds(make_feedback, st.just(0), st.just(ADDRESSES[0]), st.sampled_from(rules), times)
    unblocks = st.builds(make_act, st.just(0), st.just(ADDRESSES[0]), st.just("unblock"), times, st.none())
    drawn = draw(st.lists(feedback, max_size=draw(st.sampled_from([4, 20])))) + draw(st.lists(unblocks, max_size=1))
    return [_numbered(event, number, number // 2) for number, event in enumerate(drawn)]


def _numbered(event: Event, number: int, mail: int) -> Event:
    """The same event with an id of its own. Ids are not in the order of the times, but not random either."""
    at = datetime.fromisoformat(event.occurrence.at)
    id_number = (number * 7) % 25 + number * 100
    if event.entry.startswith("feedback#"):
        return make_feedback(id_number, event.address, _RULES[str(event.row["rule"])], at, mail)
    ends = event.occurrence.attributes.get("expires_at")
    days = round((int(ends) - at.timestamp()) / 86_400) if ends is not None else None
    return make_act(id_number, event.address, cast(Act, event.row["act"]), at, days)
