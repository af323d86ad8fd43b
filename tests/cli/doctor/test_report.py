"""What people and programs are told. Pure: facts in, text out."""

import io
import json
from dataclasses import replace

from rich.console import Console
from ses_feedback_cli.doctor.facts import Facts
from ses_feedback_cli.doctor.report import document, sentence, tree
from ses_feedback_cli.doctor.rules import findings

from tests.cli.doctor.cases import FIRST, GONE, SECOND, UNSEEN
from tests.cli.doctor.healthy import FACTS, HEALTHY

BROKEN = replace(
    FACTS,
    pipelines=(
        replace(HEALTHY, mapping=GONE, identities=(replace(FIRST, topic="arn:[red]x"), SECOND)),
        replace(HEALTHY, account="999999999999", topic=UNSEEN),  # its policy is of the other account
    ),
)


def lines(facts: Facts) -> list[str]:
    console = Console(file=io.StringIO(), width=300, highlight=False)
    console.print(tree(facts, findings(facts)))
    text = console.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    return [line.strip("│├└─ ").rstrip() for line in text.splitlines()]


def test_all_that_was_looked_at_is_there_also_what_is_well() -> None:
    assert lines(FACTS) == [
        "eu-west-1 (account 123456789012)",
        "account: nothing found",
        "bounce-shop: nothing found",
        "eu-central-1 (account 123456789012)",
        "blocked table: nothing found",
        "history table: nothing found",
    ]


def test_a_finding_has_what_is_wrong_what_mends_it_and_where_more_is() -> None:
    told = lines(BROKEN)
    at = next(number for number, line in enumerate(told) if line.startswith("error mapping-missing: "))
    assert told[at + 1].startswith("mend: ")
    assert told[at + 2] == "more: docs/operations.md#mapping"


def test_two_accounts_in_one_region_are_two_places() -> None:
    told = lines(BROKEN)
    at = told.index("eu-west-1 (account 999999999999)")
    assert told[at + 1].startswith("bounce-shop: nothing")


def test_what_aws_says_is_text_and_no_markup() -> None:
    assert any("arn:[red]x" in line for line in lines(BROKEN))


def test_the_sentence_counts_and_names() -> None:
    assert sentence(FACTS, []) == "Looked at 1 pipeline and 2 tables: nothing is wrong."
    told = sentence(BROKEN, findings(BROKEN))
    assert "2 errors (identity-topic-other, mapping-missing)" in told
    assert sentence(Facts("123456789012"), []).startswith("Nothing could be asked")


def test_programs_get_the_same_and_the_worst() -> None:
    written = json.loads(json.dumps(document(BROKEN, findings(BROKEN))))
    assert written["worst"] == "error"
    assert [one["id"] for one in written["findings"]] == ["identity-topic-other", "mapping-missing"]
    assert written["findings"][0].keys() == {
        *("id", "severity", "account", "region", "about", "says", "mend", "runbook")
    }
    assert document(FACTS, [])["worst"] is None
