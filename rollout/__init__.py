"""Deploys the program to many accounts and Regions: one stack per account and Region, updated in waves.

One targets file describes everything. `targets` reads it and `validation` collects every mistake in it; `plan` derives
the waves and each stack's configuration; `runner` updates the stacks through a `deployer`, checks their `health`, and
keeps a `record` from which an interrupted rollout resumes. `commands` has the subcommands of `python -m rollout`.
"""
