"""Reads the state of resources from AWS.

``calls`` lists every API call with the permission that it needs, and ``clients`` makes them. The other modules turn the
responses into observations, one module per service; ``pipeline`` covers SNS, SQS, KMS and Lambda.
"""
