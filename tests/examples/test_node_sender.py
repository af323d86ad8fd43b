"""The sender in another language: its own tests, and its key function compared with the library's on random strings.

Not proved: that both agree on scripts that differ between versions of Unicode, and on mixed directions of writing.
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

PRINT_KEYS = """
import { readFileSync } from "node:fs";
import { addressKey } from "./address-key.mjs";
const key = (text) => { try { return addressKey(text); } catch (error) { return `error: ${error.kind}`; } };
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(key)));
"""


def run_node(*arguments: str, stdin: str = "") -> str:
    process = subprocess.run(
        [NODE or "node", *arguments], cwd=FOLDER, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_its_own_tests_pass() -> None:
    assert "# fail 0" in run_node("--test", "--test-reporter=tap")


def library_key(text: str) -> str:
    try:
        return address_key(text)
    except NotAnAddressError as error:
        return f"error: {error.kind}"


def random_string(generator: random.Random) -> str:
    def letters(alphabet: str, max_length: int) -> str:
        return "".join(generator.choices(alphabet, k=generator.randint(0, max_length)))

    match generator.randrange(5):
        case 0:
            return letters('ab.@<>"\\(), ;:[]-_ü\n\t', 14)
        case 1:
            return "a" + letters('bA."\\ <>@', 6) + "@" + letters("aB.-_[]:", 8)
        case 2:
            return "jane@" + letters("abÄßéñżçΔδςџЖ例えテ한글.-", 8) + ".example" + letters(".", 1)
        case 3:
            return '"' + letters('aB..\\", ', 6) + '"@docomo.ne.jp'
        case _:
            return letters('JÄ例, @<"()', 6) + "<jane@example.org>" + letters(" ()x", 4)


def test_its_key_function_is_the_librarys() -> None:
    generator = random.Random(7)  # noqa: S311 - the same each time
    strings = [random_string(generator) for _ in range(5_000)]
    node_keys = json.loads(run_node("--input-type=module", "--eval", PRINT_KEYS, stdin=json.dumps(strings)))
    library_keys = [library_key(string) for string in strings]
    differences = [keys for keys in zip(strings, node_keys, library_keys, strict=True) if keys[1] != keys[2]]
    assert differences == []
    assert sum(not key.startswith("error") for key in library_keys) > 1_000
