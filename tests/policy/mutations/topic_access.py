"""Who may publish to a topic, and who gets what is published."""

from policy.resource_types import (
    SUBSCRIPTION,
)
from tests.policy.analyzer import StackResource
from tests.policy.graph_changes import (
    BASE,
    COMPLAINT_BASE,
    COMPLAINT_IDENTITY,
    SES_PUBLISHES,
    GraphChange,
    add_statement,
    change_statement,
    copy_of,
    remove_resource,
    resource_named,
    set_input,
    subscribe_function,
)
from tests.policy.mutations.changes import (
    ACCOUNT,
    EVERYBODY,
    FROM_OTHER_ACCOUNT,
    OUTSIDE_ORGANISATION,
    SES,
    set_policy_twice,
)
from tests.policy.mutations.mutation import Mutation


def _for_source(source: str) -> dict[str, dict[str, str]]:
    """The condition that SES publishes for one identity or configuration set of the account."""
    return {
        "StringEquals": {
            "aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:ses:eu-west-1:{ACCOUNT}:{source}"
        }
    }  # fmt: skip


def _subscribe(protocol: str, endpoint: str) -> GraphChange:
    """Subscribe something else to the topic."""

    def apply(graph: list[StackResource]) -> None:
        topic = resource_named(graph, f"{BASE}-topic")
        subscription = StackResource(
            type=SUBSCRIPTION, name="other",
            inputs={"topic": topic["arn"], "protocol": protocol, "endpoint": endpoint, "redrivePolicy": "{}"},
            property_dependencies={"topic": [topic.name]},
        )  # fmt: skip
        graph.append(subscription)

    return apply


def _publish_complaints_to_nobody(graph: list[StackResource]) -> None:
    topic = copy_of(resource_named(graph, "topic"), "nobody")
    policy = copy_of(resource_named(graph, "topic-policy"), "nobody-policy")
    text = policy.inputs["policy"].replace(resource_named(graph, "topic")["arn"], topic["arn"])
    policy.inputs |= {"arn": topic["arn"], "policy": text}
    identity = resource_named(graph, COMPLAINT_IDENTITY)
    identity.inputs["topicArn"] = topic["arn"]
    for resource, key in ((policy, "arn"), (policy, "policy"), (identity, "topicArn")):
        resource.property_dependencies[key] = [topic.name]
    graph[:] = [topic, policy, *graph]


MUTATIONS = (
    Mutation("SES may publish", "topic-policy-restricts-publisher", remove_resource(f"{BASE}-topic-policy"),
             f"{BASE}-topic"),
    Mutation("only SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Principal=EVERYBODY), f"{BASE}-topic"),
    Mutation("only this account's SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={}), f"{BASE}-topic"),
    Mutation("no other account's SES publishes", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=FROM_OTHER_ACCOUNT), f"{BASE}-topic"),
    Mutation("the account has no wildcard", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={"StringLike": {"aws:SourceAccount": "1234*"}}),
             f"{BASE}-topic"),
    Mutation("the identities are of this account", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES,
                              Condition={"ArnLike": {"aws:SourceArn": [f"arn:aws:ses:*:{ACCOUNT}:*",
                                                                       "arn:aws:ses:*:*:identity/example.com"]}}),
             f"{BASE}-topic"),
    Mutation("a request without a source account is denied", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES,
                              Condition={"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}), f"{BASE}-topic"),
    Mutation("SES may publish to this topic", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Resource="arn:aws:sns:eu-west-1:123456789012:other"),
             f"{BASE}-topic"),
    Mutation("nothing denies SES", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal=SES, Action="sns:*"), f"{BASE}-topic"),
    Mutation("nobody subscribes", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal="*", Action=["sns:Subscribe", "sns:Receive"]), f"{BASE}-topic"),
    Mutation("no other account changes the topic", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal={"AWS": "arn:aws:iam::210987654321:root"}, Action="sns:*"),
             f"{BASE}-topic"),
    Mutation("the default policy of SNS is not accepted", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Principal=EVERYBODY, Action="SNS:Publish",
                           Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}}), f"{BASE}-topic"),
    Mutation("the bounce topic has a subscription", "topic-has-subscription", remove_resource(f"{BASE}-subscription"),
             f"{BASE}-topic"),
    Mutation("the complaint topic has a subscription", "topic-has-subscription",
             remove_resource(f"{COMPLAINT_BASE}-subscription"), f"{COMPLAINT_BASE}-topic", ("own",)),
    Mutation("complaints go to a topic with a subscription", "topic-has-subscription", _publish_complaints_to_nobody,
             "nobody"),
    Mutation("a queue or a function subscribes", "topic-has-subscription",
             set_input("subscription", "protocol", "https"), f"{BASE}-topic"),
    Mutation("SNS may invoke the function", "function-allows-topic", subscribe_function(), f"{BASE}-subscription"),
    Mutation("SNS may invoke the function, not only others", "function-allows-topic",
             subscribe_function(principal="s3.amazonaws.com"), f"{BASE}-subscription"),
    Mutation("SNS may invoke the function for this topic", "function-allows-topic",
             subscribe_function(principal="sns.amazonaws.com", sourceArn=f"arn:aws:sns:eu-west-1:{ACCOUNT}:other"),
             f"{BASE}-subscription"),
    Mutation("nobody gets feedback by https", "feedback-not-shared", _subscribe("https", "https://example.org/sns"),
             "other"),
    Mutation("nobody gets feedback by e-mail", "feedback-not-shared", _subscribe("email", "mail@example.org"), "other"),
    Mutation("no delivery stream gets feedback", "feedback-not-shared",
             _subscribe("firehose", f"arn:aws:firehose:eu-west-1:{ACCOUNT}:deliverystream/mail"), "other"),
    Mutation("no queue of another account gets feedback", "feedback-not-shared",
             _subscribe("sqs", "arn:aws:sqs:eu-west-1:210987654321:theirs"), "other"),
    Mutation("no function of another account gets feedback", "feedback-not-shared",
             _subscribe("lambda", "arn:aws:lambda:eu-west-1:210987654321:function:theirs"), "other"),
    Mutation("nobody gets feedback by http", "feedback-not-shared", _subscribe("http", "http://example.org/sns"),
             "other"),
    Mutation("nobody gets feedback by text message", "feedback-not-shared", _subscribe("sms", "+4930123456"), "other"),
    Mutation("SES is not locked out by an organisation", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:*",
                           Condition=OUTSIDE_ORGANISATION),
             f"{BASE}-topic"),
    Mutation("SES is not locked out by an account", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by addresses", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by an endpoint", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", Principal="*", Action="sns:Publish",
                           Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}), f"{BASE}-topic"),
    Mutation("SES is not locked out by a NotPrincipal", "topic-policy-restricts-publisher",
             add_statement("topic-policy", Effect="Deny", NotPrincipal={"AWS": ACCOUNT}, Action="sns:Publish"),
             f"{BASE}-topic"),
    Mutation("the identity may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=_for_source("configuration-set/main")),
             f"{BASE}-topic"),
    Mutation("the configuration set may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition=_for_source("identity/example.com")),
             f"{BASE}-topic"),
    Mutation("the identity of this Region may publish", "topic-policy-restricts-publisher",
             change_statement("topic-policy", SES_PUBLISHES, Condition={
                 "ArnLike": {"aws:SourceArn": f"arn:aws:ses:us-east-1:{ACCOUNT}:*"}}), f"{BASE}-topic"),
    Mutation("one resource sets the topic's policy", "topic-policy-restricts-publisher",
             set_policy_twice("topic-policy"), f"{BASE}-topic"),
)  # fmt: skip
