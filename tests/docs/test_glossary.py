"""The glossary holds each Danish word once, and it holds the Danish names that the star shows."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([^|]+) \| [^|]* \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def terms() -> list[str]:
    entries = [entry for entry in ROW.findall(GLOSSARY) if entry != "Danish"]
    return [term.strip().lower() for entry in entries for term in re.split(r"[,;:]", entry)]


def test_each_word_stands_once() -> None:
    twice = [term for term, count in Counter(terms()).items() if count > 1]
    assert len(terms()) > 80
    assert not twice


def test_each_row_names_its_source() -> None:
    rows = [line for line in GLOSSARY.splitlines() if ROW.match(line) and not line.startswith("| Danish")]
    without = [row for row in rows if not re.search(r"\b[VA]\b", row.rsplit("|", 2)[1])]
    assert not without


@pytest.mark.parametrize(
    "seed",
    [
        "dbt_project/seeds/seed_complaint_type",
        "dbt_project/seeds/seed_outcome",
        "example/administration/register/seed_source",
    ],
)
def test_danish_names_of_star_are_explained(seed: str) -> None:
    with (ROOT / f"{seed}.csv").open(encoding="utf-8", newline="") as lines:
        names = [row["name_da"] for row in csv.DictReader(lines)]
    words = {word for name in names for word in re.findall(r"[A-ZÆØÅa-zæøå]{4,}", name)}
    known = GLOSSARY.lower()
    unknown = {word for word in words if word.lower() not in known}
    assert not unknown - {"eller"}
