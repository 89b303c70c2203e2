"""The top of the indicator page: headline figures, and complaints beside the ombudsman's inquiries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kvalitet.reports import danish, words
from kvalitet.reports.charts import BarChart, Point, bar_chart
from kvalitet.reports.model import Indicator, Indicators, Overlap, Source, Statement, Value
from kvalitet.reports.tables import FIRST, NO_BREAKDOWN, Cell, breakdown_of, figure, importance

YEARS = ("kalenderaar", "beretningsaar")
#: The counts that are set side by side, each by its own kind of year.
SIDE_BY_SIDE = (("klager_modtaget", "kalenderaar"), ("borgerraadgiver_henvendelser", "beretningsaar"))
MOST_HEADLINES = 8
#: Rows of the table of cases counted twice: field of Overlap, indentation, label.
OVERLAP_ROWS = (
    ("own_complaints", 0, "Klager i alt hos forvaltningen"),
    ("own_referred", 1, "heraf henvist af Borgerrådgiveren"),
    ("own_referred_matched", 2, "genfundet hos Borgerrådgiveren"),
    ("own_referred_unmatched", 2, "ikke genfundet"),
    ("referrals", 0, "Borgerrådgiverens henvisninger"),
    ("referrals_matched", 1, "heraf genfundet hos forvaltningen"),
    ("referrals_unmatched", 1, "heraf ikke genfundet"),
    ("counted_once", 0, "Hver sag talt én gang"),
)


@dataclass(frozen=True)
class Series:
    """One indicator at one source for one authority, year by year."""

    indicator: Indicator
    source: Source
    authority: str
    period_kind: str
    population: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Headline:
    series: Series
    period_label: str
    cell: Cell
    remark: str
    change: str
    compared_with: str


@dataclass(frozen=True)
class Panel:
    series: Series
    chart: BarChart
    rows: tuple[tuple[str, Cell], ...]
    summary: str
    has_provisional: bool


@dataclass(frozen=True)
class Disagreement:
    """One figure that publications state differently; the chosen statement first."""

    authority: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Inconsistency:
    """A figure that does not agree with the rest of its own publication."""

    authority: str
    statement: Statement
    reasons: tuple[str, ...]


def yearly_series(data: Indicators) -> list[Series]:
    """Whole-administration series by calendar or report year, ordered by source number and importance."""
    indicators = {(i.indicator_id, i.version): i for i in data.indicators}
    sources = {source.source_id: source for source in data.sources}
    grouped: dict[tuple, list[Value]] = defaultdict(list)
    for v in data.values:
        if breakdown_of(v) == NO_BREAKDOWN and v.period_kind in YEARS:
            key = (v.indicator_id, v.indicator_version, v.source_id, v.authority, v.period_kind, v.population_da)
            grouped[key].append(v)
    found = [
        Series(
            indicators[indicator_id, version],
            sources[source_id],
            words.fictional(authority, any(v.is_fictional for v in values)),
            period_kind,
            population,
            tuple(sorted(values, key=lambda v: v.period_start)),
        )
        for (indicator_id, version, source_id, authority, period_kind, population), values in grouped.items()
        if (indicator_id, version) in indicators and source_id in sources
    ]
    return sorted(
        found,
        key=lambda s: (s.source.source_number or 99, importance(s.indicator), danish.order(s.authority)),
    )


def headlines(data: Indicators) -> list[Headline]:
    """The newest final year of the administration's own series, with the change from the year before.

    A figure that is there by calendar year and by report year is shown by calendar year.
    """
    series = yearly_series(data)
    own = [s for s in series if not s.source.is_external or words.FICTIONAL in s.authority] or series
    chosen = [s for s in own if s.indicator.indicator_id in FIRST] or own
    calendar_first = sorted(chosen, key=lambda s: YEARS.index(s.period_kind))
    by_figure = {(s.indicator.indicator_id, s.source.source_id, s.authority): s for s in reversed(calendar_first)}
    return [headline for s in chosen if s in by_figure.values() and (headline := _headline(s))][:MOST_HEADLINES]


def panels(data: Indicators) -> list[Panel]:
    """Counts per calendar year from the complaint system, then the ombudsman's per report year."""
    series = yearly_series(data)
    chosen = [
        s
        for indicator_id, kind in SIDE_BY_SIDE
        for s in sorted(series, key=lambda s: words.FICTIONAL not in s.authority)
        if s.indicator.indicator_id == indicator_id and s.period_kind == kind
    ]
    return [_panel(s) for s in chosen]


def disagreements(data: Indicators) -> list[Disagreement]:
    """The figures that publications state differently, newest period first within each authority and category."""
    grouped: dict[tuple, list[Statement]] = defaultdict(list)
    for s in _in_order(s for s in data.statements if s.is_disputed):
        grouped[s.authority, s.category_id, s.period_kind, s.period_label, s.measure, s.unit].append(s)
    return [
        Disagreement(
            _authority(said[0]), tuple(sorted(said, key=lambda s: (not s.is_chosen, danish.order(s.title or ""))))
        )
        for said in grouped.values()
    ]


def inconsistencies(data: Indicators) -> list[Inconsistency]:
    """The figures that do not agree with the rest of their own publication, and in what way."""
    return [
        Inconsistency(
            _authority(s), s, tuple(words.FLAG.get(flag, flag) for flag in (s.flags or "afrunding").split("; "))
        )
        for s in _in_order(s for s in data.statements if s.is_inconsistent)
    ]


def overlaps(data: Indicators) -> list[tuple[str, str, list[Overlap]]]:
    """Per authority and kind of year, the years in order."""
    grouped: dict[tuple[str, str], list[Overlap]] = defaultdict(list)
    for o in sorted(data.overlaps, key=lambda o: (YEARS.index(o.period_kind), o.period_start)):
        if o.own_referred != 0 or o.referrals != 0:
            grouped[words.fictional(o.authority, o.is_fictional), o.period_kind].append(o)
    return [(*key, years) for key, years in grouped.items()]


def _in_order(statements: Iterable[Statement]) -> list[Statement]:
    by_period = sorted(statements, key=lambda s: s.period_label, reverse=True)
    return sorted(
        by_period, key=lambda s: (danish.order(_authority(s)), danish.order(s.category), danish.order(s.measure))
    )


def _authority(statement: Statement) -> str:
    return words.fictional(statement.authority, statement.is_fictional)


def _headline(series: Series) -> Headline | None:
    known = [v for v in series.values if v.value is not None]
    final = [v for v in known if v.status != "foreloebig"] or known
    if not final:
        return None
    newest = final[-1]
    before = next((v for v in known if (newest.period_start - v.period_end).days == 1), None)
    return Headline(
        series,
        newest.period_label,
        figure(newest, series.indicator.decimals, series.indicator.unit),
        words.FIGURE_WORD.get(newest.status, ""),
        _change(series.indicator, newest, before) if before else "",
        before.period_label if before else "",
    )


def _change(indicator: Indicator, newest: Value, before: Value) -> str:
    new, old = Decimal(newest.value or 0), Decimal(before.value or 0)
    if indicator.unit != "pct":
        return danish.change(new, old)
    points = danish.number(new - old, indicator.decimals)
    return f"{points if points.startswith('−') else '+' + points} procentpoint"


def _panel(series: Series) -> Panel:
    cells = tuple((v.period_label, figure(v, series.indicator.decimals)) for v in series.values)
    points = [
        Point(v.period_label, v.value, cell.text, v.status == "foreloebig")
        for v, (_, cell) in zip(series.values, cells, strict=True)
    ]
    summary = "; ".join(f"{label}: {cell.text}" for label, cell in cells)
    return Panel(series, bar_chart(points), cells, summary, any(point.is_provisional for point in points))
