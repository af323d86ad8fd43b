"""Notification topics and event destinations of SES. SES checks its right to publish when they are set."""

import json

from ministack.core import iam_evaluator  # type: ignore[import-untyped] # MiniStack ships no types

from sandbox.errors import SandboxError
from sandbox.provider import CreateRequest, CreateResult


def identity_notification_topic(request: CreateRequest) -> CreateResult:
    """SES SetIdentityNotificationTopic and SetIdentityHeadersInNotificationsEnabled; version 2 has neither."""
    inputs, ses = request.inputs, request.client("ses")
    identity, kind, topic_arn = inputs.take("identity"), inputs.take("notificationType"), inputs.take("topicArn")
    attributes = ses.get_identity_verification_attributes(Identities=[identity])["VerificationAttributes"]
    if attributes.get(identity, {}).get("VerificationStatus") != "Success":
        raise SandboxError(f"SES refuses it: the identity {identity!r} is not verified in {request.region}")
    message = {
        "notificationType": "AmazonSnsSubscriptionSucceeded",
        "message": f"You have successfully subscribed your Amazon SNS topic '{topic_arn}' to receive '{kind}' "
        f"notifications from Amazon SES for identity '{identity}'.",
    }
    _publish_setup_message(request, topic_arn, f"identity/{identity}", json.dumps(message) + "\n")
    ses.set_identity_notification_topic(Identity=identity, NotificationType=kind, SnsTopic=topic_arn)
    ses.set_identity_headers_in_notifications_enabled(
        Identity=identity, NotificationType=kind, Enabled=inputs.take("includeOriginalHeaders", False)
    )
    return CreateResult(f"{identity}|{kind}")


def feedback_attributes(request: CreateRequest) -> CreateResult:
    """SES PutEmailIdentityFeedbackAttributes; SES accepts false only if the identity has topics for both kinds."""
    identity, enabled = request.inputs.take("emailIdentity"), request.inputs.take("emailForwardingEnabled", True)
    ses = request.client("ses")
    attributes = ses.get_identity_notification_attributes(Identities=[identity])["NotificationAttributes"]
    topics = attributes.get(identity, {})
    if not enabled and not (topics.get("BounceTopic") and topics.get("ComplaintTopic")):
        raise SandboxError(f"SES refuses it: {identity!r} needs a topic for bounces and one for complaints first")
    ses.set_identity_feedback_forwarding_enabled(Identity=identity, ForwardingEnabled=enabled)
    return CreateResult(identity)


def event_destination(request: CreateRequest) -> CreateResult:
    """SES CreateConfigurationSetEventDestination, to a topic."""
    inputs = request.inputs
    configuration_set, name = inputs.take("configurationSetName"), inputs.take("eventDestinationName")
    destination = inputs.nested("eventDestination")
    topic_arn = destination.nested("snsDestination").take("topicArn")
    _publish_setup_message(
        request,
        topic_arn,
        f"configuration-set/{configuration_set}",
        "Successfully validated SNS topic for Amazon SES event publishing.",
    )
    request.client("sesv2").create_configuration_set_event_destination(
        ConfigurationSetName=configuration_set,
        EventDestinationName=name,
        EventDestination={
            "Enabled": destination.take("enabled", False),
            "MatchingEventTypes": destination.take("matchingEventTypes", []),
            "SnsDestination": {"TopicArn": topic_arn},
        },
    )
    return CreateResult(f"{configuration_set}|{name}")


def _publish_setup_message(request: CreateRequest, topic_arn: str, source: str, message: str) -> None:
    """Publish the setup message of SES if the topic's policy allows it; the emulator does neither."""
    sns, account = request.client("sns"), request.account.id
    policy = sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"].get("Policy", "{}")
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sns:Publish",
        resource_arn=topic_arn,
        region=request.region,
        secure_transport=True,
        service_context={
            "aws:sourceaccount": account,
            "aws:sourcearn": f"arn:aws:ses:{request.region}:{account}:{source}",
        },
    )
    if iam_evaluator.evaluate_resource_policy(policy, context, service="ses.amazonaws.com").decision != "Allow":
        raise SandboxError(
            f"SES refuses it: the policy of {topic_arn} must allow ses.amazonaws.com to publish for {source} before "
            "this is created"
        )
    sns.publish(TopicArn=topic_arn, Message=message)
