"""What becomes of complaints about decisions: reassessed by the administration, then decided by Ankestyrelsen.

Derived from the complaints' own lives (cases.py), so that numbers and dates agree between the deliveries.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from kvalitet_example import vocabulary as words
from kvalitet_example.cases import DAY, chunks
from kvalitet_example.plan import Plan, day_number
from kvalitet_example.snapshots import is_in_snapshot

#: outcome of the complaint -> result of the reassessment. A complaint that was withdrawn is not reassessed.
RESULTS = {
    "medhold": "helt_aendret",
    "delvist_medhold": "delvist_aendret",
    "ikke_medhold": "fastholdt",
    "afvist": "fastholdt",
}
#: Ankestyrelsen's own words, their shares, and the shares for decisions made in the half-year of the backlog.
OUTCOMES = ("Stadfæstelse", "Ændring", "Ophævelse", "Hjemvisning", "Afvisning", "Henvisning")
SHARES = (0.63, 0.09, 0.02, 0.15, 0.08, 0.03)
BACKLOG_SHARES = (0.52, 0.11, 0.03, 0.23, 0.08, 0.03)
#: One appeal in so many has no own case number, has a mistyped one, or has no counterpart on either side.
WITHOUT_NUMBER, MISTYPED, ALONE = 41, 67, 97
OFFSET = 40_000  # between the complaint's running number and Ankestyrelsen's


def steps(plan: Plan, night: int) -> Iterator[pl.DataFrame]:
    """One row per complaint in the night's snapshot that is or will be reassessed, in order of `index`.

    Days since 1970: `came` (received by the administration), `reassessed`, `forwarded`, `arrived` (at Ankestyrelsen),
    `ended`. Final values: `result`, `appeal_number`, `outcome` and `second_outcome`. What lies after the cut-off is
    included, and the deliveries show only what was known.
    """
    for chunk in chunks(plan, night):
        cases = chunk.cases.filter(is_in_snapshot(plan, night), "is_decision", pl.col("outcome_id") != "tilbagekaldt")
        yield _with_course(plan, cases)


def _with_course(plan: Plan, cases: pl.DataFrame) -> pl.DataFrame:
    index = cases["index"].to_numpy()
    came, answered = (cases[name].to_numpy() // DAY for name in ("received", "answered"))
    forwarded = cases["forwarded"].fill_null(0).to_numpy() // DAY
    is_forwarded = cases["is_forwarded"].to_numpy()
    registered = cases["registered"].to_numpy() // DAY
    before = np.maximum(forwarded - index % 3, registered)
    arrived = forwarded + 1 + index % 5
    backlog = (came >= day_number(words.REORGANISED)) & (came < day_number(words.REORGANISED) + 184)
    first, second = _draw(plan, 1, index), _draw(plan, 2, index)
    usual, late = (np.searchsorted(np.cumsum(shares)[:-1], first, side="right") for shares in (SHARES, BACKLOG_SHARES))
    outcome = np.array(OUTCOMES)[np.where(backlog, late, usual)]
    # A handling time with a long tail, as the sum of three waits.
    waits = -np.log(np.prod([_draw(plan, 3 + wait, index) for wait in range(3)], axis=0))
    other = np.array(OUTCOMES)[np.searchsorted(np.cumsum(SHARES)[:-1], (second * 97) % 1, side="right")]
    year = cases["case_number"].str.slice(2, 2)
    number = cases["case_number"].str.slice(7).cast(pl.Int64) + OFFSET
    return cases.select(
        "index",
        "case_number",
        "law_id",
        "theme_id",
        "centre_id",
        came=pl.Series(came),
        reassessed=pl.Series(np.where(is_forwarded, before, answered)),
        forwarded=pl.when("is_forwarded").then(pl.Series(forwarded)),
        arrived=pl.when("is_forwarded").then(pl.Series(arrived)),
        ended=pl.when("is_forwarded").then(pl.Series(arrived + 35 + (waits * 45).astype(np.int64))),
        result=pl.col("outcome_id").replace_strict(RESULTS),
        appeal_number=pl.when("is_forwarded").then(year + "-" + number.cast(pl.String)),
        outcome=pl.Series(outcome),
        second_outcome=pl.when(pl.Series(second < 0.07)).then(pl.Series(other)),
    )


def _draw(plan: Plan, purpose: int, index: np.ndarray) -> np.ndarray:
    """Numbers in (0, 1) that depend only on seed, purpose and complaint, not on the chunk (splitmix64)."""
    mixed = index.astype(np.uint64) + np.uint64(plan.seed * 1_000_003 + purpose * 7_919)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53 + 2**-54


def day(column: str, pattern: str) -> pl.Expr:
    """Days since 1970 as text. Null stays null."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date).dt.to_string(pattern)


def known(plan: Plan, night: int, column: str) -> pl.Expr:
    """Whether what `column` dates had happened when the night's cut-off day began."""
    return pl.col(column) < day_number(plan.cutoff(night))
