"""The whole life of each complaint, drawn month by month.

A night's snapshot (snapshots.py) shows the part of it that was known at the cut-off.
"""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from kvalitet_example import vocabulary as words
from kvalitet_example.plan import REPEAT_QUARTER, RISE_YEAR, Plan, day_number

DAY = 86_400
NO_CITIZEN, NOT_A_PERSON = -1, -2
#: Share of the complaints about handling that the ombudsman referred, by the year of its report.
REFERRED, REFERRED_IN_RISE, REFERRED_BY_OMBUDSMAND = 0.19, 0.31, 0.01
USUAL_REPEATS = 0.06
CHUNK_COMPLAINTS = 20_000
FIRST_NUMBER = 10_000  # case numbers of a year begin after it


@dataclass(frozen=True)
class Chunk:
    """Complaints first delivered on `since_night`.

    `cases` has one row per complaint, `points` one row per complaint point with the `index` of its complaint.
    """

    cases: pl.DataFrame
    points: pl.DataFrame
    since_night: int


def chunks(plan: Plan, night: int) -> Iterator[Chunk]:
    """All complaints that can be known on `night`, a month or more at a time."""
    waiting: list[Chunk] = []
    for chunk in months(plan):
        waiting.append(chunk)
        if sum(each.cases.height for each in waiting) >= CHUNK_COMPLAINTS:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)
    for later in range(2, night + 1):
        yield _arrivals(plan, later)


def months(plan: Plan) -> Iterator[Chunk]:
    """The first night's complaints by the month in which they were received."""
    month = _kept_month if plan.complaints <= CHUNK_COMPLAINTS else _month
    for index in range(len(plan.months)):
        yield month(plan, index)


def _together(parts: list[Chunk]) -> Chunk:
    cases, points = pl.concat(part.cases for part in parts), pl.concat(part.points for part in parts)
    return Chunk(cases, points, parts[0].since_night)


def _month(plan: Plan, index: int) -> Chunk:
    """The complaints received in one month and registered before the first cut-off."""
    year, month, count = plan.months[index]
    random = plan.random(1, index)
    received = np.sort(_received_in_month(random, year, month, count))
    registered = _registered(random, received, last_day=day_number(plan.cutoff(1)) - 1)
    first = sum(earlier for _, _, earlier in plan.months[:index])
    in_year = sum(earlier for of_year, _, earlier in plan.months[:index] if of_year == year)
    numbering = np.arange(count) + first, f"{year} - ", np.arange(count) + FIRST_NUMBER + in_year
    return _chunk(plan, random, received, registered, numbering, (year, month), 1)


_kept_month = lru_cache(maxsize=400)(_month)  # small samples are read several times


def _arrivals(plan: Plan, night: int) -> Chunk:
    """The complaints that a later night adds, registered the day before. Every other one came long before."""
    random, count = plan.random(2, night), plan.arrivals
    today = day_number(plan.cutoff(night)) - 1
    days = today - np.where(np.arange(count) % 2 == 0, random.integers(30, 400, count), 0)
    received = np.sort(days * DAY + random.integers(7 * 3600, 11 * 3600, count))
    registered = today * DAY + random.integers(12 * 3600, 16 * 3600, count)
    number = np.arange(count) + (night - 2) * count
    year = plan.cutoff(night).year
    numbering = number + plan.complaints, f"{year} - ", number + FIRST_NUMBER
    return _chunk(plan, random, received, registered, numbering, None, night)


def _received_in_month(random: np.random.Generator, year: int, month: int, count: int) -> np.ndarray:
    """Times of receipt in seconds since 1970 in local wall time: nearly all on weekdays, all between 7 and 21 o'clock.

    So no time falls into an hour that daylight saving skips or repeats.
    """
    length = calendar.monthrange(year, month)[1]
    weekday = np.array([date(year, month, day).weekday() for day in range(1, length + 1)])
    share = np.where(weekday < 5, 1.0, 0.04)
    days = random.choice(length, count, p=share / share.sum()) + day_number(date(year, month, 1))
    return days * DAY + random.integers(7 * 3600, 21 * 3600, count)


def _registered(random: np.random.Generator, received: np.ndarray, last_day: int) -> np.ndarray:
    """Times of registration: most the same day, some within the week, a few later, none after the first cut-off."""
    count = len(received)
    kind = random.random(count)
    lag = np.where(kind < 0.70, 0, np.where(kind < 0.97, random.integers(1, 6, count), random.integers(10, 61, count)))
    same_day = received + random.integers(300, 3300, count)
    later_day = np.minimum(received // DAY + lag, last_day) * DAY + random.integers(8 * 3600, 16 * 3600, count)
    return np.where(lag == 0, same_day, later_day)


def _chunk(
    plan: Plan,
    random: np.random.Generator,
    received: np.ndarray,
    registered: np.ndarray,
    numbering: tuple[np.ndarray, str, np.ndarray],
    month: tuple[int, int] | None,
    since_night: int,
) -> Chunk:
    index, prefix, number = numbering
    count = len(received)
    is_decision = random.random(count) < 0.45
    theme = np.where(
        is_decision,
        _pick(random, words.DECISION_THEMES, count),
        _pick(random, words.HANDLING_THEMES, count),
    )
    law = _pick(random, {law: share for law, (_, _, share) in words.LAWS.items()}, count)
    law = np.where(theme == "foertidspension", "pensionsloven", law)
    centre = _centres(random, received)
    citizen = index
    if month:
        two_years = plan.complaints // 3  # so far back in the order of receipt that it is no repeat
        citizen = np.where((random.random(count) < 0.08) & (index >= two_years), index - two_years, index)
        repeats, origins = _repeats(random, count, (month[0], (month[1] + 2) // 3) == REPEAT_QUARTER)
        for column in (is_decision, theme, law, centre, citizen):
            column[repeats] = column[origins]
        draw = random.random(count)
        draw[repeats] = draw[origins] = 1.0  # a repeat can only be seen where the citizen is known
        citizen = np.where(draw < 0.03, NO_CITIZEN, np.where(draw < 0.05, NOT_A_PERSON, citizen))
    answered, forwarded, decided = _course(random, received, registered, is_decision)
    outcome = np.where(
        is_decision,
        _draw(random, words.OUTCOMES, words.DECISION_OUTCOMES, count),
        _draw(random, words.OUTCOMES, words.HANDLING_OUTCOMES, count),
    )
    is_forwarded = is_decision & np.isin(outcome, ("delvist_medhold", "ikke_medhold", "afvist"))
    kle = np.array([words.LAWS[name][1] for name in sorted(words.LAWS)])[np.searchsorted(sorted(words.LAWS), law)]
    cases = pl.DataFrame(
        {
            "index": index,
            "case_number": _numbered(prefix, number),
            "citizen": citizen,
            "received": received,
            "registered": registered,
            "forwarded": forwarded,
            "answered": answered,
            "decided": decided,
            "is_decision": is_decision,
            "is_forwarded": is_forwarded,
            "centre_id": centre,
            "law_id": law,
            "kle_number": kle,
            "theme_id": theme,
            "outcome_id": outcome,
            "text": random.integers(0, len(words.TEXTS), count),
            "text_draw": random.random(count),
        }
    ).with_columns(
        pl.when("is_forwarded").then("forwarded").alias("forwarded"),
        pl.when("is_decision").then("law_id").alias("law_id"),
        pl.when("is_decision").then("kle_number").otherwise(pl.lit(words.HANDLING_KLE)).alias("kle_number"),
    )
    cases = cases.with_columns(**_referral(random, cases, number, prefix[:4]))
    return Chunk(cases, _points(random, cases), since_night)


def _centres(random: np.random.Generator, received: np.ndarray) -> np.ndarray:
    count = len(received)
    centre = _pick(random, {key: share for key, (_, share) in words.CENTRES.items()}, count)
    part = random.random(count)
    after = received >= day_number(words.REORGANISED) * DAY
    for old, successors in words.SUCCESSION.items():
        taken = _draw_by(part, tuple(successors), tuple(successors.values()))
        centre = np.where(after & (centre == old), taken, centre)
    return centre


def _repeats(random: np.random.Generator, count: int, is_story: bool) -> tuple[np.ndarray, np.ndarray]:
    """Positions of repeats, and of the complaint that each one repeats.

    That is always an earlier one of the same month that is no repeat itself.
    """
    wanted = count // 3 if is_story else round(count * USUAL_REPEATS)
    begin = int(np.ceil(count * 0.26))
    repeats = begin + random.choice(count - begin, min(wanted, count - begin), replace=False)
    return repeats, random.integers(0, max(1, int(count * 0.24)), len(repeats))


def _course(
    random: np.random.Generator, received: np.ndarray, registered: np.ndarray, is_decision: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times of forwarding, answer and decision, where registered < forwarded < answered < decided."""
    count = len(received)
    days = 1 + random.gamma(2.0, 8.5, count)
    half_year_after = day_number(words.REORGANISED) + 184
    backlog = (received // DAY >= day_number(words.REORGANISED)) & (received // DAY < half_year_after)
    days = days * np.where(backlog, 1.5, 1.0)
    answered_day = np.maximum(received // DAY + days.astype(np.int64), registered // DAY + 1)
    answered = answered_day * DAY + random.integers(11 * 3600, 16 * 3600, count)
    between = random.random(count) * (answered_day - registered // DAY - 1)
    forwarded = (registered // DAY + 1 + between.astype(np.int64)) * DAY + random.integers(8 * 3600, 11 * 3600, count)
    waiting = np.where(is_decision, random.integers(0, 61, count), 0)
    return answered, forwarded, answered + waiting * DAY + random.integers(60, 3300, count)


def _referral(random: np.random.Generator, cases: pl.DataFrame, number: np.ndarray, year: str) -> dict[str, pl.Series]:
    """Who referred the case and under which number. `referral_number` is the other body's own number.

    Of the ombudsman's referrals, the administration recorded no number for 4 % and a mistyped one (another year) for 3
    %. These cannot be matched.
    """
    count = cases.height
    begin = day_number(date(RISE_YEAR, 4, 1)) * DAY
    end = day_number(date(RISE_YEAR + 1, 4, 1)) * DAY
    received = cases["received"].to_numpy()
    share = np.where((received >= begin) & (received < end), REFERRED_IN_RISE, REFERRED)
    draw, noted = random.random(count), random.random(count)
    is_handling = ~cases["is_decision"].to_numpy()
    referred = is_handling & (draw < share)
    ombudsmand = is_handling & ~referred & (draw > 1 - REFERRED_BY_OMBUDSMAND)
    own = _numbered(f"BR-{year}-", number - FIRST_NUMBER + 1, 5)
    mistyped = _numbered(f"BR-{int(year) - 10}-", number - FIRST_NUMBER + 1, 5)
    frame = pl.DataFrame(
        {
            "own": own,
            "mistyped": mistyped,
            "fo": _numbered(f"FO-{year}-", number - FIRST_NUMBER + 1, 5),
            "referred": referred,
            "ombudsmand": ombudsmand,
            "noted": noted,
            "receiver": _pick(random, words.RECEIVERS, count),
            "days_before": random.integers(3, 15, count),
        }
    )
    on_case = pl.when(pl.col("noted") >= 0.07).then("own").when(pl.col("noted") >= 0.04).then("mistyped")
    frame = frame.select(
        pl.when("referred")
        .then(pl.lit("borgerraadgiver"))
        .when("ombudsmand")
        .then(pl.lit("ombudsmand"))
        .alias("referred_by"),
        pl.when("referred").then(on_case).when("ombudsmand").then("fo").alias("referrer_case_number"),
        pl.when("referred").then("own").alias("referral_number"),
        pl.when("referred").then(pl.lit("borgerraadgiver")).otherwise("receiver").alias("received_by"),
        "days_before",
    )
    return {name: frame[name] for name in frame.columns}


def _points(random: np.random.Generator, cases: pl.DataFrame) -> pl.DataFrame:
    """One to four points per complaint. The first has the complaint's own theme and outcome."""
    count = cases.height
    per_case = _draw_by(random.random(count), np.arange(1, 5), (0.55, 0.30, 0.10, 0.05))
    row = np.repeat(np.arange(count), per_case)
    point = np.arange(len(row)) - np.repeat(np.cumsum(per_case) - per_case, per_case) + 1
    is_decision = cases["is_decision"].to_numpy()[row]
    own = point == 1
    other = np.where(
        is_decision,
        _pick(random, words.DECISION_THEMES, len(row)),
        _pick(random, words.HANDLING_THEMES, len(row)),
    )
    return pl.DataFrame(
        {
            "index": cases["index"].gather(row),
            "point_number": point,
            "theme_id": np.where(own, cases["theme_id"].to_numpy()[row], other),
            "own_outcome": own,
            "other_outcome": _draw(random, words.OUTCOMES, words.HANDLING_OUTCOMES, len(row)),
        }
    )


def _pick(random: np.random.Generator, shares: dict[str, float], count: int) -> np.ndarray:
    return _draw(random, tuple(shares), tuple(shares.values()), count)


def _draw(random: np.random.Generator, values: tuple, shares: tuple[float, ...], count: int) -> np.ndarray:
    return _draw_by(random.random(count), values, shares)


def _draw_by(draw: np.ndarray, values: Sequence | np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    edges = np.cumsum(shares)[:-1] / np.sum(shares)
    return np.asarray(values)[np.searchsorted(edges, draw, side="right")]


def _numbered(prefix: str, number: np.ndarray, width: int = 0) -> pl.Series:
    return prefix + pl.Series(number).cast(pl.String).str.zfill(width)
