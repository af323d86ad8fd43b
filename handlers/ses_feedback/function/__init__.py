"""The Lambda function: SQS records in, partial batch response out.

The data goes one way: ``handler`` -> ``batch`` (records) -> ``envelope`` and ``notification`` (the body of a record ->
feedback) -> ``verdict`` (one table of rules) -> ``feedback_event`` -> the writer of ``ses_feedback.history``.
What is not recorded goes another way: ``dead_letters`` sends it to the dead-letter queue, or delays it (``retries``),
and ``redrive`` brings it back (``message_mover``, ``queue_messages``). ``settings`` reads the environment variables.
"""
