"""Messages that failed: in the dead-letter queues of the function and of the subscription.

``queues`` selects the queues; ``messages`` samples their messages; ``contents`` says what a message contains and why it
is a dead letter; ``masking`` hides personal data. ``redrive`` moves messages back to the pipeline's queue, message by
message (the library's ``message_mover``). ``discard`` moves them into an ``archive``, and ``acts`` records that in the
history.
"""
