"""An installation for the benchmarks alone, in a temporary folder: server, deliveries, commands."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from benchmarks.measured import Run, run
from kvalitet import services
from kvalitet.settings import Settings
from kvalitet.settings.server_note import noted_address
from kvalitet.warehouse import server
from kvalitet.warehouse.server_place import binaries

ROOT = Path(__file__).resolve().parents[1]
FIRST_CUTOFF = date(2025, 1, 2)  # of the sample's first night, and one day later each night
FLOOR = "floor"  # the database of the floors, on the same server


class Place:
    """One installation below `folder` (readable by the server's user) and the deliveries made for it."""

    def __init__(self, folder: Path, complaints: int) -> None:
        self.folder, self.complaints = folder, complaints
        self.var = folder / "var"
        self.settings = Settings(ROOT, self.var, f"file://{self.var / 'inbox'}", "127.0.0.1:0", "kvalitet")
        ours = ("KVALITET_", "AIRFLOW", "PG")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
            "KVALITET_ROOT": str(ROOT),
            "KVALITET_VAR": str(self.var),
            "KVALITET_SETTLE_SECONDS": "0",  # these files are whole, so waiting for that would only add time
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "200",
        }

    def kvalitet(self, *arguments: str) -> Run:
        """Run a command of the project as its own process."""
        return run([sys.executable, "-m", "kvalitet", *arguments], self.env, ROOT)

    def up(self, with_airflow: bool = False) -> Run:
        done = self.kvalitet("up", *([] if with_airflow else ["--without-airflow"]))
        address = noted_address(self.var)
        self.settings = replace(self.settings, server=address)
        return done

    def empty(self) -> None:
        """Make a warehouse that has never seen a night, with an empty inbox and an empty floor beside it."""
        with self.admin() as connection:
            for name in (self.settings.database, FLOOR):
                connection.execute(f"drop database if exists {name} with (force)")  # type: ignore[arg-type]
            connection.execute(f"create database {FLOOR}")
        for name in ("inbox", "dbt", "site", "spool"):
            shutil.rmtree(self.var / name, ignore_errors=True)
        self.up()

    def delivery(self, night: int) -> Path:
        """The folder of a night's deliveries, which are generated when they are first asked for."""
        out = self.folder / "deliveries" / str(night)
        if not out.is_dir():
            self.kvalitet("sample", "--night", str(night), "--complaints", str(self.complaints), "--out", str(out))
        return out

    def deliver(self, night: int) -> None:
        """Put a night's deliveries into the inbox."""
        source = self.delivery(night)
        for file in source.rglob("*.*"):
            target = self.var / "inbox" / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(file)

    def complaint_files(self, night: int) -> tuple[Path, Path]:
        folder = self.delivery(night) / "bif_complaints"
        return next(folder.glob("klager_*.csv")), next(folder.glob("klagepunkter_*.csv"))

    def psql(self, *arguments: str | Path, cwd: Path) -> Run:
        """Run psql from the embedded server's wheel, as the admin, in the floors' database."""
        address = urlsplit(server.admin_url(self.settings, FLOOR))
        where = {
            "PGHOST": address.hostname or "", "PGPORT": str(address.port), "PGDATABASE": FLOOR,
            "PGUSER": address.username or "", "PGPASSWORD": unquote(address.password or ""),
        }  # fmt: skip
        command = [binaries() / "bin" / "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", *arguments]
        return run(command, self.env | where, cwd)

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(server.admin_url(self.settings, database), autocommit=True)

    def settle(self) -> None:
        """Let the server write out what earlier commands left, so that the next measurement does not include it."""
        with self.admin() as connection:
            connection.execute("checkpoint")


def cutoff(night: int) -> date:
    return FIRST_CUTOFF + timedelta(days=night - 1)


@contextmanager
def place(complaints: int, with_airflow: bool = False) -> Iterator[Place]:
    """Start an installation. It is ended and deleted afterwards, whatever happened."""
    # Not below a closed folder, because when run as root the server's user could not pass through it.
    folder = Path(tempfile.mkdtemp(prefix="kvalitet-bench-"))
    folder.chmod(0o755)
    made = Place(folder, complaints)
    try:
        made.up(with_airflow)
        yield made
    finally:
        with _undisturbed():
            services.remove(made.settings, say=lambda text: None)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore a second Ctrl-C, so that no server is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
