"""What the comparing pages say, and in which order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from comparison_examples import series
from examples import indicators, value

from kvalitet.reports import render
from kvalitet.reports.control_chart import ControlPoint, control_chart
from kvalitet.reports.model import Break
from kvalitet.reports.views import follow_up, highlights, reconciliation, restatements, risk, surveys, tables, trends

LONG = "klager_modtaget"


def seen(*points) -> list[trends.Trend]:
    return trends.trends(replace(indicators(), trends=tuple(points)), whole=True)


def test_line_stops_at_gap_and_at_break():
    points = [ControlPoint("", 1 + (n > 4), None if n == 2 else Decimal(n), Decimal(3)) for n in range(7)]
    chart = control_chart(points)
    assert [path.count("L") + 1 for path in chart.lines] == [2, 2, 2]  # 0-1, 3-4, 5-6
    assert len(chart.dots) == 6 and len(chart.gaps) == 1 and len(chart.breaks) == 1
    assert len(chart.centres) == 2  # a gap does not cut the centre line, but a break does
    assert chart.dots[3].x < chart.breaks[0] < chart.dots[4].x


def test_limits_are_steps_and_dots_one_path():
    points = [ControlPoint("", 1, Decimal(n), upper=Decimal(4 + n // 2), is_signal=n == 2) for n in range(4)]
    chart = control_chart(points)
    assert chart.limits == ("M48.0 52.8H260.0V20.0H472.0",)  # the axis is 5 in 164 pixels, two periods at 4, two at 5
    dots = [f"M{dot.x} {dot.y}h0" for dot in chart.dots if dot.kind == "plain"]
    assert len(dots) == 3 and chart.plain == "".join(dots)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (["241", "310"], ["240", "260", "280", "300", "320"]),
        (["0.5"], ["0,5", "0,6"]),
        (["-8", "12"], ["−10", "−5", "0", "5", "10", "15"]),
        (["0", "0"], ["0,0", "0,2"]),
        ([], ["0,0", "0,2", "0,4", "0,6", "0,8", "1,0"]),
    ],
)
def test_axis_is_round_and_holds_every_value(values: list[str], ticks: list[str]):
    chart = control_chart([ControlPoint("", 1, Decimal(v)) for v in values])
    assert [tick.text for tick in chart.ticks] == ticks
    assert all(chart.ticks[-1].y <= dot.y <= chart.ticks[0].y for dot in chart.dots)


def test_series_says_its_limits_and_signals():
    (trend,) = seen(*series("a", LONG, "klagesager", "alle", [250, 262, None, 310, 221], signals={1, 3}, running=4))
    assert trend.state == (
        "Midterlinje 252. Almindelig variation: 222 – 283. Grænserne hviler på 12 tal og er foreløbige."
    )
    assert trend.signals[0] == "Uden for grænserne: 2021-K2, 2021-K4."
    assert trend.missing == ("Skjult: 2021-K3.",)
    assert [row.value for row in trend.rows] == ["250", "262", "skjult", "310", "221"]
    assert trend.rows[4].remark == "foreløbigt tal" and trend.has_provisional


def test_neighbouring_signals_are_one_span():
    (trend,) = seen(*series("a", LONG, "klagesager", "alle", [1, 2, 3, 4, 5, 6], signals={0, 1, 2, 5}))
    assert trend.signals[0] == "Uden for grænserne: 2021-K1 til 2021-K3, 2022-K2."


def test_missing_limit_leaves_the_other():
    (first,) = series("a", LONG, "klagesager", "alle", [250])
    (upper,) = seen(replace(first, lower_limit=None))
    (lower,) = seen(replace(first, upper_limit=None))
    assert "Almindelig variation: højst 283." in upper.state and "Almindelig variation: mindst 222." in lower.state


def test_only_newest_signals_are_news():
    """A series that has ended gives no news."""
    ended = series("a", LONG, "klagesager", "alle", [1, 2, 3, 4], signals={3})
    going_on = series("b", "klager_gengangere_pct", "klagesager", "alle", [1] * 8, signals={2, 4})
    found = seen(*ended, *going_on)
    assert [(t.has_ended, t.newest_signal and t.newest_signal.period_label) for t in found] == [
        (True, None), (False, "2022-K1"),
    ]  # fmt: skip
    assert [trend.indicator.indicator_id for trend, _, _ in trends.news(found)] == ["klager_gengangere_pct"]


def test_signal_says_if_it_is_favourable():
    def way(indicator_id: str, number: float) -> str:
        (trend,) = seen(*series("a", indicator_id, "klagesager", "alle", [number], signals={0}))
        return trends.direction(trend.indicator, trend.points[0])

    assert way(LONG, 300) == "over midterlinjen (ugunstigt)"
    assert way(LONG, 200) == "under midterlinjen (gunstigt)"
    assert way("klager_besvaret_inden_frist_pct", 300) == "over midterlinjen (gunstigt)"


def test_short_series_has_no_chart():
    page = render.figure_pages(indicators())["udvikling.html"]
    (short,) = [t for t in trends.trends(indicators(), whole=True) if not t.chart]
    assert short.state == "For kort til grænser efter databruddet: 1 endeligt tal."
    assert short.breaks == ("Databrud fra 2024: Nyt spørgeskema.",)
    assert page.count("Databrud fra 2024: Nyt spørgeskema.") == 1 and 'class="broken"' in page


def test_units_are_columns_in_natural_order():
    of_units = [p for unit in ("C10", "C02") for p in series(unit, LONG, "klagesager", unit, [1, 2])]
    found = trends.trends(replace(indicators(), trends=tuple(of_units)), whole=False)
    units, rows = trends.matrix(found)
    assert [unit for unit, _ in units] == ["C02", "C10"]
    assert [cell.unit_id for cell in rows[0][1] if cell] == ["C02", "C10"]


def test_survey_figures_have_n_and_response_rate():
    data = indicators()
    notes = surveys.Notes(data)
    said = {v.period_label: notes.of(v) for v in data.values if v.indicator_id == "borgertilfredshed_tilfreds_pct"}
    assert said == {"2022": "n = 331 · svarprocent ikke oplyst", "2024": "n = 870 · svarprocent 38,8 %"}
    assert notes.of(value(LONG, "klagesager", "2023", 7)) == ""
    (table,) = next(s for s in tables.by_source(data) if s.source.source_id == "borgertilfredshed").tables
    shown = [cell for block in table.blocks for row in block.rows for cell in row.cells if cell.text]
    assert len(shown) == 3 and all(cell.note.startswith("n = ") for cell in shown)


def test_no_change_is_told_across_a_break():
    broken = replace(indicators(), breaks=(Break(LONG, None, date(2023, 1, 1), "Nyt system"),))
    headline = highlights.headlines(broken)[0]
    assert (headline.change, headline.remark_on_change) == ("", "Databrud fra 2023: Nyt system.")
    assert highlights.panels(broken)[0].breaks == "Databrud fra 2023: Nyt system."
    (table,) = next(s for s in tables.by_source(broken) if s.source.source_id == "klagesager").tables
    assert table.blocks[0].rows[0].remark == "Databrud fra 2023: Nyt system."
    elsewhere = replace(broken, breaks=(Break(LONG, "Andre", date(2023, 1, 1), "Nyt system"),))
    assert highlights.headlines(elsewhere)[0].change == "−0,4 %"


def test_sources_without_figures_are_named():
    found = tables.by_source(indicators())
    assert [s.source.source_number for s in found] == [1, 2, 4, 6, 7, 9, 12]
    assert not found[0].tables and "Ingen tal fra kilden" in render.figure_pages(indicators())["index.html"]


def test_two_organisation_views_share_no_table():
    found = tables.breakdowns(indicators(), by_units=True)
    assert [b.kind for b in found] == ["center", "center_nu", "enhed"]
    page = render.figure_pages(indicators())["centre.html"]
    assert page.index("Center på tidspunktet: hver sag") < page.index("Dagens centre: ældre tal")
    assert [b.kind for b in tables.breakdowns(indicators(), by_units=False)] == [
        "klagetype",
        "lov",
        "risikoomraade",
        "tema",
    ]


def test_longest_overdue_stands_first():
    """Closed follow-ups are never overdue."""
    late = follow_up.overdue(indicators())
    assert [(i.follow_up.follow_up_number, i.cause) for i in late] == [
        ("BR-2", "Sag"), ("REV-7", "Revisionsbemærkning 2023-4"),
    ]  # fmt: skip
    assert [(s.name_da, len(items)) for s, items in follow_up.others_open(indicators())] == [
        ("Risikobaseret ledelsestilsyn", 1)
    ]
    assert [(c.total, c.overdue) for c in follow_up.counts(indicators())] == [(3, 0), (1, 1), (1, 1)]
    assert "2023-17309" not in render.figure_pages(indicators())["opfoelgning.html"]  # a citizen's case


def test_highest_level_and_dispute_stand_first():
    assert [(level, areas[0].name_da) for level, _, areas in risk.picture(indicators())] == [
        (3, "Sanktioner"), (1, "Sygedagpenge"), (None, "IT-sikkerhed"),
    ]  # fmt: skip
    assert [(year, [name for name, _ in lines]) for year, lines in risk.plan(indicators())] == [
        (2024, ["Sanktioner", "Sygedagpenge"]), (2023, ["Sanktioner"]),
    ]  # fmt: skip
    assert [(c.name, [t.period_label for t in c.periods]) for c in risk.comparisons(indicators())] == [
        ("Sanktioner", ["2024", "2023"]), ("Sygedagpenge", ["2024"]),
    ]  # fmt: skip
    assert "Eksempel på en politik" in render.figure_pages(indicators())["risiko.html"]


def test_differing_stands_before_agreeing():
    assert [verdict for verdict, _ in reconciliation.reconciled(indicators())] == [
        "afviger", "forklaret", "inden_for_afrunding", "stemmer",
    ]  # fmt: skip


def test_steps_of_a_change_stand_in_order():
    found = {c.name: c.changes for c in restatements.changed(indicators())}
    assert [(x.period, x.before, x.steps, x.after, x.remark) for x in found["Klager"]] == [
        ("2023", "1.140", ("", "+2", "−1", "+8"), "1.149", ""),
        ("2024", "–", ("–", "–", "–", "–"), "987", "Nyt tal: sene data"),
    ]
    assert found["Gengangere"][0].remark.startswith("Ikke opdelt")


def test_every_page_says_population_and_year():
    for name, text in render.figure_pages(indicators()).items():
        if name != "definitioner.html":
            assert all(f"<dt>{term}</dt>" in text for term in ("Organisation", "Population", "År")), name
