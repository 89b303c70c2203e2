"""Turns figures into tables of one source, authority and kind of period each, with populations in separate blocks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from kvalitet.reports import danish, words
from kvalitet.reports.model import Indicator, Indicators, Source, Value
from kvalitet.reports.views.breaks import Breaks, said
from kvalitet.reports.views.surveys import Notes

K = TypeVar("K")
V = TypeVar("V")
WHOLE = "alle"
NO_BREAKDOWN = "ingen"
#: The indicators that come first, in this order. The others follow by name.
FIRST = (
    "klager_modtaget",
    "klager_besvaret_inden_frist_pct",
    "klager_medhold_pct",
    "klager_gengangere_pct",
    "borgerraadgiver_henvendelser",
    "borgerraadgiver_medhold_pct",
    "omgoerelsesprocent",
    "revisionsbemaerkninger",
)
#: A further breakdown beside those of the facts: by unit of the organisation.
BY_UNIT = "enhed"
QUARTERS = "kvartal"
#: Breakdowns whose members are units, each with its own view of the organisation.
UNITS = ("center", "center_nu", "enhed", "forvaltning")


@dataclass(frozen=True)
class Cell:
    text: str
    mark: str = ""
    is_empty: bool = False
    note: str = ""


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]
    remark: str = ""  # where the row may not be read across


@dataclass(frozen=True)
class Block:
    """Comparable rows: those of one population, and in a breakdown also of one indicator."""

    heading: str
    population: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """Figures of one source and authority, by one kind of period."""

    period_kind: str
    authority: str
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class SourceTables:
    source: Source
    tables: tuple[Table, ...]
    quarters: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Breakdown:
    """All figures broken down by one thing, source by source."""

    kind: str
    sources: tuple[SourceTables, ...]


def by_source(data: Indicators) -> list[SourceTables]:
    """The wholes of every source, in the order of the source numbers, including sources without a figure."""
    figures = group((v for v in data.values if breakdown_of(v) == NO_BREAKDOWN), lambda v: v.source_id)
    unnamed = [data.source(source_id) for source_id in figures]
    sources = {source.source_id: source for source in (*data.sources, *unnamed)}
    names = Names(data)
    found = []
    for source in sorted(sources.values(), key=_place):
        values = figures.get(source.source_id, [])
        years = _tables([v for v in values if v.period_kind != QUARTERS], names)
        found.append(SourceTables(source, years, _tables([v for v in values if v.period_kind == QUARTERS], names)))
    return found


def breakdowns(data: Indicators, by_units: bool) -> list[Breakdown]:
    """The figures by units of the organisation, each view separately, or the figures by anything else."""
    kinds = group((v for v in data.values if breakdown_of(v) != NO_BREAKDOWN), breakdown_of)
    chosen = [kind for kind in kinds if (kind in UNITS) == by_units]
    order: list[str] = (
        list(UNITS) if by_units else sorted(chosen, key=lambda kind: danish.order(words.FOLD.get(kind, kind)))
    )
    names = Names(data)
    found = []
    for kind in sorted(chosen, key=lambda kind: order.index(kind)):
        by_source = group(kinds[kind], lambda v: v.source_id)
        sources = sorted((data.source(source_id) for source_id in by_source), key=_place)
        tables = (SourceTables(source, _tables(by_source[source.source_id], names)) for source in sources)
        found.append(Breakdown(kind, tuple(tables)))
    return found


def breakdown_of(value: Value) -> str:
    """The breakdown of a figure. A figure of one unit belongs to a breakdown of the administration."""
    if value.breakdown_kind != NO_BREAKDOWN:
        return value.breakdown_kind
    return NO_BREAKDOWN if value.organisation_id == WHOLE else BY_UNIT


def importance(indicator: Indicator) -> tuple:
    """Sort key of indicators."""
    place = FIRST.index(indicator.indicator_id) if indicator.indicator_id in FIRST else len(FIRST)
    return place, danish.order(indicator.name_da), indicator.version


def figure(value: Value, decimals: int, unit: str = "") -> Cell:
    """One figure as text. A word and not 0 where there is none, and a mark where it is not final."""
    if value.value is None:
        word = (
            words.FIGURE_EMPTY["skjult"][0] if value.is_suppressed else words.FIGURE_EMPTY.get(value.status, ("",))[0]
        )
        return Cell(word or danish.MISSING, is_empty=True)
    mark, _ = words.FIGURE_MARK.get(value.status, ("", ""))
    return Cell(danish.number(value.value, decimals) + words.UNIT_AFTER.get(unit, ""), mark)


def marks_used(data: Indicators) -> list[tuple[str, str]]:
    """The marks and words that the page needs to explain, each with its explanation."""
    used = {value.status for value in data.values}
    if any(value.value is None and value.is_suppressed for value in data.values):
        used.add("skjult")
    return [words.FIGURE_MARK[s] for s in words.FIGURE_MARK if s in used] + [
        words.FIGURE_EMPTY[s] for s in words.FIGURE_EMPTY if s in used
    ]


class Names:
    """The names of the rows, and the notes beside a figure."""

    def __init__(self, data: Indicators) -> None:
        self.data = data
        self.indicators = {(i.indicator_id, i.version): i for i in data.indicators}
        self.versions = Counter(i.indicator_id for i in data.indicators)
        self.notes = Notes(data)
        self.breaks = Breaks(data)

    def indicator(self, value: Value) -> Indicator:
        key = (value.indicator_id, value.indicator_version)
        return self.indicators.get(key) or _unknown_indicator(value)

    def label(self, value: Value) -> str:
        indicator = self.indicator(value)
        unit = words.UNIT.get(indicator.unit, indicator.unit)
        version = f", definition {value.indicator_version}" if self.versions[value.indicator_id] > 1 else ""
        return f"{indicator.name_da} ({unit}{version})"

    def member(self, value: Value) -> str:
        parts = []
        is_named_by_unit = value.breakdown_kind in UNITS and value.breakdown_member == value.organisation_id
        if value.breakdown_kind != NO_BREAKDOWN and not is_named_by_unit:
            parts.append("i alt" if value.breakdown_member == WHOLE else self._named(value))
        if value.organisation_id != WHOLE:
            parts.append(self.data.named(BY_UNIT, value.organisation_id))
        return ", ".join(parts)

    def cell(self, value: Value) -> Cell:
        return replace(figure(value, self.indicator(value).decimals), note=self.notes.of(value))

    def remark(self, row: list[Value]) -> str:
        """The breaks in the series between the row's first and last period."""
        starts = sorted(value.period_start for value in row)
        return said(self.breaks.between(row[0].indicator_id, row[0].authority, starts[0], starts[-1]))

    def _named(self, value: Value) -> str:
        kind = BY_UNIT if value.breakdown_kind in UNITS else value.breakdown_kind.removeprefix("underordnet_")
        member = value.breakdown_member
        return self.data.members.get((kind, member)) or words.MEMBER.get(member, member)

    def order(self, value: Value) -> tuple:
        return (
            importance(self.indicator(value)),
            value.breakdown_member == WHOLE,
            danish.natural_order(self.member(value)),
        )


def _unknown_indicator(value: Value) -> Indicator:
    return Indicator(
        indicator_id=value.indicator_id, version=value.indicator_version, name_da=value.indicator_id,
        definition_da=None, numerator_da=None, denominator_da=None, unit="", direction="neutral", dated_by=None,
        open_cases_da=None, population_da=None, legal_basis=None, owner=None, valid_from_year=None,
        valid_to_year=None, decimals=_decimals(value.value),
    )  # fmt: skip


def _decimals(value: Decimal | None) -> int:
    exponent = value.normalize().as_tuple().exponent if value is not None else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _place(source: Source) -> tuple:
    return source.source_number or 99, danish.order(source.name_da)


def _tables(values: list[Value], names: Names) -> tuple[Table, ...]:
    """Made-up authorities first, then by name. Calendar years come before report years, and those before quarters."""

    def place(group: tuple[str, str]) -> tuple:
        kind, authority = group
        rank = words.PERIOD_ORDER.index(kind) if kind in words.PERIOD_ORDER else len(words.PERIOD_ORDER)
        return not any(v.is_fictional for v in groups[group]), danish.order(authority), rank

    groups = group(values, lambda v: (v.period_kind, words.fictional(v.authority, v.is_fictional)))
    return tuple(_table(*group, groups[group], names) for group in sorted(groups, key=place))


def _table(period_kind: str, authority: str, values: list[Value], names: Names) -> Table:
    starts: dict[str, date] = {}
    for value in values:
        starts[value.period_label] = min(value.period_start, starts.get(value.period_label, date.max))
    columns = tuple(sorted(starts, key=lambda label: (starts[label], label)))
    ordered = sorted(values, key=names.order)
    is_whole = breakdown_of(values[0]) == NO_BREAKDOWN
    blocks = group(ordered, lambda v: ("" if is_whole else names.label(v), v.population_da))
    return Table(
        period_kind,
        authority,
        columns,
        tuple(Block(*block, _rows(found, columns, names, is_whole)) for block, found in blocks.items()),
    )


def _rows(values: list[Value], columns: tuple[str, ...], names: Names, is_whole: bool) -> tuple[Row, ...]:
    rows = []
    grouped = group(values, lambda v: (v.indicator_id, v.indicator_version, v.organisation_id, v.breakdown_member))
    for row in grouped.values():
        cells = {value.period_label: names.cell(value) for value in row}
        shown = tuple(cells.get(column, Cell("", is_empty=True)) for column in columns)
        rows.append(Row(names.label(row[0]) if is_whole else names.member(row[0]), shown, names.remark(row)))
    return tuple(rows)


def group(values: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    """What has the same key, in the order of its coming."""
    groups: dict[K, list[V]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
