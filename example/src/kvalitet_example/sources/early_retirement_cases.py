"""Cases about early retirement, from application to decision, in a snapshot every night."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import whole_file, write_quoted_csv
from kvalitet_example.persons import cpr_numbers, with_hyphen
from kvalitet_example.plan import FIRST_CUTOFF, FIRST_YEAR, Plan, day_number

FIRST_NUMBER = 400_000  # case numbers begin after it
#: centre -> share of the cases. The centre for early retirement took over from C05.
CENTRES = {"C05": 0.55, "C01": 0.20, "C02": 0.15, "C06": 0.10}
SUCCESSOR = "C11"
OUTCOMES = {"tilkendt": 0.62, "afslag": 0.27, "frafaldet": 0.11}
#: Cases applied for in these months, those of the reorganisation, take one and a half times as long.
BACKLOG = date(2022, 4, 1), date(2023, 1, 1)
NOTES = ("Afventer lægeattest (LÆ 125).", "Arbejdsevne beskrevet i ressourceforløb.", "Ønsker partsrepræsentant med.")
#: rule -> (column as written, column in the contract, what is written instead, place within each stride)
DEFECTS = {
    "date_impossible": ("Rehabiliteringsteam", "rehabilitation_team_date", "2024-02-30", 21),
    "unknown_value": ("Udfald", "outcome_id", "bevilget", 83),
    "boolean_format": ("Lukket", "is_closed", "Nej", 145),
    "cpr_invalid": ("CPR", "citizen_pseudonym", "ukendt", 207),
}
STRIDE = 1000
#: The case system can say what it would have delivered on an earlier day.
KNOWS_EARLIER = True


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write everything known when the cut-off day began."""
    path = out / "early_retirement_cases" / f"foertidspension_{plan.cutoff(night)}.csv"
    with whole_file(path) as file:
        write_quoted_csv(file, case_rows(plan, night), is_first=True)
    return [path]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows in that night's snapshot."""
    return {"cases": _known_cases(plan, night).height}


def planned(plan: Plan, night: int) -> list[Defect]:
    """One or more rows of each kind. Every other stride is mended on the second night. Older snapshots have none."""
    return [
        Defect("early_retirement_cases", "cases", column, rule, len(_spoilt(plan, night, place)))
        for rule, (_, column, _, place) in DEFECTS.items()
        if night > 0
    ]


def case_rows(plan: Plan, night: int) -> pl.DataFrame:
    """The delivered text, headers as in the contract."""
    known_until = day_number(plan.cutoff(night))
    cases = _known_cases(plan, night)
    corrected = pl.any_horizontal(
        pl.lit(False), *[pl.col("index") % 500 == 40 + later for later in range(2, night + 1)]
    )
    cases = cases.with_columns(
        *[pl.when(pl.col(day) < known_until).then(day) for day in ("complete", "team", "decided")],
        outcome=pl.when(corrected & (pl.col("outcome") == "afslag")).then(pl.lit("tilkendt")).otherwise("outcome"),
        cpr=cpr_numbers((cases["index"] * 7 % plan.complaints).to_numpy()),
    )
    is_closed = pl.col("decided").is_not_null()
    rows = cases.select(
        "index",
        pl.format("{}-{}", _date("received").dt.year(), (pl.col("index") + FIRST_NUMBER).cast(pl.String).str.zfill(7))
        .alias("Sagsnummer"),
        pl.when(pl.col("index") % 2 == 0).then(with_hyphen(pl.col("cpr"))).otherwise("cpr").alias("CPR"),
        pl.col("centre").alias("Center"),
        _text("received").alias("Ansøgt"),
        _text("complete").alias("Oplyst"),
        _text("team").alias("Rehabiliteringsteam"),
        _text("decided").alias("Afgjort"),
        pl.when(is_closed).then("outcome").alias("Udfald"),
        pl.when(is_closed).then(pl.lit("True")).otherwise(pl.lit("False")).alias("Lukket"),
        pl.lit(pl.Series(NOTES)).gather(pl.col("index") % len(NOTES)).alias("Helbredsnotat"),
    )  # fmt: skip
    for header, _, value, place in DEFECTS.values():
        hit = pl.col("index").is_in(_spoilt(plan, night, place))
        rows = rows.with_columns(pl.when(hit).then(pl.lit(value)).otherwise(header).alias(header))
    return rows.drop("index")


def _known_cases(plan: Plan, night: int) -> pl.DataFrame:
    """The cases applied for before the cut-off, with their whole life."""
    cases = pl.concat([_first_cases(plan), *(_new_cases(plan, later) for later in range(2, night + 1))])
    return cases.filter(pl.col("received") < day_number(plan.cutoff(night)))


def _count(plan: Plan) -> int:
    return max(300, plan.complaints // 4)


def _arrivals(plan: Plan) -> int:
    return max(1, _count(plan) // 1500)


def _spoilt(plan: Plan, night: int, place: int) -> list[int]:
    """Indices of the rows that one kind of defect spoils."""
    every = min(STRIDE, _count(plan))
    if night < 1:
        return []
    return [index for index in range(place, _count(plan), every) if night == 1 or index // every % 2 == 0]


def _first_cases(plan: Plan) -> pl.DataFrame:
    random, count = plan.random(111), _count(plan)
    first, last = day_number(date(FIRST_YEAR, 1, 1)), day_number(FIRST_CUTOFF)
    return _cases(random, np.arange(count), np.sort(random.integers(first, last, count)))


def _new_cases(plan: Plan, night: int) -> pl.DataFrame:
    """The cases that a later night adds: applications received the day before."""
    count = _arrivals(plan)
    index = _count(plan) + (night - 2) * count + np.arange(count)
    return _cases(plan.random(112, night), index, np.full(count, day_number(plan.cutoff(night)) - 1))


def _cases(random: np.random.Generator, index: np.ndarray, received: np.ndarray) -> pl.DataFrame:
    """The whole life of each case, in days since 1970."""
    count = len(index)
    begin, end = map(day_number, BACKLOG)
    slow = np.where((received >= begin) & (received < end), 1.5, 1.0)
    complete = received + (random.gamma(2.0, 10.0, count) * slow).astype(np.int64)
    team = complete + 1 + (random.gamma(3.0, 12.0, count) * slow).astype(np.int64)
    decided = team + 1 + (random.gamma(2.0, 12.0, count) * slow).astype(np.int64)
    outcome = random.choice(list(OUTCOMES), count, p=list(OUTCOMES.values()))
    is_dropped = outcome == "frafaldet"  # soon, and without the team's meeting
    decided = np.where(is_dropped, received + 5 + random.integers(0, 60, count), decided)
    centre = random.choice(list(CENTRES), count, p=list(CENTRES.values()))
    centre = np.where((received >= day_number(words.REORGANISED)) & (centre == "C05"), SUCCESSOR, centre)
    cases = pl.DataFrame(
        {"index": index, "received": received, "complete": complete, "team": team, "decided": decided,
         "outcome": outcome, "centre": centre}
    )  # fmt: skip
    is_examined = pl.col("outcome") != "frafaldet"
    return cases.with_columns(
        complete=pl.when(is_examined | (pl.col("complete") <= pl.col("decided"))).then("complete"),
        team=pl.when(is_examined).then("team"),
    )


def _date(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Int32).cast(pl.Date)


def _text(day: str) -> pl.Expr:
    return _date(day).dt.to_string("%Y-%m-%d")
