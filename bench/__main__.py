"""`python -m bench`: every benchmark of this folder, one after another."""

import sys

from bench import comparison, handler, import_list, sender

sys.exit(max(benchmark.main() for benchmark in (handler, sender, import_list, comparison)))
