"""The sample is deterministic, of any size, and in whole files. Nothing in it could be a real person's."""

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from kvalitet_example import CORRUPTIONS, generate, published
from kvalitet_example import vocabulary as words
from kvalitet_example.persons import NUMBERS, cpr_numbers
from kvalitet_example.sources import jobindsats

from kvalitet.errors import KvalitetError

pytestmark = pytest.mark.slow

SMALL = 1000
REGISTER = Path(__file__).parents[2] / "example" / "administration" / "register"
CONTRACTS = (Path(__file__).parents[2] / "example" / "administration" / "contracts").glob("*.odcs.yaml")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_same_bytes(tmp_path: Path) -> None:
    paths = generate(tmp_path / "a", night=2, complaints=SMALL)
    generate(tmp_path / "b", night=2, complaints=SMALL)
    generate(tmp_path / "c", night=2, complaints=SMALL, seed=7)
    first, second, other = (digests(tmp_path / name) for name in "abc")
    assert first == second
    assert set(first) == {str(path.relative_to(tmp_path / "a")) for path in paths}, "nothing half-written is left"
    complaints = "bif_complaints/klager_2025-01-03.csv"
    assert first[complaints] != other[complaints]


def test_later_nights_deliver_only_what_is_new(inbox: Path, expected) -> None:
    """The first night has all sources."""
    nights = {
        cutoff: {path.parent.name for path in inbox.rglob(f"*{cutoff}*")} for cutoff in ("2025-01-02", "2025-01-03")
    }
    assert nights["2025-01-02"] == {path.name for path in inbox.iterdir()}
    assert nights["2025-01-02"] == {file.name.partition(".")[0] for file in CONTRACTS}
    assert nights["2025-01-03"] == {contract for contract, _ in expected[2].delivered}
    assert {"bif_complaints", "organisation"} < nights["2025-01-03"] < nights["2025-01-02"]


def test_size_is_what_was_asked_for(tmp_path: Path) -> None:
    generate(tmp_path, complaints=2500)
    rows = pl.read_csv(tmp_path / "bif_complaints" / "klager_2025-01-02.csv", infer_schema=False)
    assert rows["Sagsnummer"].n_unique() == 2500


@pytest.mark.parametrize("wrong", [{"complaints": 10}, {"night": 0}, {"corrupt": "meteor"}])
def test_what_cannot_be_made_is_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(KvalitetError):
        generate(tmp_path, **wrong)


def test_no_cpr_number_can_be_anybodys() -> None:
    numbers = cpr_numbers(np.arange(50_000))
    assert numbers.n_unique() == 50_000 < NUMBERS
    parts = numbers.str.extract_groups(r"^(?<day>\d\d)(?<month>\d\d)(?<year>\d\d)(?<seventh>\d)").struct.unnest()
    day, month, year, seventh = (parts[name].cast(pl.Int32) for name in parts.columns)
    assert (day % 60).is_between(1, 28).all() and month.is_between(1, 12).all()
    # The years 50-57 with a seventh digit of 5-8 mean a birth in 2050-2057.
    assert year.is_between(50, 57).all() and seventh.is_between(5, 8).all()
    assert (day > 60).mean() == pytest.approx(0.1, abs=0.001)


def test_every_cpr_like_number_is_ours(inbox: Path) -> None:
    text = (inbox / "bif_complaints" / "klager_2025-01-02.csv").read_text(encoding="utf-8")
    found = {match.replace("-", "") for match in re.findall(r"(?<!\d)\d{6}-?\d{4}(?!\d)", text)}
    assert len(found) > 5000
    assert all(number == "0000000000" or re.fullmatch(r"\d{4}5[0-7][5-8]\d{3}", number) for number in found)


def test_names_are_marked_as_fictional(inbox: Path, read) -> None:
    assert read("organisation/enheder_2025-01-02.csv")["Navn"].str.ends_with("(fiktiv)").all()
    figures = read("borgerraadgiver_annual/aarstal_2025-01-02.csv", "utf-8-sig")
    real = figures["Myndighed"].is_in([row["Myndighed"] for row in published.rows("borgerraadgiver")])
    assert (real != figures["Myndighed"].str.ends_with("(fiktiv)")).all()


def test_fictional_authorities_are_marked() -> None:
    with (REGISTER / "seed_authority.csv").open(encoding="utf-8", newline="") as file:
        marked = {row["authority"] for row in csv.DictReader(file) if row["is_fictional"] == "true"}
    assert marked == {words.AUTHORITY, *jobindsats.AREAS}


@pytest.mark.parametrize(
    ("file", "encoding", "name"),
    [
        ("borgerraadgiver_annual/aarstal_2025-01-02.csv", "utf-8-sig", "borgerraadgiver"),
        ("ankestyrelsen_statistics/udgivelser_2025-01-02.csv", "iso-8859-1", "udgivelser"),
        ("ankestyrelsen_statistics/lov_aar_2025-01-02.csv", "iso-8859-1", "lov_aar"),
        ("ankestyrelsen_statistics/lov_kvartal_2025-01-02.csv", "iso-8859-1", "gribskov_kvartal"),
        ("citizen_surveys/runder_2025-01-02.csv", "utf-8-sig", "borgertilfredshed_runder"),
        ("citizen_surveys/svar_2025-01-02.csv", "utf-8-sig", "borgertilfredshed_svar"),
    ],
)
def test_published_figures_stay_unchanged(read, file: str, encoding: str, name: str) -> None:
    delivered = read(file, encoding)
    real = published.rows(name)
    assert delivered.head(len(real)).fill_null("").to_dicts() == [
        {column: row[column] for column in delivered.columns} for row in real
    ]
    assert all(row["Adresse"].startswith("https://") for row in real)


def test_figures_named_by_domain_are_published() -> None:
    inquiries = {row["Beretningsår"]: int(row["Henvendelser"]) for row in published.rows("borgerraadgiver")}
    assert inquiries == {"2021": 840, "2022": 1077, "2023": 912}
    assert len(published.rows("lov_aar")) == 34
    cases = {row["Afgjorte sager"] for row in published.rows("lov_aar") if row["Lov"] == "Kommunale sager i alt"}
    assert {"21018", "20097"} <= cases, "publications disagree"
    totals = {row["Revisionsår"]: row for row in published.rows("revision_totaler")}
    assert {year: row["Bemærkninger"] for year, row in totals.items()} == {"2015": "19", "2016": "17", "2025": "11"}
    assert [totals["2025"][grade] for grade in ("Kritiske", "Væsentlige", "Mindre")] == ["5", "5", "1"]


def test_surveys_keep_their_methods_apart() -> None:
    rounds = {row["Runde"]: row for row in published.rows("borgertilfredshed_runder")}
    told = {name: (row["Metode"], row["Besvarelser"], row["Svarprocent"]) for name, row in rounds.items()}
    assert told == {
        "koebenhavn_2022": ("vive_1", "331", ""),
        "koebenhavn_2024": ("kl_1", "870", ""),
        "hele_landet_2024": ("kl_1", "", "38,8"),
    }
    results = published.rows("borgertilfredshed_svar")
    assert [(row["Spørgsmål"], row["Tilfredse pct"]) for row in results] == [
        ("forloeb", "79"), ("forloeb", "78"), ("sagsbehandler", "89"),
    ]  # fmt: skip
    assert not any(row["Tilfredse"] for row in results)


def test_figure_without_address_says_so() -> None:
    rows = published.rows("offentliggjorte_udgivelser")
    assert {bool(row["Adresse"]) for row in rows} == {True, False}
    for row in rows:
        assert bool(row["Adresse"]) != ("adresse ikke oplyst" in row["Titel"]), row["Udgivelse"]
    assert {row["Udgivelse"] for row in published.rows("offentliggjorte_tal")} == {row["Udgivelse"] for row in rows}


def test_gribskov_is_kept_as_published() -> None:
    rows = published.rows("gribskov_kvartal")
    total = {True: 0, False: 0}
    for row in rows:
        if row["Udfald"] == "I alt":
            total[row["Overordnet lov"] == ""] += int(row["Antal"])
    assert total == {True: 150, False: 87}, "the published 237 counts parents and children"


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_corrupt_delivery_differs_in_one_thing(inbox: Path, tmp_path: Path, corrupt: str) -> None:
    generate(tmp_path, night=2, corrupt=corrupt)
    name = "bif_complaints/klager_2025-01-03.csv"
    good, bad = ((pl.read_csv(folder / name, infer_schema=False)) for folder in (inbox, tmp_path))
    changed = [column for column in good.columns if not good[column].equals(bad[column])]
    if corrupt == "lost_centre":
        assert changed == ["Center"]
        assert bad.filter(pl.col("Center") == "C99").height == good.filter(pl.col("Center") == "C06").height > 0
    else:
        assert set(changed) == {"Modtaget", "Registreret", "Videresendt", "Besvaret", "Afgjort", "Svarfrist"}
        assert bad["Modtaget"].max() > "2025-06"  # type: ignore[operator]
