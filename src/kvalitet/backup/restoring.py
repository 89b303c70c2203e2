"""Restores a backup into an empty installation. It may be killed at any instant and run again.

Everything is checked before anything is changed. The database is restored in one transaction, which also closes it to
every role. It is opened when its migrations have run, builds that were live have ended, and the erasures that came
after the backup are known.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.rows import DictRow

from kvalitet.backup import folder, keys, target
from kvalitet.backup.airflow import check_airflow, restore_airflow
from kvalitet.backup.connecting import connect_admin
from kvalitet.backup.making import DUMP, KIND, LANDING
from kvalitet.backup.programs import programs_for
from kvalitet.backup.script import replay
from kvalitet.backup.settling import Settled, settle
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.evidence.chain import write_files
from kvalitet.landing import Store
from kvalitet.persons.journal import journal_file, read_journal
from kvalitet.services import preparing
from kvalitet.settings import Settings
from kvalitet.verification.verify import Verification, verify
from kvalitet.warehouse import admin, server
from kvalitet.warehouse.kept_text import without_number

Say = Callable[[str], None]
#: The phases that the database's comment names.
_RESTORED, _SETTLED = "restored", "settled"


@dataclass(frozen=True)
class Restored:
    """What was restored, and what somebody must still do."""

    backup: str
    verification: Verification
    settled: Settled
    runs_ended: tuple[str, ...] = ()  # of Airflow
    readers: tuple[str, ...] = ()  # named readers whose logins are not in a backup
    contracts_changed: tuple[str, ...] = ()  # differ from those of the backup
    kept_files_missing: tuple[str, ...] = field(default=())


def restore(settings: Settings, path: Path, keys_path: Path | None, by: str, say: Say = lambda text: None) -> Restored:
    """Restore the backup in `path`, with the keys in `keys_path` or those in place.

    Needs the admin's credential, and nobody else in the database. Raises KvalitetError where the backup is damaged,
    foreign or newer, the keys do not fit it, the installation is not empty, or Postgres refuses any statement.
    """
    by = without_number(by, "--by")
    try:
        return _restore(settings, path, keys_path, by, say)
    except psycopg.Error as error:
        raise KvalitetError(
            f"The server did not let the restore come to its end: {type(error).__name__}.",
            "Look at its log, then run the same restore again: it goes on.",
        ) from None


def _restore(settings: Settings, path: Path, keys_path: Path | None, by: str, say: Say) -> Restored:
    backup = folder.read(path, KIND)
    given = keys.newest_keys(keys_path) if keys_path else None
    keys.check(settings, backup, given)
    for journal in (journal_file(settings), given and given.path / keys.JOURNAL):
        if journal and journal.is_file():
            read_journal(journal)  # an unreadable journal is reported now and not after the restore
    say(f"{backup.path.name}: {len(backup.manifest['files'])} files are whole, the keys fit")
    with closing(connect_admin(server.admin_url(settings))) as connection:
        _refuse_older_server(connection, backup)
        phase = _phase(connection, settings, backup)
        is_there = target.is_there(connection, settings.database)
    url = server.admin_url(settings, settings.database)
    if phase is None and is_there:
        with closing(connect_admin(url)) as warehouse:
            target.refuse_unless_empty(warehouse, settings.database)  # before the server's roles are changed
    if phase is None and backup.manifest["airflow"]:
        check_airflow(settings, backup)
    admin.make_roles_and_database(settings, server.admin_url(settings))
    with closing(connect_admin(url)) as warehouse:
        _refuse_unknown_roles(warehouse, backup)
        if phase is None:
            target.refuse_unless_empty(warehouse, settings.database)
        runs_ended = _bring_back(settings, warehouse, url, backup, given, phase, say)
        if phase != _SETTLED:
            admin.migrate_schema(settings, server.admin_url(settings))
            with warehouse.transaction():
                settle(settings, warehouse, backup.path.name, backup.manifest["made_at"], given, by)
                target.set_state(warehouse, settings.database, f"{_SETTLED} {backup.sha256}")
        preparing.open_warehouse(settings, server.admin_url(settings))
        say("Database: roles, rights and migrations")
        found = verify(settings)
        with suppress(OSError, KvalitetError):  # where this cannot be written, the next night writes them
            write_files(settings)
        settled = Settled.read(warehouse)
        target.set_state(warehouse, settings.database, None)
    changed = {name: one.sha256 for name, one in load_contracts(settings).items()}.items()
    return Restored(
        backup=backup.path.name,
        verification=found,
        settled=settled,
        runs_ended=tuple(runs_ended),
        readers=tuple(backup.manifest["readers"]),
        contracts_changed=tuple(sorted({name for name, _ in changed ^ backup.manifest["contracts"].items()})),
        kept_files_missing=tuple(backup.manifest["kept_files_missing"]),
    )


def _phase(connection: psycopg.Connection[DictRow], settings: Settings, backup: folder.Folder) -> str | None:
    """How far an earlier restore of this backup came. None where there was none."""
    said = target.state(connection, settings.database)
    if said is None:
        return None
    phase, _, digest = said.partition(" ")
    if digest != backup.sha256:
        raise KvalitetError(
            f"The restore of another backup into {settings.database} was broken off.",
            "Run it again with that backup, or drop the database and begin anew.",
        )
    return phase


def _bring_back(
    settings: Settings,
    warehouse: psycopg.Connection[DictRow],
    url: str,
    backup: folder.Folder,
    given: folder.Folder | None,
    phase: str | None,
    say: Say,
) -> list[str]:
    """Restore keys, kept files, Airflow's database, and last the warehouse. All but the last may be done twice."""
    if phase is not None:
        return []
    if given:
        keys.put_in_place(settings, given, say)
    store = Store(settings)
    for name in backup.files(LANDING):
        store.copy_in(name, backup.path / LANDING / name)
    say(f"Kept files: {len(backup.files(LANDING))}")
    runs_ended = restore_airflow(settings, backup, say) if backup.manifest["airflow"] else []
    manifest = backup.manifest
    replay(
        programs_for(max(int(manifest["pg_dump"].split(".")[0]), warehouse.info.server_version // 10000)),
        backup.path / DUMP,
        url,
        warehouse.info.server_version,
        before=target.emptying(warehouse, settings.database).as_string(warehouse),
        after=_MIGRATION_TABLE.format(manifest["migration"])
        + target.mark(settings.database, f"{_RESTORED} {backup.sha256}").as_string(warehouse),
    )
    say("Database: every table is back")
    return runs_ended


#: Left out of the dump, because it belongs to the admin, whose name may be another here.
_MIGRATION_TABLE = """
create table public.kvalitet_migration (version_num varchar(32) not null constraint kvalitet_migration_pkc primary key);
insert into public.kvalitet_migration values ('{}');
"""


def _refuse_older_server(connection: psycopg.Connection[DictRow], backup: folder.Folder) -> None:
    here, there = connection.info.server_version // 10000, int(backup.manifest["postgres"].split(".")[0])
    if here < there:
        raise KvalitetError(
            f"The backup is of PostgreSQL {there}, and this server is {here}.",
            f"Restore it into PostgreSQL {there} or newer.",
        )


def _refuse_unknown_roles(connection: psycopg.Connection[DictRow], backup: folder.Folder) -> None:
    known = {row["rolname"] for row in connection.execute("select rolname from pg_roles").fetchall()}
    if unknown := [role for role in backup.manifest["roles"] if role not in known]:
        raise KvalitetError(
            f"Tables of the backup belong to or are granted to roles that this server lacks: {', '.join(unknown)}.",
            "Make them first: create role … (docs/security.md, named readers).",
        )
