"""A customer managed key for one Region, with a policy that lets SES, SNS, CloudWatch and CloudWatch Logs use it."""

import pulumi
import pulumi_aws as aws

from components import limits, policies
from components.feedback_kms_key_args import FeedbackKmsKeyArgs, read

_TYPE_IN_0_1_0 = "ses-feedback:index:FeedbackKey"


class FeedbackKmsKey(pulumi.ComponentResource):
    """A customer managed key for the topics, queues, logs and tables of one Region.

    Type: ``ses-feedback:index:FeedbackKmsKey``.
    Creates: a symmetric key that AWS rotates every year, and its policy: the account's administrators manage it; SES
    publishes to topics under it, SNS delivers to queues under it, alarms notify topics under it, CloudWatch Logs
    encrypts logs with it; principals of other accounts decrypt with it, through DynamoDB only.
    Not created: permissions of principals in the same account; the pipelines' roles and ``sender_policy_json`` have
    them.
    Raises: ValueError, naming input and value, for a malformed input, and for more principals than a policy holds.
    """

    key_arn: pulumi.Output[str]
    """ARN of the key, for ``kms_key_arn`` of the other components; known when its policy is in force."""

    def __init__(self, name: str, args: FeedbackKmsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # Without the alias, Pulumi would replace the key, and all that is encrypted with it would be lost.
        aliases = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_=_TYPE_IN_0_1_0)])
        options = pulumi.ResourceOptions.merge(opts, aliases)
        super().__init__("ses-feedback:index:FeedbackKmsKey", name, dict(args), options)
        self._prefix = name
        self._inputs = read(args)
        limits.check_key(self._inputs)

        key = self._key()
        key_policy = self._key_policy(key)

        # SES tests its permission when a topic is set: whoever uses the ARN must wait for the policy.
        self.key_arn = pulumi.Output.all(key.arn, key_policy.policy).apply(lambda values: str(values[0]))
        self.register_outputs({output: getattr(self, output) for output in FeedbackKmsKey.__annotations__})

    def _key(self) -> aws.kms.Key:
        return aws.kms.Key(
            f"{self._prefix}-key",
            region=self._inputs.region,
            description="Feedback from Amazon SES",
            enable_key_rotation=True,
            deletion_window_in_days=self._inputs.deletion_window_days,
            tags=self._inputs.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=self._inputs.deletion_protection),
        )

    def _key_policy(self, key: aws.kms.Key) -> aws.kms.KeyPolicy:
        principals = self._inputs.table_principals
        return aws.kms.KeyPolicy(
            f"{self._prefix}-key-policy",
            region=self._inputs.region,
            key_id=key.key_id,
            policy=pulumi.Output.json_dumps(key.arn.apply(lambda arn: policies.key_policy(arn, principals))),
            opts=pulumi.ResourceOptions(parent=self),
        )
