"""A night's snapshot of the complaints, as known by the cut-off: corrected, withdrawn, spoilt."""

from collections.abc import Callable

import polars as pl

from kvalitet_example import vocabulary as words
from kvalitet_example.cases import DAY, NO_CITIZEN, NOT_A_PERSON, Chunk
from kvalitet_example.defects import COMPLAINT_DEFECTS, POINT_DEFECTS, POINT_OFFSET, spoil
from kvalitet_example.persons import NOT_A_PERSON as NOT_A_PERSON_CPR
from kvalitet_example.persons import cpr_numbers, with_hyphen
from kvalitet_example.plan import Plan, day_number

#: The law that a wrongly filed decision turns out to belong to: the next in the list.
OTHER_LAW = dict(zip(words.LAWS, [*list(words.LAWS)[1:], next(iter(words.LAWS))], strict=True))
LOCAL_TIME = "%Y-%m-%dT%H:%M:%S"
#: Deliveries whose values have the agreed form but are wrong. What intake cannot find, the gate must stop.
CORRUPTIONS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    # A centre's complaints carry an id that the organisation does not know.
    "lost_centre": lambda rows: rows.with_columns(pl.col("centre_id").replace("C06", "C99")),
    # Every date is a year late, so the newest complaints lie after the cut-off, and intake refuses them for that.
    "shifted_years": lambda rows: rows.with_columns(
        pl.col("received", "registered", "forwarded", "answered", "decided") + 365 * DAY
    ),
}


def is_in_snapshot(plan: Plan, night: int) -> pl.Expr:
    """Whether a case was registered before the cut-off. From each later night on, a few created by mistake are gone."""
    is_registered = pl.col("registered") < day_number(plan.cutoff(night)) * DAY
    every = min(5000, plan.complaints // 2)
    gone = [pl.col("index") % every == 433 + 3 * later for later in range(2, night + 1)]
    return is_registered & (~pl.any_horizontal(pl.lit(False), *gone) | (pl.col("index") >= plan.complaints))


def as_known(plan: Plan, night: int, cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with what had happened before the cut-off, and with the corrections made by then.

    A correction is another outcome, or another law for a decision that had been filed under the wrong one. Adds
    `is_closed`. The columns forwarded, answered, decided and outcome_id are null where they lie after the cut-off.
    """
    known_until = day_number(plan.cutoff(night)) * DAY
    every = min(1500, plan.complaints // 4)
    corrected, refiled = (
        pl.any_horizontal(
            pl.lit(False), *[pl.col("index") % every == (place + 31 * later) % every for later in range(2, night + 1)]
        )
        for place in (97, 111)
    )
    other = pl.when(pl.col("outcome_id") == "medhold").then(pl.lit("delvist_medhold")).otherwise(pl.lit("medhold"))
    return (
        cases.filter(is_in_snapshot(plan, night))
        .with_columns(pl.when(corrected).then(other).otherwise("outcome_id").alias("outcome_id"))
        .with_columns(pl.when(refiled).then(pl.col("law_id").replace(OTHER_LAW)).otherwise("law_id").alias("law_id"))
        .with_columns(
            *[pl.when(pl.col(at) < known_until).then(at).alias(at) for at in ("forwarded", "answered", "decided")],
            is_closed=pl.col("decided") < known_until,
        )
        .with_columns(pl.when("is_closed").then("outcome_id").alias("outcome_id"))
    )


def complaint_rows(plan: Plan, night: int, chunk: Chunk, corrupt: str | None = None) -> pl.DataFrame:
    """The delivered text of klager_{cutoff}.csv for one chunk, headers as in the contract."""
    rows = as_known(plan, night, chunk.cases)
    if corrupt:
        rows = CORRUPTIONS[corrupt](rows)
    rows = rows.with_columns(
        cpr=cpr_numbers(rows["citizen"].clip(0).to_numpy()), safe_cpr=cpr_numbers(rows["index"].to_numpy())
    )
    rows = rows.with_columns(
        pl.when(pl.col("citizen") == NOT_A_PERSON)
        .then(pl.lit(NOT_A_PERSON_CPR))
        .when(pl.col("citizen") != NO_CITIZEN)
        .then(pl.when(pl.col("index") % 2 == 0).then(with_hyphen(pl.col("cpr"))).otherwise("cpr"))
        .alias("CPR"),
        Fritekst=_free_text(),
    )
    written = rows.select(
        "index",
        "safe_cpr",
        pl.col("case_number").alias("Sagsnummer"),
        "CPR",
        _local("received").alias("Modtaget"),
        _local("registered").alias("Registreret"),
        _local("forwarded").alias("Videresendt"),
        _local("answered").alias("Besvaret"),
        _local("decided").alias("Afgjort"),
        (pl.col("received") // DAY + 28).cast(pl.Int32).cast(pl.Date).dt.to_string("%Y-%m-%d").alias("Svarfrist"),
        pl.when("is_decision").then(pl.lit("realitet")).otherwise(pl.lit("formalitet")).alias("Klagetype"),
        pl.col("received_by").alias("Modtager"),
        pl.col("referred_by").alias("Henvist af"),
        pl.col("referrer_case_number").alias("Henvisers sagsnummer"),
        pl.col("centre_id").alias("Center"),
        pl.col("law_id").alias("Lov"),
        pl.col("theme_id").alias("Tema"),
        pl.col("outcome_id").alias("Udfald"),
        pl.when("is_closed").then(pl.lit("True")).otherwise(pl.lit("False")).alias("Lukket"),
        pl.col("kle_number").alias("KLE"),
        "Fritekst",
    )
    return spoil(plan, night, written, COMPLAINT_DEFECTS).drop("index", "safe_cpr")


def point_rows(plan: Plan, night: int, chunk: Chunk) -> pl.DataFrame:
    """The delivered text of klagepunkter_{cutoff}.csv for one chunk.

    A complaint that intake sets aside keeps its points here, which then belong to no complaint.
    """
    cases = as_known(plan, night, chunk.cases).select("index", "case_number", "outcome_id", "is_closed")
    points = chunk.points.join(cases, on="index", maintain_order="left")
    own = pl.when("own_outcome").then("outcome_id").otherwise("other_outcome")
    written = points.select(
        "index",
        pl.col("case_number").alias("Sagsnummer"),
        pl.col("point_number").cast(pl.String).alias("Punkt"),
        pl.col("theme_id").alias("Tema"),
        pl.when("is_closed").then(own).alias("Vurdering"),
    )
    return spoil(plan, night, written, POINT_DEFECTS, POINT_OFFSET).drop("index")


def _local(at: str) -> pl.Expr:
    return pl.from_epoch(pl.col(at), time_unit="s").dt.to_string(LOCAL_TIME)


def _free_text() -> pl.Expr:
    texts = pl.lit(pl.Series(words.TEXTS)).gather(pl.col("text"))
    first, second = (text.split("{cpr}") for text in words.TEXTS_WITH_CPR)
    return (
        pl.when(pl.col("text_draw") < 0.02)
        .then(first[0] + with_hyphen(pl.col("safe_cpr")) + first[1])
        .when(pl.col("text_draw") < 0.03)
        .then(second[0] + pl.col("safe_cpr") + second[1])
        .otherwise(texts)
    )
