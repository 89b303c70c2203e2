"""The run's own server and folders, and copies of a whole warehouse to spoil."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from kvalitet import services
from kvalitet.settings import Settings
from kvalitet.settings.address import UNSTATED
from kvalitet.settings.server_note import note_address
from kvalitet.warehouse import server
from kvalitet.warehouse.copies import copy_database, without_waiting_for_the_disk


@contextmanager
def own_installation(of: Settings) -> Iterator[Settings]:
    """Start a Postgres with an empty warehouse for the administration of `of`, below a temporary folder.

    It is ended and deleted afterwards.
    """
    with _own_environment():
        # Not below a closed folder, because when run as root the server's user could not pass through it.
        folder = Path(tempfile.mkdtemp(prefix="kvalitet-mutation-"))
        folder.chmod(0o755)
        var = folder / "var"
        settings = replace(
            of, var=var, inbox=f"file://{var / 'inbox'}", server="127.0.0.1:0", database="kvalitet", tls=UNSTATED
        )
        try:
            started = services.up(settings, with_airflow=False, say=_say_nothing)
            without_waiting_for_the_disk(server.admin_url(started))
            yield started
        finally:
            services.remove(settings, say=_say_nothing)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _own_environment() -> Iterator[None]:
    """Keep the shell's settings from the run, so that it cannot find anybody's warehouse."""
    before = {name: value for name, value in os.environ.items() if name.startswith("KVALITET_")}
    for name in before:
        del os.environ[name]
    # These files are whole, so nothing waits for them to settle. Git is asked once, not per build.
    os.environ |= {
        "KVALITET_SETTLE_SECONDS": "0",
        "KVALITET_CODE_VERSION": before.get("KVALITET_CODE_VERSION", "mutation"),
    }
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("KVALITET_")]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def copy_of(settings: Settings, database: str, name: str) -> Iterator[Settings]:
    """A copy of `database` with its own folders, removed at the end. Ends all sessions of `database`."""
    made = replace(settings, database=name)
    with psycopg.connect(server.admin_url(settings), autocommit=True) as connection:
        copy_database(connection, database, name)
        try:
            with own_folders(made, name) as placed:
                yield placed
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def keep_copy(settings: Settings, database: str, name: str) -> Settings:
    """A copy that stays until the installation is removed. Other copies are made from it."""
    with psycopg.connect(server.admin_url(settings), autocommit=True) as connection:
        copy_database(connection, database, name)
    return replace(settings, database=name)


@contextmanager
def own_folders(settings: Settings, name: str) -> Iterator[Settings]:
    """An empty inbox and run folder beside the installation's own, with its passwords and keys."""
    var = settings.var.parent / name
    for folder in ("run", "inbox"):
        (var / folder).mkdir(parents=True)
    for shared in ("secrets", "server"):
        (var / shared).symlink_to(settings.var / shared)
    note_address(var, settings.server)
    try:
        yield replace(settings, var=var, inbox=f"file://{var / 'inbox'}")
    finally:
        shutil.rmtree(var, ignore_errors=True)


def _say_nothing(text: str) -> None:
    """Drop the messages about starting and ending a server, which are no news here."""
