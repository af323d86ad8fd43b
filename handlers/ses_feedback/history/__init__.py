"""What is stored about an address: events, the state that follows from them, and the writer of both tables.

The data goes one way: ``event`` (one thing that happened) -> ``state`` (what still matters of all events of an address,
with ``occurrence`` and the rules of ``soft_bounces``) -> ``transaction`` (the actions that write it) -> ``writer`` (the
calls). ``rebuilt_state`` makes the state again from the rows of the history.
"""
