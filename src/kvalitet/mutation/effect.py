"""What an incident does to the figures that would be published."""

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg.rows import tuple_row

from kvalitet.build.builds import CANDIDATE
from kvalitet.settings import Settings
from kvalitet.warehouse import server

#: A figure has moved if a reader would notice: by so many of a share's percentage points, or by this share of itself.
POINTS, SHARE = Decimal(1), Decimal("0.05")
_FIGURES = f"""
select v.indicator_id, v.authority, v.period_kind, v.period_label, v.breakdown_kind, v.breakdown_member,
    v.value, i.unit = 'pct' as is_percent
from {CANDIDATE}.fct_indicator_value as v join {CANDIDATE}.dim_indicator as i using (indicator_key)
where not v.is_suppressed
"""
Figures = dict[tuple[str, ...], tuple[Decimal | None, bool]]


@dataclass(frozen=True)
class Moved:
    """How many figures moved, and the one that moved most: its name and its value before and after."""

    figures: int
    most: str
    before: float | None
    after: float | None


def figures(settings: Settings) -> Figures:
    """The candidate's figures by indicator, authority, period and breakdown, and whether each is a percentage."""
    with psycopg.connect(server.admin_url(settings, settings.database), row_factory=tuple_row) as connection:
        rows = connection.execute(_FIGURES).fetchall()  # type: ignore[arg-type] (a constant of the code)
    return {tuple(map(str, row[:6])): (row[6], row[7]) for row in rows}


def moved(before: Figures, after: Figures) -> Moved | None:
    """The figures that moved by POINTS or SHARE, or came or went. None where no figure did."""
    found: list[tuple[Decimal, tuple[str, ...]]] = []
    for key in before.keys() | after.keys():
        then, is_percent = before.get(key, (None, False))
        now, _ = after.get(key, (None, False))
        if then is None or now is None:
            if then is not now:
                found.append((Decimal(1), key))
            continue
        step = abs(now - then)
        by_share = step / abs(then) if then else Decimal(step > 0)
        if by_share >= SHARE or (is_percent and step >= POINTS):
            found.append((by_share, key))
    if not found:
        return None
    _, most = max(found)
    values = [side.get(most, (None, False))[0] for side in (before, after)]
    then, now = (None if value is None else float(value) for value in values)
    return Moved(len(found), " ".join(most), then, now)
