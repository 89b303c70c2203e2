"""Incidents are told in YAML, happen to real deliveries, and are counted where a published figure moves."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from kvalitet_example.deliver import generate

from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.mutation.delivered import change_tables
from kvalitet.mutation.effect import Figures, moved
from kvalitet.mutation.incidents import load_incidents
from kvalitet.mutation.result import incident_summary
from kvalitet.settings import Settings

CONTRACTS = load_contracts(Settings.from_environment())


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("incidents")
    generate(folder, complaints=1000)
    return folder


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{id: a, kind: MAP, what: x, seen_at: https://a.example, delivery: {source: s, sql: select 1 + 1}}", "what"),
        ("{id: a, kind: ODD, what: Thirty characters or more of a story., seen_at: https://a.example}", "kind"),
        ("{id: a, kind: MAP, what: Thirty characters or more of a story., seen_at: hearsay}", "seen_at"),
        ("{id: a, kind: MAP, what: Thirty characters or more of a story., seen_at: https://a.example}", "write either"),
        ("{", "not readable"),
    ],
)
def test_faulty_list_is_refused_with_place(tmp_path: Path, entry: str, told: str) -> None:
    (file := tmp_path / "incidents.yaml").write_text(f"incidents:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(KvalitetError, match=told):
        load_incidents(file)


def test_csv_is_changed_as_delivered(inbox: Path) -> None:
    """Two outcomes change places in one table, and nothing else of the files changes."""
    folder = inbox / "bif_complaints"
    files = {file: file.read_bytes() for file in sorted(folder.iterdir())}
    (complaints,) = (file for file in files if file.name.startswith("klager_"))
    text = files[complaints].decode(CONTRACTS["bif_complaints"].encoding)
    before = (text.count(',"medhold",'), text.count(',"ikke_medhold",'))
    changed = change_tables(
        folder,
        CONTRACTS["bif_complaints"],
        """update complaints set "Udfald" = case "Udfald" when 'medhold' then 'ikke_medhold' else 'medhold' end
           where "Udfald" in ('medhold', 'ikke_medhold');\n""",
    )
    after = complaints.read_bytes().decode(CONTRACTS["bif_complaints"].encoding)
    assert changed == sum(before) > 0
    assert (after.count(',"ikke_medhold",'), after.count(',"medhold",')) == before
    # Everything else is as it was, byte by byte.
    outcomes = {"medhold": "x", "ikke_medhold": "x"}
    alike = [[outcomes.get(v, v) for v in line.split('"')] for line in (text, after)]
    assert alike[0] == alike[1]
    assert [file for file, content in files.items() if file.read_bytes() != content] == [complaints]


def test_workbook_keeps_types_and_other_sheets(inbox: Path) -> None:
    (file,) = (inbox / "audit_remarks").iterdir()
    before = {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(file)}
    contract = CONTRACTS["audit_remarks"]
    name, table = next((name, table) for name, table in contract.tables.items() if table.sheet == "Bemærkninger")
    added = change_tables(inbox / "audit_remarks", contract, f"insert into {name} select * from {name} limit 2;\n")
    after = {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(file)}
    assert added == 2
    assert table.sheet is not None
    sheet = after.pop(table.sheet)
    same = before.pop(table.sheet)
    assert after == before
    assert len(sheet) == len(same) + 2
    added_rows = [row for row in sheet if sheet.count(row) > 1 and any(row)]
    assert len(added_rows) == 4 and set(added_rows) <= set(same)
    assert [row for row in sheet if row not in added_rows] == [row for row in same if row not in added_rows]


def test_incident_without_effect_is_refused(inbox: Path) -> None:
    with pytest.raises(KvalitetError, match="changes nothing"):
        change_tables(inbox / "court_cases", CONTRACTS["court_cases"], "delete from cases where false;\n")


def test_lists_of_the_example_are_whole() -> None:
    """At least 60 in each half, most of them deliveries of agreed sources, and no kind more than a tenth of all."""
    folder = Settings.from_environment().administration.folder / "mutations"
    halves = [load_incidents(folder / name) for name in ("incidents.yaml", "incidents_apart.yaml")]
    for half in halves:
        assert len(half) >= 60
        delivered = [incident.delivery.source for incident in half if incident.delivery]
        assert len(delivered) >= 40 and set(delivered) <= CONTRACTS.keys()
    kinds = Counter(incident.kind for half in halves for incident in half)
    assert max(kinds.values()) <= sum(kinds.values()) / 10


def figures(**values: str | None) -> Figures:
    return {(name, "", "", "2024", "", ""): (Decimal(value) if value else None, True) for name, value in values.items()}


@pytest.mark.parametrize(
    ("before", "after", "is_seen"),
    [
        (figures(share="50.0"), figures(share="50.9"), False),
        (figures(share="50.0"), figures(share="51.0"), True),
        (figures(share="4.0"), figures(share="4.2"), True),  # five per cent of itself
        (figures(share="4.0"), figures(share=None), True),
        (figures(share="4.0"), {}, True),
        (figures(share=None), figures(share=None), False),
        (figures(share="0"), figures(share="0"), False),
    ],
)
def test_reader_notices_point_or_twentieth(before: Figures, after: Figures, is_seen: bool) -> None:
    found = moved(before, after)
    assert (found is not None) == is_seen
    if found:
        assert found.figures == 1 and found.most.startswith("share")


def test_what_moved_nothing_is_not_counted() -> None:
    moved_figure = {"figures": 1, "most": "x", "before": 1.0, "after": 2.0}
    tried = [
        {"incident": "a", "outcome": "blocked", "moved": moved_figure},
        {"incident": "b", "outcome": "refused", "moved": moved_figure},
        {"incident": "c", "outcome": "missed", "moved": moved_figure},
        {"incident": "d", "outcome": "warned", "moved": moved_figure},
        {"incident": "e", "outcome": "blocked", "moved": None},
    ]
    assert incident_summary({"incidents": tried, "minutes": 3}) == [
        "4 incidents: 1 blocked, 1 refused, 1 warned, 1 missed (3 min)",
        "50 % did not reach readers",
        "Too small, since no figure moved: e",
        "Published: c, d",
    ]
