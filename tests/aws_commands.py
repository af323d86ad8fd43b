"""Checks commands of the AWS CLI in documents: whether they and their options exist, by botocore's models."""

import re

import boto3
from botocore import xform_name

# What the AWS CLI adds to the API: commands of its own, and options of every command.
_CLI_COMMANDS = {"logs tail"}
_CLI_OPTIONS = {"cli-read-timeout", "output", "query", "region"}


def unknown_options(command: str) -> set[str]:
    """The options of `aws SERVICE OPERATION ...` that do not exist. Raises: KeyError for an unknown operation."""
    _, service, operation, *_ = command.split()
    if f"{service} {operation}" in _CLI_COMMANDS:
        return set()
    client = boto3.client(
        service,  # type: ignore[call-overload] # the stubs know only literal names
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
    shape = client.meta.service_model.operation_model(name).input_shape
    known_options = {xform_name(member, "-") for member in shape.members} if shape else set()
    options = {option.removeprefix("no-") for option in re.findall(r"--([a-z-]+)", command)}
    return options - _CLI_OPTIONS - known_options
