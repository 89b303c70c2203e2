"""What Borgerrådgiveren delivers: annual figures (real and fictional) and referred cases (fictional)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from kvalitet_example import published
from kvalitet_example import vocabulary as words
from kvalitet_example.cases import DAY, months
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file, write_danish_csv
from kvalitet_example.plan import Plan, day_number

HEADER = (
    "Myndighed", "Beretningsår", "Fra", "Til", "Henvendelser", "Ændring pct", "Medhold pct", "Adresse",
)  # fmt: skip
UPHELD_PCT = {2019: "54,8", 2020: "53,1", 2021: "55,9", 2022: "61,7", 2023: "59,4"}
#: Referred cases that the administration never registered, as a share of the registered ones.
NEVER_REGISTERED = 0.02
SPOILT_MONTH = 41  # June 2022: a month with a referral that was never registered, whatever the size
PLANNED = (Defect("borgerraadgiver_annual", "referrals", "received_date", "date_impossible", 1),)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the yearly delivery, on the first night only."""
    if night > 1:
        return []
    cutoff = plan.cutoff(night)
    folder = out / "borgerraadgiver_annual"
    figures = write_danish_csv(folder / f"aarstal_{cutoff}.csv", HEADER, figure_rows(plan), "utf-8-sig")
    referrals = folder / f"henvisninger_{cutoff}.csv"
    with whole_file(referrals) as binary:
        for number, rows in enumerate(referral_rows(plan)):
            rows.write_csv(
                binary, separator=";", line_terminator="\r\n", include_header=number == 0, include_bom=number == 0
            )
    return [figures, referrals]


def figure_rows(plan: Plan) -> list[list[str]]:
    """Copenhagen's published years, then the fictional ones."""
    rows = [[row[name] for name in HEADER] for row in published.rows("borgerraadgiver")]
    before = None
    for year, inquiries in plan.inquiries.items():
        change = f"{100 * (inquiries / before - 1):.1f}".replace(".", ",") if before else ""
        address = f"https://borgerraadgiver.eksempelby.invalid/beretning-{year}"
        period = [str(year), f"01-04-{year}", f"31-03-{year + 1}"]
        rows.append([words.AUTHORITY, *period, str(inquiries), change, UPHELD_PCT[year], address])
        before = inquiries
    return rows


def referral_rows(plan: Plan) -> Iterator[pl.DataFrame]:
    """The ombudsman's referrals, month by month, each under its own number.

    They include those of which the administration recorded no number, and some that it never registered.
    """
    received_per_year: dict[int, int] = {}
    for year, _, count in plan.months:
        received_per_year[year] = received_per_year.get(year, 0) + count
    unregistered = dict.fromkeys(received_per_year, 0)
    known_until = day_number(plan.cutoff(1)) * DAY
    for index, ((year, month, _), chunk) in enumerate(zip(plan.months, months(plan), strict=True)):
        known = pl.when(pl.col("decided") < known_until, pl.col("index") % 2 == 0).then("outcome_id")
        cases = chunk.cases.filter(pl.col("referral_number").is_not_null()).select(
            pl.col("referral_number").alias("Sagsnummer"),
            _date(pl.col("received") // DAY - pl.col("days_before")).alias("Modtaget"),
            _date(pl.col("received") // DAY).alias("Henvist"),
            pl.col("theme_id").alias("Tema"),
            known.alias("Udfald"),
        )
        begin = received_per_year[year] + unregistered[year] + 1
        added = max(1 if month % 3 == 0 else 0, round(cases.height * NEVER_REGISTERED))
        unregistered[year] += added
        lost = pl.DataFrame(
            {
                "Sagsnummer": [f"BR-{year}-{number:05d}" for number in range(begin, begin + added)],
                "Modtaget": [date(year, month, 2).strftime("%d-%m-%Y")] * added,
                "Henvist": [date(year, month, 9).strftime("%d-%m-%Y")] * added,
                "Tema": ["vejledning"] * added,
                "Udfald": [None] * added,
            },
            schema_overrides=dict.fromkeys(cases.columns, pl.String),
        )
        rows = pl.concat([cases, lost])
        if index == SPOILT_MONTH:
            spoilt = pl.int_range(pl.len()) == rows.height - 1
            rows = rows.with_columns(pl.when(spoilt).then(pl.lit("31-02-2022")).otherwise("Modtaget").alias("Modtaget"))
        yield rows


def _date(day: pl.Expr) -> pl.Expr:
    return day.cast(pl.Int32).cast(pl.Date).dt.to_string("%d-%m-%Y")
