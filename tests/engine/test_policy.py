"""The policy pack over the program of somebody else on the real engine, if the tools are on PATH (see test_engine).

A few runs for what only the engine shows: which values are unknown in a preview, dependencies, the order of an update
and what stops it. The table of all faults is in tests/policy. Does not prove that AWS accepts the program.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.engine.test_engine import MISSING, NOT_COPIED, ROOT, Pulumi, changes, pulumi

__all__ = ["pulumi"]  # the fixture

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
    pytest.mark.xdist_group("engine"),
]

Run = Callable[..., str]
SOURCE = (ROOT / "tests/policy/foreign_program.py").read_text()
VIOLATION = re.compile(r"- \[(\w+)\] \[severity: \w+\]  ([\w-]+)  \([\w:]+: ([\w-]+)\)")
"""Level, rule and logical name of a violation, as the engine prints it at the end."""


@pytest.fixture
def foreign(pulumi: Pulumi, tmp_path: Path) -> Iterator[Run]:
    """Runs the CLI with the policy pack on a version of the program."""
    project, pack = tmp_path / "gazette", tmp_path / "rules"
    project.mkdir()
    shutil.copytree(ROOT / "policy", pack, ignore=NOT_COPIED)
    (project / "Pulumi.yaml").write_text(
        "name: gazette\nruntime: {name: python, options: {toolchain: uv, virtualenv: .venv}}\n"
    )
    (project / "pyproject.toml").write_text(
        '[project]\nname = "gazette"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["pulumi-aws=={version("pulumi-aws")}"]\n'
    )
    pulumi("stack", "init", "dev", cwd=project)
    pulumi("config", "set", "aws:region", "eu-west-1", cwd=project)

    def run(*arguments: str, source: str = SOURCE, fails: bool = False, with_pack: bool = True) -> str:
        (project / "__main__.py").write_text(source)
        options = ("--policy-pack", str(pack)) if with_pack else ()
        return pulumi(*arguments, *options, cwd=project, fails=fails)

    yield run
    shutil.rmtree(project)


def violations(output: str) -> set[tuple[str, str, str]]:
    """(level, rule, logical name) of each violation in the summary of a run."""
    return set(VIOLATION.findall(output.rsplit("Policies:", maxsplit=1)[-1]))


def edit(*replacements: tuple[str, str]) -> str:
    """The program with each text replaced; each must be there."""
    source = SOURCE
    for old, new in replacements:
        assert old in source, old
        source = source.replace(old, new)
    return source


def test_a_right_program_passes_in_preview_and_update(foreign: Run) -> None:
    """Also where resources of several types have the same logical name."""
    source = edit(('"inbox-access"', '"inbox"'), ('"returns-access"', '"returns"'), ('"spill-access"', '"spill"'))
    preview = foreign("preview", source=source)
    assert violations(preview) == set()
    up = foreign("up", "-y", source=source)
    assert violations(up) == set()
    assert changes(up) == {"created": changes(preview)["to create"]}
    assert violations(foreign("preview", source=source)) == set()


FAULTS = {
    ("function-not-paused", "reader"): ("timeout=60,", "timeout=60,\n    reserved_concurrent_executions=0,"),
    ("queue-accepts-full-messages", "inbox"): (
        'name="gazette-inbox",', 'name="gazette-inbox",\n    max_message_size=1024,',
    ),
    ("feedback-not-shared", "leak"): (
        "# The reader.",
        'aws.sns.TopicSubscription("leak", topic=returns.arn, protocol="email", endpoint="desk@gazette.example")',
    ),
    ("kms-key-allows-services", "seal"): ('["ses.amazonaws.com", "sns.amazonaws.com"]', '["sns.amazonaws.com"]'),
    ("topic-policy-restricts-publisher", "returns"): ('"SNS:Publish"', '"SNS:Receive"'),
    ("event-destination-enabled", "letters-back"): (
        '"enabled": True,\n        "matching', '"enabled": False,\n        "matching',
    ),
    ("table-point-in-time-recovery", "silent"): ('point_in_time_recovery={"enabled": True},', ""),
    ("lambda-runtime-supported", "reader"): ("aws.lambda_.Runtime.NODE_JS24D_X", '"provided.al2"'),
    ("dead-letter-queue-alarm", "spill"): ('{"QueueName": stuck.name}', '{"QueueName": "gazette-given-up"}'),
}  # fmt: skip
"""By rule and resource: what a preview reports, with the text that makes it."""


def test_a_preview_reports_each_fault_on_its_resource(foreign: Run) -> None:
    output = foreign("preview", source=edit(*FAULTS.values()), fails=True)
    reported = {(rule, name) for level, rule, name in violations(output) if level == "mandatory"}
    assert reported >= set(FAULTS)


OPEN_QUEUE = (
    '"Condition": {"ArnEquals": {"aws:SourceArn": returns.arn}},', '"Condition": {"ArnLike": {"aws:SourceArn": "*"}},',
)  # fmt: skip
NO_RIGHTS = ('"Action": ["dynamodb:PutItem"]', '"Action": ["dynamodb:GetItem"]')


def test_what_is_unknown_in_a_preview_stops_the_update(foreign: Run) -> None:
    """The policy of a queue that holds ARNs which AWS gives: the queue exists by then, SES does not publish yet."""
    source = edit(OPEN_QUEUE)
    preview = foreign("preview", source=source)
    assert violations(preview) == set()
    assert re.search(r"judged at up: queue-policy-restricts-sender \(.*\bspill\b", preview)
    output = foreign("up", "-y", "--skip-preview", source=source, fails=True)
    # The engine names the resource that it was about to create, the message the one that is at fault.
    assert {rule for _, rule, _ in violations(output)} == {"queue-policy-restricts-sender"}
    assert "Queue spill: " in output
    created = {
        resource["type"]
        for resource in json.loads(foreign("stack", "export", with_pack=False))["deployment"]["resources"]
    }
    assert "aws:sqs/queuePolicy:QueuePolicy" in created
    assert not created & {
        "aws:ses/identityNotificationTopic:IdentityNotificationTopic",
        "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination",
    }


def test_rights_that_are_unknown_in_a_preview_are_judged_at_the_end_of_the_update(foreign: Run) -> None:
    output = foreign("up", "-y", "--skip-preview", source=edit(NO_RIGHTS), fails=True)
    assert ("mandatory", "role-allows-feedback", "reader-role") in violations(output)
