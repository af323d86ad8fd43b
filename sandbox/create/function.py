"""The function with its role, its logs and the mapping that feeds it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from sandbox.applier import GLOBAL_REGION, POLLING, Made, Request
from sandbox.errors import SandboxError

ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can hold; the same bytes whenever it is made


def log_group(request: Request) -> Made:
    """CloudWatch Logs CreateLogGroup and PutRetentionPolicy."""
    inputs, logs = request.inputs, request.client("logs")
    name = request.physical_name(512)
    settings = {"kmsKeyId": key} if (key := inputs.take("kmsKeyId")) else {}
    logs.create_log_group(logGroupName=name, tags=inputs.take("tags", {}), **settings)
    if days := inputs.integer("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    # Without the ":*" that DescribeLogGroups adds, as the AWS provider gives it.
    return Made(name, {"arn": f"arn:aws:logs:{request.region}:{request.account.id}:log-group:{name}", "name": name})


def role(request: Request) -> Made:
    """IAM CreateRole."""
    inputs, name = request.inputs, request.physical_name(64)
    settings = {"PermissionsBoundary": boundary} if (boundary := inputs.take("permissionsBoundary")) else {}
    arn = request.client("iam", GLOBAL_REGION).create_role(
        RoleName=name,
        AssumeRolePolicyDocument=inputs.take("assumeRolePolicy"),
        Description=inputs.take("description", ""),
        Path=inputs.take("path", "/"),
        Tags=[{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()],
        **settings,
    )["Role"]["Arn"]
    return Made(name, {"arn": arn, "name": name})


def role_policy(request: Request) -> Made:
    """IAM PutRolePolicy."""
    role_name, name = request.inputs.take("role"), request.physical_name(128)
    request.client("iam", GLOBAL_REGION).put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=request.inputs.take("policy")
    )
    return Made(f"{role_name}:{name}", {"name": name})


def function(request: Request) -> Made:
    """Lambda CreateFunction. The emulator runs it by this machine's Python, whatever runtime and architecture say."""
    inputs, client, name = request.inputs, request.client("lambda"), request.physical_name(64)
    logging = inputs.nested("loggingConfig")
    described = client.create_function(
        FunctionName=name,
        Role=inputs.take("role"),
        Runtime=inputs.take("runtime"),
        Architectures=inputs.take("architectures", ["x86_64"]),
        Handler=inputs.take("handler"),
        Code={"ZipFile": zipped(inputs.take("code"))},
        Description=inputs.take("description", ""),
        MemorySize=inputs.integer("memorySize") or 128,
        Timeout=inputs.integer("timeout") or 3,
        Environment={"Variables": inputs.nested("environment").take("variables", {})},
        LoggingConfig={
            key: value
            for key, value in {
                "LogFormat": logging.take("logFormat"),
                "LogGroup": logging.take("logGroup"),
                "ApplicationLogLevel": logging.take("applicationLogLevel"),
                "SystemLogLevel": logging.take("systemLogLevel"),
            }.items()
            if value
        },
        Tags=inputs.take("tags", {}),
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=POLLING)
    if (reserved := inputs.integer("reservedConcurrentExecutions")) is not None and reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return Made(name, {"arn": described["FunctionArn"], "name": name})


def event_source_mapping(request: Request) -> Made:
    """Lambda CreateEventSourceMapping, after the checks that Lambda makes at this moment and the emulator does not."""
    inputs = request.inputs
    source, target = inputs.take("eventSourceArn"), inputs.take("functionName")
    _check_mapping(request, source, target)
    settings: dict[str, Any] = {}
    if (concurrency := inputs.nested("scalingConfig").integer("maximumConcurrency")) is not None:
        settings["ScalingConfig"] = {"MaximumConcurrency": concurrency}
    mapping = request.client("lambda").create_event_source_mapping(
        EventSourceArn=source,
        FunctionName=target,
        Enabled=inputs.take("enabled", True),
        BatchSize=inputs.integer("batchSize") or 10,
        MaximumBatchingWindowInSeconds=inputs.integer("maximumBatchingWindowInSeconds") or 0,
        FunctionResponseTypes=inputs.take("functionResponseTypes", []),
        Tags=inputs.take("tags", {}),
        **settings,
    )
    return Made(mapping["UUID"], {"uuid": mapping["UUID"], "functionArn": mapping["FunctionArn"]})


def zipped(archive: object) -> bytes:
    """Zip a Pulumi archive of files and texts: the same content gives the same bytes."""
    if not isinstance(archive, pulumi.AssetArchive):
        raise SandboxError(f"code is {type(archive).__name__}; the sandbox zips an AssetArchive")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, asset in sorted(archive.assets.items()):
            if isinstance(asset, pulumi.FileAsset):
                content = Path(asset.path).read_bytes()
            elif isinstance(asset, pulumi.StringAsset):
                content = asset.text.encode()
            else:
                raise SandboxError(f"code holds {name}, a {type(asset).__name__}; the sandbox zips files and texts")
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return buffer.getvalue()


def _check_mapping(request: Request, queue_arn: str, function_arn: str) -> None:
    """What Lambda refuses: a role that may not take from the queue, and a queue that shows a message again too soon.

    Logs are checked along: the emulator writes them for the function, AWS lets the function's role do it.
    """
    configuration = request.client("lambda").get_function_configuration(FunctionName=function_arn)
    role_arn = configuration["Role"]
    group = configuration["LoggingConfig"].get("LogGroup", f"/aws/lambda/{configuration['FunctionName']}")
    stream = f"arn:aws:logs:{request.region}:{request.account.id}:log-group:{group}:log-stream:any"
    _check_rights(request, role_arn, queue_arn, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
    _check_rights(request, role_arn, stream, ["logs:CreateLogStream", "logs:PutLogEvents"])

    sqs = request.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    if int(attributes["VisibilityTimeout"]) < configuration["Timeout"]:
        raise SandboxError(
            f"Lambda refuses it: the queue's visibility timeout, {attributes['VisibilityTimeout']} s, is below the "
            f"function's timeout, {configuration['Timeout']} s"
        )


def _check_rights(request: Request, role_arn: str, resource: str, actions: list[str]) -> None:
    answer = request.client("iam", GLOBAL_REGION).simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=actions, ResourceArns=[resource]
    )
    denied = [result["EvalActionName"] for result in answer["EvaluationResults"] if result["EvalDecision"] != "allowed"]
    if denied:
        raise SandboxError(f"the role {role_arn} must be allowed {', '.join(denied)} on {resource} before this is made")
