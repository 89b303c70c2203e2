"""Indicators measured of many authorities: their figures are rows of one table, on a page of the indicator's own.

The ordinary pages keep the own authority's figures and those of all authorities together. Elsewhere each authority has
a table of its own, which nobody can read where there are hundreds.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from statistics import median

from kvalitet.reports import danish, words
from kvalitet.reports.model import Indicator, Indicators, RestatedFigure, Source, TrendPoint, Value
from kvalitet.reports.pages import COMPARED
from kvalitet.reports.views.tables import NO_BREAKDOWN, WHOLE, Cell, Names, breakdown_of, group, importance

#: More authorities than this are rows of one table.
MOST_TABLES = 8
#: Figures on one page. Beyond them the newest periods are shown, because a page of 500 kB takes long to open.
MOST_CELLS = 5_000
#: The row with the sum or share of all.
TOGETHER = "Myndighederne tilsammen"
Measured = tuple[str, str, str]  # source, indicator and breakdown


@dataclass(frozen=True)
class Line:
    """One row. `rank` is empty where it has none, and `anchor` in the rows above the list."""

    label: str
    cells: tuple[Cell, ...]
    rank: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Comparison:
    """Authorities by period, or by the members of a breakdown in one period. All figures have one population."""

    table_id: str
    source: Source
    label: str
    population: str
    period_kind: str
    columns: tuple[str, ...]
    all_columns: int  # how many there are of them, of which the columns are the newest or the first
    period: str  # the period that is ranked, or that the breakdown is of
    order: str  # what rank 1 means, empty without ranks
    own: str  # the own authority's place, empty where it has none
    first: tuple[Line, ...]
    lines: tuple[Line, ...]
    index: tuple[tuple[str, tuple[Line, ...]], ...]  # by first letter

    @property
    def has_sum(self) -> bool:
        return any(line.label == TOGETHER for line in self.first)


@dataclass(frozen=True)
class AuthoritiesPage:
    """One indicator, as a whole or by one breakdown, of all authorities."""

    indicator: Indicator
    breakdown_kind: str
    tables: tuple[Comparison, ...]

    @property
    def file(self) -> str:
        kind = "" if self.breakdown_kind == NO_BREAKDOWN else f"-{self.breakdown_kind}"
        return COMPARED.replace("*", self.indicator.indicator_id + kind)

    @property
    def count(self) -> int:
        """The largest number of authorities in one of the tables."""
        return max(len(table.lines) for table in self.tables)


@dataclass(frozen=True)
class Apart:
    """What the ordinary pages show, what is left out of them, and the pages that compare authorities."""

    shown: Indicators
    left_out: Indicators
    pages: tuple[AuthoritiesPage, ...]


def apart(data: Indicators) -> Apart:
    """Divide a publication's figures where an indicator is measured of more than MOST_TABLES authorities."""
    crowded = _crowded(data.values)
    is_crowded_said = _count(s.authority for s in data.statements) > MOST_TABLES

    def is_shown(measured: Measured, authority: str) -> bool:
        return measured not in crowded or is_first(data, authority)

    def divided(holds: bool) -> Indicators:
        return replace(
            data,
            values=tuple(v for v in data.values if is_shown(_measured(v), v.authority) is holds),
            trends=tuple(t for t in data.trends if is_shown(_of_whole(t), t.authority) is holds),
            restated=tuple(f for f in data.restated if is_shown(_of_whole(f), f.authority) is holds),
            statements=tuple(
                s for s in data.statements if (not is_crowded_said or is_first(data, s.authority)) is holds
            ),
        )

    return Apart(divided(True), divided(False), tuple(_pages(data, crowded)))


def is_first(data: Indicators, authority: str) -> bool:
    """Whether it is the own authority, or all authorities together."""
    return authority == data.own_authority or words.is_total(authority)


def ranks(values: dict[str, Decimal], is_lowest_first: bool) -> dict[str, int]:
    """Places from 1. The same number has the same place, and the places after it are left out: 1, 2, 2, 4."""
    numbers = sorted(values.values(), reverse=not is_lowest_first)
    return {name: numbers.index(number) + 1 for name, number in values.items()}


def _measured(value: Value) -> Measured:
    return value.source_id, value.indicator_id, breakdown_of(value)


def _of_whole(of: TrendPoint | RestatedFigure) -> Measured:
    return of.source_id, of.indicator_id, NO_BREAKDOWN


def _count(names: Iterable[str]) -> int:
    return len({name for name in names if not words.is_total(name)})


def _crowded(values: Iterable[Value]) -> dict[Measured, list[Value]]:
    return {
        measured: found
        for measured, found in group(values, _measured).items()
        if _count(v.authority for v in found) > MOST_TABLES
    }


def _pages(data: Indicators, crowded: dict[Measured, list[Value]]) -> list[AuthoritiesPage]:
    names, definitions = Names(data), data.definitions()
    by_page: dict[tuple[str, str], list[Value]] = defaultdict(list)
    for (_, indicator_id, kind), values in crowded.items():
        by_page[indicator_id, kind] += values
    found = []
    for (indicator_id, kind), values in by_page.items():
        indicator = definitions.get(indicator_id) or names.indicator(values[0])
        tables = sorted(group(values, lambda v: _place(data.source(v.source_id), v)).items(), key=lambda item: item[0])
        compared = (
            _comparison(data, names, of, MOST_CELLS // len(tables), f"m{number}")
            for number, (_, of) in enumerate(tables, 1)
        )
        found.append(AuthoritiesPage(indicator, kind, tuple(compared)))
    return sorted(found, key=lambda page: (importance(page.indicator), page.breakdown_kind))


def _place(source: Source, value: Value) -> tuple:
    """What the figures of one table have in common. The tables of a page are in this order."""
    kind = value.period_kind
    order = words.PERIOD_ORDER.index(kind) if kind in words.PERIOD_ORDER else len(words.PERIOD_ORDER)
    return source.source_number or 99, source.source_id, order, kind, value.indicator_version, value.population_da


def _comparison(data: Indicators, names: Names, values: list[Value], most_cells: int, table_id: str) -> Comparison:
    """One table. In a breakdown it is of the ranked period alone, with a column for each member."""
    first = values[0]
    indicator, period = names.indicator(first), _period(values)
    is_whole = breakdown_of(first) == NO_BREAKDOWN
    column_of = (lambda v: v.period_label) if is_whole else names.member
    shown = values if is_whole else [v for v in values if v.period_label == period]
    columns = _columns(shown, column_of, is_whole)
    rows = {
        authority: {column_of(v): v for v in found} for authority, found in group(shown, lambda v: v.authority).items()
    }
    label = {a: words.fictional(a, any(v.is_fictional for v in row.values())) for a, row in rows.items()}
    by_name = sorted(rows, key=lambda a: danish.natural_order(label[a]))
    others = [a for a in by_name if not words.is_total(a)]
    most = max(1, most_cells // max(len(others), 1))
    kept = columns[-most:] if is_whole else columns[:most]
    is_lowest_first = indicator.direction == "lavere_er_bedre"
    ranked = {a: v.value for a in others if is_whole and (v := rows[a].get(period)) and v.value is not None}
    places = ranks(ranked, is_lowest_first)

    def line(authority: str, anchor: str = "") -> Line:
        cells = (names.cell(rows[authority][c]) if c in rows[authority] else Cell("", is_empty=True) for c in kept)
        rank = danish.number(places[authority]) if authority in places else ""
        return Line(label[authority], tuple(cells), rank, anchor)

    lines = {a: line(a, f"{table_id}-{number}") for number, a in enumerate(others, 1)}
    own = data.own_authority or ""
    return Comparison(
        table_id=table_id,
        source=data.source(first.source_id),
        label=names.label(first),
        population=first.population_da,
        period_kind=first.period_kind,
        columns=kept,
        all_columns=len(columns),
        period=period,
        order=("1 er det laveste tal" if is_lowest_first else "1 er det højeste tal") if places else "",
        own=f"nr. {danish.number(places[own])} af {danish.number(len(places))}" if own in places else "",
        first=(
            *(line(a) for a in others if a == own),
            *(line(a) for a in by_name if words.is_total(a)),
            *_together(indicator, [rows[a] for a in others], kept),
        ),
        lines=tuple(lines[a] for a in sorted(others, key=lambda a: places.get(a, len(rows)))),
        index=tuple((letter, tuple(found)) for letter, found in group(lines.values(), _letter).items()),
    )


def _columns(values: list[Value], column_of: Callable[[Value], str], is_whole: bool) -> tuple[str, ...]:
    """Periods in order of time, or the members of a breakdown by name, with the whole last."""
    order = {
        column_of(v): (v.period_start, v.period_label)
        if is_whole
        else (v.breakdown_member == WHOLE, danish.natural_order(column_of(v)))
        for v in values
    }
    return tuple(sorted(order, key=lambda column: order[column]))


def _period(values: list[Value]) -> str:
    """The newest period with final figures of more than half of the authorities, else the newest with a figure."""
    known = [v for v in values if v.value is not None and not words.is_total(v.authority)] or values
    half = _count(v.authority for v in values) / 2

    def order(period: tuple[date, str]) -> tuple:
        final = _count(v.authority for v in by_period[period] if v.status != "foreloebig")
        return final > half, period

    by_period = group(known, lambda v: (v.period_start, v.period_label))
    return max(by_period, key=order)[1]


def _together(indicator: Indicator, rows: list[dict[str, Value]], columns: tuple[str, ...]) -> list[Line]:
    """All authorities together, except those that are totals: their sum or share, the one in the middle, and how many.

    There is no sum where one of them has no figure in that column, because it would be the sum of the others.
    """
    sums, middles, counts = [], [], []
    for column in columns:
        found = [row[column] for row in rows if column in row]
        numbers = [v.value for v in found if v.value is not None]
        sums.append(_cell(_sum(indicator, found), indicator.decimals))
        middles.append(_cell(median(numbers) if numbers else None, indicator.decimals))
        counts.append(Cell(danish.number(len(numbers))))
    lines = [Line(TOGETHER, tuple(sums))] if any(not cell.is_empty for cell in sums) else []
    return [*lines, Line("Den midterste (median)", tuple(middles)), Line("Myndigheder med tal", tuple(counts))]


def _sum(indicator: Indicator, values: list[Value]) -> Decimal | None:
    """Counts that add up are added. A share is what is above the lines in percent of what is below them."""
    if not values:
        return None
    if indicator.unit == "pct":
        above, below = _added(v.numerator for v in values), _added(v.denominator for v in values)
        return 100 * above / below if above is not None and below else None
    return _added(v.value for v in values) if indicator.is_additive_over_organisations else None


def _added(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None where one is unknown."""
    total = Decimal(0)
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _cell(value: Decimal | None, decimals: int) -> Cell:
    return Cell(danish.MISSING, is_empty=True) if value is None else Cell(danish.number(value, decimals))


def _letter(line: Line) -> str:
    name = line.label
    return "Å" if name.casefold().startswith("aa") else name[:1].upper()
