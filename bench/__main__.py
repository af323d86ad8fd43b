"""`python -m bench`: every benchmark of this folder, one after another."""

import sys

from bench import handler, sender

sys.exit(max(benchmark.main() for benchmark in (handler, sender)))
