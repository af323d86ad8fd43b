"""What the blocked table must say, straight from the whole history; and strategies for what may happen."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import strategies as st
from ses_feedback.function.feedback_event import feedback_event
from ses_feedback.function.notification import Feedback
from ses_feedback.function.verdict import RULES, Rule
from ses_feedback.history.event import Act, Event, manual_event
from ses_feedback.history.soft_bounces import MAX_REPORTS_PER_BOUNCE, SoftBouncePolicy
from ses_feedback.history.state import Effect
from ses_feedback.timestamps import iso

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + 400 * DAY
ADDRESSES = ("jane@example.org", "amy@example.org")
_RULES = {rule.name: rule for rule in RULES}
RULES_USED: tuple[Rule, ...] = tuple(
    _RULES[name] for name in ("hard-bounce", "soft-bounce", "auto-reply", "complaint", "not-spam")
)


def expected_item(events: list[Event], policy: SoftBouncePolicy) -> dict[str, Any] | None:
    """The item of one address whose history is ``events``, expired or not."""
    unblocked = max((e.occurrence.at for e in events if e.effect is Effect.UNBLOCK), default="")
    alive = sorted(
        {e.entry: e for e in events if e.occurrence.at > unblocked}.values(),
        key=lambda e: (e.occurrence.at, e.occurrence.id),
    )
    cleared = max((e.occurrence.at for e in alive if e.effect is Effect.CLEAR), default="")
    complaints = [e for e in alive if e.effect is Effect.COMPLAINT and e.occurrence.at > cleared]
    bounces = [e for e in alive if e.effect is Effect.BOUNCE]
    manual = [e for e in alive if e.effect is Effect.MANUAL]
    for reason, found in (
        ("complaint", complaints),
        ("bounce", bounces),
        ("manual", [e for e in manual if "expires_at" not in e.occurrence.attributes]),
    ):
        if found:
            return {"reason": reason, "blocked_at": found[-1].occurrence.at, **found[-1].occurrence.attributes}
    ending = [(e, {"reason": "manual", "blocked_at": e.occurrence.at, **e.occurrence.attributes}) for e in manual]
    soft = [e for e in alive if e.effect is Effect.SOFT]
    window = timedelta(days=policy.window_days) / timedelta(milliseconds=1)
    for last in range(len(soft)):
        at = soft[last].occurrence.epoch_milliseconds
        mails = {
            e.occurrence.attributes["message_id"]
            for e in soft[: last + 1]
            if e.occurrence.epoch_milliseconds >= at - window
        }
        if len(mails) >= policy.threshold:
            ends = -(-at // 1_000) + policy.block_days * 86_400
            item = {
                "reason": "soft-bounces",
                "blocked_at": soft[last].occurrence.at,
                **soft[last].occurrence.attributes,
            }
            ending = [one for one in ending if one[1]["reason"] != "soft-bounces"]  # the latest decides
            ending.append((soft[last], {**item, "expires_at": ends}))
    return max(
        ending, key=lambda one: (one[1]["expires_at"], one[0].occurrence.at, one[0].occurrence.id), default=(None, None)
    )[1]


def alive_at(item: Mapping[str, Any] | None, moment: datetime) -> bool:
    """Whether a reader at ``moment`` must not send."""
    return item is not None and item.get("expires_at", float("inf")) > moment.timestamp()


def newest(events: list[Event]) -> datetime:
    return max((datetime.fromisoformat(e.occurrence.at) for e in events), default=START)


moments = st.builds(
    # a coarse grid, so that ties, windows and their edges occur, with a millisecond beside it now and then
    lambda days, extra: START + days * DAY + extra,
    st.integers(0, 120),
    st.sampled_from([timedelta(0), timedelta(0), timedelta(milliseconds=1), timedelta(hours=9)]),
)
policies = st.builds(
    SoftBouncePolicy, threshold=st.integers(1, 4), window_days=st.integers(1, 40), block_days=st.integers(1, 60)
)


def a_feedback(number: int, address: str, rule: Rule, at: datetime, mail: int | None = None) -> Event:
    feedback = Feedback(
        kind=rule.kind,
        address=address,
        feedback_id=f"id-{number}",
        occurred_at=iso(at),
        type="",
        subtype="General",
        status="5.1.1",
        diagnostic=f"said {number}",
        message_id=f"mail-{number if mail is None else mail}",
    )
    return feedback_event(feedback, rule, pipeline="p", now=NOW)


def an_act(number: int, address: str, act: Act, at: datetime, days: int | None) -> Event:
    ends = at + days * DAY if days and act != "unblock" else None
    return manual_event(
        act, address, actor="ops", note=f"note {number}", at=at, expires_at=ends, act_id=f"act-{number}"
    )


@st.composite
def histories(
    draw: st.DrawFn, *, addresses: tuple[str, ...] = ADDRESSES[:1], most: int = 25, first: int = 0
) -> list[Event]:
    """Distinct events. Half of the histories hold nothing for good, which would hide everything that ends."""
    mild = draw(st.booleans())
    rules = [_RULES[name] for name in ("soft-bounce", "auto-reply", "not-spam")] if mild else list(RULES_USED)
    rules += [_RULES["soft-bounce"]] * draw(st.sampled_from([0, 12]))  # or no window would ever fill
    feedback = st.builds(a_feedback, st.just(0), st.sampled_from(addresses), st.sampled_from(rules), moments)
    acts = st.builds(
        an_act,
        st.just(0),
        st.sampled_from(addresses),
        st.sampled_from(["block", "block", "unblock", "import"]),
        moments,
        st.sampled_from([1, 7, 30, 90] if mild else [None, 1, 7, 30, 90]),
    )
    kinds = draw(st.sampled_from([feedback, acts, feedback | acts]))
    copies = draw(st.sampled_from([1, 1, MAX_REPORTS_PER_BOUNCE]))  # of one mail's bounce, each under an id of its own
    drawn = enumerate(draw(st.lists(kinds, max_size=most)), first)
    return [_numbered(event, number, number // copies) for number, event in drawn]


def _numbered(event: Event, number: int, mail: int) -> Event:
    """The same with an id of its own. Ids are not in the order of the times, and neither are they random."""
    at = datetime.fromisoformat(event.occurrence.at)
    own = (number * 7) % 25 + number * 100
    if event.entry.startswith("feedback#"):
        return a_feedback(own, event.address, _RULES[str(event.row["rule"])], at, mail)
    ends = event.occurrence.attributes.get("expires_at")
    days = round((int(ends) - at.timestamp()) / 86_400) if ends is not None else None
    return an_act(own, event.address, cast(Act, event.row["act"]), at, days)
