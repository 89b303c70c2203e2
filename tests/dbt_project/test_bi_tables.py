"""The tables in which a plain SUM is right. Every count that adds up has a column there, and nothing else has."""

import csv
from pathlib import Path

import pytest

REGISTER = Path(__file__).resolve().parents[2] / "example" / "administration" / "register"
KINDS = {"calendar_year": "kalenderaar", "report_year": "beretningsaar", "quarter": "kvartal"}


@pytest.mark.parametrize("period", KINDS)
def test_every_additive_count_has_its_column(period: str, models: dict[str, dict]) -> None:
    with (REGISTER / "seed_indicator.csv").open(encoding="utf-8", newline="") as file:
        counts = {
            row["indicator_id"]
            for row in csv.DictReader(file)
            if row["unit"] == "antal"
            and row["is_additive_over_periods"] == "true"
            and row["valid_to_year"] == ""
            and KINDS[period] in row["period_kinds"].split("; ")
        }
    assert counts
    assert counts == {
        name
        for name, column in models[f"rpt_counts_by_{period}"]["columns"].items()
        if column["data_type"] in ("bigint", "numeric(38, 10)")
    }


def test_centre_tables_have_additive_counts(models: dict[str, dict]) -> None:
    whole = set(models["rpt_counts_by_calendar_year"]["columns"])
    keys = {"centre_id", "centre_name_da"}
    for table in ("rpt_counts_by_centre_and_calendar_year", "rpt_counts_by_centre_today_and_calendar_year"):
        columns = set(models[table]["columns"]) - keys
        assert "klager_modtaget" in columns
        # No shares, and no counts that belong to no centre.
        assert columns <= whole - {"revisionsbemaerkninger", "klager_henvist_fra_borgerraadgiver"}


def test_shares_have_no_percentage_to_add(models: dict[str, dict]) -> None:
    shares = [model for name, model in models.items() if name.startswith("rpt_shares_by_")]
    assert len(shares) == 5
    for model in shares:
        numbers = {
            name for name, column in model["columns"].items() if column["data_type"] in ("numeric(38, 10)", "bigint")
        }
        assert numbers == {"numerator", "denominator"}
