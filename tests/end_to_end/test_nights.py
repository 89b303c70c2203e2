"""Whole nights on a real warehouse, without Airflow: delivered, built, judged, published and read. Then their past.

The fixture of the module publishes two nights once. The tests continue from there, in this order.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest
from kvalitet_example import generate, generate_earlier, truth
from kvalitet_example.cases import chunks
from kvalitet_example.plan import Plan, night_of
from kvalitet_example.snapshots import as_known

from kvalitet.contracts import load_contracts
from kvalitet.intake import extract
from kvalitet.nights.night import is_anything_new, run_night
from kvalitet.past.past import Past, as_recorded, as_said, known_at
from kvalitet.past.restatement import CAUSES, KEY, Restatement, by_key, restate
from kvalitet.persons import places
from kvalitet.persons.erasure import erase
from kvalitet.persons.held import held
from kvalitet.persons.number import Number
from kvalitet.publication import figures, rollback
from kvalitet.reports.pages import FIGURES
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
from kvalitet.verification.verify import verify
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow
COMPLAINTS = 2000
OLDER = date(2024, 1, 3)


@dataclass(frozen=True)
class TwoNights:
    """Night 1, then night 2 with corrections, each published. `said_first` are the figures of night 1 then."""

    settings: Settings
    admin_url: str
    said_first: list


@pytest.fixture(scope="module")
def nights(
    new_warehouse: Callable[[Path], AbstractContextManager[Settings]],
    warehouse_server: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TwoNights]:
    with new_warehouse(tmp_path_factory.mktemp("nights")) as settings, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")
        environment.setenv("KVALITET_CODE_VERSION", "test")
        deliver(settings, 1)
        first = run_night(settings)
        assert first.publication_id == 1, first
        said_first = figures(settings, 1)
        deliver(settings, 2)
        second = run_night(settings)
        assert second.publication_id == 2, second
        yield TwoNights(settings, server.admin_url(warehouse_server, settings.database), said_first)


def deliver(settings: Settings, night: int, corrupt: str | None = None) -> None:
    generate(Path(settings.inbox.removeprefix("file://")), night=night, complaints=COMPLAINTS, corrupt=corrupt)


def complaints_seen(settings: Settings, role: str = AUDITOR) -> tuple[int, int]:
    """The publication that readers see and the number of its complaints, read in one transaction."""
    with connect(settings, role) as connection:
        row = connection.execute(
            "select (select publication_id from reporting.publication) as publication,"
            " (select sum(value) from reporting.fct_indicator_value where indicator_id = 'klager_modtaget'"
            "  and period_kind = 'kalenderaar' and breakdown_kind = 'ingen') as complaints"
        ).fetchone()
    assert row
    return row["publication"], int(row["complaints"])


def most_frequent_person(settings: Settings) -> str:
    """The personal number that occurs most often in the first night's complaints."""
    file = Path(settings.inbox.removeprefix("file://")) / "bif_complaints/klager_2025-01-02.csv"
    with file.open(newline="", encoding="utf-8-sig") as lines:
        numbers = Counter(row["CPR"].replace("-", "") for row in csv.DictReader(lines))
    return next(number for number, _ in numbers.most_common() if number.strip("0"))


def test_past_figures_stay_as_published(nights: TwoNights):
    settings = nights.settings
    assert figures(settings, 1) == nights.said_first
    assert figures(settings, 2) != nights.said_first
    of_figures = [(settings.site_dir / "publikation-2" / page.file).stat().st_size for page in FIGURES]
    assert sum(of_figures) < 1_900_000, "tests/reports/test_many.py reckons with so much a publication"


def test_second_night_is_compared_with_first(nights: TwoNights):
    """No check may be not applicable because an earlier publication is missing."""
    with connect(nights.settings, AUDITOR) as connection:
        rows = connection.execute(
            "select build_id,"
            " count(*) filter (where detail like 'Der er ingen tidligere offentliggørelse%%') as without"
            " from audit.check_result join audit.build using (build_id)"
            " where kind = 'night' and check_result.status = %s"
            " group by build_id order by build_id",
            ["not_applicable"],
        ).fetchall()
    first, second = [row["without"] for row in rows][:2]
    assert first > 10 and second == 0


def quiet(step: str, detail: str) -> None:
    """Ignores progress."""


def test_figures_of_the_past_and_changes_since(nights: TwoNights):
    settings = nights.settings
    generate_earlier(Path(settings.inbox.removeprefix("file://")), OLDER, complaints=COMPLAINTS)
    for source in load_contracts(settings):
        extract(settings, source)
    assert not is_anything_new(settings), "what was known a year ago is no news"

    said = as_said(settings, 1)
    assert (said.as_of_date, said.code_version, said.schema) == (date(2025, 1, 2), "test", None)
    assert said.figures == figures(settings, 1)
    recorded = as_recorded(settings, 1, quiet)
    assert recorded.differs_in == []
    assert recorded.rests_on == said.rests_on
    assert [row["value"] for row in recorded.figures] == [row["value"] for row in said.figures]
    _check_known(known_at(settings, date(2024, 1, 4), quiet))

    found = restate(settings, 1, 2, quiet)
    _check_sums(settings, found)
    _check_causes(found)


def _check_known(known: Past) -> None:
    """As of a year before the first night, there are as many complaints as the generator had registered by then."""
    expected = truth(night_of(OLDER), complaints=COMPLAINTS).complaints_by_calendar_year
    received = {
        int(row["period_label"]): int(row["value"])
        for row in known.figures
        if (row["indicator_id"], row["period_kind"]) == ("klager_modtaget", "kalenderaar")
        and row["breakdown_kind"] == "ingen"
    }
    assert received == dict(expected)
    assert known.as_of_date == date(2024, 1, 4)
    assert {row["source_id"]: row["cutoff_date"] for row in known.rests_on}["bif_complaints"] == OLDER
    assert {"audit_remarks", "borgerraadgiver_annual"} <= set(known.without)


def _check_sums(settings: Settings, found: Restatement) -> None:
    """Every figure that differs between the two nights is split, and the parts add up to the difference."""
    before, after = by_key(figures(settings, 1)), by_key(figures(settings, 2))
    changed = {
        key: (row["value"], after[key]["value"])
        for key, row in before.items()
        if key in after and None not in (row["value"], after[key]["value"]) and row["value"] != after[key]["value"]
    }
    split = {
        tuple(row[name] for name in KEY): row
        for row in found.figures
        if row["measure"] == "value" and row["status"] in ("split", "hidden")
    }
    assert changed
    for key, (value_from, value_to) in changed.items():
        row = split[key]
        assert (row["value_from"], row["value_to"]) == (value_from, value_to)
        if row["status"] == "split":
            assert value_from + sum(row[f"{cause}_change"] for cause in CAUSES) == value_to, key


def _check_causes(found: Restatement) -> None:
    """By the generator's plan, the second night withdraws some cases and refiles others under another law."""
    plan = Plan(complaints=COMPLAINTS)
    night_1, night_2 = (
        {row["index"]: row for chunk in chunks(plan, night) for row in as_known(plan, night, chunk.cases).to_dicts()}
        for night in (1, 2)
    )
    refiled = [
        index for index in night_1.keys() & night_2.keys() if night_1[index]["law_id"] != night_2[index]["law_id"]
    ]
    assert 0 < found.summary["rows_reclassified"] <= len(refiled), "a spoilt row keeps its last accepted version"
    assert found.summary["rows_withdrawn"] >= len(night_1.keys() - night_2.keys()) > 0, "cases, and their points"
    assert found.summary["definition_build"] is None, "the same code"
    received = [
        row
        for row in found.figures
        if (row["indicator_id"], row["measure"], row["status"]) == ("klager_modtaget", "value", "split")
    ]
    years = [row for row in received if (row["period_kind"], row["breakdown_kind"]) == ("kalenderaar", "ingen")]
    assert years
    assert all(row["reclassification_change"] == 0 for row in years), "another law moves no complaint to another year"
    withdrawn = -sum(row["correction_change"] for row in years)
    assert withdrawn == len(night_1.keys() - night_2.keys())


def test_corrupted_third_and_rebuilt_first_night(nights: TwoNights, monkeypatch: pytest.MonkeyPatch):
    """Readers keep night 2. Night 1 is rebuilt from its loads and equals what was published then, although a person of
    both nights was erased meanwhile."""
    from kvalitet.build.transform import LAYERS, build_layer
    from kvalitet.past.rebuild import begin_rebuild, end_rebuild
    from kvalitet.publication import finish_candidate

    settings = nights.settings
    seen = complaints_seen(settings)
    assert seen[0] == 2

    nothing_new = run_night(settings)
    assert (nothing_new.build_id, nothing_new.publication_id) == (None, None)

    deliver(settings, 3, corrupt="lost_centre")
    third = run_night(settings)
    assert (third.build_status, third.publication_id) == ("held_back", None)
    assert third.failed_critical and all(check["violations"] for check in third.failed_critical)
    assert complaints_seen(settings) == seen, "readers keep the previous publication"
    assert (settings.site_dir / f"build-{third.build_id}" / "validering.html").is_file()

    monkeypatch.setattr(places.server, "admin_url", lambda settings, database: nights.admin_url)
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
