"""The child process: serves MiniStack on a socket that the parent has already opened.

emulator.py runs it as `python -I server.py <file descriptor> <directory>`, without the user's environment.

Six things differ from `python -m ministack`:

* the listening socket is inherited, so that no other process can take the port before it is opened;
* every request counts as sent over TLS. The program's policies deny all others (`aws:SecureTransport`), and MiniStack
  knows TLS only by the header of a proxy that ends it;
* a batch call of SQS needs the right of the single call, as on AWS (SQS Developer Guide, "Amazon SQS API permissions:
  Actions and resource reference"): MiniStack wants `sqs:SendMessageBatch`, which is no action of IAM;
* SES answers two more calls of version 1 of its API, which the AWS provider makes for an identity's notification topic;
* SES checks the right to send on the sender's identity, with the conditions on sender and recipients;
* DynamoDB evaluates the resource policies of tables, which MiniStack only stores, and so answers about a table of
  another account, by its ARN;
* a condition on `aws:PrincipalArn` sees the ARN of the role of a session, as on AWS, not the session's;
* when the parent ends, in whatever way, this process, its Lambda workers and the directory are removed.
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
REGION, ACCOUNT = 3, 4  # their positions in an ARN
Modules = Any  # of MiniStack, which has no types
Application = Callable[..., Awaitable[None]]


def end_with_parent(directory: str) -> None:
    """Wait until the parent closes our standard input, then end the whole process group and remove the directory."""
    sys.stdin.buffer.read()
    script = "import os, shutil, sys; os.killpg(int(sys.argv[1]), 9); shutil.rmtree(sys.argv[2], ignore_errors=True)"
    command = [sys.executable, "-I", "-S", "-c", script, str(os.getpgid(0)), directory]
    subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own interpreter and script


def as_over_tls(app: Application) -> Application:
    """Wrap an ASGI application so that each request counts as sent over TLS."""

    async def wrapped(scope: Scope, *channels: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await app(scope, *channels)

    return wrapped


def with_identity_notifications(ses: Modules) -> Application:
    """Extend MiniStack's SES by GetIdentityNotificationAttributes and SetIdentityHeadersInNotificationsEnabled.

    The second only stores the setting: the emulator's notifications never hold headers.
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
            elements = "".join(f"<{name}>{ses._esc(value)}</{name}>" for name, value in fields.items())
            entries += f"<entry><key>{ses._esc(identity)}</key><value>{elements}</value></entry>"
        return respond(
            "GetIdentityNotificationAttributes", f"<NotificationAttributes>{entries}</NotificationAttributes>"
        )

    def set_headers(params: dict[str, list[str]]) -> Any:
        if record := ses._identities.get(params["Identity"][0]):
            record.setdefault(key, {})[params["NotificationType"][0]] = params["Enabled"][0]
        return respond("SetIdentityHeadersInNotificationsEnabled", "")

    def respond(action: str, elements: str) -> Any:
        return ses._xml(200, f"{action}Response", f"<{action}Result>{elements}</{action}Result>")

    actions = {
        "GetIdentityNotificationAttributes": get_attributes,
        "SetIdentityHeadersInNotificationsEnabled": set_headers,
    }

    async def extended(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        params = parse_qs(body.decode(errors="replace"))
        action = actions.get(params.get("Action", [""])[0])
        return action(params) if action else await handle(method, path, headers, body, query)

    return extended


def check_rights_to_send(actions: Modules, ses: Modules, scopes: Modules) -> None:
    """Let MiniStack check SendEmail of version 1 as SES does; it checks the action alone, on any resource.

    Of the resources it checks the identity, not the configuration set. A sender without an identity is SES's to refuse.
    """
    find_resource, find_keys = actions.extract_resource_arn, actions.request_tag_context

    def parameters(service: str, body: bytes) -> dict[str, list[str]]:
        values = parse_qs(body.decode(errors="replace")) if service == "ses" else {}
        return values if values.get("Action") == ["SendEmail"] else {}

    def resource_arn(service: str, *arguments: Any) -> Any:
        method_path_headers_body = arguments[:4]
        values = parameters(service, method_path_headers_body[-1])
        if values and (found := ses._notification_identity(values["Source"][0])):
            return f"arn:aws:ses:{scopes.get_region()}:{scopes.get_account_id()}:identity/{found[0]}"
        return find_resource(service, *arguments)

    def condition_keys(service: str, action: str, body: bytes, *arguments: Any) -> Any:
        values = parameters(service, body)
        if not values:
            return find_keys(service, action, body, *arguments)
        recipients = [value for name, (value, *_) in values.items() if name.startswith("Destination.")]
        return {"ses:FromAddress": values["Source"][0], "ses:Recipients": recipients}

    actions.extract_resource_arn, actions.request_tag_context = resource_arn, condition_keys


def with_table_policies(dynamodb: Modules, evaluator: Modules, actions: Modules, scopes: Modules) -> Application:
    """Let MiniStack evaluate a table's policy as it does a queue's, and answer callers of another account, by ARN.

    Its evaluator decides before this is called: across accounts both sides must allow each action. But it lets an
    account's root do anything, also in another account: that is refused here.
    """
    handle = dynamodb.handle_request
    evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")

    def policy_and_owner(arn: str) -> tuple[str, str] | None:
        parts = arn.split(":", 5)
        if len(parts) <= ACCOUNT + 1:
            return None
        table = arn.partition("/index/")[0]
        stored = dynamodb._resource_policies.get_scoped(parts[ACCOUNT], parts[REGION], table) or {}
        return stored.get("Policy", ""), parts[ACCOUNT]

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


def with_roles_as_principals(evaluator: Modules) -> Callable[[str, Any], Any]:
    """Resolve `aws:PrincipalArn` of a role's session as IAM does; the sandbox's roles have no path."""
    resolve = evaluator._resolve_condition_key

    def resolve_as_role(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        account, role_name = value.split(":")[ACCOUNT], value.split("/")[1]
        return f"arn:aws:iam::{account}:role/{role_name}"

    return resolve_as_role


def with_actions_of_batches(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    """Name the action that IAM knows for a batch call of SQS."""

    def extended(service: str, *request: Any) -> str | None:
        action = extract(service, *request)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    return extended


def main() -> None:
    """Serve MiniStack on the given socket until killed."""
    descriptor, directory = sys.argv[1:]
    threading.Thread(target=end_with_parent, args=(directory,), daemon=True).start()

    # After the thread has started: the imports take half a second, and the parent may end meanwhile.
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import LOG_LEVEL, app  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.core import iam_actions, iam_evaluator, responses  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.services import dynamodb, ses  # type: ignore[import-untyped] # noqa: PLC0415

    dynamodb.handle_request = with_table_policies(dynamodb, iam_evaluator, iam_actions, responses)
    iam_evaluator._resolve_condition_key = with_roles_as_principals(iam_evaluator)
    iam_actions.extract_iam_action = with_actions_of_batches(iam_actions.extract_iam_action)
    ses.handle_request = with_identity_notifications(ses)
    check_rights_to_send(iam_actions, ses, responses)
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.loglevel = LOG_LEVEL
    config.keep_alive_timeout = 75
    asyncio.run(serve(as_over_tls(app), config))


if __name__ == "__main__":
    main()
