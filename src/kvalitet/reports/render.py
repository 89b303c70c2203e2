"""Pages as text: pure functions of what was read. The same input gives the same bytes."""

import base64
import hashlib
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kvalitet.reports import charts, control_chart, danish, words
from kvalitet.reports.model import Entry, Indicators, Validation
from kvalitet.reports.pages import FIGURES, PAGES, VALIDATION
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

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
ALL = frozenset(page.file for page in PAGES)
#: More charts of single units than this would make a heavy page; the rest are in its table.
MOST_UNIT_CHARTS = 40
#: Nothing is loaded from anywhere; the one style sheet in the page is known by its digest.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
)


def index_page(entries: list[Entry]) -> str:
    """The list of publications and held-back candidates, in the order given."""
    return _page("oversigt.html.j2", depth=0, entries=entries, current=next((e for e in entries if e.is_current), None))


def figure_pages(data: Indicators, siblings: frozenset[str] = ALL) -> dict[str, str]:
    """The pages that show the figures of one publication: file name -> text. `siblings` are what they may link to."""
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
        page.file: _page(page.template, depth=1, page=page, siblings=siblings, data=data, **contexts[page.file](data))
        for page in FIGURES
    }


def validation_page(data: Validation, siblings: frozenset[str] = ALL) -> str:
    """What was checked of one build, on which deliveries, and what came of it."""
    tables_of = defaultdict(list)
    for table in data.tables:
        tables_of[table.load_id].append(table)
    return _page(
        "validering.html.j2",
        depth=1,
        page=VALIDATION,
        siblings=siblings if data.publication else frozenset({VALIDATION.file}),
        data=data,
        verdict=verdict.verdict(data),
        groups=verdict.groups(data.checks),
        matrix=verdict.matrix(data.checks),
        tables_of=tables_of,
    )


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
        "counts": verdict.counts(data.checks),
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


def _day(value: date | None) -> str:
    return Markup('<time datetime="{}">{}</time>').format(value, danish.day(value)) if value else danish.MISSING


def _instant(value: datetime | None) -> str:
    if value is None:
        return danish.MISSING
    stamp = value.astimezone(UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(stamp, danish.instant(value))


def _page(template: str, depth: int, **context: object) -> str:
    text = _ENVIRONMENT.get_template(template).render(root="../" * depth, **context)
    return text if text.endswith("\n") else text + "\n"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=danish.number, plain=danish.plain, day=_day, instant=_instant, plural=words.plural
    )
    environment.globals.update(
        words=words,
        charts=charts,
        control_chart=control_chart,
        PAGES=PAGES,
        share=danish.share,
        policy=CONTENT_SECURITY_POLICY,
        style=_STYLE,
        STATUSES=verdict.STATUSES,
    )
    return environment


_ENVIRONMENT = _environment()
