"""Random tables through the whole extraction: each row is in the warehouse as it was delivered or set aside, a second
run changes nothing, and nothing is left behind."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from deliveries import write
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from random_files import CSV_WRITERS, SOURCE, Dialect, Row, contract, dialects, tables
from test_random_files import as_values, expected

from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.settings import Settings

pytestmark = pytest.mark.slow


def test_random_deliveries_are_taken_in_row_by_row(
    settings: Settings, inbox: Path, open_rows, rejects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (contracts := tmp_path / "contracts").mkdir()
    contract(contracts)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
    nights, taken, set_aside = count(), {}, 0

    @examples(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(tables, dialects)
    def deliver_and_take_in(table: list[Row], dialect: Dialect) -> None:
        nonlocal set_aside
        night = next(nights)
        agreed = replace(dialect, delimiter=";", encoding="utf-8")
        table = [replace(row, number=f"{night}.{row.number}") for row in table]
        cutoff = date(2015, 1, 1) + timedelta(days=night)
        write(inbox, f"{SOURCE}/rows_{cutoff}.csv", CSV_WRITERS[night % len(CSV_WRITERS)](table, agreed))
        result = extract(settings, SOURCE)
        wanted = {row.number: values for row in table if (values := expected(row))}
        taken.update(wanted)
        set_aside += len(table) - len(wanted)
        counts = result.loads[0].tables["rows"]
        assert (counts.delivered, counts.rejected) == (len(table), len(table) - len(wanted))
        assert extract(settings, SOURCE).outcome == "nothing_new"

    deliver_and_take_in()
    assert {row["number"]: as_values(row) for row in open_rows(f"{SOURCE}__rows")} == taken
    assert len(rejects()) == set_aside
    assert not list((settings.var / "spool").iterdir())


def test_a_file_of_another_kind_is_refused_and_leaves_nothing(
    settings: Settings, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (contracts := tmp_path / "contracts").mkdir()
    contract(contracts)
    monkeypatch.setenv("KVALITET_CONTRACTS", str(contracts))
    for night, content in enumerate(
        (b"PK\x03\x04\0\0", b"\x1f\x8b\x08\0", b"<html><table>", b"%PDF-1.7\n%\xe2", b";\n", b"\n\n")
    ):
        write(inbox, f"{SOURCE}/rows_{date(2015, 1, 1) + timedelta(days=night)}.csv", content)
        with pytest.raises(KvalitetError) as refused:
            extract(settings, SOURCE)
        assert len(str(refused.value)) <= 2_000 and refused.value.remedy is not None
        assert not list((settings.var / "spool").iterdir())
