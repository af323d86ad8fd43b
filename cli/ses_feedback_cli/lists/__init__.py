"""Lists of addresses: importing them, and comparing SES's suppression list with the blocked table.

`rows` reads lists, `import_sources` says where an import reads from, `import_entries` writes what it reads,
`import_position` keeps how far it is, and `import_run` runs it for a person to watch. `comparison` compares SES's lists
with the table, and `sync_run` copies what one side does not have.
"""
