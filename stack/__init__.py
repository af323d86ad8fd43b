"""Reads and checks the configuration of a stack before any resource is created, for `__main__.py` and the rollout."""
