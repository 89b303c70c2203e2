"""Two processes on one source: the second waits for the first, or is told which process is at work."""

import importlib
import os
import signal
import time
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest
from hand import SOURCE, Hand

from kvalitet.build.builds import begin_build, fail_if_live
from kvalitet.cli.status import read_status
from kvalitet.errors import KvalitetError
from kvalitet.intake import extract
from kvalitet.intake.turns import TurnLost, turn
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.locks import LockHeld, stop_extractions

ROWS = [{"Sagsnummer": f"2024 - {n:05d}"} for n in range(4000)]
FIRST = date(2025, 1, 2)


@pytest.fixture
def hands(settings: Settings) -> Iterator[tuple[Hand, Hand]]:
    both = Hand(settings, "the scheduled run"), Hand(settings, "A. Hansen")
    try:
        yield both
    finally:
        for hand in both:
            hand.end()


def staleness(settings: Settings) -> dict[str, str]:
    """What a build that began now would say of its sources."""
    build = begin_build(settings, owner="test")
    fail_if_live(settings, build.build_id, "looked at only")
    return build.stale


def attempts(settings: Settings) -> list[str]:
    rows = fetch_all(settings, AUDITOR, "select outcome from audit.extract_run order by run_id")
    return [row["outcome"] for row in rows]


@pytest.mark.slow
def test_one_of_two_extractions_accepts(settings, deliver, hands) -> None:
    """24 pairs of real processes, started 0 to 1.5 s apart."""
    first, second = hands
    seen = set()
    for pair in range(24):
        deliver(*ROWS, cutoff=(FIRST + timedelta(days=pair)).isoformat())
        first.do("extract")
        time.sleep(1.5 * pair / 23)
        second.do("extract")
        outcomes = first.said(), second.said()
        assert sorted(said[0] for said in outcomes) == ["accepted", "nothing_new"], outcomes
        assert staleness(settings) == {}
        seen.add(outcomes[0][0])
    assert attempts(settings).count("accepted") == 24 and set(attempts(settings)) == {"accepted", "nothing_new"}


@pytest.mark.slow
def test_steps_of_every_kind_take_turns(settings, deliver, hands) -> None:
    """A replay or a withdrawal meets an extraction. Each ends as if it had been alone, in one order or the other."""
    first, second = hands
    deliver(*ROWS[:200])
    extract(settings, SOURCE)
    for pair in range(8):
        cutoff = (FIRST + timedelta(days=1 + pair)).isoformat()
        deliver(*ROWS[: 200 + pair], cutoff=cutoff)
        newest = fetch_all(settings, AUDITOR, "select max(load_id) as load_id from audit.load_in_use")[0]["load_id"]
        first.do("extract")
        time.sleep(0.1 * pair)
        second.do(("withdraw", "replay")[pair % 2], newest)
        (outcome, _), (other, why) = first.said(), second.said()
        assert outcome == "accepted"
        # A withdrawal succeeds before the new delivery, and is refused after it. A replay finds the load in place.
        assert other in ("withdrawn", "KvalitetError", "nothing_new"), why
        assert "LockHeld" not in why and "left out" not in why
    open_twice = fetch_all(
        settings,
        LOADER,
        "select case_number from raw.bif_complaints__complaints where valid_to_load is null"
        " group by 1 having count(*) > 1",
    )
    assert open_twice == [] and "failed" not in attempts(settings)


def test_timeout_names_holder_of_turn(settings, deliver, monkeypatch, caplog) -> None:
    deliver(*ROWS[:100])
    monkeypatch.setenv("KVALITET_TURN_SECONDS", "0.5")
    with turn(settings, SOURCE, "airflow scheduled__2026-01-05"):
        (at_work,) = read_status(settings)["turns"]
        with pytest.raises(LockHeld) as told:
            extract(settings, SOURCE)
    assert "airflow scheduled__2026-01-05 since 20" in told.value.what
    assert f"process {os.getpid()} on {os.uname().nodename}" in told.value.what
    assert "Waiting for it, at most 0.5 s" in caplog.text
    assert (at_work["source_id"], at_work["owner"]) == (SOURCE, "airflow scheduled__2026-01-05")
    assert attempts(settings) == [], "nothing was looked at"
    assert read_status(settings)["turns"] == []
    assert extract(settings, SOURCE).outcome == "accepted"


def test_other_sources_do_not_wait(settings, deliver, monkeypatch) -> None:
    deliver(*ROWS[:100])
    monkeypatch.setenv("KVALITET_TURN_SECONDS", "0")
    with turn(settings, "organisation"):
        assert extract(settings, SOURCE).outcome == "accepted"


def test_change_of_persons_names_extraction(settings, deliver, monkeypatch) -> None:
    module = importlib.import_module("kvalitet.intake.taking")
    seen, land = [], module.land

    def look(*arguments):
        with connect(settings, LOADER) as connection, pytest.raises(KvalitetError) as told:
            stop_extractions(connection)
        seen.append(told.value.what)
        return land(*arguments)

    monkeypatch.setattr(module, "land", look)
    deliver(*ROWS[:100])
    extract(settings, SOURCE)
    (said,) = seen
    assert said.startswith(f"An extraction is running, or a backup: kvalitet extract {SOURCE} (session ")


def test_extraction_waits_for_person_change(settings, deliver, monkeypatch) -> None:
    deliver(*ROWS[:100])
    monkeypatch.setenv("KVALITET_TURN_SECONDS", "0.5")
    with connect(settings, LOADER) as connection:
        stop_extractions(connection)
        with pytest.raises(LockHeld, match="persons or keys are being changed by kvalitet, changing persons or keys"):
            extract(settings, SOURCE)
    assert attempts(settings) == []


def test_lost_turn_accepts_nothing(settings, deliver, admin_url, monkeypatch):
    """The server ended the session, but the process goes on. Its load is no longer the newest."""
    from kvalitet.intake import loading

    deliver(*ROWS[:100])
    hold_history = loading._hold_history

    def overtaken(*arguments) -> None:
        monkeypatch.setattr(loading, "_hold_history", hold_history)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(backend_pid) from audit.intake_turn")
        assert extract(settings, SOURCE, owner="the other").outcome == "accepted"
        hold_history(*arguments)

    monkeypatch.setattr(loading, "_hold_history", overtaken)
    with pytest.raises(TurnLost, match=f"The turn on {SOURCE} was lost"):
        extract(settings, SOURCE)
    assert attempts(settings) == ["accepted"] and staleness(settings) == {}
    assert extract(settings, SOURCE).outcome == "nothing_new"


@pytest.mark.slow
def test_killed_process_frees_turn_at_once(settings, deliver, hands) -> None:
    """It is killed while it holds the turn, and while it waits for it."""
    first, second = hands
    deliver(*ROWS)
    with turn(settings, SOURCE, "the test"):
        first.do("extract")
        time.sleep(0.5)
        first.end()
    began = time.monotonic()
    second.do("extract")
    assert second.said()[0] == "accepted"
    assert time.monotonic() - began < 30
    for pair, delay in enumerate((0.1, 0.3, 0.6, 0.9)):
        deliver(*ROWS[pair:], cutoff=(FIRST + timedelta(days=1 + pair)).isoformat())
        third = Hand(settings, "killed")
        third.do("extract")
        time.sleep(delay)
        second.do("extract")
        third.end()
        assert second.said()[0] in ("accepted", "nothing_new")
        assert staleness(settings) == {}
    assert "failed" not in attempts(settings)


@pytest.mark.slow
def test_hanging_holder_is_named(settings, deliver, hands, monkeypatch) -> None:
    first, _ = hands
    monkeypatch.setenv("KVALITET_TURN_SECONDS", "1")
    deliver(*ROWS)
    give_up = time.monotonic() + 30
    first.do("extract")
    while not read_status(settings)["turns"]:
        assert time.monotonic() < give_up
    first.process.send_signal(signal.SIGSTOP)
    with pytest.raises(LockHeld, match=f"the scheduled run since .*, process {first.process.pid} on"):
        extract(settings, SOURCE)
    first.end()
    monkeypatch.setenv("KVALITET_TURN_SECONDS", "30")
    assert extract(settings, SOURCE).outcome in ("accepted", "nothing_new")
