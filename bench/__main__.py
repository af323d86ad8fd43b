"""`python -m bench`: every benchmark of this folder, one after another."""

import sys

from bench import comparison, handler, import_list, sender, simulation, storm, write_units

BENCHMARKS = (handler, write_units, sender, import_list, comparison, simulation, storm)

sys.exit(max(benchmark.main() for benchmark in BENCHMARKS))
