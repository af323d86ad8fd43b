"""Configuration as the engine passes it to a program. Not proved: that the engine does the same in every case."""

import json
from pathlib import Path

import pytest

from sandbox import SandboxError
from sandbox.pulumi_config import read_config

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
name: shop
runtime: python
config:
  batchSize: {type: integer, default: 10}
  protect: {type: boolean, default: true}
  sources: {type: array}
  label: {type: string, default: ""}
  aws:region: {value: eu-west-1}
"""


def read(folder: Path, stack: str, project: str = PROJECT) -> dict[str, str]:
    (folder / "Pulumi.yaml").write_text(project)
    (folder / "Pulumi.sandbox.yaml").write_text(stack)
    name, config = read_config(folder / "Pulumi.yaml", folder / "Pulumi.sandbox.yaml")
    assert name == "shop"
    return config


def test_defaults_are_filled_in_and_every_value_is_a_string(tmp_path: Path) -> None:
    assert read(tmp_path, "config:\n  shop:sources: [{region: eu-west-1}]\n  other:key: 7\n") == {
        "shop:batchSize": "10",
        "shop:protect": "true",
        "shop:sources": '[{"region": "eu-west-1"}]',
        "shop:label": "",
        "aws:region": "eu-west-1",
        "other:key": "7",
    }


def test_the_stack_wins_over_the_project(tmp_path: Path) -> None:
    config = read(tmp_path, "config:\n  sources: []\n  shop:batchSize: 3\n  aws:region: eu-north-1\n")
    assert (config["shop:sources"], config["shop:batchSize"], config["aws:region"]) == ("[]", "3", "eu-north-1")


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("config: {}\n", "Pulumi.sandbox.yaml must set shop:sources: Pulumi.yaml declares it without a default"),
        ("config:\n  shop:sources: yes please\n", "shop:sources is 'yes please'; it must be of type array"),
        ("config:\n  shop:sources: []\n  shop:batchSize: true\n", "shop:batchSize is True; it must be of type integer"),
        ("config:\n  shop:sources: []\n  shop:label: {secure: AAAB}\n", "shop:label is {'secure': 'AAAB'}; it must be"),
        ("config:\n  shop:sources: []\n  other:key: {secure: AAAB}\n", "other:key is encrypted"),
        ("- a list\n", "Pulumi.sandbox.yaml must hold a map of keys"),
        ("a: [\n", "Pulumi.sandbox.yaml cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, stack: str, message: str) -> None:
    with pytest.raises(SandboxError) as caught:
        read(tmp_path, stack)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"Pulumi\.yaml cannot be read"):
        read_config(tmp_path / "Pulumi.yaml", tmp_path / "Pulumi.sandbox.yaml")


def test_the_stack_of_this_repository_is_complete() -> None:
    name, config = read_config(ROOT / "Pulumi.yaml", ROOT / "Pulumi.sandbox.yaml")
    assert name == "ses-feedback"
    assert json.loads(config["ses-feedback:sources"]) == [
        {"region": "eu-west-1", "identities": ["shop.example", "news.shop.example"], "configurationSet": "main"}
    ]
    assert config["ses-feedback:tableRegion"] == "eu-central-1"
    assert {url for entry in json.loads(config["aws:endpoints"]) for url in entry.values()} == {"http://127.0.0.1:4566"}
