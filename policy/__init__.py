"""Policy pack for every Pulumi stack that handles SES feedback: it rejects what would lose or expose feedback.

`pulumi preview --policy-pack policy` applies it; docs/reference/policies.md lists the rules. Each of the modules named
in `policy.pack` holds the rules on one subject. `policy.feedback_path` finds the resources that handle feedback by
their references; all other resources of a stack are ignored.
"""
