"""Serves the rules to the Pulumi engine, which starts this file in an environment of its own."""

import sys
from pathlib import Path

# The folder itself would hide other packages' modules; the rules are imported by the package's name.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from pulumi_policy import PolicyPack  # noqa: E402 - needs the path above

from policy.pack import NAME, RULES  # noqa: E402

if __name__ == "__main__":
    PolicyPack(NAME, [rule.policy() for rule in RULES])  # serves until the engine ends it
