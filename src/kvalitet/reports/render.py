"""Pages as text: pure functions of what was read. The same input gives the same bytes."""

import base64
import hashlib
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kvalitet.reports import charts, danish, highlights, tables, verdict, words
from kvalitet.reports.model import Entry, Indicators, Validation

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Nothing is loaded from anywhere; the one style sheet in the page is known by its digest.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
)


def index_page(entries: list[Entry]) -> str:
    """The list of publications and held-back candidates, in the order given."""
    return _page("index.html.j2", depth=0, entries=entries, current=next((e for e in entries if e.is_current), None))


def indicator_page(data: Indicators) -> str:
    """The figures of one publication."""
    return _page(
        "indicators.html.j2",
        depth=1,
        data=data,
        headlines=highlights.headlines(data),
        panels=highlights.panels(data),
        sides=_sides(data),
        overlaps=highlights.overlaps(data),
        overlap_rows=highlights.OVERLAP_ROWS,
        disagreements=highlights.disagreements(data),
        inconsistencies=highlights.inconsistencies(data),
        marks=tables.marks_used(data),
        counts=verdict.counts(data.checks),
        definitions=sorted(data.indicators, key=tables.importance),
    )


def validation_page(data: Validation) -> str:
    """What was checked of one build, on which deliveries, and what came of it."""
    tables_of = defaultdict(list)
    for table in data.tables:
        tables_of[table.load_id].append(table)
    return _page(
        "validation.html.j2",
        depth=1,
        data=data,
        verdict=verdict.verdict(data),
        groups=verdict.groups(data.checks),
        matrix=verdict.matrix(data.checks),
        tables_of=tables_of,
    )


def _day(value: date | None) -> str:
    return Markup('<time datetime="{}">{}</time>').format(value, danish.day(value)) if value else danish.MISSING


def _instant(value: datetime | None) -> str:
    if value is None:
        return danish.MISSING
    stamp = value.astimezone(UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(stamp, danish.instant(value))


def _sides(data: Indicators) -> list[tuple[str, str, list[tables.SourceTables]]]:
    found = tables.by_source(data)
    return [
        ("interne", "Interne kilder", [s for s in found if not s.source.is_external]),
        ("eksterne", "Eksterne kilder", [s for s in found if s.source.is_external]),
    ]


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
        share=danish.share,
        policy=CONTENT_SECURITY_POLICY,
        style=_STYLE,
        STATUSES=verdict.STATUSES,
    )
    return environment


_ENVIRONMENT = _environment()
