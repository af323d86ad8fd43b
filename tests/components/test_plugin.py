"""The Pulumi package, as a program in another language uses it.

Does not prove that the engine finds and starts it; README's "In another repository" was tried with the engine.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.package import COMPONENTS, NAME, VERSION
from tests.components.test_feedback_monitoring import monitored
from tests.recorder import ACCOUNT, record

ROOT = Path(__file__).parents[2]
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/"


@pytest.fixture(scope="module")
def provider() -> ComponentProvider:
    return ComponentProvider(list(COMPONENTS), NAME, version=VERSION)


@pytest.fixture
def plugin_address(tmp_path: Path) -> Iterator[str]:
    """The plugin's process, started as the engine starts it: from the consumer's folder, with the engine's address."""
    command = [sys.executable, str(ROOT / "components" / "__main__.py"), "127.0.0.1:1"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


def test_the_process_serves_the_schema(plugin_address: str) -> None:
    with grpc.insecure_channel(plugin_address) as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        response = stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=60)
    schema: dict[str, Any] = json.loads(response.schema)
    assert schema["name"] == "ses-feedback"
    assert schema["version"] == VERSION
    assert {f"ses-feedback:index:{component.__name__}" for component in COMPONENTS} == set(schema["resources"])


def test_the_version_is_the_projects_own() -> None:
    for project in ("pyproject.toml", "cli/pyproject.toml", "handlers/pyproject.toml"):
        assert tomllib.loads((ROOT / project).read_text())["project"]["version"] == VERSION, project


def test_every_input_and_output_is_described(provider: ComponentProvider) -> None:
    schema = json.loads(provider.schema or "")
    definitions = schema["resources"] | schema.get("types", {})
    for name, definition in definitions.items():
        for group in ("inputProperties", "properties"):
            for key, property_ in definition.get(group, {}).items():
                assert property_.get("description"), f"{name}.{group}.{key}"


def test_construct_takes_names_in_camel_case_and_integers_as_floats(provider: ComponentProvider) -> None:
    inputs = {
        "kind": "bounce",
        "region": "eu-west-1",
        "identities": ["shop.example"],
        "blockedTableArn": f"{TABLE}blocked",
        "historyTableArn": f"{TABLE}history",
        "messageRetentionDays": 2.0,
        "includeOriginalHeaders": True,
    }
    graph = record(lambda: provider.construct("p", "ses-feedback:index:FeedbackPipeline", inputs))
    assert graph["p-queue"].inputs["visibilityTimeoutSeconds"] == 180
    assert graph["p-queue"].document("redrivePolicy")["maxReceiveCount"] == 768
    assert graph["p-shop.example"].inputs["includeOriginalHeaders"] is True


def test_construct_of_a_canary_takes_a_pipeline_as_a_map(provider: ComponentProvider) -> None:
    inputs = {
        "sender": "canary@shop.example",
        "blockedTableArn": f"{TABLE}blocked",
        "bouncePipeline": monitored("bounce"),
        "timeoutSeconds": 60.0,
    }
    graph = record(lambda: provider.construct("c", "ses-feedback:index:FeedbackCanary", inputs))
    assert graph["c-function"].inputs["timeout"] == 120
    assert graph["c-schedule"].inputs["region"] == "eu-west-1"
