"""The top of the indicator page: headline figures, and complaints beside the ombudsman's inquiries."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from kvalitet.reports import danish, words
from kvalitet.reports.charts import BarChart, Point, bar_chart
from kvalitet.reports.model import Indicator, Indicators, Source, Statement, Value
from kvalitet.reports.tables import NO_BREAKDOWN, Cell, breakdown_of, figure

YEARS = ("kalenderaar", "beretningsaar")
#: The sources whose counts are set side by side, by their number in dim_source: 4 Klagesager, 6 Borgerrådgiveren.
COMPLAINTS, OMBUDSMAN = 4, 6
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


@dataclass(frozen=True)
class Headline:
    series: Series
    period_label: str
    cell: Cell
    change: str
    compared_with: str


@dataclass(frozen=True)
class Panel:
    series: Series
    chart: BarChart
    rows: tuple[tuple[str, Cell], ...]
    summary: str


@dataclass(frozen=True)
class Disagreement:
    """One figure that publications state differently; the chosen statement first."""

    authority: str
    category: str
    period_label: str
    measure: str
    unit: str
    statements: tuple[Statement, ...]


def yearly_series(data: Indicators) -> list[Series]:
    """Whole-administration series by calendar or report year, ordered by source number and indicator."""
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
    rank = {key: place for place, key in enumerate(indicators)}
    return sorted(
        found,
        key=lambda s: (
            s.source.source_number or 99,
            rank[s.indicator.indicator_id, s.indicator.version],
            danish.order(s.authority),
        ),
    )


def headlines(data: Indicators) -> list[Headline]:
    """The newest final year of the administration's own series, with the change from the year before."""
    series = yearly_series(data)
    own = [s for s in series if not s.source.is_external or words.FICTIONAL in s.authority] or series
    return [headline for s in own if (headline := _headline(s))][:MOST_HEADLINES]


def panels(data: Indicators) -> list[Panel]:
    """Counts per calendar year from the complaint system, then the ombudsman's per report year."""
    counts = [s for s in yearly_series(data) if s.indicator.unit == "antal"]
    chosen = []
    for number, kind in ((COMPLAINTS, "kalenderaar"), (OMBUDSMAN, "beretningsaar")):
        fitting = [s for s in counts if s.source.source_number == number and s.period_kind == kind]
        first = fitting[0].indicator.indicator_id if fitting else None
        chosen += sorted(
            (s for s in fitting if s.indicator.indicator_id == first),
            key=lambda s: (words.FICTIONAL not in s.authority, danish.order(s.authority)),
        )
    return [_panel(s) for s in chosen]


def disagreements(data: Indicators) -> list[Disagreement]:
    """The figures that publications state differently, by authority, category, period and measure."""
    grouped: dict[tuple, list[Statement]] = defaultdict(list)
    for s in data.statements:
        authority = words.fictional(s.authority, s.is_fictional)
        grouped[authority, s.category, s.period_label, s.measure, s.unit].append(s)
    return [
        Disagreement(*key, tuple(sorted(said, key=lambda s: (not s.is_chosen, danish.order(s.title or "")))))
        for key, said in sorted(grouped.items(), key=lambda item: [danish.order(part) for part in item[0]])
    ]


def _headline(series: Series) -> Headline | None:
    known = [v for v in series.values if v.value is not None]
    final = [v for v in known if v.status != "foreloebig"] or known
    if not final:
        return None
    newest = final[-1]
    before = next((v for v in reversed(known) if v.period_end < newest.period_start), None)
    is_next = before is not None and (newest.period_start - before.period_end).days == 1
    return Headline(
        series,
        newest.period_label,
        figure(newest, series.indicator.decimals, series.indicator.unit),
        _change(series.indicator, newest, before) if is_next else "",
        before.period_label if is_next else "",
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
        Point(v.period_label, v.value, cell.text, v.status in words.FIGURE_MARK)
        for v, (_, cell) in zip(series.values, cells, strict=True)
    ]
    summary = "; ".join(f"{label}: {cell.text}" for label, cell in cells)
    return Panel(series, bar_chart(points), cells, summary)
