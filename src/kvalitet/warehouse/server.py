"""The embedded Postgres: server binaries from a wheel, run over TCP on loopback.

Data folder: var/server/data (see server_place.py for root). The admin's password stays in var/server/admin.password,
outside the secrets that tasks are given. With KVALITET_DATABASE_URL set there is no embedded server, and the admin's
connection is KVALITET_ADMIN_URL.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg

from kvalitet.errors import KvalitetError
from kvalitet.settings import Settings, read_secret, replace_secret
from kvalitet.settings.address import Address
from kvalitet.settings.server_note import NOT_STARTED, note_address, noted_address
from kvalitet.warehouse.connection import admin_not_reached, last_words
from kvalitet.warehouse.ports import free_port, is_free
from kvalitet.warehouse.rights import SESSION_SETTINGS
from kvalitet.warehouse.server_place import Say, owner, password_file, place, refuse_lost, remove_outside, server_user

ADMIN = "kvalitet_admin"
OLDEST_VERSION = 15
_LOG_LIMIT = 20 * 2**20  # bytes, above which a log is set aside at the next start
_SPACE_NEEDED = 500 * 2**20  # bytes: an empty cluster with its write-ahead log


@dataclass(frozen=True)
class ServerStatus:
    """Whether the embedded server runs, and where. `pid` is None while it does not."""

    address: str
    data: Path
    pid: int | None

    @property
    def is_running(self) -> bool:
        return self.pid is not None


def is_embedded() -> bool:
    return not os.environ.get("KVALITET_DATABASE_URL")


def admin_url(settings: Settings, database: str | None = None) -> str:
    """The admin's libpq URL. Only `up` and the migrations may use it.

    It points to KVALITET_ADMIN_URL's own database unless another is named, and is encrypted like the warehouse's unless
    it says otherwise. Raises KvalitetError where there is no such credential.
    """
    if not is_embedded():
        url = os.environ.get("KVALITET_ADMIN_URL")
        if not url:
            raise KvalitetError(
                "KVALITET_DATABASE_URL names an existing server, but KVALITET_ADMIN_URL is not set.",
                "Set it to postgresql://admin:password@host:port/postgres: roles and migrations need it once.",
            )
        stated = Address.read(url, "KVALITET_ADMIN_URL", settings.tls)
        return (replace(stated, database=database) if database else stated).url()
    file = password_file(settings)
    if not file.is_file():
        raise KvalitetError(f"The server's admin password is not at {file}.", "Run `kvalitet up`, which makes it.")
    return Address(settings.server, database or "postgres", settings.tls, ADMIN, read_secret(file)).url()


def start(settings: Settings, say: Say = print) -> Settings:
    """Start the embedded server where it does not run yet. Returns the settings with its address.

    With an own server, checks that its admin can be reached and that it is new enough. Raises KvalitetError (binaries
    missing, disk full, server not ready) that says how to mend it.
    """
    if not is_embedded():
        if not _check_version(admin_url(settings)):
            say(f"The connection to {settings.server} is not encrypted: docs/own-postgres.md, TLS.")
        return settings
    with _only_one(settings) as turn:
        data, programs = place(settings, say)
        for attempt in (1, 2):
            if process := _postmaster(data):
                _resume(process)
            else:
                _initialise(settings, data, programs, turn)
                _clear_remains(data)
                _run(settings, data, programs, say)
            settings = replace(settings, server=_listens_at(data))
            note_address(settings.var, settings.server)
            try:
                _check_version(admin_url(settings))
                break
            except KvalitetError:
                time.sleep(1)  # it may have been shutting down
                if attempt == 2 or _postmaster(data) is not None:
                    raise
    return settings


def stop(settings: Settings) -> bool:
    """Stop the embedded server. False where it did not run (or is not ours to stop)."""
    if not is_embedded() or not (settings.var / "server").is_dir() or owner(settings, _data(settings)):
        return False
    with _only_one(settings):
        process = _postmaster(_data(settings))
        if process is None:
            return False
        pid = process.pid
        # SIGINT is Postgres' fast shutdown: sessions are ended, and everything committed is kept.
        process.send_signal(signal.SIGINT)
        _resume(process)
        deadline = time.monotonic() + 60
        while _postmaster(_data(settings)) is not None:
            if time.monotonic() > deadline:
                raise KvalitetError(
                    f"Postgres (pid {pid}) does not end.",
                    f"See {settings.var}/log/postgres.log; end it with: kill -QUIT {pid}; kill -CONT {pid}",
                )
            time.sleep(0.05)
    return True


def status(settings: Settings) -> ServerStatus:
    data = _data(settings)
    process = None if owner(settings, data) else _postmaster(data)
    noted = noted_address(settings.var)
    return ServerStatus(settings.server if noted == NOT_STARTED else noted, data, process.pid if process else None)


def remove(settings: Settings) -> None:
    """Stop the server and delete its data, even where they lie outside the checkout."""
    stop(settings)
    remove_outside(settings)
    shutil.rmtree(settings.var / "server", ignore_errors=True)


def _data(settings: Settings) -> Path:
    return (settings.var / "server" / "data").resolve()


@contextmanager
def _only_one(settings: Settings) -> Iterator[int]:
    """Let two commands take turns. A process that is given the descriptor keeps the turn until it ends."""
    folder = settings.var / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "server.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _initialise(settings: Settings, data: Path, programs: Path, turn: int) -> None:
    """Make an empty cluster where there is none. The file that hands over its password exists until all of it is made.

    initdb goes on where the command is killed, and keeps the `turn`, so that nobody empties the folder meanwhile.
    """
    handover = data.parent / f"{data.name}.new-password"  # initdb reads it as the server's user
    if not handover.exists():
        refuse_lost(settings, data)
        if (data / "PG_VERSION").is_file():
            return
    if shutil.disk_usage(data).free < _SPACE_NEEDED:
        raise KvalitetError(
            f"The disk of {data} has less than {_SPACE_NEEDED // 2**20} MB left.",
            f"Make room (df -h {data}), or set KVALITET_VAR to a folder on another disk.",
        )
    password, user = secrets.token_urlsafe(24), server_user()
    replace_secret(handover, password)
    _empty(data)
    if user:
        os.chown(handover, user.pw_uid, user.pw_gid)
    arguments = ["-U", ADMIN, "-A", "scram-sha-256", "--pwfile", handover, "-E", "UTF8", "--locale=C.UTF-8"]
    done = _call([programs / "initdb", "-D", data, *arguments], capture_output=True, pass_fds=[turn])
    if done.returncode == 0:
        replace_secret(password_file(settings), password)
    else:
        _empty(data)
    handover.unlink()
    if done.returncode != 0:
        raise _failure("Postgres could not make its data folder", done.stderr, data)


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _run(settings: Settings, data: Path, programs: Path, say: Say) -> None:
    log = settings.var / "log" / "postgres.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    port = int(noted_address(settings.var).rpartition(":")[2])
    said = ""
    for _ in range(3):
        if not port or not is_free(port):
            before, port = port, free_port()
            if before:
                say(f"Port {before} is taken; the warehouse is now at 127.0.0.1:{port} (BI tools must be told).")
        start_of_log = log.stat().st_size if log.exists() else 0
        with open(log, "ab") as out:
            options = " ".join(f"-c {name}={value}" for name, value in _server_settings(port).items())
            done = _call(
                [programs / "pg_ctl", "start", "-D", data, "-w", "-t", "120", "-o", options], stdout=out, stderr=out
            )
        if done.returncode == 0:
            return
        said = log.read_bytes()[start_of_log:].decode(errors="replace")
        if "could not bind" not in said:
            break
        time.sleep(0.2)
    raise _failure(f"Postgres did not start (its log: {log})", said, data)


def _server_settings(port: int) -> dict[str, object]:
    """Settings for a machine that does other things too: memory by its size, everything on loopback."""
    memory_mb = psutil.virtual_memory().total // 2**20
    return SESSION_SETTINGS | {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "''",
        "max_connections": 200,
        "reserved_connections": 40,  # for the pipeline, where readers and Airflow use all others
        "max_notify_queue_pages": 1024,  # 8 MB, and nothing here needs any. A reader could fill 8 GB
        "shared_buffers": f"{min(512, max(64, memory_mb // 16))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_level": "minimal",  # no replicas here: new tables are synced instead of logged twice
        "max_wal_senders": 0,
        "synchronous_commit": "on",
        "max_locks_per_transaction": 256,
        "random_page_cost": 1.1,
        "client_connection_check_interval": "10s",  # so that a killed process' statement is ended
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def _postmaster(data: Path) -> psutil.Process | None:
    """The server's process by its own note, if that is still the server and not a later process of that number."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        alive = process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
        return process if alive else None
    except psutil.AccessDenied:
        raise KvalitetError(f"Another user runs the server of {data}.", "Stop it as that user first.") from None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def _resume(process: psutil.Process) -> None:
    """Resume the server and its children where they are stopped.

    A stopped process does not react to a request to end, and the server waits for its children to end. SIGCONT is sent
    to all of them, because one that is about to stop does not look stopped yet. It has no effect on the others.
    """
    for one in (process, *process.children()):
        with suppress(psutil.Error):
            one.resume()


def _listens_at(data: Path) -> str:
    """host:port by the server's own note. Copies of the run folder and damage to our note do not affect it."""
    try:
        return f"127.0.0.1:{int((data / 'postmaster.pid').read_text().splitlines()[3])}"
    except (OSError, ValueError, IndexError):
        raise KvalitetError(f"The server of {data} has just ended.", "Run `kvalitet up` again.") from None


def _clear_remains(data: Path) -> None:
    """End the children of a server that died by kill -9, and remove its note."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and Path(process.cwd()) == data:
                process.kill()
                process.wait(10)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _call(command: list, **options) -> subprocess.CompletedProcess:
    """Run a Postgres program as the server's user, without this process' secrets in its environment."""
    user = server_user()
    options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        umask=0o077,
        **options,
    )


def _failure(what: str, said: bytes | str, data: Path) -> KvalitetError:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    last = next((line for line in reversed(text.splitlines()) if "FATAL" in line or "error" in line.lower()), "")
    if "No space left" in text:
        return KvalitetError(f"{what}: the disk of {data} is full.", f"Make room (df -h {data}) and start again.")
    if "initialized by PostgreSQL version" in text or "incompatible with server" in text:
        return KvalitetError(
            f"{what}: {data} was made by another major version.", "Dump it with that version, `make clean`, restore."
        )
    return KvalitetError(
        f"{what}. {last.strip()}", "Mend what it names; where the data can be spared, `make clean` begins anew."
    )


def _check_version(url: str) -> bool:
    """Raises where the server is not ready or too old. Returns whether the connection is encrypted."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(url, connect_timeout=10) as connection:
                version, is_encrypted = connection.info.server_version // 10000, connection.pgconn.ssl_in_use
                break
        except psycopg.OperationalError as error:
            said, failed = last_words(error), error
        if time.monotonic() > deadline or not ("starting up" in said or "recovery" in said):
            raise admin_not_reached(Address.read(url, "KVALITET_ADMIN_URL").server, failed)
        time.sleep(0.5)
    if version < OLDEST_VERSION:
        raise KvalitetError(
            f"The server is PostgreSQL {version}; {OLDEST_VERSION} or newer is needed (security_invoker views).",
            "Upgrade it, or unset KVALITET_DATABASE_URL to use the embedded server.",
        )
    return is_encrypted
