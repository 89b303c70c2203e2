"""Reassessments and own appeals belong to the complaints they came from, by number and by date."""

import polars as pl
import pytest

NIGHT_1, NIGHT_2 = "2025-01-02", "2025-01-03"


@pytest.fixture(scope="session")
def complaints(read) -> pl.DataFrame:
    rows = read(f"bif_complaints/klager_{NIGHT_1}.csv").unique("Sagsnummer", maintain_order=True)
    return rows.filter(
        pl.col("Modtaget").is_not_null(),
        pl.col("Videresendt").fill_null("T").str.contains("T"),
        pl.col("Klagetype") != "serviceklage",
    )


@pytest.fixture(scope="session")
def reassessments(read) -> pl.DataFrame:
    """The reassessments that the contract accepts."""
    return read(f"complaint_reassessments/genvurderinger_{NIGHT_1}.csv").filter(
        pl.col("Modtaget").is_not_null(),
        pl.col("Genvurderet").fill_null("2025-01-01").str.contains(r"^\d{4}-"),
        pl.col("Resultat").fill_null("fastholdt").is_in(["fastholdt", "delvist_aendret", "helt_aendret"]),
        pl.col("Ankesagsnummer").fill_null("-") != "afventer",
        pl.col("Sagsnummer").is_unique(),
    )


def test_reassessment_agrees_with_its_complaint(complaints: pl.DataFrame, reassessments: pl.DataFrame) -> None:
    both = reassessments.join(complaints, on="Sagsnummer", suffix="_klage")
    assert both.height > 0.95 * reassessments.height
    assert set(both["Klagetype"]) == {"realitet"}
    assert (both["Modtaget"] == both["Modtaget_klage"].str.slice(0, 10)).all()
    assert both["Videresendt"].eq_missing(both["Videresendt_klage"].str.slice(0, 10)).all()
    done = both.filter(pl.col("Udfald").is_not_null())
    results = dict(done.group_by("Udfald").agg(pl.col("Resultat").unique()).iter_rows())
    assert {outcome: set(result) for outcome, result in results.items()} == {
        "medhold": {"helt_aendret"},
        "delvist_medhold": {"delvist_aendret"},
        "ikke_medhold": {"fastholdt"},
        "afvist": {"fastholdt"},
    }
    assert not both.filter(pl.col("Resultat") == "helt_aendret")["Videresendt"].count(), "nothing is left to appeal"
    assert (both["Videresendt"] >= both["Genvurderet"]).drop_nulls().all()


def test_most_appeals_link_to_complaints(complaints: pl.DataFrame, reassessments: pl.DataFrame, read) -> None:
    appeals = read(f"appeal_cases/ankesager_{NIGHT_1}.csv", "utf-8-sig").unique("Ankesagsnummer")
    named = appeals["Eget sagsnummer"]
    by_case = named.is_in(complaints["Sagsnummer"].to_list()).fill_null(False)
    by_appeal = appeals["Ankesagsnummer"].is_in(reassessments["Ankesagsnummer"].drop_nulls().to_list())
    assert 0.01 < named.null_count() / appeals.height < 0.05
    assert 0.005 < (~by_case & named.is_not_null()).mean() < 0.05, "mistyped"  # type: ignore[operator]
    assert 0.005 < (~by_case & ~by_appeal).mean() < 0.03, "found neither way"  # type: ignore[operator]


def test_decided_appeal_has_one_or_two_outcomes(read) -> None:
    appeals = read(f"appeal_cases/ankesager_{NIGHT_1}.csv", "utf-8-sig").unique("Ankesagsnummer")
    outcomes = read(f"appeal_cases/ankeudfald_{NIGHT_1}.csv", "utf-8-sig")
    decided = appeals.filter(pl.col("Afgjort").is_not_null())
    assert set(outcomes["Ankesagsnummer"]) == set(decided["Ankesagsnummer"])
    parts = outcomes.group_by("Ankesagsnummer").len()["len"]
    assert set(parts) == {1, 2} and 0.04 < (parts == 2).mean() < 0.1  # type: ignore[operator]
    reversed_share = outcomes["Udfald"].is_in(["Ændring", "Ophævelse", "Hjemvisning"]).mean()
    assert 0.2 < reversed_share < 0.35  # type: ignore[operator]


def test_second_night_adds_to_first(read) -> None:
    first, second = (
        read(f"appeal_cases/ankesager_{night}.csv", "utf-8-sig").unique("Ankesagsnummer")
        for night in (NIGHT_1, NIGHT_2)
    )
    both = first.join(second, on="Ankesagsnummer", suffix="_2")
    assert both.height > 0.99 * first.height
    assert second.height >= both.height
    assert both["Eget sagsnummer"].eq_missing(both["Eget sagsnummer_2"]).all()
