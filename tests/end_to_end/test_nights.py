"""Whole nights on a real warehouse, without Airflow: delivered, built, judged, published, read."""

import csv
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from kvalitet.evidence.verify import verify
from kvalitet.night import NightResult, run_night
from kvalitet.persons import places
from kvalitet.persons.erasure import erase
from kvalitet.persons.held import held
from kvalitet.persons.number import Number
from kvalitet.publication import figures, rollback
from kvalitet.reports.pages import FIGURES
from kvalitet.sample import generate
from kvalitet.settings import (
    AUDITOR,
    BI,
    DETAIL,
    GATE,
    LOADER,
    PUBLISHER,
    TRANSFORMER,
    Settings,
)
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow
COMPLAINTS = 2000


def deliver(settings: Settings, night: int, corrupt: str | None = None) -> None:
    generate(Path(settings.inbox.removeprefix("file://")), night=night, complaints=COMPLAINTS, corrupt=corrupt)


def night(settings: Settings) -> NightResult:
    return run_night(settings)


@pytest.fixture(autouse=True)
def files_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")


def complaints_seen(settings: Settings, role: str = AUDITOR) -> tuple[int, int]:
    """The publication readers see and the complaints in it, read in one transaction."""
    with connect(settings, role) as connection:
        row = connection.execute(
            "select (select publication_id from reporting.publication) as publication,"
            " (select sum(value) from reporting.fct_indicator_value where indicator_id = 'klager_modtaget'"
            "  and period_kind = 'kalenderaar' and breakdown_kind = 'ingen') as complaints"
        ).fetchone()
    assert row
    return row["publication"], int(row["complaints"])


def most_frequent_person(settings: Settings) -> str:
    """The number that the first night's complaints name most often."""
    file = Path(settings.inbox.removeprefix("file://")) / "bif_complaints/klager_2025-01-02.csv"
    with file.open(newline="", encoding="utf-8-sig") as lines:
        numbers = Counter(row["CPR"].replace("-", "") for row in csv.DictReader(lines))
    return next(number for number, _ in numbers.most_common() if number.strip("0"))


def test_two_nights_a_corrupted_third_and_a_rebuild_of_the_first(
    settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch
):
    """Publishes night 1, then night 2 with corrections; night 1 rebuilt from its loads is what was published then,
    although a person of both was erased meanwhile."""
    from kvalitet.publication import finish_candidate
    from kvalitet.rebuild import begin_rebuild, end_rebuild
    from kvalitet.transform import LAYERS, build_layer

    deliver(settings, 1)
    first = night(settings)
    assert first.publication_id == 1, first
    said_first = figures(settings, 1)

    deliver(settings, 2)
    second = night(settings)
    assert second.publication_id == 2, second
    assert figures(settings, 1) == said_first, "what was said stays what was said"
    assert figures(settings, 2) != said_first
    of_figures = [(settings.site_dir / "publikation-2" / page.file).stat().st_size for page in FIGURES]
    assert sum(of_figures) < 1_900_000, "tests/reports/test_many.py reckons with 1.8 MB a publication"
    seen = complaints_seen(settings)
    assert seen[0] == 2

    nothing_new = night(settings)
    assert (nothing_new.build_id, nothing_new.publication_id) == (None, None)

    deliver(settings, 3, corrupt="lost_centre")
    third = night(settings)
    assert (third.build_status, third.publication_id) == ("held_back", None)
    assert third.failed_critical and all(check["violations"] for check in third.failed_critical)
    assert complaints_seen(settings) == seen, "readers keep the previous publication"
    assert (settings.site_dir / f"build-{third.build_id}" / "validering.html").is_file()

    monkeypatch.setattr(places.server, "admin_url", lambda settings, database: admin_url)
    person = Number.typed(most_frequent_person(settings))
    erased = erase(settings, person, "request", "test")
    assert min(erased.rows_delinked, erased.files_rewritten) > 0, erased
    assert held(settings, person) == {}
    assert verify(settings).faults == []

    build = begin_rebuild(settings, 1, owner="test")
    for layer in LAYERS:
        build_layer(settings, build.build_id, layer)
    finish_candidate(settings, build.build_id)
    assert end_rebuild(settings, 1, build) == []

    back = rollback(settings, "try it")
    assert back.publication_id == 1
    assert complaints_seen(settings)[0] == 1
    _check_rights(settings)


def _check_rights(settings: Settings) -> None:
    """Each role may do its own step and nothing else."""

    def may(role: str, query: str) -> bool:
        with connect(settings, role) as connection:
            try:
                connection.execute(query)  # type: ignore[arg-type]
            except psycopg.errors.InsufficientPrivilege:
                connection.rollback()
                return False
            connection.rollback()
        return True

    raw = "select from raw.bif_complaints__complaints"
    for role in (BI, DETAIL, AUDITOR, GATE, PUBLISHER):
        assert not may(role, raw), role
    assert may(LOADER, raw)
    assert may(TRANSFORMER, raw)
    assert not may(LOADER, "update raw.bif_complaints__complaints set theme_id = 'x'")
    assert not may(LOADER, "delete from raw.bif_complaints__complaints")
    assert not may(LOADER, "update audit.load set outcome = 'refused'")
    for role in (BI, DETAIL):
        assert may(role, "select from reporting.fct_indicator_value")
        assert not may(role, "select from audit.load")
    for role in (BI, DETAIL, AUDITOR):
        for schema in ("previous", "candidate", "candidate_work"):
            assert not _may_see(settings, role, schema), (role, schema)
    for table in ("fct_complaint", "fct_complaint_point"):
        assert not may(BI, f"select from reporting.{table}"), table
    assert may(AUDITOR, "select from audit.check_result")
    for role in (TRANSFORMER, GATE, PUBLISHER, LOADER, AUDITOR):
        for change in ("delete from", "truncate"):
            assert not may(role, f"{change} audit.publication_figure"), (role, change)
        assert not may(role, "update audit.publication_figure set value = 0"), role
    for role in (LOADER, TRANSFORMER, GATE, BI, DETAIL, AUDITOR):
        assert not may(role, "drop table reporting.fct_indicator_value"), role
        assert not may(role, "create schema mine") or role == TRANSFORMER, role
    with connect(settings, DETAIL) as connection:  # no centre was granted, so no row is seen
        row = connection.execute("select count(*) as rows from reporting.fct_complaint").fetchone()
    assert row == {"rows": 0}


def _may_see(settings: Settings, role: str, schema: str) -> bool:
    with connect(settings, role) as connection:
        row = connection.execute(
            "select coalesce(has_schema_privilege(to_regnamespace(%s)::oid, 'usage'), false) as may", [schema]
        ).fetchone()
    return bool(row and row["may"])
