"""Records and their locks in a file and, on moto, in S3.

Moto checks the conditions of writes and deletions as S3 does, one request after the other: this does not prove what S3
does with two at the same moment.
"""

import functools
import itertools
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rollout.record import Record, RecordError, new_record
from rollout.record_file import RecordFile
from rollout.record_location import find_record_store
from rollout.record_s3 import RecordObject
from rollout.record_store import RecordStore, last_success_name
from tests.rollout.fake_deployer import plan_of

URL = "s3://example-pulumi-state/team/targets.json?region=eu-central-1"
OpenStore = Callable[[], RecordStore]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-central-1")
        location: Any = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket="example-pulumi-state", CreateBucketConfiguration=location)
        yield client


@pytest.fixture(params=["file", "s3"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens the same record each time, as another process would."""
    if request.param == "file":
        return lambda: RecordFile(tmp_path / "not-yet-there" / "targets.json")
    request.getfixturevalue("s3")
    return lambda: RecordObject(URL)


def a_record(*names: str) -> Record:
    return new_record(plan_of(names or ["a"]), datetime(2026, 11, 24, tzinfo=UTC))


def test_a_record_comes_back_as_it_was_saved_and_so_does_the_last_success(open_store: OpenStore) -> None:
    assert open_store().load() is None
    assert open_store().load_last_success() is None
    first, second = a_record("a"), a_record("a", "b")
    store = open_store()
    store.load()
    store.save_last_success(first)
    store.save(first)
    store.save(second)
    assert open_store().load() == second
    assert open_store().load_last_success() == first


def test_what_is_no_record_is_named_with_its_place(open_store: OpenStore) -> None:
    store = open_store()
    store._write("{}")
    with pytest.raises(RecordError, match=r"targets\.json has record version None"):
        open_store().load()


def test_a_second_runner_is_refused_and_told_who_runs(open_store: OpenStore) -> None:
    assert open_store().lock_holder() is None
    with open_store().locked():
        message = rf"is locked: .* \(process {os.getpid()}\) since 20\S+; wait until it has ended"
        with pytest.raises(RecordError, match=message), open_store().locked():
            raise AssertionError
        holder = open_store().lock_holder()
        assert holder
        assert holder.process_id == os.getpid()
    assert open_store().lock_holder() is None
    with pytest.raises(ZeroDivisionError), open_store().locked():
        raise ZeroDivisionError
    with open_store().locked():
        pass


def _hold_lock(path: Path, locked: Event) -> None:
    with RecordFile(path).locked():
        locked.set()
        signal.pause()


def test_the_lock_of_a_file_ends_with_its_process_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    context = multiprocessing.get_context("spawn")
    locked = context.Event()
    process = context.Process(target=_hold_lock, args=(path, locked))
    process.start()
    try:
        assert locked.wait(60)
        with pytest.raises(RecordError, match=rf"cannot be unlocked: .*process {process.pid}"):
            RecordFile(path).unlock()
        with pytest.raises(RecordError, match="is locked"), RecordFile(path).locked():
            raise AssertionError
    finally:
        process.kill()
        process.join()
    RecordFile(path).unlock()
    with RecordFile(path).locked():
        pass


def test_the_lock_of_a_crashed_runner_stays_in_s3_until_it_is_unlocked(s3: Any) -> None:
    crashed, other = RecordObject(URL), RecordObject(URL)
    lock_of_crashed = crashed.locked()
    lock_of_crashed.__enter__()
    with pytest.raises(RecordError, match="if it has crashed, run `unlock`"), other.locked():
        raise AssertionError
    other.unlock()
    with other.locked():
        lock_of_crashed.__exit__(None, None, None)
        assert other.lock_holder(), "who was thought to have crashed does not remove the lock of the next"
    other.unlock()
    assert s3.list_objects_v2(Bucket="example-pulumi-state")["KeyCount"] == 0


def test_a_record_in_s3_that_somebody_else_has_changed_is_not_overwritten(s3: Any) -> None:
    first, second = RecordObject(URL), RecordObject(URL)
    for store in (first, second):
        store.load()
    first.save(a_record("a"))
    with pytest.raises(RecordError, match="has been changed by another rollout"):
        second.save(a_record("b"))
    assert second.load() == a_record("a")
    second.save(a_record("b"))
    with pytest.raises(RecordError, match="has been changed by another rollout"):
        first.save(a_record("c"))
    s3.delete_object(Bucket="example-pulumi-state", Key="team/targets.json")
    with pytest.raises(RecordError, match="or removed"):
        second.save(a_record("c"))


@pytest.mark.usefixtures("s3")
def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    store = RecordObject(URL)
    put_object = store._client.put_object

    def put_twice(**arguments: Any) -> Any:
        put_object(**arguments)
        return put_object(**arguments)  # as botocore does when it gets no answer

    monkeypatch.setattr(store._client, "put_object", put_twice)
    with store.locked():
        store.save(a_record("a"))
        store.save(a_record("b"))
    assert RecordObject(URL).load() == a_record("b")
    assert store.lock_holder() is None


def test_a_store_that_ignores_conditions_is_refused_since_it_would_let_everybody_in(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some stores do that are only compatible with S3."""
    store = RecordObject(URL)
    put_object, conditions = store._client.put_object, ("IfMatch", "IfNoneMatch")

    def put_unconditionally(**arguments: Any) -> Any:
        return put_object(**{name: value for name, value in arguments.items() if name not in conditions})

    monkeypatch.setattr(store._client, "put_object", put_unconditionally)
    with pytest.raises(RecordError, match="ignores conditions"), store.locked():
        raise AssertionError
    assert s3.list_objects_v2(Bucket="example-pulumi-state")["KeyCount"] == 0


def test_objects_are_encrypted_as_the_url_of_the_backend_says(s3: Any) -> None:
    RecordObject(f"{URL}&ssetype=aws:kms&kmskeyid=alias/pulumi").save(a_record())
    head = s3.head_object(Bucket="example-pulumi-state", Key="team/targets.json")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert "alias/pulumi" in head["SSEKMSKeyId"]


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_an_error_that_names_the_object() -> None:
    with pytest.raises(RecordError, match=r"s3://nowhere/a/b\.json\.lock, of .*NoSuchBucket"):
        RecordObject("s3://nowhere/a/b.json").lock_holder()
    with pytest.raises(ValueError, match="s3://BUCKET/KEY is needed"):
        RecordObject("s3://nowhere")


@pytest.mark.usefixtures("s3")
def test_other_refusals_are_not_taken_for_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    store = RecordObject(URL)

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    monkeypatch.setattr(store._client, "put_object", refuse)
    with pytest.raises(RecordError, match="AccessDenied"), store.locked():
        raise AssertionError


@pytest.mark.parametrize(
    ("backend", "location"),
    [
        ("file:///var/state", "/var/state/ses-feedback-rollout/shop.json"),
        ("file:///var/state?no_tmp_dir=true", "/var/state/ses-feedback-rollout/shop.json"),
        ("file://~/state", f"{Path.home()}/state/ses-feedback-rollout/shop.json"),
        ("file://~", f"{Path.home()}/ses-feedback-rollout/shop.json"),
        ("file://./state", "{program}/state/ses-feedback-rollout/shop.json"),
        ("s3://bucket", "s3://bucket/ses-feedback-rollout/shop.json"),
        ("s3://bucket/a/b/?region=eu-west-1&awssdk=v2", "s3://bucket/a/b/ses-feedback-rollout/shop.json"),
        ("https://api.pulumi.com", "{targets}/shop.rollout.json"),
        ("azblob://container", "{targets}/shop.rollout.json"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_the_record_is_beside_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, location: str
) -> None:
    program, targets = tmp_path / "program", tmp_path / "targets"
    program.mkdir()
    expected = location.format(program=program, targets=targets)
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    (program / "Pulumi.yaml").write_text(json.dumps({"name": "a", "backend": {"url": backend}}))
    assert find_record_store(targets / "shop.yaml", None, program).location == expected
    (program / "Pulumi.yaml").write_text(json.dumps({"name": "a", "backend": {"url": "s3://other"}}))
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    assert find_record_store(targets / "shop.yaml", None, program).location == expected
    assert find_record_store(targets / "shop.yaml", "x.json", program).location == "x.json"
    assert find_record_store(targets / "shop.yaml", "s3://b/x.json", program).location == "s3://b/x.json"
    with pytest.raises(RecordError, match=r"--record is gs://b/x\.json: a path or an s3:// URL is needed"):
        find_record_store(targets / "shop.yaml", "gs://b/x.json", program)


def test_without_a_setting_the_cli_knows_the_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    targets = tmp_path / "shop.yaml"
    assert find_record_store(targets, None, tmp_path).location == str(tmp_path / "shop.rollout.json")
    cli = tmp_path / "pulumi"
    cli.write_text('#!/bin/sh\n[ "$*" = "--non-interactive whoami --json" ] && echo \'{"url": "file:///state"}\'\n')
    cli.chmod(0o700)
    assert find_record_store(targets, None, tmp_path).location == "/state/ses-feedback-rollout/shop.json"
    cli.write_text("#!/bin/sh\nexit 255\n")
    assert find_record_store(targets, None, tmp_path).location == str(tmp_path / "shop.rollout.json")


def test_the_last_success_is_beside_the_record() -> None:
    assert last_success_name("s3://b/x/targets.json") == "s3://b/x/targets.last-success.json"
    assert last_success_name("/a/targets.rollout.json") == "/a/targets.rollout.last-success.json"
    assert last_success_name("targets.json") == "targets.last-success.json"


def test_a_record_is_saved_while_another_thread_adds_what_is_deployed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(functools.partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)
    record, store, ended = a_record(), RecordFile(tmp_path / "targets.json"), threading.Event()

    def deploy() -> None:
        for number in itertools.count():
            record.deployed[f"stack-{number}"] = record.plan.stacks[0]
            if number % 100 == 0:
                record.deployed = {}
            if ended.is_set():
                return

    with ThreadPoolExecutor() as pool:
        deploying = pool.submit(deploy)
        try:
            for _ in range(20):
                store.save(record)
        finally:
            ended.set()
        deploying.result()


def test_of_two_threads_that_save_the_newer_state_is_written_last(tmp_path: Path) -> None:
    class SlowFile(RecordFile):
        """Its first write begins before the second, and waits some time for it to end."""

        first_began, second_ended = threading.Event(), threading.Event()

        def _write(self, content: str) -> None:
            if not self.first_began.is_set():
                self.first_began.set()
                self.second_ended.wait(0.2)
            super()._write(content)

    record, store = a_record(), SlowFile(tmp_path / "targets.json")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(store.save, record)
        assert store.first_began.wait(10)
        record.finished_at = "2026-11-24T12:00:00+00:00"
        store.save(record)
        store.second_ended.set()
        first.result()
    assert store.load() == record
