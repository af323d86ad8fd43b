"""Reads the configuration of a stack, whole and before anything is made, for `__main__.py` and the rollout."""
