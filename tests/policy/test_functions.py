"""The dates at which Lambda deprecates runtimes."""

import json
from importlib.resources import files

from policy.functions import DEPRECATION_DATES
from tests.policy import graphs
from tests.policy.analyzer import analyze
from tests.policy.graph_changes import set_input

# cfn-lint reads them from the table in the Lambda Developer Guide.
RUNTIMES = json.loads((files("cfnlint.data.AdditionalSpecs") / "LmbdRuntimeLifecycle.json").read_text())
RULE, THEN = "lambda-runtime-supported", "2026-11-24"


def test_the_dates_are_those_that_cfn_lint_knows() -> None:
    assert {runtime: RUNTIMES[runtime]["deprecated"] for runtime in DEPRECATION_DATES} == DEPRECATION_DATES


def test_every_runtime_that_was_deprecated_by_then_is_reported_also_one_that_is_not_listed() -> None:
    graph = graphs.without_components()
    config = {RULE: {"currentDate": THEN, "minimumMonths": 1}}
    reported = set()
    for runtime in RUNTIMES:
        set_input("function", "runtime", runtime)(graph)
        if analyze(graph, config, rule=RULE):
            reported.add(runtime)
    assert reported == {runtime for runtime, dates in RUNTIMES.items() if dates["deprecated"] <= THEN}
