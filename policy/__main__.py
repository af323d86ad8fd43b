"""Serves the rules to the Pulumi engine, which starts this file in an environment of its own."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

# The rules import each other as `policy`, also where this folder was copied to another name. The folder itself must not
# be on the search path: its modules have names that other packages use, too.
pack_folder = Path(__file__).resolve().parent
sys.path.pop(0)
spec = spec_from_file_location("policy", pack_folder / "__init__.py", submodule_search_locations=[str(pack_folder)])
sys.modules["policy"] = module_from_spec(spec)  # type: ignore[arg-type] # a file that exists has a spec

from pulumi_policy import PolicyPack  # noqa: E402 - needs the package that is registered above

from policy.pack import NAME, build_policies  # noqa: E402

if __name__ == "__main__":
    PolicyPack(NAME, build_policies())  # serves until the engine ends it
