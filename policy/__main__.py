"""Serves the rules to the Pulumi engine, which starts this file in an environment of its own."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

# The rules import each other as `policy`, whatever this folder is called where it was copied to. The folder itself must
# not be searched: its modules' names are those of others, too.
here = Path(__file__).resolve().parent
sys.path.pop(0)
spec = spec_from_file_location("policy", here / "__init__.py", submodule_search_locations=[str(here)])
sys.modules["policy"] = module_from_spec(spec)  # type: ignore[arg-type] # a file that exists has a spec

from pulumi_policy import PolicyPack  # noqa: E402 - needs what is above

from policy.pack import NAME, policies  # noqa: E402

if __name__ == "__main__":
    PolicyPack(NAME, policies())  # serves until the engine ends it
