"""The pack as the engine starts it and as `make policy` runs it; tests/engine runs it under the real engine."""

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
from tests.policy import graphs
from tests.policy.analyzer import Diagnostic, StackResource, build_stack_request, read_diagnostics
from tests.policy.graph_changes import BASE, set_input
from tests.recorder import RANDOM_SUFFIX

ROOT = Path(__file__).parents[2]
NAMES = [rule.name for rule in RULES]


def test_the_private_class_of_the_sdk_that_the_tests_use_has_not_changed() -> None:
    """If this fails, tests/policy/analyzer.py has to call the SDK in another way; the pack itself is not affected."""
    servicer = getattr(pulumi_policy.policy, "_PolicyAnalyzerServicer", None)
    assert servicer is not None
    assert list(inspect.signature(servicer).parameters)[:4] == ["name", "version", "policies", "enforcement_level"]
    assert all(hasattr(servicer, method) for method in ("Analyze", "AnalyzeStack", "Configure", "GetAnalyzerInfo"))


def test_make_policy_prints_every_rule_in_80_columns_and_fails_on_a_violation() -> None:
    console = Console(record=True, width=80, file=io.StringIO())
    graph = graphs.one_source()
    assert check.main(graph, RANDOM_SUFFIX, console) == 0
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(any(name in line for line in lines) for name in NAMES)
    violating_graph = copy.deepcopy(graph)
    set_input("mapping", "functionResponseTypes", [])(violating_graph)
    assert check.main(violating_graph, RANDOM_SUFFIX, console) == 1
    text = " ".join(console.export_text().split())
    assert f"EventSourceMapping {BASE}-mapping: The mapping does not report batch item failures" in text


def analyze_stack(stub: Any, graph: list[StackResource]) -> list[Diagnostic]:
    """What a pack in another process reports on a stack."""
    return read_diagnostics(stub.AnalyzeStack(build_stack_request(graph)))


@pytest.mark.parametrize("folder", ["policy", "mail-policies"])
def test_the_pack_serves_the_engine_from_any_folder(folder: str, tmp_path: Path) -> None:
    """As the engine starts it: a process that prints its port and answers there."""
    pack = tmp_path / folder
    shutil.copytree(ROOT / "policy", pack, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    command = [sys.executable, str(pack / "__main__.py")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = stub.GetAnalyzerInfo(empty_pb2.Empty())
                graph = graphs.one_source()
                assert analyze_stack(stub, graph) == []
                set_input("mapping", "functionResponseTypes", [])(graph)
                (diagnostic,) = analyze_stack(stub, graph)
        finally:
            process.terminate()
    assert [policy.name for policy in info.policies] == [*NAMES, "summary"]
    assert (diagnostic.rule, diagnostic.resource) == ("batch-item-failures-reported", f"{BASE}-mapping")


def test_every_rule_has_a_description_a_remediation_and_a_page_of_aws() -> None:
    for rule in RULES:
        assert rule.description.endswith("."), rule
        assert rule.remediation.endswith("."), rule
        assert rule.url.startswith("https://docs.aws.amazon.com/"), rule
        assert all(setting.description.endswith(".") for setting in rule.settings.values()), rule
