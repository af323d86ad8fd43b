"""The Lambda function: SQS records in, partial batch response out.

The data goes one way: ``handler`` -> ``batch`` (records) -> ``envelope`` and ``notification`` (the body of a record ->
feedback) -> ``verdict`` (one table of rules) -> ``feedback_event`` -> the writer of ``ses_feedback.history``.
``settings`` reads the environment variables.
"""
