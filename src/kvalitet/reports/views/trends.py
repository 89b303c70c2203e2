"""Indicators over time: which changes are signals, which are noise, and which series are too short to tell."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from kvalitet.reports import danish, words
from kvalitet.reports.control_chart import ControlChart, ControlPoint, control_chart
from kvalitet.reports.model import Indicator, Indicators, Source, TrendPoint, Value
from kvalitet.reports.views.surveys import Notes
from kvalitet.reports.views.tables import WHOLE, importance

#: Signals in this many of the newest tested periods are news.
NEWEST = 4
#: Limits that rest on fewer values than this are provisional (docs/decisions/0009).
FIRM_LIMITS = 17


@dataclass(frozen=True)
class TrendRow:
    """One period as a line of the table behind a chart."""

    label: str
    value: str
    note: str
    limits: str
    remark: str


@dataclass(frozen=True)
class Trend:
    """One series. `points` are in order of time. There is no chart where no segment has limits."""

    indicator: Indicator
    source: Source
    authority: str
    unit_id: str
    unit_name: str  # empty for the whole
    period_kind: str
    points: tuple[TrendPoint, ...]
    chart: ControlChart | None
    rows: tuple[TrendRow, ...]
    state: str
    signals: tuple[str, ...]
    breaks: tuple[str, ...]
    missing: tuple[str, ...]
    newest_signal: TrendPoint | None  # among the newest periods that any series is tested for
    has_ended: bool  # before those periods

    @property
    def has_provisional(self) -> bool:
        return any(_is_provisional(p) for p in self.points)


def trends(data: Indicators, whole: bool) -> list[Trend]:
    """The series of wholes, or of the units that they consist of, by source, importance and unit."""
    definitions = data.definitions()
    grouped: dict[str, list[TrendPoint]] = defaultdict(list)
    for point in data.trends:
        if (point.organisation_id == WHOLE) == whole and point.indicator_id in definitions:
            grouped[point.series_key].append(point)
    context = _Context(data, _survey_notes(data), _newest_periods(data.trends))
    found = [_trend(definitions[points[0].indicator_id], points, context) for points in grouped.values()]
    return sorted(found, key=lambda t: (t.source.source_number or 99, *_place(t)))


def _place(trend: Trend) -> tuple:
    is_real = not trend.points[0].is_fictional
    unit = danish.natural_order(trend.unit_name)
    return importance(trend.indicator), is_real, danish.order(trend.authority), unit, trend.period_kind


def by_source(found: Iterable[Trend]) -> list[tuple[Source, list[Trend]]]:
    """The series with a chart, source by source."""
    drawn = (trend for trend in found if trend.chart)
    return [(source, list(group)) for source, group in groupby(drawn, key=lambda t: t.source)]


def news(found: Iterable[Trend]) -> list[tuple[Trend, TrendPoint, str]]:
    """The series with a signal among the newest periods, with the signal and its direction."""
    return [(trend, point, direction(trend.indicator, point)) for trend in found if (point := trend.newest_signal)]


def direction(indicator: Indicator, point: TrendPoint) -> str:
    """Whether a signal lies above or below the centre line, and whether that is the desired direction."""
    if point.value is None or point.centre_line is None or point.value == point.centre_line:
        return ""
    is_above = point.value > point.centre_line
    side = "over midterlinjen" if is_above else "under midterlinjen"
    wanted = {"hoejere_er_bedre": True, "lavere_er_bedre": False}.get(indicator.direction)
    return side if wanted is None else f"{side} ({'gunstigt' if wanted == is_above else 'ugunstigt'})"


def matrix(found: list[Trend]) -> tuple[list[tuple[str, str]], list[tuple[Indicator, list[Trend | None]]]]:
    """Units as columns and indicators as rows. A cell is the unit's series, where there is one."""
    units = sorted({(t.unit_id, t.unit_name) for t in found}, key=lambda u: danish.natural_order(u[1]))
    rows = []
    for indicator, group in groupby(found, key=lambda t: t.indicator):
        of_unit = {trend.unit_id: trend for trend in group}
        rows.append((indicator, [of_unit.get(unit_id) for unit_id, _ in units]))
    return units, rows


@dataclass(frozen=True)
class _Context:
    """What a series is compared with."""

    data: Indicators
    notes: dict[tuple, str]
    newest_since: dict[str, date]  # per kind of period


def _newest_periods(points: Iterable[TrendPoint]) -> dict[str, date]:
    """When the oldest of the newest tested periods begins, per kind of period."""
    starts: dict[str, set[date]] = defaultdict(set)
    for p in points:
        if p.value is not None and not _is_provisional(p):
            starts[p.period_kind].add(p.period_start)
    return {kind: sorted(found)[-NEWEST:][0] for kind, found in starts.items()}


def _is_provisional(p: TrendPoint) -> bool:
    return p.status == "foreloebig" and p.value is not None


def _survey_notes(data: Indicators) -> dict[tuple, str]:
    notes = Notes(data)
    return {_figure(v): note for v in data.values if (note := notes.of(v))}


def _figure(of: Value | TrendPoint) -> tuple:
    return of.indicator_id, of.source_id, of.authority, of.organisation_id, of.period_kind, of.period_label


def _trend(indicator: Indicator, points: list[TrendPoint], context: _Context) -> Trend:
    points = sorted(points, key=lambda p: p.period_start)
    first, data = points[0], context.data
    since = context.newest_since.get(first.period_kind, date.max)
    has_limits = any(p.centre_line is not None for p in points)
    rows = [_row(indicator, p, context.notes.get(_figure(p), "")) for p in points]
    return Trend(
        indicator=indicator,
        source=data.source(first.source_id),
        authority=words.fictional(first.authority, first.is_fictional),
        unit_id=first.organisation_id,
        unit_name="" if first.organisation_id == WHOLE else data.named("enhed", first.organisation_id),
        period_kind=first.period_kind,
        points=tuple(points),
        chart=control_chart([_point(p, place == 0) for place, p in enumerate(points)]) if has_limits else None,
        rows=tuple(rows),
        state=_state(indicator, points),
        signals=tuple(
            f"{words.SIGNAL.get(rule, rule)}: {spans}."
            for rule in words.SIGNAL
            if (spans := _spans(points, lambda p, rule=rule: rule in (p.signal_rule or "").split("; ")))
        ),
        breaks=tuple(
            f"Databrud fra {group[0].period_label}: {(group[0].break_reason_da or '').rstrip('.')}."
            for segment, group in ((s, list(g)) for s, g in groupby(points, key=lambda p: p.segment))
            if segment > 1
        ),
        missing=tuple(
            f"{word}: {spans}."
            for status, word in words.POINT_MISSING.items()
            if (spans := _spans(points, lambda p, status=status: p.value is None and p.status == status))
        ),
        newest_signal=next((p for p in reversed(points) if p.is_signal and p.period_start >= since), None),
        has_ended=points[-1].period_start < since,
    )


def _point(p: TrendPoint, is_first: bool) -> ControlPoint:
    is_new_year = p.period_kind != "kvartal" or p.period_label.endswith("K1") or is_first
    mark = (p.period_label[:4] if p.period_kind == "kvartal" else p.period_label) if is_new_year else ""
    return ControlPoint(
        mark, p.segment, p.value, p.centre_line, p.lower_limit, p.upper_limit, p.is_signal, _is_provisional(p)
    )


def _row(indicator: Indicator, p: TrendPoint, note: str) -> TrendRow:
    word = words.POINT_MISSING.get(p.status, danish.MISSING).lower()
    number = word if p.value is None else danish.number(p.value, indicator.decimals)
    rules = [words.SIGNAL.get(rule, rule).lower() for rule in (p.signal_rule or "").split("; ") if rule]
    remark = "; ".join([*rules, *(["foreløbigt tal"] if _is_provisional(p) else [])])
    return TrendRow(p.period_label, number, note, _limits(indicator, p), remark)


def _limits(indicator: Indicator, p: TrendPoint) -> str:
    """E.g. `10,8 – 45,2`. One-sided where there is only one limit."""
    low, high = (None if v is None else danish.number(v, indicator.decimals) for v in (p.lower_limit, p.upper_limit))
    if low and high:
        return f"{low} – {high}"
    return f"højst {high}" if high else f"mindst {low}" if low else ""


def _state(indicator: Indicator, points: list[TrendPoint]) -> str:
    """What the newest segment shows."""
    last = points[-1]
    if last.trend_status == "for_kort":
        since = " efter databruddet" if last.segment > 1 else ""
        return (
            f"For kort til grænser{since}: {last.points_in_limits} "
            f"{words.plural(last.points_in_limits, 'endeligt tal', 'endelige tal')}."
        )
    if last.trend_status == "kumulativ":
        return "Hvert tal rummer årets forrige, så der er ingen grænser."
    if last.trend_status == "ingen_variation":
        return "Alle tal er ens, så der er ingen grænser."
    unit = words.UNIT_AFTER.get(indicator.unit, "")
    season = " Grænserne følger årstiden; her er de for den seneste periode." if last.is_seasonally_adjusted else ""
    centre = danish.number(last.centre_line, indicator.decimals)
    text = f"Midterlinje {centre}{unit}. Almindelig variation: {_limits(indicator, last) or 'alle værdier'}{unit}."
    if last.points_in_limits < FIRM_LIMITS:
        season += f" Grænserne hviler på {last.points_in_limits} tal og er foreløbige."
    return text + season


def _spans(points: list[TrendPoint], holds: Callable[[TrendPoint], bool]) -> str:
    """The periods for which something holds, with neighbours as a span: `2020-K1 til 2020-K4, 2022-K2`."""
    spans = []
    for does, group in groupby(points, key=holds):
        labels = [p.period_label for p in group]
        if does:
            spans.append(labels[0] if len(labels) == 1 else f"{labels[0]} til {labels[-1]}")
    return ", ".join(spans)
