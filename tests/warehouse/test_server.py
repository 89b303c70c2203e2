"""The embedded server is started, kept, repaired after a crash, and removed without a trace."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from kvalitet.errors import KvalitetError
from kvalitet.services import preparing
from kvalitet.settings import Settings
from kvalitet.settings.server_note import noted_address
from kvalitet.warehouse import server, server_place

pytestmark = pytest.mark.slow


@pytest.fixture
def blank() -> Iterator[Settings]:
    """Settings of an installation that has no server yet."""
    var = Path(tempfile.mkdtemp(prefix="kvalitet-test-"))
    var.chmod(0o755)
    settings = Settings(root=Path.cwd(), var=var, inbox="", server="127.0.0.1:0", database="kvalitet")
    yield settings
    server.remove(settings)
    for folder in ("log", "run"):
        for file in (var / folder).glob("*"):
            file.unlink()
        if (var / folder).is_dir():
            (var / folder).rmdir()
    var.rmdir()  # fails if the server left anything behind


def answer(settings: Settings, query: str) -> object:
    with psycopg.connect(server.admin_url(settings)) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None


def test_start_is_idempotent_and_keeps_port(blank: Settings) -> None:
    first = server.start(blank)
    pid = server.status(blank).pid
    assert server.start(blank).server == first.server
    assert server.status(blank).pid == pid
    assert server.stop(blank)
    assert not server.stop(blank)
    assert server.start(blank).server == first.server


def test_only_loopback_with_passwords(blank: Settings) -> None:
    started = server.start(blank)
    assert answer(started, "show listen_addresses") == "127.0.0.1"
    assert answer(started, "show unix_socket_directories") == ""
    assert answer(started, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules") == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://{server.ADMIN}:wrong@{started.server}/postgres")
    password = blank.var / "server" / "admin.password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert not password.is_relative_to(blank.secrets_dir)


def test_committed_rows_survive_kill(blank: Settings) -> None:
    started = server.start(blank)
    with psycopg.connect(server.admin_url(started)) as connection:
        connection.execute("create table kept as select 42 as answer")
    pid = server.status(blank).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert answer(server.start(blank), "select answer from kept") == 42


def test_note_of_dead_server_is_ignored(blank: Settings) -> None:
    server.start(blank)
    note = server.status(blank).data / "postmaster.pid"
    left = note.read_text()
    server.stop(blank)
    # Another process has this number by now, namely this one.
    note.write_text(left.replace(left.split()[0], str(os.getpid()), 1))
    assert not server.status(blank).is_running
    assert answer(server.start(blank), "select 1") == 1


def test_damaged_address_note_is_rewritten(blank: Settings) -> None:
    first = server.start(blank)
    note = blank.var / "run" / "postgres.address"
    for content in (b"", b"127.0.0.1:99999", b"\xff\x00"):
        note.write_bytes(content)
        assert server.start(blank).server == first.server
        assert noted_address(blank.var) == first.server
    server.stop(blank)
    note.write_bytes(b"\xff\x00")
    assert answer(server.start(blank), "select 1") == 1


def test_copied_run_folder_has_own_server(blank: Settings) -> None:
    first = server.start(blank)
    server.stop(blank)  # a copy of files that are being written would not be sound
    copy = replace(blank, var=Path(tempfile.mkdtemp(prefix="kvalitet-test-")))
    subprocess.run(["cp", "-a", f"{blank.var}/.", str(copy.var)], check=True)
    server.start(blank)
    try:
        copy.var.chmod(0o700)
        if os.geteuid() == 0:
            with pytest.raises(KvalitetError, match="cannot reach the warehouse's data"):
                server.start(copy)
            copy.var.chmod(0o755)
        assert server.start(copy).server != first.server
        assert server.status(copy).pid != server.status(blank).pid
        assert noted_address(blank.var) == first.server
    finally:
        server.remove(copy)
        shutil.rmtree(copy.var)
    assert answer(first, "select 1") == 1


def test_suspended_server_is_ended_at_once(blank: Settings) -> None:
    started = server.start(blank)
    pid = server.status(blank).pid
    assert pid
    for one in (psutil.Process(pid), *psutil.Process(pid).children()):
        one.suspend()
    began = time.monotonic()
    assert server.stop(blank)
    assert time.monotonic() - began < 30
    assert not server.status(blank).is_running
    server.start(blank)
    pid = server.status(blank).pid
    assert pid
    psutil.Process(pid).suspend()
    assert answer(server.start(blank), "select 1") == 1
    assert server.status(blank).pid == pid
    assert started.server == noted_address(blank.var)


def test_taken_port_is_replaced_and_reported(blank: Settings) -> None:
    first = server.start(blank)
    server.stop(blank)
    said: list[str] = []
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(first.server.split(":")[1])))
        other.listen()
        second = server.start(blank, said.append)
    assert second.server != first.server
    assert answer(second, "select 1") == 1
    assert second.server in said[0]


def test_full_disk_is_reported(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SPACE_NEEDED", 2**62)
    with pytest.raises(KvalitetError) as error:
        server.start(blank)
    assert "df -h" in error.value.remedy


def test_missing_binaries_are_reported(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_place.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(KvalitetError) as error:
        server.start(blank)
    assert "uv sync --frozen" in error.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_root_moves_unreachable_data(blank: Settings) -> None:
    blank.var.chmod(0o700)
    said: list[str] = []
    started = server.start(blank, said.append)
    outside = server.status(blank).data
    assert not outside.is_relative_to(blank.var)
    assert str(outside.parent) in said[0]
    assert answer(started, "select 1") == 1
    server.remove(blank)
    assert not outside.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_copied_folder_leaves_original_alone(blank: Settings, tmp_path: Path) -> None:
    blank.var.chmod(0o700)
    started = server.start(blank)
    pid, data = server.status(blank).pid, server.status(blank).data
    copy = replace(blank, var=tmp_path / "copy")
    shutil.copytree(blank.var, copy.var, symlinks=True)
    assert not server.stop(copy)
    assert not server.status(copy).is_running
    with pytest.raises(KvalitetError, match=f"is a copy.*belong to {blank.var}"):
        server.start(copy)
    server.remove(copy)
    assert server.status(blank).pid == pid
    assert answer(started, "select 1") == 1
    # A copy that starts without the data gets its own data.
    shutil.copytree(blank.var, copy.var, symlinks=True, dirs_exist_ok=True)
    for left in ("data", "admin.password"):
        (copy.var / "server" / left).unlink()
    try:
        server.start(copy)
        assert server.status(copy).data != data
    finally:
        server.remove(copy)
    assert data.is_dir() and server.status(blank).pid == pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_moved_run_folder_keeps_its_data(blank: Settings, tmp_path: Path) -> None:
    blank.var.chmod(0o700)
    with psycopg.connect(server.admin_url(server.start(blank))) as connection:
        connection.execute("create table kept as select 42 as answer")
    pid, data = server.status(blank).pid, server.status(blank).data
    moved = replace(blank, var=tmp_path / "moved")
    shutil.move(blank.var, moved.var)
    try:
        assert server.status(moved).pid == pid
        assert server.stop(moved)
        assert answer(server.start(moved), "select answer from kept") == 42
        assert server.status(moved).data == data
        blank.var.mkdir(mode=0o700)
        server.start(blank)
        assert server.status(blank).data != data
        server.remove(blank)
        assert answer(server.start(moved), "select answer from kept") == 42
    finally:
        server.remove(moved)
    assert not data.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_link_to_missing_data_is_reported(blank: Settings) -> None:
    blank.var.chmod(0o700)
    server.start(blank)
    server.stop(blank)
    data = server.status(blank).data
    away = data.rename(data.with_name("away"))
    with pytest.raises(KvalitetError, match="data are gone"):
        server.start(blank)
    away.rename(data)
    assert answer(server.start(blank), "select 1") == 1


def test_password_or_data_alone_is_reported(blank: Settings) -> None:
    server.start(blank)
    server.stop(blank)
    inside = blank.var / "server"
    password, data = (inside / name for name in ("admin.password", "data"))
    password.rename(inside / "away")
    with pytest.raises(KvalitetError, match=r"password of the warehouse's data .* is not at"):
        server.start(blank)
    (inside / "away").rename(password)
    data.rename(inside / "away")
    with pytest.raises(KvalitetError, match="data are gone"):
        server.start(blank)
    assert not (data / "PG_VERSION").exists()
    data.rmdir()
    (inside / "away").rename(data)
    assert answer(server.start(blank), "select 1") == 1


@pytest.mark.parametrize("left", ["data that are half made", "a password"])
def test_killed_initdb_is_started_again(blank: Settings, left: str) -> None:
    server_place.place(blank, print)
    inside = blank.var / "server"
    (inside / "data.new-password").write_text("")
    (inside / "data" / "PG_VERSION").write_text("18\n")
    if left == "a password":
        (inside / "admin.password").write_text("old")
    assert answer(server.start(blank), "select 1") == 1
    assert not (inside / "data.new-password").exists()


START = """
import sys
from pathlib import Path
from kvalitet.settings import Settings
from kvalitet.warehouse import server
server.start(Settings(Path.cwd(), Path(sys.argv[1]), "", "127.0.0.1:0", "kvalitet"))
"""


@pytest.mark.parametrize("made", ["PG_VERSION", "base/1", "base/4"])
def test_killed_start_leaves_no_writer(blank: Settings, made: str) -> None:
    """initdb outlives the command that started it."""
    begun = subprocess.Popen([sys.executable, "-c", START, str(blank.var)])
    give_up = time.monotonic() + 60
    while not (blank.var / "server" / "data" / made).exists():
        assert begun.poll() is None and time.monotonic() < give_up
    begun.kill()
    begun.wait()
    assert answer(server.start(blank), "select 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_root_copies_unreachable_binaries(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    reach = server_place._can_reach
    wheel = server_place.binaries()
    monkeypatch.setattr(
        server_place, "_can_reach", lambda path, user: not path.is_relative_to(wheel) and reach(path, user)
    )
    said: list[str] = []
    started = server.start(blank, said.append)
    pid = server.status(blank).pid
    assert pid
    assert not Path(f"/proc/{pid}/exe").readlink().is_relative_to(wheel)
    assert answer(started, "select 1") == 1
    server.stop(blank)
    server.start(blank, said.append)
    assert len(said) == 1, "copied once"


def test_own_postgres_15_is_prepared(debian_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = debian_server.split("@")[1].split("/")[0]
    monkeypatch.setenv("KVALITET_DATABASE_URL", f"postgresql://{address}/kvalitet_own")
    monkeypatch.setenv("KVALITET_VAR", str(tmp_path))
    settings = Settings.from_environment()
    with pytest.raises(KvalitetError, match="KVALITET_ADMIN_URL"):
        server.start(settings)
    monkeypatch.setenv("KVALITET_ADMIN_URL", debian_server)
    assert server.start(settings) == settings
    preparing.prepare(settings, server.admin_url(settings))
    with psycopg.connect(settings.dsn("kvalitet_auditor")) as connection:
        assert connection.execute("select count(*) from audit.build").fetchone() == (0,)
    assert not server.stop(settings)


def test_too_old_server_is_refused(debian_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLDEST_VERSION", 16)
    with pytest.raises(KvalitetError, match="PostgreSQL 15; 16 or newer"):
        server._check_version(debian_server)


def test_each_test_has_its_own_warehouse(settings: Settings, admin_url: str) -> None:
    with psycopg.connect(settings.dsn("kvalitet_auditor")) as connection:
        assert connection.execute("select current_database()").fetchone() == (settings.database,)
    with psycopg.connect(admin_url) as connection:
        assert connection.execute("select count(*) from audit.build").fetchone() == (0,)
