"""The pack as the engine starts it and as `make policy` asks it; the real engine is asked in tests/engine."""

import copy
import inspect
import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pulumi_policy.policy
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc
from rich.console import Console

from policy.pack import RULES
from tests.policy import __main__ as check
from tests.policy import analyzer, graphs
from tests.policy.breaks import BASE, put
from tests.recorder import MADE_UP

ROOT = Path(__file__).parents[2]
NAMES = [rule.name for rule in RULES]


def test_the_part_of_the_sdk_that_the_tests_borrow_is_where_it_was() -> None:
    """It has no public name. If this fails, tests/policy/analyzer.py needs another way in; the pack itself does not."""
    borrowed = getattr(pulumi_policy.policy, "_PolicyAnalyzerServicer", None)
    assert borrowed is not None
    assert list(inspect.signature(borrowed).parameters)[:4] == ["name", "version", "policies", "enforcement_level"]
    assert all(hasattr(borrowed, method) for method in ("Analyze", "AnalyzeStack", "Configure", "GetAnalyzerInfo"))


def test_make_policy_prints_every_rule_in_80_columns_and_fails_on_a_violation() -> None:
    console = Console(record=True, width=80, file=io.StringIO())
    graph = graphs.small()
    assert check.main(graph, MADE_UP, console) == 0
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(any(name in line for line in lines) for name in NAMES)
    worse = copy.deepcopy(graph)
    put("mapping", "functionResponseTypes", [])(worse)
    assert check.main(worse, MADE_UP, console) == 1
    assert "takes its batch with it" in console.export_text()


@pytest.mark.parametrize("folder", ["policy", "rules-for-mail"])
def test_the_pack_serves_the_engine_from_any_folder(folder: str, tmp_path: Path) -> None:
    """As the engine starts it: a process that prints its port and answers there."""
    pack = tmp_path / folder
    shutil.copytree(ROOT / "policy", pack, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    started = [sys.executable, str(pack / "__main__.py")]
    with subprocess.Popen(started, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                served: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = served.GetAnalyzerInfo(empty_pb2.Empty())
                graph = graphs.small()
                assert analyzer.violations(served.AnalyzeStack(analyzer.request(graph))) == []
                put("mapping", "functionResponseTypes", [])(graph)
                (found,) = analyzer.violations(served.AnalyzeStack(analyzer.request(graph)))
        finally:
            process.terminate()
    assert [one.name for one in info.policies] == NAMES
    assert (found.rule, found.resource) == ("mapping-reports-failures", f"{BASE}-mapping")


def test_every_policy_tells_people_what_to_do() -> None:
    for rule in RULES:
        assert rule.says.endswith("."), rule
        assert rule.fix.endswith("."), rule
        assert rule.url.startswith("https://docs.aws.amazon.com/"), rule
        assert all(setting.meaning.endswith(".") for setting in rule.settings.values()), rule
