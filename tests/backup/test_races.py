"""A backup beside whatever else may run: the removal of old files, an erasure, a new key, publishing, a full disk."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import synthetic
from installations import PERSON, Installation
from psycopg.conninfo import conninfo_to_dict

from kvalitet.backup import back_up, folder, making
from kvalitet.errors import KvalitetError
from kvalitet.landing import Store, holding
from kvalitet.landing.retention import purge
from kvalitet.landing.rotation import rotate_key
from kvalitet.persons import rekeying
from kvalitet.persons.erasure import erase
from kvalitet.persons.number import Number
from kvalitet.publication import publish, rollback
from kvalitet.settings import AUDITOR, LOADER
from kvalitet.warehouse.connection import fetch_all
from kvalitet.warehouse.locks import DUMP

pytestmark = pytest.mark.slow


@contextmanager
def held_between(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """A backup that stops before `step` of making.py: it sets the first event and waits for the second."""
    reached, go_on = threading.Event(), threading.Event()
    real = getattr(making, step)

    def waiting(*arguments, **named):
        reached.set()
        assert go_on.wait(60)
        return real(*arguments, **named)

    monkeypatch.setattr(making, step, waiting)
    try:
        yield reached, go_on
    finally:
        go_on.set()


@contextmanager
def backing_up(small: Installation, to: Path) -> Iterator[list]:
    """Back up in a thread. When the block has ended, the list holds the result or the error."""
    came: list = []

    def run() -> None:
        try:
            came.append(back_up(small.settings, to))
        except KvalitetError as error:
            came.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield came
    finally:
        thread.join(60)


def test_expired_files_in_dump_are_copied(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files fall due between dump and copy. Removing them fails with a message, and works after the backup."""
    later = (fetch_all(small.settings, LOADER, "select max(retained_until) as day from audit.landed_file")[0]["day"]
             + timedelta(days=1))  # fmt: skip
    monkeypatch.setattr("kvalitet.landing.retention.changing_files", lambda settings, patience_seconds:
                        holding.changing_files(settings, 0.2))  # fmt: skip
    with held_between(monkeypatch, "_copy_kept") as (reached, go_on), backing_up(small, tmp_path / "to") as came:
        assert reached.wait(60)
        with pytest.raises(holding.FilesHeld, match="a backup copies them"):
            purge(small.settings, later)
        go_on.set()
    assert (came[0].kept_files, came[0].missing) == (4, ())
    assert purge(small.settings, later).expired == 4
    after = back_up(small.settings, tmp_path / "after")
    manifest = folder.read(after.path, making.KIND).manifest
    assert (after.kept_files, after.missing, manifest["kept_files_removed"]) == (0, (), 4)


def test_housekeeping_skips_removal_and_says_why(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from kvalitet.nights.tasks import purge_landing

    def held(settings):
        raise holding.FilesHeld("The kept files are in use.")

    monkeypatch.setattr("kvalitet.landing.retention.purge", held)
    with pytest.raises(AirflowSkipException, match="What is due goes tomorrow"):
        purge_landing()


def test_missing_kept_file_is_named(small: Installation, tmp_path: Path) -> None:
    store = Store(small.settings)
    gone = min(store.files())
    store.remove(gone)
    done = small.kvalitet("backup", "--to", str(tmp_path / "to"))
    assert done.returncode == 1, "whoever runs it every night must notice"
    assert f"whole but for 1 kept files that the landing store should hold and does not: {gone}" in done.stderr
    (path,) = (tmp_path / "to").iterdir()
    assert folder.read(path, making.KIND).manifest["kept_files_missing"] == [gone]


def test_file_of_killed_removal_is_not_missed(small: Installation, tmp_path: Path) -> None:
    """The file's time is over and the file is gone, but the record does not say so yet."""
    with psycopg.connect(small.admin_url) as connection:
        connection.execute("update audit.landed_file set retained_until = '2025-02-01' where load_id = 1")
    store = Store(small.settings)
    over = fetch_all(small.settings, LOADER, "select path from audit.landed_file where load_id = 1 and path not in"
                     " (select path from audit.landed_file where load_id <> 1)")  # fmt: skip
    for row in over:
        store.remove(row["path"])
    made = back_up(small.settings, tmp_path / "to")
    assert (made.kept_files, made.missing) == (4 - len(over), ())
    assert over


def test_no_erasure_or_new_key_while_copying(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kvalitet.persons.erasure.changing_files", lambda s: holding.changing_files(s, 0.2))
    monkeypatch.setattr("kvalitet.landing.rotation.changing_files", lambda s: holding.changing_files(s, 0.2))
    with held_between(monkeypatch, "_copy_kept") as (reached, go_on), backing_up(small, tmp_path / "to") as came:
        assert reached.wait(60)
        with pytest.raises(holding.FilesHeld):
            erase(small.settings, Number.typed(PERSON), "request", "test")
        with pytest.raises(holding.FilesHeld):
            rotate_key(small.settings)
        with pytest.raises(KvalitetError, match="or a backup"):
            rekeying.rotate_key(small.settings, "test")  # the keys are copied after the rows
        go_on.set()
    assert came[0].kept_files == 4
    assert erase(small.settings, Number.typed(PERSON), "request", "test").rows_delinked > 0
    assert rotate_key(small.settings) == 4


@pytest.mark.parametrize("swap", ["publish", "rollback"])
def test_publishing_waits_for_the_dump(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    """Otherwise publishing would break off on its lock_timeout, and a backup would make the night fail."""
    build_id = synthetic.passed_build(small.settings, tmp_path, rows=3)
    done: list = []
    with psycopg.connect(small.admin_url) as dumping:
        dumping.execute("select from audit.lock where name = %s for update", [DUMP])
        step = (lambda: publish(small.settings, build_id)) if swap == "publish" else (
            lambda: rollback(small.settings, "test"))  # fmt: skip
        thread = threading.Thread(target=lambda: done.append(step()))
        thread.start()
        time.sleep(1)
        assert not done, "it waits"
        seen = fetch_all(small.settings, AUDITOR, "select publication_id from reporting.publication")
        assert seen == [{"publication_id": 2}], "readers are not disturbed meanwhile"
        dumping.commit()
        thread.join(60)
    assert done[0].publication_id == (3 if swap == "publish" else 1)
    back_up(small.settings, tmp_path / "to")  # the lock was released


def test_dump_waits_for_publication(small: Installation, tmp_path: Path) -> None:
    with psycopg.connect(small.admin_url) as publishing:
        publishing.execute("select from audit.lock where name = %s for update", [DUMP])
        with backing_up(small, tmp_path / "to") as came:
            time.sleep(1)
            assert not came
            publishing.commit()
    assert came[0].path.is_dir()


def test_backup_holds_one_whole_publication(
    small: Installation, tmp_path: Path, empty: Callable[[], Installation]
) -> None:
    """Three backups are taken beside a row of publications. Each holds one state, and no publication fails."""
    from kvalitet.backup import restore

    failures: list[BaseException] = []
    made = []

    def publishing() -> None:
        try:
            for rows in itertools.count(3):
                if len(made) == 3:
                    break
                publish(small.settings, synthetic.passed_build(small.settings, tmp_path, rows=rows))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=publishing)
    thread.start()
    while thread.is_alive() and len(made) < 3:
        made.append(back_up(small.settings, tmp_path / "to", tmp_path / "keys"))
        time.sleep(1.1)  # a backup is named after its second
    thread.join()
    assert failures == []
    restored = restore(empty().settings, made[-1].path, tmp_path / "keys", "test")
    assert restored.verification.faults == []


def test_full_disk_leaves_no_backup(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self, path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "copy_out", full)
    with pytest.raises(KvalitetError, match=r"could not be written to .*: No space left on device"):
        back_up(small.settings, tmp_path / "to")
    assert list((tmp_path / "to").iterdir()) == []


def test_failed_pg_dump_leaves_no_backup(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login under row-level security would dump only some rows. pg_dump refuses, so the backup fails too."""
    with psycopg.connect(small.admin_url, autocommit=True) as connection:
        connection.execute("drop role if exists backup_of_test")
        connection.execute("create role backup_of_test login password 'only-for-this-test'")
        connection.execute("grant pg_read_all_data to backup_of_test")
        connection.execute("grant update on audit.lock to backup_of_test")
        try:
            parts = conninfo_to_dict(small.admin_url)
            url = f"postgresql://backup_of_test:only-for-this-test@{parts['host']}:{parts['port']}/postgres"
            connection.execute(f"grant connect on database {small.settings.database} to backup_of_test")  # type: ignore[arg-type]
            monkeypatch.setenv("KVALITET_ADMIN_URL", url)
            with pytest.raises(KvalitetError, match="row-level security policy"):
                back_up(small.settings, tmp_path / "to")
        finally:
            connection.execute(f"revoke connect on database {small.settings.database} from backup_of_test")  # type: ignore[arg-type]
            connection.execute("drop owned by backup_of_test")
            connection.execute("drop role backup_of_test")
    assert list((tmp_path / "to").iterdir()) == []


def test_two_backups_at_once_both_succeed(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_between(monkeypatch, "_copy_kept") as (reached, go_on), backing_up(small, tmp_path / "to") as first:
        assert reached.wait(60)
        time.sleep(1.1)
        other = small.kvalitet("backup", "--to", str(tmp_path / "to"))
        assert other.returncode == 0, other.stderr
        go_on.set()
    assert first[0].path.is_dir()
    assert len(list((tmp_path / "to").iterdir())) == 2
