"""Rules for every Pulumi stack that handles SES feedback: what would lose feedback, or open it to others, is refused.

`pulumi preview --policy-pack policy` applies them; docs/reference/policies.md lists them. A module holds a family of
rules. What is on the way of feedback is found by its wiring (`policy.path`); everything else is left alone.
"""
