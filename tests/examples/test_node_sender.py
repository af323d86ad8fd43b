"""The sender in another language: its own tests, and its key function against the library's on texts nobody chose.

Not proved: that both agree on scripts that Unicode's versions see differently, and on mixed directions of writing.
"""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from ses_feedback.address import NotAnAddressError, address_key

FOLDER = Path(__file__).parents[2] / "examples" / "node-sender"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

KEYS = """
import { readFileSync } from "node:fs";
import { addressKey } from "./address-key.mjs";
const key = (text) => { try { return addressKey(text); } catch (error) { return `error: ${error.kind}`; } };
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(key)));
"""


def node(*arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [NODE or "node", *arguments], cwd=FOLDER, input=given, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass() -> None:
    assert "# fail 0" in node("--test", "--test-reporter=tap")


def library_key(text: str) -> str:
    try:
        return address_key(text)
    except NotAnAddressError as error:
        return f"error: {error.kind}"


def a_text(chance: random.Random) -> str:
    def some(letters: str, most: int) -> str:
        return "".join(chance.choices(letters, k=chance.randint(0, most)))

    match chance.randrange(4):
        case 0:
            return some('ab.@<>"\\(), ;:[]-_ü\n\t', 14)
        case 1:
            return "a" + some('bA."\\ <>@', 6) + "@" + some("aB.-_[]:", 8)
        case 2:
            return "jane@" + some("abÄßéñżçΔδςџЖ例えテ한글.-", 8) + ".example" + some(".", 1)
        case _:
            return some('JÄ例, @<"()', 6) + "<jane@example.org>" + some(" ()x", 4)


def test_its_key_function_is_the_librarys() -> None:
    chance = random.Random(7)  # noqa: S311 - the same each time
    texts = [a_text(chance) for _ in range(5_000)]
    found = json.loads(node("--input-type=module", "--eval", KEYS, given=json.dumps(texts)))
    expected = [library_key(text) for text in texts]
    assert [(t, n, p) for t, n, p in zip(texts, found, expected, strict=True) if n != p] == []
    assert sum(not key.startswith("error") for key in expected) > 1_000
