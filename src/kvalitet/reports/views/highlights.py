"""The top of the indicator page: headline figures, and complaints beside the ombudsman's inquiries."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from kvalitet.reports import danish, words
from kvalitet.reports.charts import BarChart, Point, bar_chart
from kvalitet.reports.model import Indicator, Indicators, Source, Value
from kvalitet.reports.views.breaks import Breaks, said
from kvalitet.reports.views.surveys import Notes
from kvalitet.reports.views.tables import FIRST, NO_BREAKDOWN, Cell, breakdown_of, figure, importance

YEARS = ("kalenderaar", "beretningsaar")
#: The counts that are compared, each by its own kind of year.
SIDE_BY_SIDE = (("klager_modtaget", "kalenderaar"), ("borgerraadgiver_henvendelser", "beretningsaar"))
MOST_HEADLINES = 8


@dataclass(frozen=True)
class Series:
    """One indicator at one source for one authority, year by year."""

    indicator: Indicator
    source: Source
    authority: str
    period_kind: str
    population: str
    values: tuple[Value, ...]

    @property
    def is_fictional(self) -> bool:
        return any(v.is_fictional for v in self.values)


@dataclass(frozen=True)
class Headline:
    series: Series
    period_label: str
    cell: Cell
    remark: str
    change: str
    compared_with: str
    note: str  # the note of a survey's figure
    remark_on_change: str  # why it is not compared with the year before


@dataclass(frozen=True)
class Panel:
    series: Series
    chart: BarChart
    rows: tuple[tuple[str, Cell], ...]
    summary: str
    breaks: str
    has_provisional: bool


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

    A figure that exists both by calendar year and by report year is shown by calendar year.
    """
    series = yearly_series(data)
    own = [s for s in series if not s.source.is_external or s.is_fictional] or series
    chosen = [s for s in own if s.indicator.indicator_id in FIRST] or own
    calendar_first = sorted(chosen, key=lambda s: YEARS.index(s.period_kind))
    by_figure = {(s.indicator.indicator_id, s.source.source_id, s.authority): s for s in reversed(calendar_first)}
    return [headline for s in chosen if s in by_figure.values() and (headline := _headline(s, data))][:MOST_HEADLINES]


def panels(data: Indicators) -> list[Panel]:
    """Counts per calendar year from the complaint system, then the ombudsman's per report year."""
    series = yearly_series(data)
    chosen = [
        s
        for indicator_id, kind in SIDE_BY_SIDE
        for s in sorted(series, key=lambda s: not s.is_fictional)
        if s.indicator.indicator_id == indicator_id and s.period_kind == kind
    ]
    return [_panel(s, Breaks(data)) for s in chosen]


def _headline(series: Series, data: Indicators) -> Headline | None:
    known = [v for v in series.values if v.value is not None]
    final = [v for v in known if v.status != "foreloebig"] or known
    if not final:
        return None
    newest = final[-1]
    before = next((v for v in known if (newest.period_start - v.period_end).days == 1), None)
    broken = _breaks(Breaks(data), before, newest) if before else ""
    return Headline(
        series,
        newest.period_label,
        figure(newest, series.indicator.decimals, series.indicator.unit),
        words.FIGURE_WORD.get(newest.status, ""),
        _change(series.indicator, newest, before) if before and not broken else "",
        before.period_label if before else "",
        Notes(data).of(newest),
        broken,
    )


def _breaks(breaks: Breaks, earlier: Value, later: Value) -> str:
    return said(breaks.between(later.indicator_id, later.authority, earlier.period_start, later.period_start))


def _change(indicator: Indicator, newest: Value, before: Value) -> str:
    new, old = Decimal(newest.value or 0), Decimal(before.value or 0)
    if indicator.unit != "pct":
        return danish.change(new, old)
    points = danish.number(new - old, indicator.decimals)
    return f"{points if points.startswith('−') else '+' + points} procentpoint"


def _panel(series: Series, breaks: Breaks) -> Panel:
    cells = tuple((v.period_label, figure(v, series.indicator.decimals)) for v in series.values)
    points = [
        Point(v.period_label, v.value, cell.text, v.status == "foreloebig")
        for v, (_, cell) in zip(series.values, cells, strict=True)
    ]
    summary = "; ".join(f"{label}: {cell.text}" for label, cell in cells)
    broken = _breaks(breaks, series.values[0], series.values[-1])
    return Panel(series, bar_chart(points), cells, summary, broken, any(point.is_provisional for point in points))
