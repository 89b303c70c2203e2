"""The sample's story, worked out from the delivered files, agrees with the generator's own count of it."""

from itertools import pairwise

import polars as pl
import pytest
from kvalitet_example import vocabulary as words

pytestmark = pytest.mark.slow

NIGHT_1, NIGHT_2 = "2025-01-02", "2025-01-03"


@pytest.fixture(scope="session")
def complaints(read) -> pl.DataFrame:
    """Night 1 without the rows that the contract sets aside. The rules are written here a second time."""
    rows = read(f"bif_complaints/klager_{NIGHT_1}.csv")
    is_good = (
        (pl.col("Svarfrist") != "2023-02-30")
        & (pl.col("Videresendt").fill_null("T").str.contains("T"))
        & ~pl.col("Besvaret").is_in(["2023-03-26T02:30:00", "2023-10-29T02:30:00"]).fill_null(False)
        & pl.col("Klagetype").is_in(["formalitet", "realitet"])
        & pl.col("Lukket").is_in(["True", "False"])
        & pl.col("Henvisers sagsnummer").fill_null("BR-2022-00001").str.contains(r"^(BR|FO)-\d{4}-\d{5}$")
        & (pl.col("CPR").fill_null("") != "ukendt")
        & pl.col("Modtaget").is_not_null()
        & pl.col("Center").str.contains(r"^C\d\d$")
        & pl.col("Sagsnummer").is_unique()
    )
    return rows.filter(is_good).with_columns(
        at=pl.col("Modtaget").str.to_datetime("%Y-%m-%dT%H:%M:%S"),
        cpr=pl.col("CPR").str.replace_all("-", "").replace("0000000000", None),
    )


def test_truth_equals_delivered_files(complaints: pl.DataFrame, expected, read) -> None:
    told = expected[1]
    delivered = read(f"bif_complaints/klager_{NIGHT_1}.csv").height
    assert told.delivered["bif_complaints", "complaints"] == delivered
    assert told.complaints == complaints.height == delivered - told.rejected("bif_complaints", "complaints")
    assert (
        told.delivered["bif_complaints", "complaint_points"]
        == read(f"bif_complaints/klagepunkter_{NIGHT_1}.csv").height
    )
    by_year = dict(complaints.group_by(pl.col("at").dt.year()).len().iter_rows())
    assert told.complaints_by_calendar_year == by_year
    begins = pl.col("at").dt.year() - (pl.col("at").dt.month() < 4).cast(pl.Int32)
    assert told.complaints_by_report_year == dict(complaints.group_by(begins).len().iter_rows())
    by_outcome = complaints.group_by(pl.col("at").dt.year(), "Udfald").len().iter_rows()
    assert told.outcomes_by_calendar_year == {(year, outcome): count for year, outcome, count in by_outcome}


def test_only_inquiries_rise_in_one_report_year(complaints: pl.DataFrame, read) -> None:
    figures = read(f"borgerraadgiver_annual/aarstal_{NIGHT_1}.csv", "utf-8-sig").filter(Myndighed=words.AUTHORITY)
    inquiries = {int(year): int(count) for year, count in figures.select("Beretningsår", "Henvendelser").iter_rows()}
    rises = {year: 100 * (inquiries[year] / inquiries[year - 1] - 1) for year in range(2020, 2024)}
    assert 35 < rises[2022] < 47
    assert all(abs(rise) < 12 for year, rise in rises.items() if year != 2022)
    own = dict(complaints.group_by(pl.col("at").dt.year()).len().iter_rows())
    assert all(abs(own[year] / own[year - 1] - 1) < 0.06 for year in range(2020, 2025))


def test_third_of_one_quarter_are_repeats(complaints: pl.DataFrame, expected) -> None:
    earlier = pl.col("at").shift().over("cpr", "Tema", order_by="at")
    repeats = complaints.filter(pl.col("cpr").is_not_null()).with_columns(
        is_repeat=(pl.col("at") - earlier) <= pl.duration(days=180)
    )
    quarter = pl.col("at").dt.year().cast(pl.String) + "-K" + pl.col("at").dt.quarter().cast(pl.String)
    found = dict(repeats.filter("is_repeat").group_by(quarter).len().iter_rows())
    assert found == expected[1].repeats_by_quarter
    share = {name: count / expected[1].complaints_by_quarter[name] for name, count in found.items()}
    assert share["2021-K4"] == pytest.approx(1 / 3, abs=0.015)
    assert all(value < 0.09 for name, value in share.items() if name != "2021-K4")


def test_some_referred_cases_have_no_match(complaints: pl.DataFrame, expected, read) -> None:
    referrals = read(f"borgerraadgiver_annual/henvisninger_{NIGHT_1}.csv", "utf-8-sig")
    known = referrals.filter(pl.col("Modtaget") != "31-02-2022")["Sagsnummer"]
    assert known.is_unique().all()
    referred = complaints.filter(pl.col("Henvist af") == "borgerraadgiver")
    number = referred["Henvisers sagsnummer"]
    told = expected[1]
    assert told.matched == number.is_in(known.to_list()).sum()
    assert told.without_number == number.null_count() > 5
    assert told.unmatched_number == referred.height - told.matched - told.without_number > 5
    assert told.referrals_without_complaint == len(known) - told.matched > 5
    assert told.matched > 0.9 * referred.height
    per_report_year = complaints.with_columns(
        year=pl.col("at").dt.year() - (pl.col("at").dt.month() < 4).cast(pl.Int32),
        is_referred=pl.col("Henvist af").eq_missing(pl.lit("borgerraadgiver")),
    )
    shares = dict(per_report_year.group_by("year").agg(pl.col("is_referred").mean()).iter_rows())
    assert shares[2022] > 1.3 * max(share for year, share in shares.items() if year != 2022)
    assert referrals.height < sum(told.inquiries_by_report_year.values())


def test_centres_change_at_reorganisation(complaints: pl.DataFrame) -> None:
    after = pl.col("at") >= pl.datetime(2022, 7, 1)
    assert set(complaints.filter(~after)["Center"]) == {f"C{number:02d}" for number in range(1, 9)}
    new = complaints.filter(after)["Center"].value_counts(name="n")
    count = dict(new.iter_rows())
    assert set(count) == {"C01", "C02", "C06", "C07", "C08", "C09", "C10", "C11"}
    assert count["C10"] / (count["C10"] + count["C11"]) == pytest.approx(0.6, abs=0.06)


def test_complaints_follow_the_seasons(complaints: pl.DataFrame) -> None:
    months = dict(complaints.group_by(pl.col("at").dt.month()).len().iter_rows())
    assert months[7] == min(months.values()) and months[1] == max(months.values())


def test_every_case_runs_in_order(complaints: pl.DataFrame) -> None:
    steps = ["Modtaget", "Registreret", "Videresendt", "Besvaret", "Afgjort"]
    for first, second in pairwise(steps):
        assert not complaints.filter(pl.col(first) > pl.col(second)).height, (first, second)
    assert complaints.filter(pl.col("Lukket") == "True")["Udfald"].null_count() == 0
    assert complaints.filter(pl.col("Lukket") == "False")["Udfald"].is_null().all()
    for step in steps:
        assert complaints[step].max() < NIGHT_1  # type: ignore[operator]
        assert complaints[step].drop_nulls().str.slice(11, 2).cast(pl.Int32).is_between(7, 21).all()


def test_second_night_adds_and_corrects_a_few(read, expected) -> None:
    first = read(f"bif_complaints/klager_{NIGHT_1}.csv").unique("Sagsnummer", keep="first")
    second = read(f"bif_complaints/klager_{NIGHT_2}.csv").unique("Sagsnummer", keep="first")
    added = second.join(first, on="Sagsnummer", how="anti")
    assert added.height == 6
    assert added["Registreret"].str.starts_with("2025-01-02").all()
    late = added.filter(pl.col("Modtaget") < "2024-12-05").height
    assert late == 3, "half of them were received long before they were registered"
    gone = first.join(second, on="Sagsnummer", how="anti")
    assert 1 <= gone.height < 0.05 * first.height
    both = first.join(second, on="Sagsnummer", suffix="_2")
    corrected = both.filter(
        pl.col("Udfald") != pl.col("Udfald_2"), pl.col("Afgjort") < "2024-06", pl.col("Lukket") == "True"
    )
    assert corrected.height >= 3
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_2")) for name in first.columns[1:])
    assert both.select(same.mean()).item() > 0.98
    assert expected[2].complaints > expected[1].complaints


def test_later_publication_restates_quarters(read) -> None:
    rows = read(f"ankestyrelsen_statistics/lov_kvartal_{NIGHT_2}.csv", "iso-8859-1")
    restated = rows.filter(pl.col("Kilde_udgivelse") == "eksempelby_2025-01")
    assert set(restated.select("År", "Kvartal").iter_rows()) == {("2023", "4"), ("2023", "5"), ("2024", "2")}
    keys = ["År", "Kvartal", "Lov", "Udfald"]
    before = rows.filter(pl.col("Kilde_udgivelse") == "eksempelby_2024-12").join(restated, on=keys, suffix="_ny")
    changed = before.filter(pl.col("Antal") != pl.col("Antal_ny"))
    law, its_parent, total = "Lov om aktiv socialpolitik", "Beskæftigelseslovgivningen", "Kommunale sager i alt"
    assert set(changed["Lov"]) == {law, its_parent, total}
    whole = changed.filter(pl.col("Lov") == law, pl.col("Kvartal") == "5").sort("Udfald")
    more = (whole["Antal_ny"].cast(int) - whole["Antal"].cast(int)).to_list()
    assert dict(zip(whole["Udfald"], more, strict=True)) == {"Hjemvisning": 3, "I alt": 1, "Stadfæstelse": -2}
    assert "eksempelby_2025-01" not in set(
        read(f"ankestyrelsen_statistics/lov_kvartal_{NIGHT_1}.csv", "iso-8859-1")["Kilde_udgivelse"]
    )


def test_fifth_quarter_is_the_whole_year(read) -> None:
    """Small counts are hidden as points."""
    rows = read(f"ankestyrelsen_statistics/lov_kvartal_{NIGHT_1}.csv", "iso-8859-1")
    own = rows.filter(pl.col("Myndighed").str.contains("Eksempelby"), pl.col("Lov") == "Sygedagpengeloven")
    whole = own.filter(pl.col("År") == "2022", pl.col("Udfald") == "I alt").select(pl.col("Kvartal", "Antal").cast(int))
    counts = dict(whole.iter_rows())
    assert counts.pop(5) == sum(counts.values()) and len(counts) == 4
    assert rows.filter(pl.col("Antal") == ".").height > 50
    assert not rows.filter(pl.col("Myndighed").str.contains("Eksempelby"), pl.col("Antal").is_in(["1", "2"])).height
