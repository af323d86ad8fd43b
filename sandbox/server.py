"""The child process: MiniStack, served on a socket that the parent has already opened.

Run by path, `python -I server.py <file descriptor> <directory>`, with nothing of the user's environment (emulator.py).

Five things differ from `python -m ministack`:

* the listening socket is inherited, so no port can be lost between choosing and opening it;
* every request counts as arrived by TLS. Policies of the program deny everything else (`aws:SecureTransport`), and
  MiniStack knows TLS only from the header that a terminating proxy sets. Loopback stands for TLS here, also for the AWS
  CLI and for Pulumi;
* SES answers two more calls of version 1 of its API, which the AWS provider makes for an identity's notification topic;
* DynamoDB heeds the resource policies of tables, which MiniStack only keeps, and so answers about a table of another
  account, by its ARN;
* when the parent disappears, however it ended, so do this process, its Lambda workers and the directory.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
REGION, ACCOUNT = 3, 4  # where an ARN has them
Modules = Any  # of MiniStack, which has no types
Application = Callable[..., Awaitable[None]]


def end_with_parent(directory: str) -> None:
    """Wait until the parent closes our standard input, then end the whole process group and remove the directory."""
    sys.stdin.buffer.read()
    script = "import os, shutil, sys; os.killpg(int(sys.argv[1]), 9); shutil.rmtree(sys.argv[2], ignore_errors=True)"
    command = [sys.executable, "-I", "-S", "-c", script, str(os.getpgid(0)), directory]
    subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own interpreter and script


def as_over_tls(app: Application) -> Application:
    """Wrap an ASGI application so that it sees each request as one that came through TLS."""

    async def wrapped(scope: Scope, *channels: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await app(scope, *channels)

    return wrapped


def with_identity_notifications(ses: Modules) -> Application:
    """Extend MiniStack's SES by GetIdentityNotificationAttributes and SetIdentityHeadersInNotificationsEnabled.

    The second only remembers: the emulator's notifications never hold headers.
    """
    handle, key = ses.handle_request, "HeadersInNotifications"

    def get_attributes(params: dict[str, list[str]]) -> Any:
        entries = ""
        for identity in ses._collect_list(params, "Identities.member"):
            record = ses._identities.get(identity) or {}
            topics, headers = record.get("NotificationTopics", {}), record.get(key, {})
            fields = {f"{kind}Topic": topic for kind, topic in topics.items() if topic}
            fields["ForwardingEnabled"] = str(record.get("FeedbackForwardingEnabled", True)).lower()
            fields |= {f"HeadersIn{kind}NotificationsEnabled": value for kind, value in headers.items()}
            inside = "".join(f"<{name}>{ses._esc(value)}</{name}>" for name, value in fields.items())
            entries += f"<entry><key>{ses._esc(identity)}</key><value>{inside}</value></entry>"
        return answer(
            "GetIdentityNotificationAttributes", f"<NotificationAttributes>{entries}</NotificationAttributes>"
        )

    def set_headers(params: dict[str, list[str]]) -> Any:
        if record := ses._identities.get(params["Identity"][0]):
            record.setdefault(key, {})[params["NotificationType"][0]] = params["Enabled"][0]
        return answer("SetIdentityHeadersInNotificationsEnabled", "")

    def answer(action: str, inside: str) -> Any:
        return ses._xml(200, f"{action}Response", f"<{action}Result>{inside}</{action}Result>")

    more = {
        "GetIdentityNotificationAttributes": get_attributes,
        "SetIdentityHeadersInNotificationsEnabled": set_headers,
    }

    async def extended(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        params = parse_qs(body.decode(errors="replace"))
        action = more.get(params.get("Action", [""])[0])
        return action(params) if action else await handle(method, path, headers, body, query)

    return extended


def with_table_policies(dynamodb: Modules, evaluator: Modules, actions: Modules, scopes: Modules) -> Application:
    """Let MiniStack evaluate a table's policy as it does a queue's, and serve who comes from another account by ARN.

    Its evaluator then decides before this is called: across accounts both sides must allow each action. It lets an
    account's root do anything, though, also beside its account, so that is refused here.
    """
    handle = dynamodb.handle_request
    evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")

    def policy_and_owner(arn: str) -> tuple[str, str] | None:
        parts = arn.split(":", 5)
        if len(parts) <= ACCOUNT + 1:
            return None
        table = arn.partition("/index/")[0]
        kept = dynamodb._resource_policies.get_scoped(parts[ACCOUNT], parts[REGION], table) or {}
        return kept.get("Policy", ""), parts[ACCOUNT]

    async def extended(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        region, account = scopes.get_region(), scopes.get_account_id()
        action = "dynamodb:" + headers.get("x-amz-target", "").rpartition(".")[2]
        tables = actions.dynamodb_resource_arns(body, region, account)
        tables += [arn for _, arn in actions.dynamodb_transaction_checks(action, body, region, account)]
        owners = {tuple(arn.split(":")[REGION : ACCOUNT + 1]) for arn in tables}
        owner = next(iter(owners))[-1] if owners else account
        if owner == account or owners != {(region, owner)}:
            return await handle(method, path, headers, body, query)
        if (caller := evaluator.caller_arn()).endswith(":root"):
            message = f"{caller} is another account's root; in this emulator use a user or a role"
            return 400, {}, json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
        with scopes.request_scope(owner, region):
            return await handle(method, path, headers, body, query)

    dynamodb.table_policy_for_arn = policy_and_owner
    return extended


def main() -> None:
    """Serve MiniStack on the given socket until killed."""
    descriptor, directory = sys.argv[1:]
    threading.Thread(target=end_with_parent, args=(directory,), daemon=True).start()

    # Half a second of imports, during which the parent may already end.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import LOG_LEVEL, app  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.core import iam_actions, iam_evaluator, responses  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.services import dynamodb, ses  # type: ignore[import-untyped] # noqa: PLC0415

    dynamodb.handle_request = with_table_policies(dynamodb, iam_evaluator, iam_actions, responses)
    ses.handle_request = with_identity_notifications(ses)
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.loglevel = LOG_LEVEL
    config.keep_alive_timeout = 75
    asyncio.run(serve(as_over_tls(app), config))


if __name__ == "__main__":
    main()
