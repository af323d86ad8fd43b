"""Mails to SES's mailbox simulator: `probes` says which, `run` sends them and looks where they arrive."""
