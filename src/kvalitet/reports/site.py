"""The report site: which pages belong to a build, and their writing."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import psycopg

from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.reports import queries, render
from kvalitet.reports.model import Build, Entry
from kvalitet.reports.pages import PAGES, VALIDATION
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect


def write_site(settings: Settings, build_id: int | None = None, publication_id: int | None = None) -> list[Path]:
    """Write the pages of one build, or of the build behind a publication, and the index of them all.

    A published build gets all of `pages.PAGES` in `publikation-<n>`, any other only
    `build-<n>/validering.html`. Figures are read from `reporting`: where that holds another
    publication by now, the pages written at the time are left as they are. Returns the files
    written, the index last. Raises KvalitetError where there is no such build or publication.
    """
    with connect(settings, AUDITOR) as connection:
        # One snapshot: a publication that happens meanwhile is on the next writing's pages.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        build = _build(connection, build_id, publication_id)
        pages = _pages(settings, connection, build)
        entries = queries.entries(connection)
    written = [_write(settings.site_dir / name, text) for name, text in pages.items()]
    index = render.index_page([_with_pages(settings.site_dir, entry) for entry in entries])
    return [*written, _write(settings.site_dir / "index.html", index)]


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


def _pages(settings: Settings, connection: queries.Connection, build: Build) -> dict[str, str]:
    """The pages of one build: path below the site folder -> text."""
    validation = queries.validation(connection, build, _source_names(settings))
    published = validation.publication
    if published is None:
        return {f"build-{build.build_id}/{VALIDATION.file}": render.validation_page(validation)}
    folder = f"publikation-{published.publication_id}"
    figures: dict[str, str] = {}
    if queries.published_now(connection) == published.publication_id:
        found = queries.indicators(connection, build, published)
        # A swap in the middle of the reading would have mixed two publications: schemas are looked up anew each time.
        if queries.published_now(connection) == published.publication_id:
            figures = render.figure_pages(found)
    siblings = frozenset(figures) or _there(settings.site_dir / folder)
    pages = {VALIDATION.file: render.validation_page(validation, siblings | {VALIDATION.file}), **figures}
    return {f"{folder}/{name}": text for name, text in pages.items()}


def _source_names(settings: Settings) -> dict[str, str]:
    """What the contracts call the sources; with a contract that cannot be read, the page shows their ids."""
    try:
        return {source_id: contract.title for source_id, contract in load_contracts(settings).items()}
    except KvalitetError:
        return {}


def _with_pages(site: Path, entry: Entry) -> Entry:
    """The entry with what can be linked to: pages of old builds may have been removed."""
    published = entry.publication
    folder = f"publikation-{published.publication_id}" if published else f"build-{entry.build.build_id}"
    return replace(entry, pages=_there(site / folder))


def _there(folder: Path) -> frozenset[str]:
    return frozenset(page.file for page in PAGES if (folder / page.file).is_file())


def _write(file: Path, text: str) -> Path:
    """Replace `file` in one step: a reader sees the old page or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        temporary.chmod(0o644)
        temporary.replace(file)
    except BaseException:
        temporary.unlink()
        raise
    return file
