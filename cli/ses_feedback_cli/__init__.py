"""The command `ses-feedback`: support explains and undoes blocks with it, operators find what is broken.

``app`` lists the commands, each a module of ``commands``; ``command`` gives each of them the shared options and the
exit codes. Only these use Typer. ``context`` holds what a command works on: tables, Regions and pipelines, from
options, the environment or ``stack_outputs``. ``table_reads`` reads the tables, ``block_filter`` says which items of
them, ``event_batches`` writes what a person does, ``suppression_list`` is SES's own list. ``output`` writes tables for
people and JSON for programs, ``times`` and ``files`` read times and write files, ``errors`` describes what failed.

A folder holds what a few commands share: ``blocks`` (show, block, unblock), ``lists`` (import, export, sync),
``dead_letters``, ``simulation``, ``doctor``, ``report``.
"""
