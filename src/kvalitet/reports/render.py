"""The pages of figures as text: pure functions of what was read. The same input gives the same bytes."""

from kvalitet.reports import environment
from kvalitet.reports.languages import DANISH
from kvalitet.reports.model import Indicators
from kvalitet.reports.pages import FIGURES, PAGES
from kvalitet.reports.views import (
    follow_up,
    highlights,
    reconciliation,
    restatements,
    risk,
    tables,
    trends,
    verdict,
)

ALL = frozenset(page.file for page in PAGES)
#: More charts of single units would make the page too heavy. The rest are in its table.
MOST_UNIT_CHARTS = 40


def figure_pages(data: Indicators, siblings: frozenset[str] = ALL) -> dict[str, str]:
    """The pages with the figures of one publication: file name -> text. `siblings` are the pages they may link to."""
    contexts = {
        "index.html": _indicators,
        "udvikling.html": _trends,
        "udvikling-centre.html": _unit_trends,
        "centre.html": lambda d: {"breakdowns": tables.breakdowns(d, by_units=True), "marks": tables.marks_used(d)},
        "fordelinger.html": lambda d: {
            "breakdowns": tables.breakdowns(d, by_units=False),
            "marks": tables.marks_used(d),
        },
        "risiko.html": _risk,
        "opfoelgning.html": _follow_up,
        "afstemning.html": _reconciliation,
        "aendringer.html": lambda d: {"changed": restatements.changed(d), "restatement": d.restatement},
        "definitioner.html": _definitions,
    }
    return {
        page.file: environment.page(
            page.template,
            f"{data.publication.folder}/{page.file}",
            page=page,
            siblings=siblings,
            data=data,
            **contexts[page.file](data),
        )
        for page in FIGURES
    }


def _definitions(data: Indicators) -> dict[str, object]:
    return {
        "definitions": sorted(data.indicators, key=tables.importance),
        "newest": data.definitions(),
        "movements": {(one.indicator_id, one.indicator_version): one for one in data.movements},
    }


def _indicators(data: Indicators) -> dict[str, object]:
    found = tables.by_source(data)
    return {
        "headlines": highlights.headlines(data),
        "panels": highlights.panels(data),
        "sides": [
            ("interne", "Interne kilder", [s for s in found if not s.source.is_external]),
            ("eksterne", "Eksterne kilder", [s for s in found if s.source.is_external]),
        ],
        "marks": tables.marks_used(data),
        "counts": verdict.counts(data.checks, DANISH),
    }


def _trends(data: Indicators) -> dict[str, object]:
    found = trends.trends(data, whole=True)
    return {
        "sources": trends.by_source(found),
        "news": trends.news(found),
        "short": [trend for trend in found if not trend.chart],
    }


def _unit_trends(data: Indicators) -> dict[str, object]:
    found = trends.trends(data, whole=False)
    units, rows = trends.matrix(found)
    return {"units": units, "rows": rows, "news": trends.news(found), "most": MOST_UNIT_CHARTS}


def _risk(data: Indicators) -> dict[str, object]:
    return {"picture": risk.picture(data), "plan": risk.plan(data), "comparisons": risk.comparisons(data)}


def _follow_up(data: Indicators) -> dict[str, object]:
    return {
        "overdue": follow_up.overdue(data),
        "others": follow_up.others_open(data),
        "counted": follow_up.counts(data),
    }


def _reconciliation(data: Indicators) -> dict[str, object]:
    return {
        "verdicts": reconciliation.verdicts(data),
        "reconciled": reconciliation.reconciled(data),
        "overlaps": reconciliation.overlaps(data),
        "overlap_rows": reconciliation.OVERLAP_ROWS,
        "disagreements": reconciliation.disagreements(data),
        "inconsistencies": reconciliation.inconsistencies(data),
    }
