"""Writes the list of policies for people: `python -m docs.policy_reference`. A test holds the page to the code."""

import json
from pathlib import Path

from policy.pack import RULES
from policy.rule import Rule

PAGE = Path(__file__).resolve().parent / "reference" / "policies.md"

_HEAD = """# Policies

Generated from `policy/` by `python -m docs.policy_reference`. `make policy` judges the dev stack by them without the
Pulumi CLI; `pulumi preview --policy-pack policy` any stack, from any program.

A rule looks only at what handles feedback, and finds that by the wiring: from a notification topic of an SES identity
or an event destination for bounces or complaints, over topic, subscription, queue, event source mapping and function,
to role, log group and tables; and the tables of a `BlockedTable`. Everything else in the stack is left alone.

In a preview of something new, ARNs and what is made from them are unknown. A rule that needs them says that it cannot
run, after it has judged everything else, and runs at the end of the update.

`pulumi preview --policy-pack policy --policy-pack-config file.json` configures it, by rule: the level (`advisory`,
`mandatory`, `disabled`) and the settings below.

```json
{"logs-end": {"enforcementLevel": "advisory", "maximumDays": 90}, "required-tags": {"tags": ["owner"]}}
```
"""


def files() -> dict[Path, str]:
    """What each file must hold."""
    rows = [
        f"| [`{rule.name}`](#{rule.name}) | {rule.severity.value} | {rule.level.value} | {rule.says} |\n"
        for rule in RULES
    ]
    table = "| rule | severity | level | says |\n|---|---|---|---|\n" + "".join(rows)
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
