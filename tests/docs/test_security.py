"""Everything that docs/security.md says is found or not found is tried by a test that it names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TEST = re.compile(r"`((?:[a-z_]+/)*test_[a-z_0-9]+\.py)::(test_[a-z_0-9]+)`")
#: The tables whose last cell names a test, each by the first cell of its heading.
TABLES = ("who changes what", "a reader's session")


def rows(heading: str) -> list[str]:
    """The rows of the table whose heading begins with this cell."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", SECURITY, re.MULTILINE)
    assert found, f"there is no table of {heading}"
    return found[1].splitlines()


def not_found() -> list[str]:
    """The items of the list of what nothing finds, each in one line."""
    found = re.search(r"^\*\*Not found by any of it:\*\*\n((?:- .*\n(?:  .*\n)*)+)", SECURITY, re.MULTILINE)
    assert found
    return [" ".join(item.split()) for item in re.split(r"^- ", found[1], flags=re.MULTILINE) if item.strip()]


@pytest.mark.parametrize("heading", TABLES)
def test_each_row_names_a_test(heading: str) -> None:
    assert [row for row in rows(heading) if not TEST.search(row.rstrip("| ").rpartition("|")[2])] == []


def test_each_unfound_change_names_a_test() -> None:
    assert len(not_found()) > 5
    assert [item for item in not_found() if not TEST.search(item)] == []


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(SECURITY))))
def test_the_test_is_there(file: str, name: str) -> None:
    path = ROOT / "tests" / (file if "/" in file else f"evidence/{file}")
    functions = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}
