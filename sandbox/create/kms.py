"""Customer managed keys."""

from sandbox.provider import CreateRequest, CreateResult


def key(request: CreateRequest) -> CreateResult:
    """KMS CreateKey and EnableKeyRotation."""
    inputs, kms = request.inputs, request.client("kms")
    inputs.take("deletionWindowInDays")  # the sandbox deletes nothing
    tags = [{"TagKey": name, "TagValue": value} for name, value in inputs.take("tags", {}).items()]
    metadata = kms.create_key(Description=inputs.take("description", ""), Tags=tags)["KeyMetadata"]
    if inputs.take("enableKeyRotation", False):
        kms.enable_key_rotation(KeyId=metadata["KeyId"])
    return CreateResult(metadata["KeyId"], {"arn": metadata["Arn"], "keyId": metadata["KeyId"]})


def key_policy(request: CreateRequest) -> CreateResult:
    """KMS PutKeyPolicy."""
    key_id = request.inputs.take("keyId")
    request.client("kms").put_key_policy(KeyId=key_id, PolicyName="default", Policy=request.inputs.take("policy"))
    return CreateResult(key_id)
