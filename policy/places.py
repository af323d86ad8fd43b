"""Places and labels: where feedback may be handled, and what its resources are labelled with. Off until configured."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.path import FUNCTION, LOG_GROUP, QUEUE, ROLE, TABLE, TOPIC, FeedbackPath
from policy.rule import MANDATORY, MEDIUM, TEXTS, Config, Rule, Setting
from policy.wiring import attribute, items, known

_TAGGED = {FUNCTION, LOG_GROUP, QUEUE, ROLE, TABLE, TOPIC}
_REGION, _ACCOUNT = 3, 4


def _arn_part(resource: PolicyResource, index: int) -> str:
    return (str(known(resource, "arn") or "").split(":") + [""] * 5)[index]


def _region(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    region = attribute(resource, "region") or _arn_part(resource, _REGION)
    replicas = [str(one.get("regionName")) for one in items(known(resource, "replicas"))]
    for one in [region, *replicas]:
        if one and one not in config["regions"]:
            yield f"it is in {one}, allowed are {', '.join(config['regions'])}."


def _account(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    account = _arn_part(resource, _ACCOUNT)
    if account and account not in config["accounts"]:
        yield f"it is in account {account}, allowed are {', '.join(config['accounts'])}."


def _tags(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    for tag in config["tags"]:
        if not known(resource, "tags", tag) and not known(resource, "tagsAll", tag):
            yield f"it has no tag {tag}."


RULES: Sequence[Rule] = (
    Rule(
        name="allowed-regions", severity=MEDIUM, level=MANDATORY, looks_at="everything that handles feedback",
        says="Feedback is handled in the Regions that are allowed, where the configuration names some.",
        fix="Move it, or allow the Region.",
        url="https://docs.aws.amazon.com/ses/latest/dg/regions.html",
        subjects=lambda path: path.everything, problems=_region, on="regions",
        settings={"regions": Setting([], "The Regions. Empty: any.", TEXTS)},
    ),
    Rule(
        name="allowed-accounts", severity=MEDIUM, level=MANDATORY, looks_at="everything that handles feedback",
        says="Feedback is handled in the accounts that are allowed, where the configuration names some.",
        fix="Check the credentials of this stack, or allow the account.",
        url="https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-id.html",
        subjects=lambda path: path.everything, problems=_account, on="accounts",
        settings={"accounts": Setting([], "The account ids. Empty: any.", TEXTS)},
    ),
    Rule(
        name="required-tags", severity=MEDIUM, level=MANDATORY, looks_at="what takes tags",
        says="What handles feedback has the tags that the configuration names.",
        fix="Add the tag.",
        url="https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html",
        subjects=lambda path: [one for one in path.everything if one.resource_type in _TAGGED],
        problems=_tags, on="tags",
        settings={"tags": Setting([], "The names of the tags. Empty: none.", TEXTS)},
    ),
)  # fmt: skip
