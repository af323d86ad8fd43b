"""Blocks the addresses whose mail from shop.example bounces, or who complain about it."""

import pulumi
import pulumi_ses_feedback as ses_feedback

tables = ses_feedback.BlockedTable("mail")
for kind in ("bounce", "complaint"):
    ses_feedback.FeedbackPipeline(
        f"{kind}-shop",
        kind=kind,
        identities=["shop.example"],
        blocked_table_arn=tables.blocked_table_arn,
        history_table_arn=tables.history_table_arn,
    )

pulumi.export("blockedTableArn", tables.blocked_table_arn)
pulumi.export("senderPolicyJson", tables.sender_policy_json)
