"""`python -m bench`: every benchmark of this folder, one after another."""

import sys

from bench import comparison, handler, import_list, sender, write_units

sys.exit(max(benchmark.main() for benchmark in (handler, write_units, sender, import_list, comparison)))
