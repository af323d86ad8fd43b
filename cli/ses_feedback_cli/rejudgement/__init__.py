"""The history judged again, by today's rules.

`feedback_rows` rebuilds the feedback of a row, and `rebuilt_state` the state of all rows; `judgement` judges one
address with them. `tables` finds the addresses and writes them, `forwarded_reports` knows who was never mailed,
`undo` keeps what changes, and `run` runs it for a person to watch.
"""
