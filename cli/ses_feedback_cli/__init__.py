"""The command `ses-feedback`: for support, who explain and undo a block; for operators, who find what is broken.

``app`` lists the commands, each a module of ``commands``. ``context`` says what they work on: tables, Regions,
pipelines, from options, environment or the outputs of stacks; ``command`` gives every command these options and the
exit codes; ``blocked`` reads the blocked table, ``acts`` writes what a person does, ``suppression`` is SES's own list;
``output`` is tables for people and JSON for programs. A folder holds what a few commands know together: ``blocks``
(show, block, unblock), ``lists`` (import, export, sync), ``dead_letters``, ``simulation``, ``doctor``, ``report``.
"""
