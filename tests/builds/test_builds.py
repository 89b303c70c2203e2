"""A build's claim: only one build at a time has it, its heartbeat keeps it, and its set of loads does not change."""

import subprocess
import sys
import time
from datetime import date

import psycopg
import pytest

from kvalitet.build import builds
from kvalitet.build.builds import BuildRefused, ClaimLost, begin_build, fail_if_live, finish, get_build, heartbeat
from kvalitet.errors import KvalitetError
from kvalitet.past.rebuild import alone_in, begin_known_at, drop_old_rebuilds
from kvalitet.settings import GATE, LOADER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect


@pytest.fixture
def load(settings: Settings):
    """Record an accepted load of a source, as extraction would."""

    def record(source: str, cutoff: str = "2025-01-02", outcome: str = "accepted") -> int:
        with connect(settings, LOADER) as connection:
            row = connection.execute(
                "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
                " contract_sha256, started_at) values (%s, %s, %s, gen_random_uuid()::text, %s, '1', '1', now())"
                " returning load_id",
                [source, cutoff, cutoff, outcome],
            ).fetchone()
            connection.execute(
                "insert into audit.extract_run (source_id, outcome, message, started_at, knew_of_load)"
                " values (%s, %s, '', now(), (select max(load_id) from audit.load_in_use where source_id = %s))",
                [source, outcome, source],
            )
        assert row
        return row["load_id"]

    return record


def test_nothing_accepted_is_nothing_to_build(settings: Settings):
    with pytest.raises(BuildRefused, match="nothing to build from"):
        begin_build(settings, owner="night")


def test_build_fixes_newest_accepted_loads(settings: Settings, load):
    load("organisation")
    newest = load("organisation", "2025-01-03")
    load("organisation", "2025-01-04", outcome="refused")
    complaints = load("bif_complaints")
    build = begin_build(settings, owner="night")
    assert build.loads == {"bif_complaints": complaints, "organisation": newest}
    load("bif_complaints", "2025-01-05")
    assert get_build(settings, build.build_id).loads == build.loads, "what arrives meanwhile waits for the next"


def test_as_of_is_latest_cut_off_not_clock(settings: Settings, load):
    load("organisation", "2025-01-02")
    load("bif_complaints", "2025-01-03")
    assert begin_build(settings, owner="night").as_of_date == date(2025, 1, 3)


def test_old_and_failed_sources_are_stale(settings: Settings, load):
    load("bif_complaints", "2025-01-02")
    load("organisation", "2025-01-10")
    load("audit_remarks", "2025-01-10")
    load("audit_remarks", "2025-01-11", outcome="refused")
    build = begin_build(settings, owner="night")
    assert build.stale == {
        "audit_remarks": "last attempt: refused",
        "bif_complaints": "8 days old; the contract allows 2",
    }


def test_second_build_is_told_who_holds_it(settings: Settings, load):
    load("organisation")
    first = begin_build(settings, owner="the night of 3 January")
    with pytest.raises(BuildRefused, match=f"Build {first.build_id} of the night of 3 January holds candidate since"):
        begin_build(settings, owner="somebody else")


def test_rebuild_needs_no_candidate(settings: Settings, load):
    load("organisation")
    first = begin_build(settings, owner="night")
    again = begin_build(settings, owner="me", kind="rebuild", loads=first.loads, target_schema="rebuild_1")
    assert again.schemas == ("rebuild_1", "rebuild_1_work", "rebuild_1_detail")


def test_claim_of_dead_build_lapses(settings: Settings, load, monkeypatch):
    """What it still runs is ended."""
    load("organisation")
    dead = begin_build(settings, owner="a process that was killed")
    zombie = psycopg.connect(settings.dsn(TRANSFORMER), application_name=builds.application_name(dead.build_id))
    monkeypatch.setenv("KVALITET_CLAIM_LAPSE_SECONDS", "0")
    alive = begin_build(settings, owner="the next night")
    assert alive.build_id > dead.build_id
    assert get_build(settings, dead.build_id).status == "lapsed"
    with pytest.raises(psycopg.OperationalError):
        zombie.execute("select 1")
    with pytest.raises(ClaimLost, match=f"Build {dead.build_id} does not hold candidate any more: it is lapsed"):
        finish(settings, dead.build_id, TRANSFORMER, "built")


def test_heartbeat_keeps_the_claim(settings: Settings, load, monkeypatch):
    load("organisation")
    build = begin_build(settings, owner="a long build")
    monkeypatch.setenv("KVALITET_CLAIM_LAPSE_SECONDS", "1")
    monkeypatch.setattr(builds, "HEARTBEAT_SECONDS", 0.2)
    with heartbeat(settings, build.build_id, TRANSFORMER):
        time.sleep(1.5)
        with pytest.raises(BuildRefused):
            begin_build(settings, owner="an impatient one")


def test_build_that_loses_its_claim_is_told(settings: Settings, load, monkeypatch):
    load("organisation")
    build = begin_build(settings, owner="night")
    monkeypatch.setattr(builds, "HEARTBEAT_SECONDS", 0.1)

    def work() -> None:
        with heartbeat(settings, build.build_id, TRANSFORMER):
            assert fail_if_live(settings, build.build_id, "ended by hand")
            time.sleep(0.5)

    with pytest.raises(ClaimLost):
        work()
    assert not fail_if_live(settings, build.build_id, "twice"), "what has ended keeps its ending"
    assert get_build(settings, build.build_id, GATE).message == "ended by hand"


def test_ended_build_frees_the_candidate(settings: Settings, load):
    load("organisation")
    fail_if_live(settings, begin_build(settings, owner="night").build_id, "a model failed")
    assert begin_build(settings, owner="the next")


@pytest.mark.slow
def test_only_one_of_many_gets_the_candidate(settings: Settings, load):
    load("organisation")
    program = (
        "import sys; from pathlib import Path; from kvalitet.settings import Settings;"
        " from kvalitet.build.builds import begin_build;"
        " begin_build(Settings(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]), owner='one of many')"
    )
    facts = [str(settings.root), str(settings.var), settings.inbox, settings.server, settings.database]
    processes = [
        subprocess.Popen([sys.executable, "-c", program, *facts], stderr=subprocess.PIPE, text=True) for _ in range(5)
    ]
    said = [process.communicate()[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1, 1, 1, 1]
    assert all("BuildRefused" in one for one, process in zip(said, processes, strict=True) if process.returncode)


def test_known_on_a_day_goes_by_cut_offs(settings: Settings, load):
    """Corrections and late snapshots with an earlier or equal cut-off count. Later cut-offs do not."""
    load("organisation", "2023-06-01")
    corrected = load("organisation", "2023-06-01")
    load("organisation", "2025-01-02")
    load("bif_complaints", "2025-01-02")
    load("audit_remarks", "2024-01-05")
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.load (load_id, source_id, delivery, cutoff_date, content_sha256, outcome,"
            " contract_version, contract_sha256, started_at) overriding system value"
            " values (-9, 'bif_complaints', 'late', '2024-01-03', 'x', 'accepted', '1', '1', now())"
        )
    build = begin_known_at(settings, date(2024, 1, 4), "test")
    assert (build.target_schema, build.as_of_date) == ("known_20240104", date(2024, 1, 4))
    assert build.loads == {"bif_complaints": -9, "organisation": corrected}
    assert build.stale == {"organisation": "217 days old; the contract allows 2"}, "today's attempts say nothing of it"
    with pytest.raises(KvalitetError, match="Nothing that was taken in states a cut-off on or before 2019-01-01"):
        begin_known_at(settings, date(2019, 1, 1), "test")


def test_rebuild_is_for_one_process(settings: Settings, load):
    load("organisation", "2024-01-02")
    first = begin_known_at(settings, date(2024, 1, 4), "killed")
    with alone_in(settings, "known_20240104"):
        assert get_build(settings, first.build_id).status == "failed", "what a killed process left is ended"
        second = begin_known_at(settings, date(2024, 1, 4), "test")
        with (
            pytest.raises(BuildRefused, match="Another rebuild into known_20240104"),
            alone_in(settings, second.target_schema),
        ):
            pass
    assert drop_old_rebuilds(settings, days=0) == [], "it is still being built"
    finish(settings, second.build_id, TRANSFORMER, "rebuilt")
    assert drop_old_rebuilds(settings) == [], "a week has not passed"
    assert drop_old_rebuilds(settings, days=0) == ["known_20240104"]
    assert drop_old_rebuilds(settings, days=0) == []
    begin_build(settings, owner="night")
    assert drop_old_rebuilds(settings, days=0) == [], "the candidate is none"
