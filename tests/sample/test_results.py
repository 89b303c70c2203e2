"""What the sample of results, suppliers and political decisions is meant to show, read from the delivered files."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from kvalitet_example.deliver import generate_earlier

pytestmark = pytest.mark.slow

NIGHT_1, NIGHT_2 = "2025-01-02", "2025-01-03"
KEY = ["Konto", "År", "Måned"]


def amount(column: str) -> pl.Expr:
    return pl.col(column).str.replace(",", ".").cast(pl.Float64, strict=False)


def test_later_bookings_change_few_months(read) -> None:
    before, after = (read(f"result_status/oekonomi_{night}.csv", "windows-1252") for night in (NIGHT_1, NIGHT_2))
    mended = pl.col("Konto").eq("5.68.90") & pl.col("År").eq("2021")  # a decimal point instead of a comma
    both = before.join(after, on=KEY, suffix="_ny").filter(pl.col("Forbrug") != pl.col("Forbrug_ny"), ~mended)
    assert set(both.select("Konto", "Måned").iter_rows()) == {
        ("5.57.71", "11"), ("5.57.71", "12"), ("5.68.90", "12"), ("6.45.53-C09", "3"), ("6.45.53-C01", "12"),
    }  # fmt: skip
    assert set(both["År"]) == {"2024"}
    assert both.select((amount("Forbrug_ny") > amount("Forbrug")).all()).item(), (
        "something was booked, nothing taken off"
    )
    assert both["Budget"].equals(both["Budget_ny"])


def test_centre_has_account_while_it_exists(read) -> None:
    rows = read(f"result_status/oekonomi_{NIGHT_1}.csv", "windows-1252").filter(pl.col("Center").is_not_null())
    months = rows.filter(pl.col("Center") != "Center").with_columns(
        month=pl.date(pl.col("År").cast(int), pl.col("Måned").cast(int), 1)
    )
    span = {
        centre: (low, high)
        for centre, low, high in months.group_by("Center")
        .agg(pl.col("month").min().alias("low"), pl.col("month").max().alias("high"))
        .iter_rows()
    }
    assert span["C03"] == span["C05"] == (date(2019, 1, 1), date(2022, 6, 1))
    assert span["C09"] == span["C11"] == (date(2022, 7, 1), date(2024, 12, 1))
    assert span["C01"] == (date(2019, 1, 1), date(2024, 12, 1))
    # The administration's budget is the same before and after, except for two per cent a year.
    june, july = (
        months.filter(pl.col("month") == date(2022, month, 1)).select(amount("Budget").sum()).item() for month in (6, 7)
    )
    assert abs(june - july) <= 3000, "rounded to whole thousands per centre"


def test_one_hand_written_status_is_wrong(read) -> None:
    goals = read(f"result_status/visionsmaal_{NIGHT_1}.csv", "windows-1252")
    more, less = amount("Resultat") >= amount("Måltal"), amount("Resultat") <= amount("Måltal")
    reached = pl.when(pl.col("Retning") == "højere er bedre").then(more).otherwise(less)
    judged = goals.filter(pl.col("Status").is_in(["nået", "ikke nået"]), amount("Resultat").is_not_null())
    odd = judged.filter(reached != (pl.col("Status") == "nået"))
    assert odd.select("Målnr", "År", "Kvartal").rows() == [("V02", "2023", "3")]
    assert goals.filter(pl.col("Status") == "ikke opgjort")["Resultat"].null_count() == 2


def read_cases(folder: Path, night: str) -> pl.DataFrame:
    rows = pl.read_csv(folder / "early_retirement_cases" / f"foertidspension_{night}.csv", infer_schema=False)
    days = ("Ansøgt", "Oplyst", "Afgjort")
    return rows.with_columns(pl.col(day).replace("", None).str.to_date(strict=False) for day in days)


def test_cases_run_in_order_before_the_cut_off(inbox: Path) -> None:
    cases = read_cases(inbox, NIGHT_1)
    assert not cases.filter(pl.col("Oplyst") < pl.col("Ansøgt")).height
    assert not cases.filter(pl.col("Afgjort") < pl.col("Oplyst")).height
    assert cases.select(pl.max_horizontal("Ansøgt", "Oplyst", "Afgjort").max()).item() < date(2025, 1, 2)
    in_good_order = cases.filter(pl.col("Udfald") != "bevilget", pl.col("Lukket") != "Nej")
    assert in_good_order.filter(pl.col("Lukket") == "True")["Afgjort"].null_count() == 0
    dropped = cases.filter(pl.col("Udfald") == "frafaldet")
    assert 0.07 < dropped.height / cases.height < 0.15


def test_second_night_adds_and_decides_cases(inbox: Path) -> None:
    before, after = read_cases(inbox, NIGHT_1), read_cases(inbox, NIGHT_2)
    added = after.join(before, on="Sagsnummer", how="anti")
    assert added.height == 1 and added["Ansøgt"].to_list() == [date(2025, 1, 2)]
    both = before.join(after, on="Sagsnummer", suffix="_ny")
    assert both.height == before.height, "no case is gone"
    decided = both.filter(pl.col("Afgjort").is_null(), pl.col("Afgjort_ny").is_not_null())
    assert decided["Afgjort_ny"].unique().to_list() in ([], [date(2025, 1, 2)])


def test_older_snapshot_lacks_what_came_later(inbox: Path, tmp_path: Path) -> None:
    generate_earlier(tmp_path, date(2022, 7, 1))
    older, newest = read_cases(tmp_path, "2022-07-01"), read_cases(inbox, NIGHT_1)
    assert older.height == newest.filter(pl.col("Ansøgt") < date(2022, 7, 1)).height
    open_then = older.filter(pl.col("Lukket") == "False")
    since = open_then.select("Sagsnummer").join(newest, on="Sagsnummer")
    assert since.height == open_then.height > 10
    assert since.filter(pl.col("Afgjort") < date(2022, 7, 1)).height == 0


def test_plan_names_only_checks_carried_out(read) -> None:
    plan = read(f"supplier_supervision/tilsynsplan_{NIGHT_1}.csv", "windows-1252")
    checks = read(f"supplier_supervision/leverancekontrol_{NIGHT_1}.csv", "windows-1252")
    named = plan["Kontrolnr"].drop_nulls()
    assert named.is_unique().all() and checks["Kontrolnr"].is_unique().all()
    assert set(named) - set(checks["Kontrolnr"]) == {"se mail"}
    unplanned = checks.height - len(named) + 1
    assert 0 < unplanned < 0.15 * checks.height
    of_2020 = plan.filter(pl.col("Planlagt").str.ends_with("2020"))
    assert 0.2 < of_2020["Kontrolnr"].null_count() / of_2020.height < 0.5


def test_two_suppliers_have_too_few_answers(read) -> None:
    answers = read(f"supplier_surveys/besvarelser_{NIGHT_1}.csv", "utf-8-sig")
    respondents = answers.group_by("Runde", "Leverandørnr").agg(pl.col("Svar-id").n_unique())
    small = respondents.filter(pl.col("Svar-id") < 3)
    assert set(small["Leverandørnr"]) - {"Mentorhuset"} == {"L009", "L010"}
    assert answers.filter(pl.col("Svar") == "Ved ikke").height > 10


def test_workbook_is_as_people_keep_it(inbox: Path) -> None:
    path = inbox / "political_decisions" / f"politiske_beslutninger_{NIGHT_1}.xlsx"
    sheet = openpyxl.load_workbook(path)["Punkter"]
    rows = list(sheet.iter_rows(values_only=True))
    assert sheet.merged_cells.ranges and rows[0][0] and rows[3][0] == "Punkt"
    assert any(not any(row) for row in rows[4:]), "there are empty rows"
    due = [row[4] for row in rows[4:] if row[0] and row[4]]
    assert {type(value) for value in due} == {datetime, str}, "some dates are typed as text"
