"""The command `ses-feedback`: for support, who explain and undo a block; for operators, who find what is broken.

``app`` lists the commands, each a module of ``commands``. ``where`` says what they work on: tables, Regions, pipelines,
from options, environment or the outputs of stacks; ``command`` gives every command these options and the exit codes;
``blocked`` reads the blocked table, ``acts`` writes what a person does; ``output`` is tables for people and JSON for
programs. ``doctor`` is what the command of that name knows.

Lists: ``rows`` reads them, ``sources`` says where they come from, ``importing`` brings them in behind a ``position``,
``import_run`` does it for a person to watch; ``suppression`` is SES's own list, ``comparison`` and ``sync_run`` hold it
against the table.
"""
