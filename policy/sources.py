"""Sources: SES says everything that is to be known, and nothing that is not."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from policy.path import FEEDBACK, IDENTITY_TOPIC, FeedbackPath, kinds
from policy.rule import CRITICAL, FLAG, MANDATORY, MEDIUM, Config, Rule, Setting
from policy.wiring import attribute, every, known

_SES = "https://docs.aws.amazon.com/ses/latest/dg"


def _both(source: PolicyResource, path: FeedbackPath, _: Config) -> Iterator[str]:
    of = _origin(source)
    together = set(every(_kinds_of(one, of) for one in path.sources))
    for missing in sorted(FEEDBACK - together):
        yield f"{of[1]} has no topic for {missing.lower()}s."


def _kinds_of(source: PolicyResource, of: tuple[str, str, str]) -> Iterator[str]:
    if _same(_origin(source), of):
        yield from kinds(source)


def _origin(source: PolicyResource) -> tuple[str, str, str]:
    """Kind, name and Region of what a source belongs to; by what it is made from where the name is unknown."""
    key = "identity" if source.resource_type == IDENTITY_TOPIC else "configurationSetName"
    try:
        name = str(known(source, key)).rsplit(f":{key}/", 1)[-1]
    except UnknownValueError:
        made_from = source.property_dependencies.get(key)
        if not made_from:
            raise
        name = ", ".join(sorted(one.name for one in made_from))
    return key, name, attribute(source, "region")


def _same(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether two are the same; a Region that is not known yet may be any."""
    return one[:2] == other[:2] and len({one[2], other[2]} - {""}) < 2  # noqa: PLR2004 - none differs


def _headers(source: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    if known(source, "includeOriginalHeaders") and not config["allowed"]:
        yield "it includes the original headers: subject and recipients, personal data that nothing here needs."


RULES: Sequence[Rule] = (
    Rule(
        name="bounces-and-complaints", severity=CRITICAL, level=MANDATORY, looks_at="identities and configuration sets",
        says="What has a topic for bounces has one for complaints, and the reverse.",
        fix="Add the one that is missing.",
        url=f"{_SES}/configure-sns-notifications.html",
        subjects=lambda path: path.sources, problems=_both,
    ),
    Rule(
        name="no-original-headers", severity=MEDIUM, level=MANDATORY, looks_at="identities' topics",
        says="Feedback does not carry the original headers of the mail.",
        fix="Set includeOriginalHeaders to false, or allow it in the configuration of this rule.",
        url=f"{_SES}/notification-contents.html",
        subjects=lambda path: [one for one in path.sources if one.resource_type == IDENTITY_TOPIC], problems=_headers,
        early=True,
        settings={"allowed": Setting(False, "Whether headers may be carried.", FLAG)},
    ),
)  # fmt: skip
