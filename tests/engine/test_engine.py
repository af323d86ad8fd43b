"""The program and the package on the real Pulumi engine, where `pulumi` and a stand-in for its AWS plugin are on PATH.

The stand-in (a program named `pulumi-resource-aws`) answers as a provider does and creates nothing, so this proves what
the engine sees: configuration, dependencies, previews, updates, protection, packaging. It does not prove that AWS
accepts it. Credentials are made up and no others are read: no account can be reached even with the real plugin.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = [tool for tool in ("pulumi", "pulumi-resource-aws", "uv") if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
    pytest.mark.xdist_group("engine"),
]

Pulumi = Callable[..., str]
NOT_COPIED = shutil.ignore_patterns(".venv", "venv", "__pycache__")


def alone(folder: Path) -> dict[str, str]:
    """What makes the CLI use a backend and a home in a folder, and credentials that are none."""
    return {
        "PYTHON": sys.executable,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator[Pulumi]:
    """Runs the CLI with a backend, a home and credentials of its own; raises with its output if it fails."""
    backend = tmp_path / "state"
    backend.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    environment |= alone(tmp_path)

    def run(*arguments: str, cwd: Path, fails: bool = False) -> str:
        command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output
        return output

    yield run
    shutil.rmtree(backend)


@pytest.fixture
def dev(pulumi: Pulumi, tmp_path: Path) -> Pulumi:
    """Runs the CLI on the dev stack of a copy of the program: the CLI writes into the stack's file."""
    program = tmp_path / "program"
    for folder in ("cli", "components", "handlers", "stack"):
        shutil.copytree(ROOT / folder, program / folder, ignore=NOT_COPIED)
    for file in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "README.md", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / file, program)
    pulumi("stack", "init", "dev", cwd=program)

    def run(*arguments: str, fails: bool = False) -> str:
        return pulumi(*arguments, "-s", "dev", cwd=program, fails=fails)

    return run


def changes(output: str) -> dict[str, int]:
    """The engine's own count under "Resources:"."""
    counted = re.findall(
        r"^\s+(?:[-+~]+\s+)?(\d+) (\w[\w ]*)$", output.rsplit("Resources:", maxsplit=1)[-1], re.MULTILINE
    )
    return {what: int(number) for number, what in counted}


def test_the_dev_stack_lives_its_life(dev: Pulumi) -> None:
    preview = changes(dev("preview"))
    assert set(preview) == {"to create"}
    assert changes(dev("up", "-y")) == {"created": preview["to create"]}
    assert changes(dev("up", "-y")) == {"unchanged": preview["to create"]}

    dev("config", "set", "messageRetentionDays", "10")
    changed = dev("preview", "--json")
    assert json.loads(changed)["changeSummary"].keys() == {"same", "update"}
    assert "updated" in changes(dev("up", "-y"))

    assert "protect" in dev("destroy", "-y", fails=True)
    dev("config", "set", "deletionProtection", "false")
    dev("up", "-y")
    assert changes(dev("destroy", "-y")) == {"deleted": preview["to create"]}


def test_a_mistake_is_one_sentence_and_nothing_is_made(dev: Pulumi) -> None:
    dev("config", "set", "softBounceTreshold", "3")
    output = dev("up", "-y", fails=True)
    assert "error: ses-feedback:softBounceTreshold is 3: there is no such key" in output
    assert "Traceback" not in output
    assert json.loads(dev("stack", "export"))["deployment"].get("resources", []) in ([], None)


def test_the_package_is_added_to_a_program_elsewhere_and_goes_up(pulumi: Pulumi, tmp_path: Path) -> None:
    consumer, package = tmp_path / "consumer", tmp_path / "ses-feedback"
    shutil.copytree(ROOT / "examples" / "python", consumer)
    for folder in ("cli", "components", "handlers"):
        shutil.copytree(ROOT / folder, package / folder, ignore=NOT_COPIED)
    plugin = tmp_path / "plugin.tar.gz"
    with tarfile.open(plugin, "w:gz") as archive:
        archive.add(shutil.which("pulumi-resource-aws") or "", "pulumi-resource-aws")
    pulumi("plugin", "install", "resource", "aws", f"v{version('pulumi-aws')}", "--file", str(plugin), cwd=consumer)
    pulumi("package", "add", str(package / "components"), cwd=consumer)
    pulumi("stack", "init", "dev", cwd=consumer)
    pulumi("config", "set", "aws:region", "eu-west-1", cwd=consumer)
    up = changes(pulumi("up", "-y", cwd=consumer))
    assert changes(pulumi("up", "-y", cwd=consumer)) == {"unchanged": up["created"]}
    assert "table/mail-blocked" in pulumi("stack", "output", "blockedTableArn", cwd=consumer)


TRANSFORMATION = """import pulumi

def transform(args):
    props = dict(args.props)
    if args.type_ in {"aws:sns/topic:Topic", "aws:sqs/queue:Queue"}:
        props["name"] = args.name  # as the real provider does before a resource is made
    %s
    return pulumi.ResourceTransformationResult(props, args.opts)

pulumi.runtime.register_stack_transformation(transform)
"""
NO_BATCH_ITEM_FAILURES = """if args.type_ == "aws:lambda/eventSourceMapping:EventSourceMapping":
        props["function_response_types"] = []"""
OPEN_QUEUE = """if args.name.endswith("queue-policy"):
        props["policy"] = pulumi.Output.from_input(props["policy"]).apply(lambda text: text.replace(
            '"Statement": [', '"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}, '))"""


def test_the_policy_pack_accepts_the_program_and_stops_violations(dev: Pulumi, tmp_path: Path) -> None:
    pack, program, pack_config = tmp_path / "rules", tmp_path / "program" / "__main__.py", tmp_path / "pack.json"
    shutil.copytree(ROOT / "policy", pack, ignore=NOT_COPIED)
    with_pack, source = ("--policy-pack", str(pack)), program.read_text()
    dev("config", "rm", "--path", "ses-feedback:sources[1]")
    accepted = dev("preview", *with_pack)
    assert "✅ ses-feedback@" in accepted
    assert re.search(r"ses-feedback: 4 sources, 4 ways, \d+ rules, \d+ judged at up\n", accepted)
    listed = re.findall(r"^ +judged at up: (\S+) \(", accepted.partition("Diagnostics:")[2], re.MULTILINE)
    assert "queue-policy-restricts-sender" in listed
    assert len(listed) == len(set(listed))
    shown = [diagnostic["message"] for diagnostic in json.loads(dev("preview", "--json", *with_pack))["diagnostics"]]
    assert [line for line in shown if line.startswith("ses-feedback: 4 sources, 4 ways, ")]

    program.write_text(TRANSFORMATION % NO_BATCH_ITEM_FAILURES + source)
    assert "[mandatory] [severity: high]  batch-item-failures-reported" in dev("preview", *with_pack, fails=True)
    pack_config.write_text(json.dumps({"batch-item-failures-reported": "advisory"}))
    output = dev("preview", *with_pack, "--policy-pack-config", str(pack_config))
    assert "[advisory] [severity: high]  batch-item-failures-reported" in output

    program.write_text(TRANSFORMATION % OPEN_QUEUE + source)
    assert "[mandatory]" not in dev("preview", *with_pack)  # the queue's policy is unknown until the queue exists
    output = dev("up", "-y", *with_pack, fails=True)
    assert "[mandatory] [severity: critical]  queue-policy-restricts-sender" in output
    # The engine names the resource that it was about to create; the message names the one at fault.
    assert re.search(r"Queue \S+-queue: In the queue's policy, statement without Sid gives access to \*", output)
    assert re.search(r"Stopped before IdentityNotificationTopic \S+ is created\.", output)
    created = {resource["type"] for resource in json.loads(dev("stack", "export"))["deployment"]["resources"]}
    assert "aws:sqs/queuePolicy:QueuePolicy" in created
    assert not {type_ for type_ in created if type_.startswith("aws:ses")}  # SES does not publish to the topic yet
