"""Surges: the hard bounces of one recipient domain that the breaker held, and what a person decides about them.

`surge` says what belongs to a surge; `search` finds surges in the blocked table; `decisions` records in the history who
decided what; `confirm_run` makes holds permanent; `diagnostics` hides the personal part of what a server answered. A
release is an unblock of `blocks`.
"""
