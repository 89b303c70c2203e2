"""Real readers' sessions while a real publication is made. None sees an empty or a mixed state."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import synthetic
from psycopg import IsolationLevel, errors

from kvalitet.publication import ReaderInTheWay, publish, rollback
from kvalitet.publication import readers as readers_in_the_way
from kvalitet.publication.swap import Publication
from kvalitet.settings import BI, GATE, Settings
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

READER = Path(__file__).with_name("readers.py")


def reader(settings: Settings, isolation: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(READER), settings.dsn(BI), isolation],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def in_background(work: Callable[[], Publication]) -> tuple[threading.Thread, list]:
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def session(settings: Settings, isolation: IsolationLevel) -> psycopg.Connection:
    connection = psycopg.connect(settings.dsn(BI))
    connection.isolation_level = isolation
    return connection


def builds(connection: psycopg.Connection, table: str) -> list[int]:
    return [row[0] for row in connection.execute(f"select distinct build_id from reporting.{table}")]  # type: ignore[arg-type]


def test_readers_see_whole_publications_only(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    kinds = ("READ_COMMITTED", "REPEATABLE_READ", "AUTOCOMMIT")
    processes = [reader(settings, kind) for kind in kinds]
    swaps = []
    for number in range(20):
        if number % 5 == 4:
            swaps.append(rollback(settings, "frem og tilbage", grace=60))
        swaps.append(publish(settings, synthetic.passed_build(settings, tmp_path), grace=60))
    reports = []
    for process in processes:
        out, _ = process.communicate("\n", timeout=30)
        reports.append(json.loads(out))

    print(
        [(round(swap.waited_seconds, 2), round(swap.swap_ms)) for swap in swaps],
        reports,
    )

    assert [report["problems"] for report in reports] == [[]] * len(kinds)
    assert all(report["builds"] > 10 for report in reports), reports
    assert [swap.readers_ended for swap in swaps if swap.readers_ended] == []
    assert max(report["longest_ms"] for report in reports) < 2000, "a reader waited for more than the swap"


@pytest.mark.parametrize("isolation", [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ])
def test_reading_transaction_is_waited_for(settings: Settings, tmp_path: Path, isolation: IsolationLevel) -> None:
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    with session(settings, isolation) as connection:
        assert builds(connection, "fct_indicator_value") == [first]
        second = synthetic.passed_build(settings, tmp_path)
        thread, outcome = in_background(lambda: publish(settings, second))
        time.sleep(1)
        assert thread.is_alive(), "it waits for the reader"
        assert builds(connection, "dim_source") == [first], "the same publication in the next table"
        connection.commit()
        thread.join(10)
        assert isinstance(outcome[0], Publication) and outcome[0].readers_ended == ()
        assert builds(connection, "dim_source") == [second]


def test_snapshot_before_build_is_waited_for(settings: Settings, tmp_path: Path) -> None:
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    with session(settings, IsolationLevel.REPEATABLE_READ) as connection:
        connection.execute("select 1")  # it takes the snapshot and reads no table
        second = synthetic.passed_build(settings, tmp_path)
        thread, outcome = in_background(lambda: publish(settings, second))
        time.sleep(1)
        assert thread.is_alive(), "it would find the new tables empty"
        assert builds(connection, "fct_indicator_value") == [first]
        connection.commit()
        thread.join(10)
        assert isinstance(outcome[0], Publication)


def test_missing_right_to_end_stops_publishing(
    settings: Settings, admin_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some clouds nobody may grant pg_signal_backend (docs/own-postgres.md)."""
    monkeypatch.setattr(readers_in_the_way, "ENDING", 0.5)
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    with psycopg.connect(admin_url, autocommit=True) as admin, session(settings, IsolationLevel.READ_COMMITTED) as held:
        builds(held, "dim_source")
        second = synthetic.passed_build(settings, tmp_path)
        admin.execute("revoke pg_signal_backend from kvalitet_publisher")
        try:
            with pytest.raises(ReaderInTheWay, match=rf"kvalitet_bi \(pid {held.info.backend_pid}\)"):
                publish(settings, second, grace=0.5)
        finally:
            admin.execute("grant pg_signal_backend to kvalitet_publisher")
        assert builds(held, "dim_source") == [first]
        held.commit()
        assert publish(settings, second).readers_ended == ()


def test_blocking_readers_are_ended_at_last(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    with (
        session(settings, IsolationLevel.REPEATABLE_READ) as snapshot,
        session(settings, IsolationLevel.READ_COMMITTED) as locks,
        session(settings, IsolationLevel.READ_COMMITTED) as harmless,
    ):
        snapshot.execute("select 1")
        builds(locks, "dim_source")
        harmless.execute("select 1")  # without a snapshot and a lock it will see the new publication
        second = synthetic.passed_build(settings, tmp_path)

        publication = publish(settings, second, grace=0.5)

        assert sorted(publication.readers_ended) == sorted(
            f"kvalitet_bi ({connection.info.backend_pid})" for connection in (snapshot, locks)
        )
        for connection in (snapshot, locks):
            with pytest.raises(errors.AdminShutdown):
                builds(connection, "dim_source")
        assert builds(harmless, "dim_source") == [second]


def test_late_snapshot_sees_new_publication(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    with (
        session(settings, IsolationLevel.READ_COMMITTED) as in_the_way,
        session(settings, IsolationLevel.REPEATABLE_READ) as late,
    ):
        builds(in_the_way, "dim_source")
        second = synthetic.passed_build(settings, tmp_path)
        thread, _ = in_background(lambda: publish(settings, second))
        time.sleep(1)
        late.execute("select 1")  # its snapshot is from before the swap, after the candidate's last commit
        in_the_way.commit()
        thread.join(10)
        assert builds(late, "publication") == [second]
        assert builds(late, "fct_indicator_value") == [second]


def test_waiting_publisher_delays_no_reader(settings: Settings, tmp_path: Path) -> None:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    with (
        session(settings, IsolationLevel.READ_COMMITTED) as in_the_way,
        session(settings, IsolationLevel.READ_COMMITTED) as other,
    ):
        builds(in_the_way, "dim_source")
        second = synthetic.passed_build(settings, tmp_path)
        thread, _ = in_background(lambda: publish(settings, second))
        waits = []
        until = time.monotonic() + 2
        while time.monotonic() < until:
            started = time.perf_counter()
            builds(other, "fct_indicator_value")
            other.commit()
            waits.append(time.perf_counter() - started)
        in_the_way.commit()
        thread.join(10)
        assert max(waits) < 0.5, f"the longest wait was {max(waits):.3f} s"


def test_unendable_session_is_named(
    settings: Settings, tmp_path: Path, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kvalitet.publication.readers.ENDING", 0.5)
    first = synthetic.passed_build(settings, tmp_path)
    publish(settings, first)
    second = synthetic.passed_build(settings, tmp_path)
    with psycopg.connect(admin_url) as dump, connect(settings, GATE) as gate:
        dump.execute("select * from reporting.dim_source")
        gate.execute("select * from reporting.dim_source")
        with pytest.raises(ReaderInTheWay, match=r"kvalitet_gate .* stays in the way") as refusal:
            publish(settings, second, grace=0.2)
        assert str(dump.info.backend_pid) in refusal.value.what
    with connect(settings, BI) as connection:
        assert connection.execute("select build_id from reporting.publication").fetchall() == [{"build_id": first}]
    assert publish(settings, second).publication_id == 2, "the build is still passed: publish again"
