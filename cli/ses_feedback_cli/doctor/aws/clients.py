"""Makes API calls in every account and Region. A call that AWS denies or does not answer is recorded, and the others
continue.
"""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor.aws.calls import Call
from ses_feedback_cli.doctor.observations import FailedCall
from ses_feedback_cli.doctor.resources import Missing

CONCURRENT_CALLS = 8
_NOT_FOUND_CODES = {
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NotFoundException"),
    *("ResourceNotFoundException", "TableNotFoundException"),
}
_ACCESS_DENIED_CODES = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized")
"""Parts of error codes."""


class AccountClients:
    """Clients for the account of the credentials and, by assuming a role, for other accounts."""

    def __init__(self, context: Context, role_name: str | None = None) -> None:
        """``role_name``: the role to assume in every other account. Raises: ClientError or BotoCoreError when the
        credentials cannot be used at all.
        """
        self._context, self._role_name = context, role_name
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._client_factories: dict[str, Any] = {}
        self._sts = context.client("sts", context.selected_regions()[0])
        self.caller_account = str(self._sts.get_caller_identity()["Account"])
        self.failed_calls: list[FailedCall] = []

    def can_access(self, account: str, partition: str, region: str) -> bool:
        """Whether calls can be made in an account. Assumes the role there, and records it if AWS denies that."""
        if account == self.caller_account or account in self._client_factories:
            return True
        if self._role_name is None or any(call.account == account for call in self.failed_calls):
            return False
        role_arn = f"arn:{partition}:iam::{account}:role/{self._role_name}"
        try:
            response = self._sts.assume_role(RoleArn=role_arn, RoleSessionName="ses-feedback-doctor")
        except (ClientError, BotoCoreError) as error:
            action = f"sts:AssumeRole of {role_arn}"
            self.failed_calls.append(failed_call(error, account, region, f"account {account}", action))
            return False
        credentials = response["Credentials"]
        self._client_factories[account] = partial(
            self._context.session.client,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30),
        )
        return True

    def client(self, service: str, account: str, region: str) -> Any:
        """A client for a service; created under a lock, because boto3 sessions are not thread-safe."""
        key = (service, account, region)
        with self._lock:
            if key not in self._clients:
                create = self._client_factories.get(account)
                self._clients[key] = (
                    create(service, region_name=region) if create else self._context.client(service, region)
                )
            return self._clients[key]


class Reader:
    """Makes the calls about one subject: a pipeline, a table or an account."""

    def __init__(self, clients: AccountClients, account: str, region: str, subject: str) -> None:
        self._clients, self._account, self._region, self._subject = clients, account, region, subject
        self.failed_calls: list[FailedCall] = []
        self.answered_calls = 0

    def read(self, call: Call, **parameters: Any) -> Mapping[str, Any] | Missing:
        """The response, with all its pages; NOT_FOUND if the resource does not exist, UNKNOWN if the call failed."""
        try:
            client = self._clients.client(call.service, self._account, self._region)
            if client.can_paginate(call.method):
                response = client.get_paginator(call.method).paginate(**parameters).build_full_result()
            else:
                response = getattr(client, call.method)(**parameters)
        except ClientError as error:
            if error.response["Error"].get("Code") in _NOT_FOUND_CODES:
                self.answered_calls += 1
                return Missing.NOT_FOUND
            self._record_failure(error, call)
            return Missing.UNKNOWN
        except BotoCoreError as error:
            self._record_failure(error, call)
            return Missing.UNKNOWN
        self.answered_calls += 1
        return response  # type: ignore[no-any-return] # boto3's responses are mappings

    def _record_failure(self, error: Exception, call: Call) -> None:
        self.failed_calls.append(failed_call(error, self._account, self._region, self._subject, call.action))


def failed_call(error: Exception, account: str, region: str, subject: str, action: str) -> FailedCall:
    """Describe a failure by the error's code only: its message may contain personal data."""
    code = error.response["Error"].get("Code", "?") if isinstance(error, ClientError) else type(error).__name__
    access_denied = any(part in code for part in _ACCESS_DENIED_CODES)
    return FailedCall(account, region, subject, action, code, access_denied)
