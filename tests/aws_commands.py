"""Whether commands of the AWS CLI in texts exist and take the options that they are given, by AWS's own models."""

import re

import boto3
from botocore import xform_name

# What the command line adds to the API: commands of its own, and options of every command.
_OF_THE_COMMAND_LINE = {"logs tail"}
_OPTIONS = {"query", "output", "region"}


def unknown_options(command: str) -> set[str]:
    """The options of `aws SERVICE OPERATION ...` that it does not take. Raises: KeyError for no such operation."""
    _, service, operation, *_ = command.split()
    if f"{service} {operation}" in _OF_THE_COMMAND_LINE:
        return set()
    client = boto3.client(
        service,  # type: ignore[call-overload] # whatever the text says
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
    shape = client.meta.service_model.operation_model(name).input_shape
    takes = {xform_name(member, "-") for member in shape.members} if shape else set()
    given = {option.removeprefix("no-") for option in re.findall(r"--([a-z-]+)", command)}
    return given - _OPTIONS - takes
