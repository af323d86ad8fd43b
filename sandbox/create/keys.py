"""Customer managed keys."""

from sandbox.applier import Made, Request


def key(request: Request) -> Made:
    """KMS CreateKey and EnableKeyRotation."""
    inputs, kms = request.inputs, request.client("kms")
    inputs.take("deletionWindowInDays")  # for the day of its deletion, which never comes here
    tags = [{"TagKey": name, "TagValue": text} for name, text in inputs.take("tags", {}).items()]
    made = kms.create_key(Description=inputs.take("description", ""), Tags=tags)["KeyMetadata"]
    if inputs.take("enableKeyRotation", False):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Made(made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]})


def key_policy(request: Request) -> Made:
    """KMS PutKeyPolicy."""
    key_id = request.inputs.take("keyId")
    request.client("kms").put_key_policy(KeyId=key_id, PolicyName="default", Policy=request.inputs.take("policy"))
    return Made(key_id)
