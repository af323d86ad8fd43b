"""A customer managed key for one Region, with a policy that lets SES, SNS, the alarms and the logs use it."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import inputs, policies


class FeedbackKmsKeyArgs(TypedDict):
    region: NotRequired[pulumi.Input[str]]
    """Region of the key. Default: the provider's Region."""
    table_principals: NotRequired[list[str]]
    """Who in other accounts reads or feeds tables under this key: as their `reader_principals`. Default: nobody."""
    deletion_window_days: NotRequired[pulumi.Input[int]]
    """Days that AWS waits before it deletes the key, 7 to 30; what it encrypted is lost then. Default: 30."""
    deletion_protection: NotRequired[bool]
    """Whether Pulumi refuses to delete the key. Default: true."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags of the key. Default: none."""


class FeedbackKmsKey(pulumi.ComponentResource):
    """Encrypts topics, queues, logs and tables of one Region under a key of your own.

    Type: ``ses-feedback:index:FeedbackKmsKey``.
    Creates: a symmetric key that AWS rotates every year, and its policy: the account's administrators manage it; SES
    publishes to topics under it, SNS delivers to queues under it, alarms notify topics under it, CloudWatch Logs keeps
    logs under it; principals of other accounts decrypt, through DynamoDB only.
    Not created: any right of a principal in the same account; the pipelines' roles and ``sender_policy_json`` have it.
    Raises: ValueError, naming input and value, for a malformed input.
    """

    key_arn: pulumi.Output[str]
    """ARN of the key, for ``kms_key_arn`` of the other components; known when its policy is in force."""

    def __init__(self, name: str, args: FeedbackKmsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # The type of 0.1.0: without the alias, the key and all that is under it would be another.
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="ses-feedback:index:FeedbackKey")])
        options = pulumi.ResourceOptions.merge(opts, former)
        super().__init__("ses-feedback:index:FeedbackKmsKey", name, dict(args), options)
        given = inputs.given(args, FeedbackKmsKeyArgs.__annotations__)
        checked = {key: inputs.check(rule, key, given[key]) for key, rule in inputs.KEY.items() if key in given}
        principals: list[str] = inputs.each(inputs.principal)("table_principals", given.get("table_principals") or [])
        protect = inputs.boolean("deletion_protection", given.get("deletion_protection", True))
        key = aws.kms.Key(
            f"{name}-key",
            region=checked.get("region"),
            description="Feedback from Amazon SES",
            enable_key_rotation=True,
            deletion_window_in_days=checked.get("deletion_window_days", 30),
            tags=checked.get("tags", {}),
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        policy = aws.kms.KeyPolicy(
            f"{name}-key-policy",
            region=checked.get("region"),
            key_id=key.key_id,
            policy=pulumi.Output.json_dumps(key.arn.apply(lambda arn: policies.key_policy(arn, principals))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # SES tries its right when a topic is set: whoever uses the ARN waits for the policy.
        self.key_arn = pulumi.Output.all(key.arn, policy.policy).apply(lambda both: str(both[0]))
        self.register_outputs({"key_arn": self.key_arn})
