"""When a record that AWS refused comes back, and until when. Pure.

Unreadable records are none of this: they are dead letters at once (``dead_letters``). What AWS refuses, a throttled or
unreachable table above all, is as good tomorrow as today. So it comes back, soon at first, since most outages are
short, and every two hours in the end, so that an outage of days costs some ninety receives and not thousands. Shortly
before SQS would delete it for its age it becomes a dead letter, and is redriven when the queue is drained again.
"""

_FIRST_DELAY_SECONDS = 30
_LONGEST_DELAY_SECONDS = 7_200

JITTER = (0.8, 1.2)
"""Bounds of the factor that spreads the records of one outage, so that they do not all come back at the same time."""

_MARGIN_SECONDS = 6 * 3_600
_MARGIN_SHARE = 0.1


def retry_delay(receive_count: int, jitter: float = 1.0) -> int:
    """Seconds for which a refused record is invisible: 30 after its first receive, then twice as long each time, at
    most 2 hours; times ``jitter``.

    SQS allows 12 hours from the receive (SQS Developer Guide, "Amazon SQS visibility timeout").
    """
    doublings = min(max(receive_count, 1) - 1, 16)  # more change nothing, and would be large numbers
    return round(min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS << doublings) * jitter)


def comes_back_in_time(age_seconds: float, delay_seconds: float, retention_seconds: float) -> bool:
    """Whether a record of that age in its queue may be delayed so: if it is back 6 hours before the queue's retention
    ends, or a tenth of the retention if that is less.

    Within that margin the queue may be late in delivering it, or the dead-letter queue may not take it, and there is
    time for more tries.
    """
    margin_seconds = min(_MARGIN_SECONDS, _MARGIN_SHARE * retention_seconds)
    return age_seconds + delay_seconds < retention_seconds - margin_seconds
