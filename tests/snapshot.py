"""Writes the resource graph of the dev stack to a file that a reviewer reads: `python -m tests.snapshot` renews it.

The next release deletes a resource that disappears from the file. It replaces a queue, a table or a topic, and so loses
what is in it, when its `name` changes. Such a change needs an alias and an entry under "Breaking" in the
CHANGELOG.
"""

import json
from dataclasses import asdict
from pathlib import Path

from tests.test_program import stack

SNAPSHOT = Path(__file__).with_name("dev-stack.json")


def dev_stack() -> str:
    """The graph as JSON, sorted, without the contents of the archive, which change with every line of the handlers."""
    resources = sorted(stack("dev").resources, key=lambda resource: (resource.parent, resource.type, resource.name))
    set_fields = ("depends_on", "aliases")
    rows = [asdict(resource) | {name: sorted(getattr(resource, name)) for name in set_fields} for resource in resources]
    for row in rows:
        del row["property_dependencies"]
        if "code" in row["inputs"]:
            row["inputs"]["code"] = sorted({name.split("/")[0] for name in row["inputs"]["code"]["assets"]})
    return json.dumps(rows, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(dev_stack())
