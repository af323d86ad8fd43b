"""Blocks of addresses: what is known about one address, blocking and unblocking by hand, and in bulk.

`address_history` reads all that is known about an address; `manual_blocks` blocks addresses; `manual_unblocks` unblocks
them, in the tables and, through `suppression_removal`, on SES's suppression list. `block_selection` finds the blocks
that a bulk unblock lifts, `undo_file` keeps them, and `block_run` and `unblock_run` run for a person to watch, with
what `unblock_output` writes.
`protected_list` has the addresses that no feedback may block.
"""
