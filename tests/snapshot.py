"""The whole resource graph of the dev stack, as a file that a reviewer reads: `python -m tests.snapshot` renews it.

A resource that disappears from it is one that the next release deletes; a changed `name` of a queue, a table or a topic
is one that it replaces, with what is in it. Such a change needs an alias and an entry under "Breaking" in the
CHANGELOG.
"""

import json
from dataclasses import asdict
from pathlib import Path

from tests.test_program import stack

SNAPSHOT = Path(__file__).with_name("dev-stack.json")


def text() -> str:
    """The graph, sorted, without the contents of the archive, which change with every line of the handlers."""
    resources = sorted(stack("dev").resources, key=lambda resource: (resource.parent, resource.type, resource.name))
    sets = ("depends_on", "aliases")
    rows = [asdict(resource) | {name: sorted(getattr(resource, name)) for name in sets} for resource in resources]
    for row in rows:
        del row["made_from"]
        if "code" in row["inputs"]:
            row["inputs"]["code"] = sorted({name.split("/")[0] for name in row["inputs"]["code"]["assets"]})
    return json.dumps(rows, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(text())
