"""Rules on what SES publishes: bounces and complaints, without personal data that nothing needs."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.feedback_path import FeedbackPath, Resources
from policy.properties import read_property
from policy.resource_types import IDENTITY_TOPIC
from policy.rule import BOOLEAN, CRITICAL, MANDATORY, MEDIUM, Config, Rule, Setting
from policy.sources import FEEDBACK_TYPES, owner_of, published_types

_SES_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg"


def _check_both_types(source: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    owner = owner_of(source)
    # One that is disabled is reported as such, by another rule.
    published = published_types(owner, [*path.notification_sources, *path.disabled_event_destinations])
    for missing in sorted(FEEDBACK_TYPES - published):
        yield (
            f"{owner.name} has no topic for {missing.lower()}s: they never reach the blocked table, and mail to these "
            "recipients goes on."
        )


def _check_original_headers(source: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    if read_property(source, "includeOriginalHeaders") and not config["allowOriginalHeaders"]:
        yield (
            "The notifications include the original headers: subject and recipients are personal data that is not "
            "needed to block an address."
        )


def _identity_topics(path: FeedbackPath) -> Resources:
    return [source for source in path.notification_sources if source.resource_type == IDENTITY_TOPIC]


RULES: Sequence[Rule] = (
    Rule(
        name="bounce-and-complaint-topics", severity=CRITICAL, level=MANDATORY,
        applies_to="notification topics of identities, event destinations of configuration sets",
        description="An identity or configuration set that publishes bounces publishes complaints, and the reverse.",
        remediation="Add the missing notification topic or event type.",
        url=f"{_SES_GUIDE}/configure-sns-notifications.html",
        select=lambda path: path.notification_sources, check=_check_both_types,
    ),
    Rule(
        name="original-headers-excluded", severity=MEDIUM, level=MANDATORY, before_creation=True,
        applies_to="notification topics of identities",
        description="Notifications do not include the original headers of the mail.",
        remediation="Set includeOriginalHeaders to false, or set allowOriginalHeaders for this rule.",
        url=f"{_SES_GUIDE}/notification-contents.html",
        select=_identity_topics, check=_check_original_headers,
        settings={"allowOriginalHeaders": Setting(False, "Whether the headers may be included.", BOOLEAN)},
    ),
)  # fmt: skip
