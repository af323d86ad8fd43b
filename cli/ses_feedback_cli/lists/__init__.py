"""Lists in and out.

`rows` reads them, `sources` says where they come from, `importing` brings them in behind a `position`, `import_run`
does it for a person to watch; `comparison` and `sync_run` hold SES's own list against the table.
"""
