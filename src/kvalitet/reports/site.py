"""The report site: which pages belong to a build, which to the whole site, and writing them."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import psycopg

from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.publication.lineage import nearest_sources
from kvalitet.reports import auditing, queries, render, retention
from kvalitet.reports.environment import STYLE, STYLE_SHEET
from kvalitet.reports.languages import LANGUAGES
from kvalitet.reports.model import Build, CheckRecord, Entry, SourceRecord, Validation
from kvalitet.reports.mutation_page import mutation_pages
from kvalitet.reports.pages import PAGES, VALIDATION
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect


def write_site(settings: Settings, build_id: int | None = None, publication_id: int | None = None) -> list[Path]:
    """Write the pages of one build, or of the build behind a publication, and those about all builds.

    A published build gets all of `pages.PAGES` in `publikation-<n>`. Any other build gets only the page of its
    validation in `build-<n>`. What auditors read is also in `en/`. Figures are read from `reporting`. Where that holds
    another publication by now, the pages written at the time are left as they are. Pages of other builds are not
    changed, with one exception: pages of figures are removed of publications that are neither among the newest
    `settings.figure_pages` nor what readers see. Returns the files that belong to the build, and the index last. Raises
    KvalitetError where there is no such build or publication.
    """
    site, newest, brand = settings.site_dir, settings.figure_pages, settings.administration.title
    contracts = _contracts(settings)
    with connect(settings, AUDITOR) as connection:
        # One snapshot, so a publication that happens during the reading is on the pages of the next writing.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        build = _build(connection, build_id, publication_id)
        sources_of = nearest_sources(settings)
        entries, current = queries.entries(connection), queries.published_now(connection)
        kept = retention.keeping(entries, newest, current)
        due = retention.due(site, entries, kept, current)
        pages, *others = [
            _of_build(site, connection, one, contracts, sources_of, kept, brand)
            for one in (build, *(entry.build for entry in due if entry.build.build_id != build.build_id))
        ]
        checks = queries.check_records(connection, sources_of)
        waivers = queries.waivers_now(connection)
        sources = _with_checks(queries.source_records(connection, contracts), checks)
    _write(site / STYLE_SHEET, STYLE)
    for written in (pages, *others):
        # Pages that are linked to are written before the pages that link to them.
        for name, content in reversed(written.items()):
            _write(site / name, content)
    entries = [_with_pages(site, entry, kept) for entry in entries]
    names = _names(contracts)
    tested = mutation_pages(settings)
    for name, text in tested.items():
        _write(site / name, text)
    index = site / "index.html"
    for language in LANGUAGES:
        whole = {
            **auditing.check_pages(checks, waivers, names, language, bool(tested), brand),
            **auditing.source_pages(sources, language, brand),
            **auditing.index_pages(entries, language, brand),
        }
        for name, text in whole.items():
            _write(site / language.folder / name, text)
    for entry in due:  # last, when nothing links to them, and the next run completes a killed one
        if retention.is_old(entry.publication, kept):
            retention.remove(site / entry.folder)
    return [*(site / name for name in pages), index]


def _build(connection: queries.Connection, build_id: int | None, publication_id: int | None) -> Build:
    if publication_id is not None:
        published = queries.publication(connection, publication_id)
        if published is None:
            raise KvalitetError(
                f"There is no publication {publication_id}.", "`kvalitet status` shows those there are."
            )
        build_id = published.build_id
    build = None if build_id is None else queries.build(connection, build_id)
    if build is None:
        raise KvalitetError(f"There is no build {build_id}.", "`kvalitet status` shows those there are.")
    return build


def _of_build(
    site: Path,
    connection: queries.Connection,
    build: Build,
    contracts: dict[str, Contract],
    sources_of: dict[str, tuple[str, ...]],
    kept: frozenset[int],
    brand: str,
) -> dict[str, str | bytes]:
    """What belongs to one build: path below the site folder -> content, linking pages before those linked to.

    Of publications, those in `kept` have pages of figures.
    """
    validation = replace(
        queries.validation(connection, build), source_names=_names(contracts), sources_of=sources_of, brand=brand
    )
    published, folder = validation.publication, validation.folder
    is_old = retention.is_old(published, kept)
    figures: dict[str, str] = {}
    if published and not is_old and queries.published_now(connection) == published.publication_id:
        found = queries.indicators(connection, build, published)
        # A swap during the reading would have mixed two publications, because schemas are looked up anew each time.
        if queries.published_now(connection) == published.publication_id:
            figures = render.figure_pages(replace(found, brand=brand))
    siblings = {VALIDATION.file, *(figures or _there(site / folder, is_old)), *_certificates(site, validation)}
    pages = {
        f"{language.folder}{folder}/{VALIDATION.file}": auditing.validation_page(
            validation, language, frozenset(siblings), is_old
        )
        for language in LANGUAGES
    }
    beside = {**auditing.lists(validation, packed=is_old), **figures}
    return {**pages, **{f"{folder}/{name}": content for name, content in beside.items()}}


def _contracts(settings: Settings) -> dict[str, Contract]:
    """The contracts that exist. Empty where two have the same id, so that the pages are written without them."""
    try:
        return load_contracts(settings)
    except KvalitetError:
        return {}


def _names(contracts: dict[str, Contract]) -> dict[str, str]:
    return {source_id: contract.title for source_id, contract in contracts.items()}


def _with_checks(sources: list[SourceRecord], checks: Iterable[CheckRecord]) -> list[SourceRecord]:
    asked = [record for record in checks if record.is_asked]
    return [
        replace(source, checks=tuple(record.check for record in asked if source.source_id in record.sources))
        for source in sources
    ]


def _with_pages(site: Path, entry: Entry, kept: frozenset[int]) -> Entry:
    """The entry with the pages that can be linked to, because pages of old builds may have been removed."""
    return replace(entry, pages=_there(site / entry.folder, retention.is_old(entry.publication, kept)))


def _certificates(site: Path, validation: Validation) -> list[str]:
    """The existing files of its certificates, to be linked to."""
    named = [f"certificates/{certificate.entry:06}.json" for certificate in validation.certificates]
    return [name for name in named if (site / name).is_file()]


def _there(folder: Path, is_old: bool) -> frozenset[str]:
    """The pages to link to, without the figures of an old publication, which are removed or about to be."""
    return frozenset(page.file for page in ((VALIDATION,) if is_old else PAGES) if (folder / page.file).is_file())


def _write(file: Path, text: str | bytes) -> None:
    """Replace `file` in one step, so that a reader sees the old page or the new one, never half of it."""
    content = text.encode() if isinstance(text, str) else text
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        temporary.chmod(0o644)
        temporary.replace(file)
    except BaseException:
        temporary.unlink()
        raise
