"""Writes the list of policies for people: `python -m docs.policy_reference`. A test holds the page to the code."""

import json
from pathlib import Path

from policy.pack import RULES
from policy.rule import Rule

PAGE = Path(__file__).resolve().parent / "reference" / "policies.md"

_HEAD = """# Policies

Generated from `policy/` by `python -m docs.policy_reference`. `make policy` judges the dev stack by them without the
Pulumi CLI; `pulumi preview --policy-pack policy` any stack, from any program.

The CLI makes the pack's environment with [uv](https://docs.astral.sh/uv/), which must be on PATH. The folder can be
copied into any repository, under any name.

A rule looks only at what handles feedback, and finds that by the wiring: from a notification topic of an SES identity
or an event destination for bounces or complaints that is switched on, over topic, subscription, queue, event source
mapping and function (also by an alias, or subscribed itself), to role, log group and tables; and the tables of a
`BlockedTable`. Everything else in the stack is left alone, and so is what goes over EventBridge or Firehose.

In a preview of something new, ARNs and what is made from them are unknown. A rule that needs them judges what is known,
goes by which resource a value is made from, and says that it could not run on the rest. In an update, the rules that
stop it *before* are asked as soon as a resource's values are known and it is not yet made: the update ends at the one
that would let feedback into what is wrong, mostly the source in SES. At the end every rule judges the whole stack, by
what the program gives, not by what AWS adds to it.

`pulumi preview --policy-pack policy --policy-pack-config file.json` configures it, by rule: the level (`advisory`,
`mandatory`, `disabled`) and the settings below.

```json
{"logs-end": {"enforcementLevel": "advisory", "maximumDays": 90}, "required-tags": {"tags": ["owner"]}}
```
"""


def files() -> dict[Path, str]:
    """What each file must hold."""
    rows = [
        f"| [`{rule.name}`](#{rule.name}) | {rule.severity.value} | {rule.level.value} "
        f"| {'before' if rule.early else 'at the end'} | {rule.says} |\n"
        for rule in RULES
    ]
    table = "| rule | severity | level | stops an update | says |\n|---|---|---|---|---|\n" + "".join(rows)
    return {PAGE: "\n".join([_HEAD, table, *(_section(rule) for rule in RULES)])}


def _section(rule: Rule) -> str:
    lines = [f"## {rule.name}\n", f"{rule.says} Looks at {rule.looks_at}.\n", f"{rule.fix} [AWS]({rule.url})\n"]
    if rule.settings:
        lines.append("| setting | default | meaning |\n|---|---|---|")
        lines += [
            f"| `{name}` | `{json.dumps(setting.default)}` | {setting.meaning} |"
            for name, setting in rule.settings.items()
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
