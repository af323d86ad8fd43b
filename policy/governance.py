"""Rules of an organisation: allowed Regions and accounts, and required tags. Off until they are configured."""

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource

from policy.arn import Arn
from policy.feedback_path import FeedbackPath, Resources
from policy.properties import as_list, as_object, read_property, read_string
from policy.resource_types import FUNCTION, LOG_GROUP, QUEUE, ROLE, TABLE, TOPIC
from policy.rule import MANDATORY, MEDIUM, STRING_LIST, Config, Rule, Setting

_TAGGABLE_TYPES = {FUNCTION, LOG_GROUP, QUEUE, ROLE, TABLE, TOPIC}


def _arn_of(resource: PolicyResource) -> Arn | None:
    return Arn.parse(str(read_property(resource, "arn") or ""))


def _check_region(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    region = read_string(resource, "region")
    if not region and (arn := _arn_of(resource)):
        region = arn.region
    replicas = map(as_object, as_list(read_property(resource, "replicas")))
    replica_regions = [str(replica.get("regionName")) for replica in replicas]
    for used_region in [region, *replica_regions]:
        if used_region and used_region not in config["regions"]:
            yield f"The resource is in {used_region}, which is not one of {', '.join(config['regions'])}."


def _check_account(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    arn = _arn_of(resource)
    if arn and arn.account and arn.account not in config["accounts"]:
        yield f"The resource is in account {arn.account}, which is not one of {', '.join(config['accounts'])}."


def _check_tags(resource: PolicyResource, _: FeedbackPath, config: Config) -> Iterator[str]:
    for tag in config["tags"]:
        if not read_property(resource, "tags", tag) and not read_property(resource, "tagsAll", tag):
            yield f"The resource has no tag {tag}."


def _taggable_resources(path: FeedbackPath) -> Resources:
    return [resource for resource in path.feedback_resources if resource.resource_type in _TAGGABLE_TYPES]


RULES: Sequence[Rule] = (
    Rule(
        name="allowed-regions", severity=MEDIUM, level=MANDATORY, applies_to="all resources that handle feedback",
        description="Feedback is handled in the configured Regions only.",
        remediation="Use an allowed Region, or add this one to the configuration.",
        url="https://docs.aws.amazon.com/ses/latest/dg/regions.html",
        select=lambda path: path.feedback_resources, check=_check_region, required_setting="regions",
        settings={"regions": Setting([], "The allowed Regions. Empty: all.", STRING_LIST)},
    ),
    Rule(
        name="allowed-accounts", severity=MEDIUM, level=MANDATORY, applies_to="all resources that handle feedback",
        description="Feedback is handled in the configured accounts only.",
        remediation="Check the credentials of this stack, or add the account to the configuration.",
        url="https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-id.html",
        select=lambda path: path.feedback_resources, check=_check_account, required_setting="accounts",
        settings={"accounts": Setting([], "The allowed account ids. Empty: all.", STRING_LIST)},
    ),
    Rule(
        name="required-tags", severity=MEDIUM, level=MANDATORY, applies_to="functions, log groups, queues, roles, "
        "tables and topics",
        description="Resources that handle feedback have the configured tags.",
        remediation="Add the tag.",
        url="https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html",
        select=_taggable_resources, check=_check_tags, required_setting="tags",
        settings={"tags": Setting([], "The names of the required tags. Empty: none.", STRING_LIST)},
    ),
)  # fmt: skip
