"""Keeps a record in Amazon S3, with conditional writes.

S3 User Guide, "How to prevent object overwrites with conditional writes" and "How to perform conditional deletes".
Needs s3:GetObject, s3:PutObject and s3:DeleteObject for the objects, and s3:ListBucket, without which S3 does not say
that an object does not exist.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .record import RecordError
from .record_store import LockHolder, RecordStore, last_success_name, locked_error, parse_lock_holder, this_process

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REFUSED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""A condition does not hold: status 412, 409 for two writes at the same time, 404 for If-Match without an object."""


class RecordObject(RecordStore):
    """A record in an S3 object. The lock is an object beside it, which stays when its rollout crashes.

    A record that somebody else has changed since it was read is never overwritten.
    """

    def __init__(self, url: str) -> None:
        """`url` is `s3://bucket/key`, with the parameters that Pulumi's S3 backend knows.

        Of these it uses `region`, `profile`, `endpoint`, `s3ForcePathStyle`, `use_path_style`, `ssetype`, `kmskeyid`.
        """
        parts = urlsplit(url)
        super().__init__(f"s3://{parts.netloc}{parts.path}")
        self._bucket, self._key = parts.netloc, parts.path.lstrip("/")
        if not self._bucket or not self._key:
            raise ValueError(f"{url!r} is not the URL of a record: s3://BUCKET/KEY is needed")
        parameters = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self._client = _create_client(parameters)
        self._encryption: dict[str, Any] = {}
        if "ssetype" in parameters:
            self._encryption["ServerSideEncryption"] = parameters["ssetype"]
        if "kmskeyid" in parameters:
            self._encryption["SSEKMSKeyId"] = parameters["kmskeyid"]
        self._etag: str | None = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock. If it is removed or replaced meanwhile, the lock of somebody else is left alone."""
        lock_key, content = self._lock_key, this_process().as_json()
        etag = self._put(lock_key, content, IfNoneMatch="*")
        if etag is None:
            holder = self.lock_holder() or parse_lock_holder("")
            raise locked_error(self.location, holder, "wait until it has ended or, if it has crashed, run `unlock`")
        try:
            self._require_conditions(lock_key, content)
            yield
        finally:
            self._delete(lock_key, etag)

    def lock_holder(self) -> LockHolder | None:
        """Who holds the lock; None: nobody."""
        content, _ = self._get(self._lock_key)
        return None if content is None else parse_lock_holder(content)

    def unlock(self) -> None:
        """Remove the lock, whoever holds it: S3 does not know whether a process is running."""
        _, etag = self._get(self._lock_key)
        if etag:
            self._delete(self._lock_key, etag)

    @property
    def _lock_key(self) -> str:
        return f"{self._key}.lock"

    def _read(self) -> str | None:
        content, self._etag = self._get(self._key)
        return content

    def _write(self, content: str) -> None:
        condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        etag = self._put(self._key, content, **condition)
        if etag is None:
            message = "has been changed by another rollout, or removed, since this one read it"
            raise RecordError(f"{self.location} {message}: `status` shows it; this rollout writes it no more")
        self._etag = etag

    def _read_last_success(self) -> str | None:
        return self._get(last_success_name(self._key))[0]

    def _write_last_success(self, content: str) -> None:
        self._put(last_success_name(self._key), content)

    def _get(self, key: str) -> tuple[str | None, str | None]:
        """The content and the ETag of an object; None if there is none."""
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=key)
            return response["Body"].read().decode(), response["ETag"]
        except self._client.exceptions.NoSuchKey:
            return None, None
        except (ClientError, BotoCoreError) as error:
            raise self._error(key, error) from None

    def _put(self, key: str, content: str, **condition: Any) -> str | None:
        """The new ETag; None if the condition does not hold."""
        try:
            response = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content.encode(), **condition, **self._encryption
            )
        except (ClientError, BotoCoreError) as error:
            if not _is_refused(error):
                raise self._error(key, error) from None
            current_content, etag = self._get(key)  # a retry is refused when only the answer was lost: then it is ours
            return etag if current_content == content else None
        return response["ETag"]

    def _require_conditions(self, key: str, content: str) -> None:
        """Write an object again that there is, which must be refused: some stores like S3 ignore the condition."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content.encode(), IfNoneMatch="*", **self._encryption
            )
        except (ClientError, BotoCoreError) as error:
            if not _is_refused(error):
                raise self._error(key, error) from None
        else:
            message = (
                "its store ignores conditions of writes, so that it cannot keep a lock; --record names another place"
            )
            raise self._error(key, message)

    def _delete(self, key: str, etag: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        except (ClientError, BotoCoreError) as error:
            if not _is_refused(error):
                raise self._error(key, error) from None

    def _error(self, key: str, error: object) -> RecordError:
        return RecordError(f"s3://{self._bucket}/{key}, of the rollout's record, cannot be used: {error}")


def _create_client(parameters: Mapping[str, str]) -> "S3Client":
    region = parameters.get("region") or os.environ.get("AWS_REGION")  # which boto3 does not read, and Pulumi does
    path_style = "true" in {parameters.get("s3ForcePathStyle"), parameters.get("use_path_style")}
    config = Config(
        retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"} if path_style else {}
    )
    try:
        session = boto3.Session(profile_name=parameters.get("profile"), region_name=region)
        return session.client("s3", endpoint_url=parameters.get("endpoint"), config=config)
    except (BotoCoreError, ValueError) as error:
        raise RecordError(f"S3, for the rollout's record: {error}") from None


def _is_refused(error: ClientError | BotoCoreError) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _REFUSED
