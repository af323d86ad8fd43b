"""Evaluates IAM policies as AWS publishes it: whether a request is allowed, and which statement decides.

It is pure: it knows documents and requests, no Pulumi and no AWS. Every result is yes, no or unknown, because a preview
does not know every value: `UNKNOWN_TEXT` stands for those, in documents and in requests.

Source: IAM User Guide, "Policy evaluation logic" (reference_policies_evaluation-logic.html) and "IAM JSON policy
element reference" (reference_policies_elements.html). Not evaluated, because a stack does not hold them: service
control policies, resource control policies, permissions boundaries and session policies.
"""

from policy.iam.answers import Answer, both, either, negate
from policy.iam.evaluation import Decision, Principal, Request, decide
from policy.iam.patterns import UNKNOWN_TEXT

__all__ = ["UNKNOWN_TEXT", "Answer", "Decision", "Principal", "Request", "both", "decide", "either", "negate"]
