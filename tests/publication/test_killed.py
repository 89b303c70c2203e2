"""A publisher is killed at every instant. Readers see the old or the new state, and a re-run completes it."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import synthetic

from kvalitet.publication import Publication, PublishRefused, figures, publish, rollback
from kvalitet.settings import AUDITOR, BI, Settings
from kvalitet.warehouse.connection import connect, fetch_all

#: Publishes in its own process, which is killed before its Nth statement.
PUBLISHER = """
import os, signal, sys
from pathlib import Path
import psycopg
from kvalitet.publication import publish
from kvalitet.settings import Settings
root, var, inbox, server, database, build_id, stop_at = sys.argv[1:]
settings = Settings(Path(root), Path(var), inbox, server, database)
count = 0
def counted(real):
    def call(self, *arguments, **named):
        global count
        count += 1
        if count == int(stop_at):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, *arguments, **named)
    return call
psycopg.Connection.execute = counted(psycopg.Connection.execute)
psycopg.Connection.commit = counted(psycopg.Connection.commit)
publish(settings, int(build_id))
print(count)
"""


def run(settings: Settings, build_id: int, stop_at: int) -> subprocess.CompletedProcess[str]:
    place = [settings.root, settings.var, settings.inbox, settings.server, settings.database]
    command = [sys.executable, "-c", PUBLISHER, *map(str, place), str(build_id), str(stop_at)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def publish_when_free(settings: Settings, build_id: int) -> Publication:
    """Publish, with retries, because the server may take a second to notice that the killed publisher is gone."""
    for _ in range(50):
        try:
            return publish(settings, build_id)
        except PublishRefused as refusal:
            if "under way" not in refusal.what:
                raise
            time.sleep(0.1)
    raise AssertionError("the killed publisher's lock stayed")


@pytest.mark.slow
def test_kill_leaves_old_or_new_publication(settings: Settings, tmp_path: Path, admin_url: str) -> None:
    builds = [synthetic.passed_build(settings, tmp_path, rows=1)]
    publish(settings, builds[0])
    builds.append(synthetic.passed_build(settings, tmp_path, rows=2))
    publish(settings, builds[1])
    builds.append(synthetic.passed_build(settings, tmp_path, rows=3))
    done = run(settings, builds[2], 10**9)
    assert done.returncode == 0, done.stderr
    statements = int(done.stdout)
    seen = set()

    stops = [*range(2, statements - 8, max(1, statements // 12)), *range(statements - 8, statements + 1)]
    for number, stop_at in enumerate(stops, start=3):
        builds.append(synthetic.passed_build(settings, tmp_path, rows=number + 1))
        killed = run(settings, builds[-1], stop_at)
        assert killed.returncode == -9, killed.stderr

        wait_until_gone(admin_url)
        shown = one(settings, "select publication_id, build_id from reporting.publication")
        assert shown in {(number, builds[-2]), (number + 1, builds[-1])}, "the old publication or the new"
        seen.add(shown[0] - number)
        recorded = fetch_all(settings, AUDITOR, "select publication_id from audit.publication order by 1")
        assert [row["publication_id"] for row in recorded] == list(range(1, shown[0] + 1)), "nothing unpublished"
        assert {row["n"] for row in figures(settings, shown[0])} == {shown[0]}

        mended = publish_when_free(settings, builds[-1])
        assert (mended.publication_id, mended.build_id) == (number + 1, builds[-1])
        assert one(settings, "select publication_id, build_id from reporting.publication") == (number + 1, builds[-1])
        assert {row["n"] for row in figures(settings, number + 1)} == {number + 1}
    assert seen == {0, 1}, "it was killed before and after the swap"
    assert rollback(settings, "prøve").build_id == builds[-2]


def one(settings: Settings, query: str) -> tuple:
    with connect(settings, BI) as connection:
        return tuple(connection.execute(query).fetchone().values())  # type: ignore[arg-type, union-attr]


def wait_until_gone(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for _ in range(100):
            query = (
                "select 1 from pg_stat_activity where usename = 'kvalitet_publisher' and datname = current_database()"
            )
            if not admin.execute(query).fetchall():
                return
            time.sleep(0.05)
    raise AssertionError("the killed publisher's session stayed")
