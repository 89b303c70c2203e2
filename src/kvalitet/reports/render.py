"""The pages of figures as text: pure functions of what was read. The same input gives the same bytes."""

from typing import Any

from kvalitet.reports import environment
from kvalitet.reports.languages import DANISH
from kvalitet.reports.model import Indicators
from kvalitet.reports.pages import FIGURES, PAGES, Page
from kvalitet.reports.views import (
    authorities,
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
    """The pages with the figures of one publication: file name -> text. `siblings` are the pages they may link to.

    After those of `pages.FIGURES` come the pages that compare many authorities, where an indicator is measured of them.
    """
    divided = authorities.apart(data)
    beside = _of_many_authorities(divided)
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
    pages = {
        page.file: environment.page(
            page.template,
            f"{data.publication.folder}/{page.file}",
            brand=data.brand,
            page=page,
            siblings=siblings,
            data=divided.shown,
            **contexts[page.file](divided.shown),
            **beside.get(page.file, {}),
        )
        for page in FIGURES
    }
    return pages | {
        many.file: environment.page(
            "myndigheder.html.j2",
            f"{data.publication.folder}/{many.file}",
            brand=data.brand,
            page=Page(many.file, many.indicator.name_da, ""),
            siblings=siblings,
            data=data,
            many=many,
            marks=tables.marks_used(data),
        )
        for many in divided.pages
    }


def _of_many_authorities(divided: authorities.Apart) -> dict[str, dict[str, Any]]:
    """What the pages say of the figures that are left out of them: file name -> the template's variables."""
    wholes = [page for page in divided.pages if page.breakdown_kind == tables.NO_BREAKDOWN]
    broken_down = [page for page in divided.pages if page.breakdown_kind != tables.NO_BREAKDOWN]
    left_out = divided.left_out
    return {
        "index.html": {
            "compared": wholes,
            "compared_sources": {table.source.source_id for page in wholes for table in page.tables},
        },
        "centre.html": {"compared": [page for page in broken_down if page.breakdown_kind in tables.UNITS]},
        "fordelinger.html": {"compared": [page for page in broken_down if page.breakdown_kind not in tables.UNITS]},
        "udvikling.html": {"elsewhere": len({point.series_key for point in left_out.trends})},
        "afstemning.html": {"elsewhere": reconciliation.by_authority(left_out)},
        "aendringer.html": {"elsewhere": restatements.counted(left_out)},
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
