"""The pages for auditors as text, in each language: pure functions of what was read."""

import csv
import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kvalitet.reports.environment import page
from kvalitet.reports.languages import Language
from kvalitet.reports.model import CheckRecord, Entry, SourceRecord, Validation, Waiver
from kvalitet.reports.pages import CHECKS, SOURCES, VALIDATION
from kvalitet.reports.views import history, verdict
from kvalitet.reports.views.promises import promises
from kvalitet.settings.administration import BRAND

#: Lists that are too long for the page of a validation, as files beside it.
LISTS = MEASUREMENTS, FINGERPRINTS = "maalinger.csv", "fingeraftryk.txt"
#: The same lists of an old publication. They are kept for good and seldom opened, so they are packed to a quarter.
PACKED = "maalinger.zip", "fingeraftryk.zip"
#: The kind of digest that covers a table's rows.
CONTENT = "content"


def index_pages(entries: Sequence[Entry], language: Language, brand: str = BRAND) -> dict[str, str]:
    """The publications and the builds that readers never saw, in the order given, one page per year.

    The newest year is `index.html`.
    """
    years: defaultdict[int | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        years[entry.build.as_of_date.year].append(entry)
    newest_first = sorted((year for year in years if year), reverse=True)
    files = {year: f"aar-{year}.html" if place else "index.html" for place, year in enumerate(newest_first)}
    context: dict[str, Any] = {
        "brand": brand,
        "files": files,
        "current": next((entry for entry in entries if entry.is_current), None),
        "newest": entries[0] if entries else None,
    }
    return {
        file: page("oversigt.html.j2", file, language, translated=True, year=year, entries=years[year], **context)
        for year, file in (files or {None: "index.html"}).items()
    }


def validation_page(data: Validation, language: Language, siblings: frozenset[str], is_old: bool = False) -> str:
    """The page of one build: what was checked, on which deliveries, and the result.

    `siblings` are the pages it may link to. With `is_old`, its pages of figures are not kept, and its lists are packed.
    """
    tables_of = defaultdict(list)
    for table in data.tables:
        tables_of[table.load_id].append(table)
    before = {change.source_id: change.cutoff_before for change in data.changes.deliveries} if data.changes else {}
    open_rejects = Counter[str]()
    for reject in data.rejects:
        open_rejects[reject.source_id] += reject.open
    return page(
        "validering.html.j2",
        f"{data.folder}/{VALIDATION.file}",
        language,
        translated=True,
        brand=data.brand,
        page=VALIDATION,
        siblings=siblings if data.publication else frozenset({VALIDATION.file}),
        data=data,
        verdict=verdict.verdict(data, language),
        groups=verdict.groups(data.checks),
        matrix=verdict.matrix(data.checks, language),
        by_source=verdict.by_source(data, language),
        tables_of=tables_of,
        before=before,
        open_rejects=open_rejects,
        skipped=verdict.skipped,
        lists=PACKED if is_old else LISTS,
        is_old=is_old,
    )


def lists(data: Validation, packed: bool) -> dict[str, str | bytes]:
    """The lists of a build: file name -> content. With `packed` they are zip archives of the same bytes each time."""
    found: dict[str, str | bytes] = {MEASUREMENTS: measurements(data), FINGERPRINTS: fingerprints(data)}
    if packed:
        return {name: _zipped(*content) for name, content in zip(PACKED, found.items(), strict=True)}
    return found


def _zipped(name: str, content: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()


def measurements(data: Validation) -> str:
    """Every check of a build as a line for a spreadsheet. The rest about a check is on its own page."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(["check_id", "status", "violations", "denominator", "allowed"])
    for c in data.checks:
        status = "waived" if c.is_waived else c.status
        writer.writerow(
            [c.check_id, status, c.violations, c.denominator, "" if c.threshold == "ingen" else c.threshold]
        )
    return out.getvalue()


def fingerprints(data: Validation) -> str:
    """SHA-256 of every file that was delivered and of every table that was measured, as `sha256sum` writes them."""
    source_of = {load.load_id: load.source_id for load in data.loads}
    files = {(source_of[t.load_id], t.file_name): t.file_sha256 for t in data.tables}
    lines = [f"{sha256}  {source_id}/{name}" for (source_id, name), sha256 in sorted(files.items())]
    lines += [f"{d.sha256}  {d.table_name}" for d in data.digests if d.schema_kind == CONTENT]
    return "\n".join([*lines, ""])


def check_pages(
    records: Sequence[CheckRecord],
    waivers: Mapping[str, Waiver],
    source_names: Mapping[str, str],
    language: Language,
    is_tested: bool = False,
    brand: str = BRAND,
) -> dict[str, str]:
    """A page per check, and the list of them all. `is_tested` says whether there is a page on mutations to link to."""
    found = {
        f"{CHECKS.folder}/{record.check.check_id}.html": page(
            "kontrol.html.j2",
            f"{CHECKS.folder}/{record.check.check_id}.html",
            language,
            translated=True,
            brand=brand,
            here=CHECKS,
            record=record,
            check=record.check,
            waiver=waivers.get(record.check.check_id),
            source_names=source_names,
            chart=history.chart(record, language),
            by_percent=history.is_by_percent(record),
            listed=history.listed(record),
        )
        for record in records
    }
    asked = [record for record in records if record.is_asked]
    tables: defaultdict[str, list[CheckRecord]] = defaultdict(list)
    for record in asked:
        tables[record.check.table_name].append(record)
    listing = f"{CHECKS.folder}/index.html"
    found[listing] = page(
        "kontroller.html.j2",
        listing,
        language,
        translated=True,
        brand=brand,
        is_tested=is_tested,
        here=CHECKS,
        tables=sorted(tables.items()),
        matrix=verdict.matrix(tuple(record.check for record in asked), language),
        retired=[record for record in records if not record.is_asked],
    )
    return found


def source_pages(records: Sequence[SourceRecord], language: Language, brand: str = BRAND) -> dict[str, str]:
    """A page per source, and the list of them all."""
    found = {
        f"{SOURCES.folder}/{record.source_id}.html": page(
            "kilde.html.j2",
            f"{SOURCES.folder}/{record.source_id}.html",
            language,
            translated=True,
            brand=brand,
            here=SOURCES,
            record=record,
            contract=record.contract,
            promises=promises(record.contract, language) if record.contract else None,
        )
        for record in records
    }
    listing = f"{SOURCES.folder}/index.html"
    found[listing] = page(
        "kilder.html.j2", listing, language, translated=True, brand=brand, here=SOURCES, records=records
    )
    return found
