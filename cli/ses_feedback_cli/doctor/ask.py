"""Makes calls in every account and Region; what is refused or not answered is noted, and the rest goes on."""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ses_feedback_cli.context import Context
from ses_feedback_cli.doctor.calls import Call
from ses_feedback_cli.doctor.facts import Absent, Unseen

AT_ONCE = 8
"""Calls under way at the same time."""
_GONE = {
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NotFoundException"),
    *("ResourceNotFoundException", "TableNotFoundException"),
}
_REFUSED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized")


class Clients:
    """Clients of all accounts: those of the credentials, and of a role in every other account if one is given."""

    def __init__(self, context: Context, role: str | None = None) -> None:
        """Ask who we are. Raises: ClientError, BotoCoreError: without that, nothing can be asked."""
        self._context, self._role = context, role
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, Any] = {}
        self._sts = context.client("sts", context.selected_regions()[0])
        self.caller = str(self._sts.get_caller_identity()["Account"])
        self.unseen: list[Unseen] = []

    def open(self, account: str, partition: str, region: str) -> bool:
        """Whether an account can be looked at; takes the role there if one is given, and notes if that is refused."""
        if account == self.caller or account in self._sessions:
            return True
        if self._role is None or any(one.account == account for one in self.unseen):
            return False
        arn = f"arn:{partition}:iam::{account}:role/{self._role}"
        try:
            taken = self._sts.assume_role(RoleArn=arn, RoleSessionName="ses-feedback-doctor")["Credentials"]
        except (ClientError, BotoCoreError) as error:
            self.unseen.append(unseen(error, account, region, f"account {account}", f"sts:AssumeRole of {arn}"))
            return False
        self._sessions[account] = partial(
            self._context.session.client,
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30),
        )
        return True

    def client(self, service: str, account: str, region: str) -> Any:
        """A client; made under a lock, since boto3's sessions are no business of two threads."""
        with self._lock:
            key = (service, account, region)
            if key not in self._made:
                make = self._sessions.get(account)
                self._made[key] = make(service, region_name=region) if make else self._context.client(service, region)
            return self._made[key]


class Ask:
    """Asks about one thing: a pipeline, a table, an account."""

    def __init__(self, clients: Clients, account: str, region: str, about: str) -> None:
        self._clients, self._account, self._region, self._about = clients, account, region, about
        self.unseen: list[Unseen] = []
        self.answered = 0

    def __call__(self, call: Call, **given: Any) -> Mapping[str, Any] | Absent:
        """All pages of an answer; GONE if there is no such thing; UNSEEN, noted, if it was refused or failed."""
        try:
            client = self._clients.client(call.service, self._account, self._region)
            if client.can_paginate(call.method):
                answer = client.get_paginator(call.method).paginate(**given).build_full_result()
            else:
                answer = getattr(client, call.method)(**given)
        except ClientError as error:
            if error.response["Error"].get("Code") in _GONE:
                self.answered += 1
                return Absent.GONE
            self._note(error, call)
            return Absent.UNSEEN
        except BotoCoreError as error:
            self._note(error, call)
            return Absent.UNSEEN
        self.answered += 1
        return answer  # type: ignore[no-any-return] # boto3's answers are maps

    def _note(self, error: Exception, call: Call) -> None:
        self.unseen.append(unseen(error, self._account, self._region, self._about, call.action))


def unseen(error: Exception, account: str, region: str, about: str, action: str) -> Unseen:
    """Note a look that failed, by the error's code: its text may hold anything."""
    code = error.response["Error"].get("Code", "?") if isinstance(error, ClientError) else type(error).__name__
    refused = any(word in code for word in _REFUSED)
    return Unseen(account, region, about, action, code, refused)
