"""Writes docs/reference/policies.md from the rules: `python -m docs.policy_reference`. A test compares the two."""

import json
from pathlib import Path

from policy.pack import RULES
from policy.rule import Rule

PAGE = Path(__file__).resolve().parent / "reference" / "policies.md"

_INTRODUCTION = """# Policies

Generated from `policy/` by `python -m docs.policy_reference`. `make policy` checks the dev stack without the Pulumi
CLI; `pulumi preview --policy-pack policy` checks any stack of any program.

The CLI creates the environment of the pack with [uv](https://docs.astral.sh/uv/), which must be on PATH. The folder can
be copied into any repository, under any name.

A rule checks only resources that handle feedback. It finds them by their references: from an SES identity's
notification topic, or an enabled event destination for bounces or complaints, to the topic, its subscriptions, queues,
event source mappings and functions (also through an alias, or subscribed directly), and to their roles, log groups and
tables; and the tables of a `BlockedTable`. All other resources of the stack are ignored, and so is feedback that SES
publishes to EventBridge or Firehose. The tables of a function are those that its environment names, and those that its
role may write.

What is missing on the way of feedback is a violation, too: a topic without a subscription, a queue without a consumer.
A queue, function or table of another stack that is named by its ARN needs no setting. Where another stack holds what
refers to a resource of this one, a setting of the rule names the resource, such as `subscribedElsewhere` and
`consumedElsewhere`.

In the preview of a new stack, ARNs and the values that contain them are unknown. A rule checks the values that are
known, and uses the dependencies of a property where its value is not. What is unknown is never a violation: it is
judged at `up`. In an update, a rule that checks *before creation* runs as soon as the inputs of a resource are known,
and stops the update before the resource is created that would send feedback to a wrong configuration: mostly the
notification topic or event destination in SES. The engine then names the resource that it was about to create; the
message names the one that is at fault. At the end of the update every rule checks the whole stack, by the inputs of the
program and not by defaults that AWS adds.

Every preview and update ends with what was judged, and with each rule and resource that was not, once. The engine shows
it under "Diagnostics" of the stack, as `--json`, and to the Automation API as diagnostic events; it is no violation.

```
ses-feedback: 2 sources, 2 ways, 40 rules, 1 judged at up
judged at up: queue-policy-restricts-sender (Queue bounces, Queue dead-letters)
```

A source is a notification topic of an identity, or an enabled event destination, for bounces or complaints. A way leads
from a source to a table, or to a resource of another stack; what else is found is counted as incomplete, and reported
by a rule. Each way that leaves the stack or is incomplete is shown hop by hop: a misspelt ARN looks like one of another
stack, so read these lines once. An update that a violation stops ends without this summary.

`pulumi preview --policy-pack policy --policy-pack-config file.json` configures each rule: its enforcement level
(`advisory`, `mandatory`, `disabled`) and its settings.

```json
{
  "log-group-retention": {"enforcementLevel": "advisory", "maximumDays": 90},
  "required-tags": {"tags": ["owner"]}
}
```
"""


def files() -> dict[Path, str]:
    """The content of each generated file."""
    rows = [
        f"| [`{rule.name}`](#{rule.name}) | {rule.severity.value} | {rule.level.value} "
        f"| {'before creation' if rule.before_creation else 'at the end'} | {rule.description} |\n"
        for rule in RULES
    ]
    table = "| rule | severity | level | checks | requirement |\n|---|---|---|---|---|\n" + "".join(rows)
    return {PAGE: "\n".join([_INTRODUCTION, table, *(_section(rule) for rule in RULES)])}


def _section(rule: Rule) -> str:
    lines = [
        f"## {rule.name}\n",
        f"{rule.description} Applies to {rule.applies_to}.\n",
        f"{rule.remediation} [AWS]({rule.url})\n",
    ]
    if rule.settings:
        lines.append("| setting | default | meaning |\n|---|---|---|")
        lines += [
            f"| `{name}` | `{json.dumps(setting.default)}` | {setting.description} |"
            for name, setting in rule.settings.items()
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, "utf-8")
