"""What only the sandbox can see of a mail: each message of the topic, and the function's log lines.

| hop | evidence |
|---|---|
| SNS | a second subscriber of the topic got the notification about this mail |
| SQS | the id and time that the function logged of the message, as SQS gave them |
| Lambda | the function's own log line about this feedback |

The rest is shared with `ses-feedback simulate`, see `ses_feedback_cli.simulation.follower`.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ses_feedback_cli.context import Context
from ses_feedback_cli.simulation.follower import history_row
from ses_feedback_cli.simulation.journey import Failure, Journey
from ses_feedback_cli.simulation.queue_evidence import QueueEvidence, read_depths
from ses_feedback_cli.stack_outputs import Pipeline

from .subscriber import Subscriber, json_object

JUDGED, NOT_RECORDED = "feedback judged", "feedback not recorded"
PLATFORM_PREFIXES = ("START ", "END ", "REPORT ", "INIT_")
GRACE_SECONDS = 1
REPORTED_LINES = 12


@dataclass
class PipelineEvidence:
    """What can be seen of one pipeline."""

    context: Context
    pipeline: Pipeline
    subscriber: Subscriber

    def messages_waiting(self) -> list[str]:
        """The queues that hold messages, and how many."""
        depths = read_depths(self.context, self.pipeline) or {}
        return [f"{queue} of {self.pipeline.name}: {depth}" for queue, depth in depths.items() if depth]

    def find_decision(self, feedback_id: str, since: float) -> tuple[Mapping[str, Any], float] | None:
        """The function's log line about a feedback, and when it was written (seconds since 1970).

        The line's `message` tells whether the decision could be recorded.
        """
        for text, logged_at in self._log_events(since):
            line = json_object(text)
            if line.get("message") in {JUDGED, NOT_RECORDED} and line.get("feedback_id") == feedback_id:
                return line, logged_at
        return None

    def flush_log(self) -> None:
        """Call the function with nothing to do.

        Under load the emulator sometimes holds back the last log lines of a call until the next call.
        """
        client = self.context.client("lambda", self.pipeline.region)
        client.invoke(FunctionName=self.pipeline.function_name, Payload=b'{"Records": []}')

    def read_problems(self, since: float) -> str:
        """What the function logged since a time beside its decisions: warnings, errors, everything that is not JSON.

        At most a few lines, enough for a report. Empty if it was not called.
        """
        problems, was_called = [], False
        for text, _ in self._log_events(since):
            was_called = True
            line = json_object(text)
            if line.get("level") in {"WARNING", "ERROR", "CRITICAL"}:
                values = (line.get(key) for key in ("message", "reason", "exception"))
                problems.append(": ".join(str(value) for value in values if value))
            elif not line and text.strip() and not text.startswith(PLATFORM_PREFIXES):
                problems.append(text.rstrip())
        if was_called and not problems:
            return "nothing; if it cannot start, the emulator's log tells why"
        return "\n".join(problems[-REPORTED_LINES:])

    def _log_events(self, since: float) -> Iterator[tuple[str, float]]:
        logs = self.context.client("logs", self.pipeline.region)
        events = logs.filter_log_events(logGroupName=self.pipeline.log_group_name, startTime=int(since * 1000))
        for event in events["events"]:
            yield event["message"], event["timestamp"] / 1000


class ChainEvidence(QueueEvidence):
    """What can be seen of the pipelines of one source."""

    def __init__(self, context: Context, pipelines: dict[str, PipelineEvidence]) -> None:
        """``pipelines``: by kind of feedback."""
        super().__init__(context)  # no mail is sent before the queues are empty
        self.pipelines = pipelines
        self._failed_at: dict[str, float] = {}  # when it was called and did not decide, by message id

    def observe(self, journey: Journey) -> bool:
        """Note SNS, SQS and Lambda when they are reached; the tables are read after all three."""
        pipeline = self._pipeline(journey)
        if "SNS" not in journey.seconds:
            message = pipeline.subscriber.find(journey.message_id)
            if message is None:
                return False
            journey.feedback_id = message.feedback_id
            journey.reach("SNS", f"notification {message.sns_message_id}", message.published_at)
        if "Lambda" not in journey.seconds:
            if decision := pipeline.find_decision(journey.feedback_id, journey.sent_at):
                self._note_decision(journey, *decision)
            elif pipeline.read_problems(journey.sent_at):
                self._fail_without_decision(journey, pipeline)
        return "Lambda" in journey.seconds and journey.failure is None

    def explain(self, journey: Journey) -> Failure:
        """Tell the first hop without evidence, and where to look."""
        if "Lambda" in journey.seconds:
            table = self.context.history_table()
            return Failure("DynamoDB", f"the function decided, but {table} has no row of it")
        if "SNS" in journey.seconds and (problems := self._pipeline(journey).read_problems(journey.sent_at)):
            function_name = self._pipeline(journey).pipeline.function_name
            return Failure("Lambda", f"{function_name} did not decide about it. It logged: {problems}")
        return super().explain(journey)

    def find_unexpected(self, journey: Journey) -> Failure | None:
        """Tell the pipeline whose topic got a notification about a mail that must have no feedback."""
        for evidence in self.pipelines.values():
            if evidence.subscriber.find(journey.message_id):
                return Failure("SNS", f"a notification about it came to {evidence.pipeline.name}", broken=False)
        return None

    def _pipeline(self, journey: Journey) -> PipelineEvidence:
        return self.pipelines[str(journey.mail.kind)]

    def _note_decision(self, journey: Journey, line: Mapping[str, Any], logged_at: float) -> None:
        journey.reach("SQS", f"message {line['sqs_message_id']}", line["sqs_sent_at"] / 1000)
        if line["verdict"] != (right := journey.mail.verdict):
            problem = f"the function decided {line['verdict']} (rule {line['rule']}) where {right} is right"
            journey.fail(Failure("Lambda", problem, broken=False))
            return
        journey.reach("Lambda", f"{line['verdict']}, by the rule {line['rule']}", logged_at)
        if line["message"] == NOT_RECORDED:
            role = self._pipeline(journey).pipeline.role_arn
            refused = (
                f"the function decided, but could not record it: {line.get('reason')}. Look at the policy of {role}."
            )
            journey.fail(Failure("DynamoDB", refused))

    def _fail_without_decision(self, journey: Journey, pipeline: PipelineEvidence) -> None:
        """Fail a second after the function was called and did not decide: it will not be called again soon."""
        failed_at = self._failed_at.setdefault(journey.message_id, time.monotonic())
        if history_row(self.context, journey.address, journey.feedback_id):
            pipeline.flush_log()
        elif time.monotonic() > failed_at + GRACE_SECONDS:
            journey.fail(self.explain(journey))
