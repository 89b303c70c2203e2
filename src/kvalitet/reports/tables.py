"""From figures to tables: one table holds one source, authority and kind of year; populations stand apart in it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from kvalitet.reports import danish, words
from kvalitet.reports.model import Indicator, Indicators, Source, Value

K = TypeVar("K")
WHOLE = "alle"
NO_BREAKDOWN = "ingen"
#: The indicators that lead, in this order; the others follow by name.
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
#: A breakdown of its own beside those of the facts: by unit of the organisation.
BY_UNIT = "enhed"
QUARTERS = "kvartal"
#: Breakdowns whose members are units.
UNITS = ("enhed", "center", "forvaltning")


@dataclass(frozen=True)
class Cell:
    text: str
    mark: str = ""
    is_empty: bool = False


@dataclass(frozen=True)
class Row:
    label: str
    detail: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """Rows of one population: what may be compared."""

    population: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """Figures of one source and authority, by one kind of year."""

    period_kind: str
    authority: str
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    fold: str = ""  # what it is folded under; empty for the tables that stand open


@dataclass(frozen=True)
class SourceTables:
    source: Source
    tables: tuple[Table, ...]
    folded: tuple[tuple[str, tuple[Table, ...]], ...]  # what they are folded under -> tables


def by_source(data: Indicators) -> list[SourceTables]:
    """The tables of every source that has figures, in the order of the source numbers."""
    figures: dict[str, list[Value]] = defaultdict(list)
    for value in data.values:
        figures[value.source_id].append(value)
    known = {source.source_id: source for source in data.sources}
    sources = [known.get(source_id) or Source(source_id, None, source_id, True) for source_id in figures]
    sources.sort(key=lambda source: (source.source_number or 99, danish.order(source.name_da)))
    names = _Names(data)
    found = []
    for source in sources:
        by_fold = groupby(_tables(figures[source.source_id], names), key=lambda table: table.fold)
        folds = {fold: tuple(tables) for fold, tables in by_fold}
        found.append(SourceTables(source, folds.pop("", ()), tuple(folds.items())))
    return found


def fold_of(value: Value) -> str:
    """Breakdowns are folded away, and so are the quarters of a whole."""
    breakdown = breakdown_of(value)
    if breakdown != NO_BREAKDOWN:
        return breakdown
    return QUARTERS if value.period_kind == QUARTERS else ""


def breakdown_of(value: Value) -> str:
    """The breakdown a figure belongs to; a figure of one unit is a breakdown of the administration."""
    if value.breakdown_kind != NO_BREAKDOWN:
        return value.breakdown_kind
    return NO_BREAKDOWN if value.organisation_id == WHOLE else BY_UNIT


def importance(indicator: Indicator) -> tuple:
    """Sort key of indicators."""
    place = FIRST.index(indicator.indicator_id) if indicator.indicator_id in FIRST else len(FIRST)
    return place, danish.order(indicator.name_da), indicator.version


def figure(value: Value, decimals: int, unit: str = "") -> Cell:
    """One figure as text: a word and not 0 where there is none, a mark where it is not final."""
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


class _Names:
    """What the rows are called."""

    def __init__(self, data: Indicators) -> None:
        self.indicators = {(i.indicator_id, i.version): i for i in data.indicators}
        self.members = data.members

    def indicator(self, value: Value) -> Indicator:
        key = (value.indicator_id, value.indicator_version)
        return self.indicators.get(key) or _unknown_indicator(value)

    def label(self, value: Value, versions: int) -> str:
        indicator = self.indicator(value)
        unit = words.UNIT.get(indicator.unit, indicator.unit)
        version = f", definition {value.indicator_version}" if versions > 1 else ""
        return f"{indicator.name_da} ({unit}{version})"

    def member(self, value: Value) -> str:
        parts = []
        is_named_by_unit = value.breakdown_kind in UNITS and value.breakdown_member == value.organisation_id
        if value.breakdown_kind != NO_BREAKDOWN and not is_named_by_unit:
            parts.append("i alt" if value.breakdown_member == WHOLE else self._named(value))
        if value.organisation_id != WHOLE:
            parts.append(self.members.get((BY_UNIT, value.organisation_id), value.organisation_id))
        return ", ".join(parts)

    def _named(self, value: Value) -> str:
        kind = BY_UNIT if value.breakdown_kind in UNITS else value.breakdown_kind.removeprefix("underordnet_")
        member = value.breakdown_member
        return self.members.get((kind, member)) or words.MEMBER.get(member, member)

    def row_order(self, value: Value) -> tuple:
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


def _tables(values: list[Value], names: _Names) -> Iterable[Table]:
    def place(group: tuple[str, str, str]) -> tuple:
        fold, kind, authority = group
        rank = words.PERIOD_ORDER.index(kind) if kind in words.PERIOD_ORDER else len(words.PERIOD_ORDER)
        return bool(fold), fold != QUARTERS, fold, words.FICTIONAL not in authority, danish.order(authority), rank

    groups = _group(values, lambda v: (fold_of(v), v.period_kind, words.fictional(v.authority, v.is_fictional)))
    for fold, kind, authority in sorted(groups, key=place):
        yield _table(fold, kind, authority, groups[fold, kind, authority], names)


def _table(fold: str, period_kind: str, authority: str, values: list[Value], names: _Names) -> Table:
    starts: dict[str, date] = {}
    for value in values:
        starts[value.period_label] = min(value.period_start, starts.get(value.period_label, date.max))
    columns = tuple(sorted(starts, key=lambda label: (starts[label], label)))
    versions = Counter(indicator_id for indicator_id, _ in {(v.indicator_id, v.indicator_version) for v in values})
    blocks = _group(sorted(values, key=names.row_order), lambda v: v.population_da)
    return Table(
        period_kind,
        authority,
        columns,
        tuple(Block(population, _rows(found, columns, versions, names)) for population, found in blocks.items()),
        fold,
    )


def _rows(values: list[Value], columns: tuple[str, ...], versions: Counter[str], names: _Names) -> tuple[Row, ...]:
    rows = []
    grouped = _group(values, lambda v: (v.indicator_id, v.indicator_version, v.organisation_id, v.breakdown_member))
    for row in grouped.values():
        first, decimals = row[0], names.indicator(row[0]).decimals
        cells = {value.period_label: figure(value, decimals) for value in row}
        shown = tuple(cells.get(column, Cell("", is_empty=True)) for column in columns)
        rows.append(Row(names.label(first, versions[first.indicator_id]), names.member(first), shown))
    return tuple(rows)


def _group(values: Iterable[Value], key: Callable[[Value], K]) -> dict[K, list[Value]]:
    groups: dict[K, list[Value]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
