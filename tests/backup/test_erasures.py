"""Erasures after a backup: a restore says by the journal which erasures it undid, but never of whom."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from installations import CASES, PERSON, Installation, database_is_there, deliver

from kvalitet.backup import back_up, restore
from kvalitet.backup.settling import settle_other_means
from kvalitet.build.builds import begin_build
from kvalitet.errors import KvalitetError
from kvalitet.intake import extract, replay
from kvalitet.landing.private_folder import private_folder
from kvalitet.persons.confirmation import confirm
from kvalitet.persons.erasure import erase
from kvalitet.persons.held import held
from kvalitet.persons.journal import NAME, read_journal
from kvalitet.persons.number import Number
from kvalitet.settings import LOADER, TIMEZONE
from kvalitet.warehouse.connection import fetch_all

pytestmark = pytest.mark.slow
New = Callable[[], Installation]
NUMBER = Number.typed(PERSON)


def lines_of(installation: Installation) -> list[dict]:
    return [json.loads(line) for line in (installation.secrets / NAME).read_text().splitlines()]


def test_later_erasure_stops_all_until_confirmed(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    assert erase(small.settings, NUMBER, "request of 3 March", "A. Hansen").erasure_id == 1
    target = empty()
    shutil.copy(small.secrets / NAME, target.secrets)

    done = target.kvalitet("restore", str(made.path), "--keys", str(tmp_path / "keys"))
    assert done.returncode == 0, done.stderr
    assert "Nothing is taken in yet: erasure 1 came after the backup." in done.stdout
    settings = target.settings
    refused = "nothing is taken in or built yet: erasure 1 came after the backup"
    with pytest.raises(KvalitetError, match=refused):
        replay(settings, 2)
    with pytest.raises(KvalitetError, match=refused):
        begin_build(settings, owner="test")
    with pytest.raises(KvalitetError, match=refused):
        deliver(settings, "2025-01-04", *CASES, "2025 - 00001", "2025 - 00002")
    assert held(settings, NUMBER) != {}, "the person is back, as in the backup"

    assert erase(settings, NUMBER, "once more", "A. Hansen").erasure_id == 2, "a number is never given twice"
    answer = target.kvalitet("person", "confirm-erasures", "--by", "A. Hansen", "--reason", "erased again as 2")
    assert "Deliveries are taken in again." in answer.stdout, answer.stderr
    assert extract(settings, "bif_complaints").outcome == "accepted"
    (row,) = fetch_all(settings, LOADER, "select * from audit.restore")
    assert (row["erasures"], row["confirmed_by"], row["confirmed_reason"]) == ([1], "A. Hansen", "erased again as 2")

    again = back_up(settings, tmp_path / "later", tmp_path / "later-keys")
    third = empty()
    shutil.copy(target.secrets / NAME, third.secrets)
    restored = restore(third.settings, again.path, tmp_path / "later-keys", "test")
    assert restored.settled.says == "", "what was confirmed once is not asked for again"


def test_journal_never_says_whom(small: Installation) -> None:
    erase(small.settings, NUMBER, "request of Jens Hansen", "A. Hansen")
    today = datetime.now(TIMEZONE).date().isoformat()
    first, *entries = lines_of(small)
    assert first.keys() == {"installation"}
    assert entries == [
        {"erasure": 1, "day": today, "state": "begun"},
        {"erasure": 1, "day": today, "state": "committed"},
    ]
    assert (small.secrets / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("has_keys", [True, False])
def test_without_journal_nothing_is_known(small: Installation, empty: New, tmp_path: Path, has_keys: bool) -> None:
    """A copy of the journal in the backup cannot know of later erasures. Without any copy even less is known."""
    assert erase(small.settings, NUMBER, "request", "A. Hansen").erasure_id == 1
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    if has_keys:
        restored = restore(target.settings, made.path, tmp_path / "keys", "test")
    else:
        for key in ("pseudonym.key", "landing.pub", "certificate.key", "certificate.pub"):
            shutil.copy(small.secrets / key, target.secrets)
        restored = restore(target.settings, made.path, None, "test")
    assert restored.settled.says.startswith("nothing is known about erasures since 20")
    with pytest.raises(KvalitetError, match="nothing is known about erasures since"):
        begin_build(target.settings, owner="test")
    assert confirm(target.settings, "A. Hansen", "the register of requests has none since") == 1
    assert begin_build(target.settings, owner="test").build_id > 0
    assert confirm(target.settings, "A. Hansen", "twice") == 0

    with pytest.raises(KvalitetError, match="needs who and why"):
        confirm(target.settings, "A. Hansen", " ")


def test_unconfirmed_gap_is_asked_for_again(small: Installation, empty: New, tmp_path: Path) -> None:
    """The same backup is restored twice. The second database does not hold the confirmation given in the first."""
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    first = empty()
    restore(first.settings, made.path, tmp_path / "keys", "test")
    confirm(first.settings, "A. Hansen", "none")
    second = empty()
    shutil.copy(first.secrets / NAME, second.secrets)
    assert "nothing is known" in restore(second.settings, made.path, tmp_path / "keys", "test").settled.says


def test_same_copy_used_twice_leaves_two_gaps(small: Installation, empty: New, tmp_path: Path) -> None:
    """A confirmation up to the first restore does not cover the time between the first and the second."""
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    (keys,) = (tmp_path / "keys").iterdir()
    first = empty()
    restore(first.settings, made.path, keys, "test")
    confirm(first.settings, "A. Hansen", "none")
    again = back_up(first.settings, tmp_path / "later")
    erase(first.settings, NUMBER, "request", "test")  # and this journal is lost
    second = empty()
    assert "nothing is known" in restore(second.settings, again.path, keys, "test").settled.says


#: Erases in its own process, which is killed at the Nth step that is visible from outside.
ERASER = """
import os, signal, sys
from pathlib import Path
import psycopg
from kvalitet.persons import erasure, journal, originals
from kvalitet.persons.number import Number
from kvalitet.settings import Settings
stop_at, count = int(sys.argv[1]), 0
def counted(real):
    def call(*arguments, **named):
        global count
        count += 1
        if count == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        count += 1
        if count == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
for room, name in ((journal, "_write_whole"), (originals.Store, "remove"), (originals.Store, "put"),
                   (psycopg.Connection, "commit"), (os, "fsync")):
    setattr(room, name, counted(getattr(room, name)))
erasure.erase(Settings.from_environment(), Number.typed("010190-1234"), "request", "test")
print(count)
"""


def erase_and_kill(small: Installation, stop_at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ERASER, str(stop_at)], env={**os.environ, **small.environment}, capture_output=True,
        text=True, check=False, cwd=small.settings.root,
    )  # fmt: skip


def test_killed_erasure_is_in_the_journal(small: Installation) -> None:
    """Whatever a killed erasure has changed, in files or rows, its number was in the journal before that."""
    untouched = kept_and_rows(small)
    stop_at, killed_after_a_change = 0, 0
    while True:
        stop_at += 1
        done = erase_and_kill(small, stop_at)
        journal = read_journal(small.secrets / NAME)
        with psycopg.connect(small.admin_url) as connection:
            recorded = {row[0] for row in connection.execute("select erasure_id from audit.person_erasure").fetchall()}
        assert recorded <= journal.days.keys()
        if kept_and_rows(small) != untouched:
            assert journal.days, f"changed at step {stop_at}, and not in the journal"
            killed_after_a_change += done.returncode == -9
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        if recorded:
            break
    assert killed_after_a_change >= 2
    assert stop_at > 5
    erase(small.settings, NUMBER, "request", "test")
    assert held(small.settings, NUMBER) == {}


def kept_and_rows(small: Installation) -> tuple:
    files = fetch_all(small.settings, LOADER, "select path, kept_sha256 from audit.landed_file order by 1, 2")
    rows = fetch_all(small.settings, LOADER, "select citizen_pseudonym from raw.bif_complaints__complaints"
                     " where citizen_pseudonym is not null order by 1")  # fmt: skip
    return [tuple(one.values()) for one in files], [tuple(one.values()) for one in rows]


class TestReadOnly:
    """Another service's container cannot write to these folders. Root always can, so here a file blocks them."""

    def test_unwritable_spool_is_an_error(self, small: Installation) -> None:
        spool = small.settings.var / "spool"
        shutil.rmtree(spool)
        spool.write_text("in the way")
        with (
            pytest.raises(KvalitetError, match=r"The private spool .* cannot be written"),
            private_folder(small.settings),
        ):
            pass
        done = small.kvalitet("person", "erase", "--reason", "request", "--yes", typed=f"{PERSON}\n")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "cannot be written" in done.stderr and "`admin`" in done.stderr
        assert held_rows(small) == 1

    def test_unwritable_journal_stops_erasing(self, small: Installation) -> None:
        (small.secrets / NAME).unlink(missing_ok=True)
        (small.secrets / NAME).mkdir()
        before = kept_and_rows(small)
        with pytest.raises(KvalitetError, match=r"The erasure journal .* cannot be written"):
            erase(small.settings, NUMBER, "request", "test")
        assert kept_and_rows(small) == before


def held_rows(small: Installation) -> int:
    rows = fetch_all(small.settings, LOADER, "select from raw.bif_complaints__complaints where citizen_pseudonym is not"
                     " null and citizen_pseudonym not like 'erased:%'")  # fmt: skip
    return len(rows)


def test_erasing_reaches_files_in_object_store(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object store has no folders and no renaming. fsspec's memory file system stands for one."""
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in (small.settings.var / "landing").rglob("*.age"):
        memory.pipe_file(f"/kept/{file.parent.name}/{file.name}", file.read_bytes())
    shutil.rmtree(small.settings.var / "landing")
    monkeypatch.setenv("KVALITET_LANDING", "memory://kept")
    try:
        assert erase(small.settings, NUMBER, "request", "test").files_rewritten == 2
        assert held(small.settings, NUMBER) == {}
    finally:
        memory.rm("/kept", recursive=True)


def test_other_restores_are_checked_by_journal(small: Installation, tmp_path: Path) -> None:
    """As after a point-in-time recovery: the erasure is gone from the database and still stands in the journal."""
    erase(small.settings, NUMBER, "request", "test")
    build = begin_build(small.settings, owner="test")
    with psycopg.connect(small.admin_url) as connection:
        connection.execute("delete from audit.person_erasure")
    settled = settle_other_means(small.settings, "point in time 03:00", "test")
    assert (settled.says, settled.builds_ended) == ("erasure 1 came after the backup", (build.build_id,))
    with pytest.raises(KvalitetError, match="restored from point in time 03:00"):
        begin_build(small.settings, owner="test")


def test_unreadable_journal_stops_restore(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    target = empty()
    (target.secrets / NAME).write_bytes(b"\xff\x00\xfe")
    with pytest.raises(KvalitetError, match=r"The erasure journal .* cannot be read"):
        restore(target.settings, made.path, tmp_path / "keys", "test")
    assert not database_is_there(target)
    assert not (target.secrets / "pseudonym.key").exists()


def test_half_journal_line_is_asked_about(small: Installation, empty: New, tmp_path: Path) -> None:
    made = back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    with (small.secrets / NAME).open("a") as journal:
        journal.write('{"erasure": 1, "da')
    erase(small.settings, NUMBER, "request", "test")
    target = empty()
    shutil.copy(small.secrets / NAME, target.secrets)
    restored = restore(target.settings, made.path, tmp_path / "keys", "test")
    assert "erasure 1 came after the backup" in restored.settled.says
    assert "nothing is known about erasures since 1970" in restored.settled.says


def test_restore_commands_keep_no_personal_number(small: Installation, tmp_path: Path) -> None:
    said = f"as {PERSON} asked"
    for act in (
        lambda: confirm(small.settings, said, "done"),
        lambda: confirm(small.settings, "A. Hansen", said),
        lambda: settle_other_means(small.settings, said, "test"),
        lambda: settle_other_means(small.settings, "point in time", said),
        lambda: restore(small.settings, tmp_path, None, said),
    ):
        with pytest.raises(
            KvalitetError, match=r"^--(by|reason|other-means) holds what reads as a personal"
        ) as refused:
            act()
        assert PERSON not in str(refused.value)
    assert fetch_all(small.settings, LOADER, "select * from audit.restore") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"installation": "another"}\n', "is not this installation's"),
        (b'{"erasure": 1, "day": "2025-01-02", "state": "begun"}\n', "is not this installation's"),
        (b"\xff\x00\xfe", "cannot be read"),
    ],
)
def test_foreign_journal_stops_erasing_and_backup(
    small: Installation, tmp_path: Path, content: bytes, said: str
) -> None:
    (small.secrets / NAME).write_bytes(content)
    before = kept_and_rows(small)
    with pytest.raises(KvalitetError, match=said):
        erase(small.settings, NUMBER, "request", "test")
    assert kept_and_rows(small) == before
    with pytest.raises(KvalitetError, match=said):
        back_up(small.settings, tmp_path / "backups", tmp_path / "keys")
    assert list((tmp_path / "backups").iterdir()) == []
    assert not (tmp_path / "keys").exists()
    assert (small.secrets / NAME).read_bytes() == content


@pytest.mark.parametrize("left", ["", '{"insta'])
def test_journal_broken_at_start_is_begun_again(small: Installation, left: str) -> None:
    (small.secrets / NAME).write_text(left)
    assert erase(small.settings, NUMBER, "request", "test").erasure_id == 1
    journal = read_journal(small.secrets / NAME)
    assert journal.installation and journal.days.keys() == {1} and journal.gaps == ()
