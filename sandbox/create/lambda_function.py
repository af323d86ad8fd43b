"""The function with its role, its log group and its event source mapping."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from sandbox.errors import SandboxError
from sandbox.provider import GLOBAL_REGION, WAITER_CONFIG, CreateRequest, CreateResult, without_none

ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold; a fixed time gives the same bytes each time


def log_group(request: CreateRequest) -> CreateResult:
    """CloudWatch Logs CreateLogGroup and PutRetentionPolicy."""
    inputs, logs = request.inputs, request.client("logs")
    name = request.physical_name(512)
    settings = {"kmsKeyId": key} if (key := inputs.take("kmsKeyId")) else {}
    logs.create_log_group(logGroupName=name, tags=inputs.take("tags", {}), **settings)
    if days := inputs.integer("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    # As the AWS provider outputs it: without the ":*" that DescribeLogGroups adds.
    return CreateResult(
        name, {"arn": f"arn:aws:logs:{request.region}:{request.account.id}:log-group:{name}", "name": name}
    )


def role(request: CreateRequest) -> CreateResult:
    """IAM CreateRole."""
    inputs, name = request.inputs, request.physical_name(64)
    settings = {"PermissionsBoundary": boundary} if (boundary := inputs.take("permissionsBoundary")) else {}
    arn = request.client("iam", GLOBAL_REGION).create_role(
        RoleName=name,
        AssumeRolePolicyDocument=inputs.take("assumeRolePolicy"),
        Description=inputs.take("description", ""),
        Path=inputs.take("path", "/"),
        Tags=inputs.tag_list(),
        **settings,
    )["Role"]["Arn"]
    return CreateResult(name, {"arn": arn, "name": name})


def role_policy(request: CreateRequest) -> CreateResult:
    """IAM PutRolePolicy."""
    role_name, name = request.inputs.take("role"), request.physical_name(128)
    request.client("iam", GLOBAL_REGION).put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=request.inputs.take("policy")
    )
    return CreateResult(f"{role_name}:{name}", {"name": name})


def function(request: CreateRequest) -> CreateResult:
    """Lambda CreateFunction. The emulator runs it with this machine's Python, whatever the runtime is."""
    inputs, client, name = request.inputs, request.client("lambda"), request.physical_name(64)
    logging = inputs.nested("loggingConfig")
    created = client.create_function(
        FunctionName=name,
        Role=inputs.take("role"),
        Runtime=inputs.take("runtime"),
        Architectures=inputs.take("architectures", ["x86_64"]),
        Handler=inputs.take("handler"),
        Code={"ZipFile": zip_archive(inputs.take("code"))},
        Description=inputs.take("description", ""),
        MemorySize=inputs.integer("memorySize") or 128,
        Timeout=inputs.integer("timeout") or 3,
        Environment={"Variables": inputs.nested("environment").take("variables", {})},
        LoggingConfig=without_none(
            {
                "LogFormat": logging.take("logFormat"),
                "LogGroup": logging.take("logGroup"),
                "ApplicationLogLevel": logging.take("applicationLogLevel"),
                "SystemLogLevel": logging.take("systemLogLevel"),
            }
        ),
        Tags=inputs.take("tags", {}),
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=WAITER_CONFIG)
    if (concurrency := inputs.integer("reservedConcurrentExecutions")) is not None and concurrency >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
    return CreateResult(name, {"arn": created["FunctionArn"], "name": name})


def event_source_mapping(request: CreateRequest) -> CreateResult:
    """Lambda CreateEventSourceMapping, after the checks that Lambda makes and the emulator does not."""
    inputs = request.inputs
    queue_arn, function_arn = inputs.take("eventSourceArn"), inputs.take("functionName")
    _check_mapping(request, queue_arn, function_arn)
    settings: dict[str, Any] = {}
    if (concurrency := inputs.nested("scalingConfig").integer("maximumConcurrency")) is not None:
        settings["ScalingConfig"] = {"MaximumConcurrency": concurrency}
    mapping = request.client("lambda").create_event_source_mapping(
        EventSourceArn=queue_arn,
        FunctionName=function_arn,
        Enabled=inputs.take("enabled", True),
        BatchSize=inputs.integer("batchSize") or 10,
        MaximumBatchingWindowInSeconds=inputs.integer("maximumBatchingWindowInSeconds") or 0,
        FunctionResponseTypes=inputs.take("functionResponseTypes", []),
        Tags=inputs.take("tags", {}),
        **settings,
    )
    return CreateResult(mapping["UUID"], {"uuid": mapping["UUID"], "functionArn": mapping["FunctionArn"]})


def zip_archive(archive: object) -> bytes:
    """Zip a Pulumi archive of files and strings: the same content gives the same bytes."""
    if not isinstance(archive, pulumi.AssetArchive):
        raise SandboxError(f"code is {type(archive).__name__}; the sandbox zips an AssetArchive")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for path, asset in sorted(archive.assets.items()):
            if isinstance(asset, pulumi.FileAsset):
                content = Path(asset.path).read_bytes()
            elif isinstance(asset, pulumi.StringAsset):
                content = asset.text.encode()
            else:
                raise SandboxError(f"code holds {path}, a {type(asset).__name__}; the sandbox zips files and strings")
            entry = zipfile.ZipInfo(path, ZIP_TIME)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            zip_file.writestr(entry, content)
    return buffer.getvalue()


def _check_mapping(request: CreateRequest, queue_arn: str, function_arn: str) -> None:
    """Refuse as Lambda does: a role that may not receive from the queue, and a visibility timeout that is too short.

    The role's rights on the log group are checked too: the emulator writes the logs without asking.
    """
    configuration = request.client("lambda").get_function_configuration(FunctionName=function_arn)
    role_arn = configuration["Role"]
    log_group_name = configuration["LoggingConfig"].get("LogGroup", f"/aws/lambda/{configuration['FunctionName']}")
    stream_arn = f"arn:aws:logs:{request.region}:{request.account.id}:log-group:{log_group_name}:log-stream:any"
    check_rights(request, role_arn, queue_arn, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
    check_rights(request, role_arn, stream_arn, ["logs:CreateLogStream", "logs:PutLogEvents"])

    sqs = request.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[1])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    if int(attributes["VisibilityTimeout"]) < configuration["Timeout"]:
        raise SandboxError(
            f"Lambda refuses it: the queue's visibility timeout, {attributes['VisibilityTimeout']} s, is below the "
            f"function's timeout, {configuration['Timeout']} s"
        )


def check_rights(request: CreateRequest, role_arn: str, resource_arn: str, actions: list[str]) -> None:
    """Raises: SandboxError when the role may not do these on the resource."""
    response = request.client("iam", GLOBAL_REGION).simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=actions, ResourceArns=[resource_arn]
    )
    denied = [
        result["EvalActionName"] for result in response["EvaluationResults"] if result["EvalDecision"] != "allowed"
    ]
    if denied:
        raise SandboxError(
            f"the role {role_arn} must be allowed {', '.join(denied)} on {resource_arn} before this is created"
        )
