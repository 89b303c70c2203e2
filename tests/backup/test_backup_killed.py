"""Backup and restore are killed at random instants. No half backup is left, and a restore can be run again."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from comparing import catalogue, contents
from installations import Installation, database_is_there

from kvalitet.backup import back_up, folder, restore
from kvalitet.backup.making import KIND
from kvalitet.errors import KvalitetError
from kvalitet.services import preparing
from kvalitet.settings import LOADER
from kvalitet.warehouse import admin
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow
#: Seeded, so that a failure can be reproduced.
DRAW = random.Random(20260103)  # noqa: S311


def run_and_kill(installation: Installation, after_seconds: float, *arguments: str) -> bool:
    """Whether it was killed before it ended by itself."""
    process = installation.start(*arguments)
    time.sleep(after_seconds)
    process.kill()
    return process.wait() == -9


def seconds_of(installation: Installation, *arguments: str) -> float:
    began = time.monotonic()
    done = installation.kvalitet(*arguments)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def test_killed_backup_is_never_taken_for_one(small: Installation, tmp_path: Path) -> None:
    to = tmp_path / "to"
    whole = seconds_of(small, "backup", "--to", str(tmp_path / "measured"))
    killed = 0
    for number in range(8):
        was_killed = run_and_kill(
            small, whole * (0.35 + 0.65 * (number + DRAW.random()) / 8), "backup", "--to", str(to)
        )
        killed += was_killed
        whole *= 1 if was_killed else 0.8  # the machine was busier when this was measured
        finished = [path for path in to.glob("kvalitet-*") if not path.name.endswith(".partial")]
        for path in finished:
            folder.read(path, KIND)
    assert killed >= 4
    time.sleep(1.1)
    made = back_up(small.settings, to)
    assert folder.read(made.path, KIND).manifest["kept_files"] == 4
    assert not list(to.glob("*.partial")), "what killed ones left is gone"


def test_killed_restore_is_completed_by_rerun(
    small: Installation, empty: Callable[[], Installation], tmp_path: Path
) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    arguments = ("restore", str(made.path), "--keys", str(tmp_path / "keys"))
    before = catalogue(small.admin_url), contents(small.admin_url)
    whole = seconds_of(empty(), *arguments)
    killed, states = 0, set()
    for number in range(8):
        target = empty()
        was_killed = run_and_kill(target, whole * (0.3 + 0.65 * (number + DRAW.random()) / 8), *arguments)
        killed += was_killed
        whole *= 1 if was_killed else 0.8  # the machine was busier when this was measured
        states.add(state_of(target))
        if state_of(target) == "restored":
            with pytest.raises(psycopg.OperationalError):  # nobody but the admin gets in yet
                psycopg.connect(target.settings.dsn(LOADER))
        done = target.kvalitet(*arguments)
        if done.returncode != 0:  # it had ended already, or its last statement is still being rolled back
            assert "is not empty" in done.stderr or "is in use by" in done.stderr, done.stderr
            if "is in use by" in done.stderr:
                time.sleep(2)
                assert target.kvalitet(*arguments).returncode == 0
        assert contents(target.admin_url) == before[1], f"killed: {was_killed}, then: {done.stderr}"
        assert catalogue(target.admin_url) == before[0]
        assert state_of(target) == "none"
    assert killed >= 4
    assert len(states) >= 2, f"killed at different instants: {states}"


def state_of(installation: Installation) -> str:
    if not database_is_there(installation):
        return "not made"
    with psycopg.connect(installation.admin_url) as connection:
        row = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
    return row[0].removeprefix(admin.RESTORING).split()[0] if row and row[0] else "none"


@pytest.mark.parametrize(("room", "phase"), [(admin, "migrate_schema"), (preparing, "open_warehouse")])
def test_half_restore_takes_only_same_backup(
    small: Installation,
    empty: Callable[[], Installation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: ModuleType,
    phase: str,
) -> None:
    """Nobody else gets into the database between its phases."""
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    time.sleep(1.1)
    other = back_up(small.settings, tmp_path / "backups", tmp_path / "other-keys")
    target = empty()

    def killed(*arguments):
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(room, phase, killed)
        with pytest.raises(InterruptedError):
            restore(target.settings, made.path, tmp_path / "keys", "test")
    with pytest.raises(KvalitetError), connect(target.settings, LOADER):
        pass
    with pytest.raises(KvalitetError, match="A restore of this database was broken off"):
        preparing.prepare(target.settings, target.environment["KVALITET_ADMIN_URL"])
    with pytest.raises(KvalitetError, match=r"The restore of another backup into .* was broken off"):
        restore(target.settings, other.path, tmp_path / "keys", "test")
    restored = restore(target.settings, made.path, tmp_path / "keys", "test")
    assert restored.verification.faults == []
    assert contents(target.admin_url) == contents(small.admin_url)
    with psycopg.connect(target.admin_url) as connection:
        assert connection.execute("select count(*) from audit.restore").fetchone() == (1,)
