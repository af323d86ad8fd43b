"""The Lambda function: SQS records in, partial batch response out.

One way through it: ``handler`` -> ``envelope`` and ``notification`` (the body of a record -> feedback) -> ``verdict``
(one table of rules) -> ``feedback_event`` -> the writer of ``ses_feedback.history``. ``settings`` reads the environment
variables.
"""
