"""Each row of the runbook on kills, second hands, clocks and settings is followed by a test that does what it says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
#: Section -> how a row begins -> the test that follows it.
FOLLOWED_BY = {
    "A process was killed, or a run was interrupted": {
        "`make run` or `kvalitet run` was interrupted": (
            "end_to_end/test_interrupted_run.py::test_each_call_says_that_it_goes_on_and_how_far_the_night_had_come"
        ),
        "`make run` says *This night has not ended*": (
            "end_to_end/test_interrupted_run.py::test_failed_night_is_gone_on_with_until_its_run_is_marked_as_success"
        ),
        "`kvalitet run` is called while another": (
            "end_to_end/test_interrupted_run.py::test_two_calls_at_once_join_the_night_and_show_the_same_end"
        ),
        "*night.json … cannot be read*": (
            "conductor/test_begun.py::test_note_that_cannot_be_read_is_named_with_what_to_do"
        ),
        "the machine was stopped during a night": (
            "end_to_end/test_interrupted_run.py"
            "::test_the_night_that_was_begun_is_published_whole_and_the_next_was_not_delivered"
        ),
        "one of Airflow's processes was killed": (
            "end_to_end/test_killed_airflow.py"
            "::test_the_night_after_any_of_airflows_processes_was_killed_publishes_by_itself"
        ),
    },
}


def rows(section: str) -> list[str]:
    """The first cell of each row of the section's tables."""
    found = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert found, f"the runbook has no section {section}"
    cells = re.findall(r"^\| (.+?) \| .+ \|$", found[1], re.MULTILINE)
    headers = re.findall(r"^\| (.+?) \| .+ \|\n\|---", found[1], re.MULTILINE)
    return [cell for cell in cells if cell not in headers]


@pytest.mark.parametrize("section", FOLLOWED_BY)
def test_each_row_has_a_test_and_each_entry_a_row(section: str) -> None:
    follows = FOLLOWED_BY[section]
    assert rows(section)
    without = [row for row in rows(section) if not any(row.startswith(beginning) for beginning in follows)]
    assert without == [], "rows that no test follows"
    stale = [beginning for beginning in follows if not any(row.startswith(beginning) for row in rows(section))]
    assert stale == [], "rows that are gone"


@pytest.mark.parametrize("test", [test for follows in FOLLOWED_BY.values() for test in follows.values()])
def test_the_test_that_follows_a_row_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    functions = ast.walk(ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8")))
    assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}
