"""Rules on what SES publishes: bounces and complaints, without personal data that nothing needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.arn import Arn
from policy.feedback_path import FEEDBACK_TYPES, FeedbackPath, Resources, notification_types
from policy.properties import chain_known, read_property, read_string
from policy.resource_types import IDENTITY_TOPIC
from policy.rule import BOOLEAN, CRITICAL, MANDATORY, MEDIUM, Config, Rule, Setting

_SES_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg"


@dataclass(frozen=True)
class _Owner:
    """The identity or configuration set that a notification source belongs to."""

    kind: str
    """`identity` or `configurationSetName`, the property that names it."""
    name: str
    region: str
    """Empty where it is unknown."""

    def may_be(self, other: "_Owner") -> bool:
        """Whether both are the same; an unknown Region may be any."""
        has_same_region = not self.region or not other.region or self.region == other.region
        return (self.kind, self.name) == (other.kind, other.name) and has_same_region


def _check_both_types(source: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    owner = _owner_of(source)
    published = set(chain_known(_types_of(owner, other) for other in path.notification_sources))
    for missing in sorted(FEEDBACK_TYPES - published):
        yield (
            f"{owner.name} has no topic for {missing.lower()}s: they never reach the blocked table, and mail to these "
            "recipients goes on."
        )


def _types_of(owner: _Owner, source: PolicyResource) -> Iterator[str]:
    """The types that a source publishes for this identity or configuration set."""
    if owner.may_be(_owner_of(source)):
        yield from notification_types(source)


def _owner_of(source: PolicyResource) -> _Owner:
    """The owner of a source; where its name is unknown, it is named after the resources that the name depends on."""
    kind = "identity" if source.resource_type == IDENTITY_TOPIC else "configurationSetName"
    try:
        name = str(read_property(source, kind))
        arn = Arn.parse(name)
        name = arn.resource.removeprefix("identity/") if arn else name
    except UnknownValueError:
        dependencies = source.property_dependencies.get(kind)
        if not dependencies:
            raise
        name = ", ".join(sorted(dependency.name for dependency in dependencies))
    return _Owner(kind, name, read_string(source, "region"))


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
