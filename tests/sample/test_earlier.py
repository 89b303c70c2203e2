"""Older snapshots hold what was known at their cut-off, and nothing that came after."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from kvalitet_example import generate, generate_earlier, next_night, truth
from kvalitet_example.earlier import Memory, known_on
from kvalitet_example.plan import night_of

from kvalitet.errors import KvalitetError

CUTOFF = date(2022, 3, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("earlier")
    generate_earlier(out, CUTOFF, complaints=2000)
    return out


def complaints(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, infer_schema=False)


def test_older_snapshot_knows_nothing_later(folder: Path, tmp_path: Path) -> None:
    older = complaints(folder / "bif_complaints/klager_2022-03-01.csv")
    assert older.height == truth(night_of(CUTOFF), complaints=2000).delivered["bif_complaints", "complaints"]
    for column in ("Modtaget", "Registreret", "Videresendt", "Besvaret", "Afgjort"):
        newest = older.filter(pl.col(column).str.len_chars() == len("2022-02-28T12:00:00"))[column].drop_nulls()
        assert (newest < "2022-03-01").sum() >= len(newest) - 5, column  # planned defects have days of 2023
    generate(tmp_path, night=1, complaints=2000)
    newer = complaints(tmp_path / "bif_complaints/klager_2025-01-02.csv")
    both = older.unique("Sagsnummer", keep="none").join(newer.unique("Sagsnummer", keep="none"), on="Sagsnummer")
    assert both.height == older["Sagsnummer"].n_unique() - 1, "all of them, but for the one that is delivered twice"
    assert (both["CPR"] == both["CPR_right"]).sum() == both["CPR"].drop_nulls().len(), "the same cases"
    assert (both["Udfald"] == "").sum() > (both["Udfald_right"] == "").sum(), "open then, decided since"


def test_older_units_are_before_reorganisation(folder: Path) -> None:
    units = (folder / "organisation/enheder_2022-03-01.csv").read_text()
    assert "2022-07-01" not in units and "2022-06-30" not in units
    assert "C03" in units and "C09" not in units


def test_case_lists_forget_later_events() -> None:
    rows = [
        {"Anlagt": "01-02-2021", "Afsluttet": "28-02-2022", "Udfald": "tabt", "Status": "lukket"},
        {"Anlagt": "01-02-2021", "Afsluttet": "01-03-2022", "Udfald": "tabt", "Status": "lukket"},
        {"Anlagt": "01-03-2022", "Afsluttet": "", "Udfald": "", "Status": "åben"},
        {"Anlagt": "31-06-2019", "Afsluttet": "", "Udfald": "", "Status": "åben"},
    ]
    memory = Memory("Anlagt", {"Afsluttet": {"Udfald": "", "Status": "åben"}})
    assert known_on(CUTOFF, memory, rows) == [
        rows[0],
        {"Anlagt": "01-02-2021", "Afsluttet": "", "Udfald": "", "Status": "åben"},
        rows[3],
    ]


def test_case_lists_have_the_older_cut_off(folder: Path) -> None:
    files = {
        file.name for contract in ("court_cases", "parliament_ombudsman") for file in (folder / contract).iterdir()
    }
    assert files == {
        f"{name}_2022-03-01.csv" for name in ("retssager", "ombudsmandssager", "undersoegelser", "henstillinger")
    }


def test_an_older_snapshot_is_no_night(folder: Path, tmp_path: Path) -> None:
    assert next_night(folder) == 1
    with pytest.raises(KvalitetError, match="is not before the first night"):
        generate_earlier(tmp_path, date(2025, 1, 2))
    with pytest.raises(KvalitetError, match="knows nothing of 2019-06-30"):
        generate_earlier(tmp_path, date(2019, 6, 30))
    with pytest.raises(KvalitetError, match="There is no night 0"):
        generate(tmp_path, night=0)
