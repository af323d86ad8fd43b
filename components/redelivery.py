"""How often, and how far apart, SQS delivers a message that nobody acknowledges.

An outage must not end in lost feedback, nor use up attempts that are meant for poison. So attempts are spread over the
retention: also where the function never runs, SQS moves a message to the dead-letter queue before it would expire, and
late. The function shortens or lengthens the wait of what it reports as failed itself
(docs/adr/0015-poison-and-outage.md).
"""

from dataclasses import dataclass

SECONDS_PER_DAY = 24 * 60 * 60
MAX_RECEIVE_COUNT = 1000
"""SQS takes no larger maxReceiveCount (SQS Developer Guide, "Configure a dead-letter queue")."""
_PERCENT_OF_RETENTION = 80
"""The rest is for what comes late: the first receive in a backlog, each further one by some seconds, and the one at
which SQS moves the message. A message that moves too early is redriven; one that moves too late is lost."""


@dataclass(frozen=True)
class Redelivery:
    """What a queue is told about redelivery."""

    visibility_timeout_seconds: int
    max_receive_count: int

    @classmethod
    def over(cls, retention_days: int, function_timeout_seconds: int, batching_window_seconds: int) -> "Redelivery":
        """The visibility timeout and the receive count with which redelivery lasts four fifths of the retention.

        The visibility timeout is at least six times the function's timeout plus the batching window, so that nothing
        is delivered again while it is processed (Lambda Developer Guide, "Configuring SQS"). Where that is long and
        the retention short, the receive count falls below the maximum: otherwise a message would expire before it is
        moved. With the limits of the inputs it is 12 or more; Lambda advises at least 5.
        """
        usable_seconds = retention_days * SECONDS_PER_DAY * _PERCENT_OF_RETENTION // 100
        shortest = 6 * function_timeout_seconds + batching_window_seconds
        visibility_timeout = max(shortest, usable_seconds // MAX_RECEIVE_COUNT)
        return cls(visibility_timeout, min(MAX_RECEIVE_COUNT, usable_seconds // visibility_timeout))
