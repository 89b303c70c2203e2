"""Takes a backup: the database at one instant, then the kept files that it names, then the keys where asked for.

The dump reads one snapshot, so it is consistent while a night runs. From before the dump until the files are copied,
nobody removes or rewrites kept files. A publication waits for the dump, because it drops tables that the dump reads.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow

from kvalitet.backup import folder, keys, target
from kvalitet.backup.connecting import connect_admin
from kvalitet.backup.programs import Programs, programs_for, run
from kvalitet.build.builds import CANDIDATE, LIVE, code_version, schemas_of
from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.landing import Store
from kvalitet.persons.journal import begin_journal, check_journal, journal_file
from kvalitet.services.airflow import database_name
from kvalitet.settings import TIMEZONE, Settings
from kvalitet.warehouse import locks, server

KIND = "data"
DUMP, AIRFLOW_DUMP, LANDING, CERTIFICATES = "warehouse.dump", "airflow.dump", "landing", "certificates"
#: Schemas that every build makes anew and drops while others read. Nothing in them outlives a night.
WORKING_SCHEMAS = (*schemas_of(CANDIDATE), "rebuild_*", "known_*", "restated_*")
#: A table that `airflow db migrate` makes in every version.
AIRFLOWS_TABLES = {
    f"public.{name}" for name in ("alembic_version", "dag", "dag_run", "task_instance", "connection", "variable")
}
Say = Callable[[str], None]
#: How long a backup waits for a publication, or for a process that changes kept files or persons.
PATIENCE_SECONDS = 1800.0


@dataclass(frozen=True)
class Made:
    """A finished backup. `missing` lists kept files that should be in the landing store and are not."""

    path: Path
    bytes: int
    kept_files: int
    missing: tuple[str, ...]
    keys_path: Path | None
    keys_absent: tuple[str, ...]
    airflow: str | None
    seconds: float


def back_up(settings: Settings, to: Path, keys_to: Path | None = None, say: Say = lambda text: None) -> Made:
    """Write `to`/kvalitet-<instant>, and the keys to `keys_to`/kvalitet-keys-<instant>.

    Needs the admin's credential. Raises KvalitetError where any part fails. Then there is no backup of that name.
    """
    began, now = time.monotonic(), datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%SZ}"
    _refuse_same_place(to, keys_to)
    with folder.writing(to, f"kvalitet-{name}") as partial:
        try:
            facts, absent = _write(settings, partial, keys_to and (keys_to, f"kvalitet-keys-{name}"), now, say)
        except psycopg.Error as error:
            raise KvalitetError(
                f"The server did not let the backup come to its end: {type(error).__name__}.",
                "Look at its log, then take the backup again.",
            ) from None
        folder.finish(partial, KIND, facts)
    path = to / f"kvalitet-{name}"
    return Made(
        path=path,
        bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        kept_files=facts["kept_files"],
        missing=tuple(facts["kept_files_missing"]),
        keys_path=keys_to and keys_to / f"kvalitet-keys-{name}",
        keys_absent=tuple(absent),
        airflow=facts["airflow"],
        seconds=time.monotonic() - began,
    )


def _refuse_same_place(to: Path, keys_to: Path | None) -> None:
    if keys_to is None:
        return
    data, apart = to.resolve(), keys_to.resolve()
    if data == apart or data in apart.parents or apart in data.parents:
        raise KvalitetError(
            f"The keys would lie with the data: {keys_to} and {to}.",
            "Name another folder for --keys-to, best on another machine: whoever has both can find people again.",
        )


def _write(
    settings: Settings, partial: Path, keys_to: tuple[Path, str] | None, now: datetime, say: Say
) -> tuple[dict[str, Any], list[str]]:
    """Write everything but the manifest. Returns the manifest's facts and the names of keys that are missing."""
    url, absent = server.admin_url(settings, settings.database), []
    with closing(connect_admin(url)) as held, _holding_files(url) as locked:
        facts, kept = _dump(settings, url, held, partial, now, say)
        facts["airflow"] = _dump_airflow(settings, held, partial, programs_for(_major(held)), say)
        lacking = _copy_kept(settings, kept, partial)
        facts["kept_files"] = len(kept) - len(lacking)
        # A missing file whose time is over was removed by a housekeeping that was killed before it recorded this.
        today = now.astimezone(TIMEZONE).date()
        facts["kept_files_missing"] = [row["path"] for row in lacking if row["retained_until"] >= today]
        say(f"Kept files: {facts['kept_files']} copied")
        if keys_to:
            with suppress(KvalitetError):  # where it cannot be written, it is reported as absent
                begin_journal(settings, facts["installation"])
            if journal_file(settings).is_file():
                check_journal(settings, facts["installation"])
            absent = keys.copy_keys(settings, *keys_to, {key: facts[key] for key in ("installation", "made_at")})
            say(f"Keys: {keys_to[0] / keys_to[1]}")
        locked.execute("select")  # fails unless the locks were held to the end
    return facts, absent


@contextmanager
def _holding_files(url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """Keep others from removing or rewriting a file, and from changing the rows' key before the keys are copied."""
    with closing(connect_admin(url)) as connection, connection.transaction():
        locks.take(connection, locks.FILES, "the kept files are being changed", PATIENCE_SECONDS, is_shared=True)
        locks.take(connection, locks.PERSONS, "persons or keys are being changed", PATIENCE_SECONDS, is_shared=True)
        yield connection


def _dump(
    settings: Settings, url: str, held: psycopg.Connection[DictRow], partial: Path, now: datetime, say: Say
) -> tuple[dict[str, Any], list[DictRow]]:
    programs, began = programs_for(_major(held)), time.monotonic()
    with closing(connect_admin(url)) as locked, locked.transaction(), held.transaction():
        locks.take(locked, locks.DUMP, "the database is being published or dumped", PATIENCE_SECONDS)
        held.execute("set transaction isolation level repeatable read, read only")
        snapshot = held.execute("select pg_export_snapshot() as snapshot").fetchone()
        facts, kept = _facts(settings, held, now), _kept(held)
        _write_certificates(held, partial)
        excluded = [f"--exclude-schema={schema}" for schema in WORKING_SCHEMAS]
        run(
            programs,
            "pg_dump",
            ["--format=custom", f"--file={partial / DUMP}", f"--snapshot={snapshot and snapshot['snapshot']}",
             "--lock-wait-timeout=120s", "--exclude-table=public.kvalitet_migration", *excluded],
            url,
        )  # fmt: skip
        tables = held.execute(_TABLES, [[schema.replace("_*", r"\_%") for schema in WORKING_SCHEMAS]]).fetchone()
    listed = run(programs, "pg_restore", ["--list", str(partial / DUMP)]).count(" TABLE DATA ")
    if not tables or listed < tables["tables"]:
        raise KvalitetError(
            f"The dump holds {listed} tables of {tables and tables['tables']}.", "Take the backup again."
        )
    say(f"Database: {listed} tables, {(partial / DUMP).stat().st_size:,} bytes ({time.monotonic() - began:.1f} s)")
    return facts | {"pg_dump": programs.version}, kept


_TABLES = """
    select count(*)::int as tables from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and nspname not like 'pg\\_%%' and nspname <> 'information_schema'
        and not (nspname = 'public' and relname = 'kvalitet_migration') and nspname not like all(%s)
        and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')
"""


def _facts(settings: Settings, connection: psycopg.Connection[DictRow], now: datetime) -> dict[str, Any]:
    """What the manifest says of the database, read in the dump's own snapshot."""

    def one(query: str) -> Any:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        return next(iter(row.values())) if row else None

    fitting = keys.fits(settings)
    introduced = one("select fingerprint from audit.pseudonym_key order by introduced_at desc limit 1")
    if introduced and fitting.pseudonym and introduced != fitting.pseudonym:
        raise KvalitetError(
            "The pseudonym key in place is not the one that the rows were made with: a rotation is unfinished.",
            "Finish it with `kvalitet person rotate-key`, then take the backup.",
        )
    return {
        "installation": str(one("select installation_id from audit.installation")),
        "made_at": now.isoformat(),
        "code_version": code_version(settings),
        "migration": one("select version_num from public.kvalitet_migration"),
        "postgres": one("show server_version"),
        "database": settings.database,
        "fits": {"pseudonym": introduced or fitting.pseudonym, "recipient": fitting.recipient},
        "roles": [row["name"] for row in connection.execute(_ROLES).fetchall()],
        "readers": [row["name"] for row in connection.execute(_READERS).fetchall()],
        "publication": one("select max(publication_id) from audit.publication"),
        "certificate": one("select sha256 from audit.certificate order by entry desc limit 1"),
        "erasures": one("select coalesce(array_agg(erasure_id order by 1), '{}') from audit.person_erasure"),
        "kept_files_removed": one("select count(distinct path) from audit.landed_file where purged_at is not null"),
        "live_builds": [
            row["build_id"]
            for row in connection.execute(
                "select build_id from audit.build where status = any(%s) order by 1", [list(LIVE)]
            ).fetchall()
        ],
        "contracts": {name: contract.sha256 for name, contract in load_contracts(settings).items()},
    }


#: Roles that rights and ownership in the database name. They must exist before it is restored.
_ROLES = """
    select distinct rolname::text as name from pg_shdepend join pg_roles on pg_roles.oid = refobjid
    where refclassid = 'pg_authid'::regclass and deptype in ('a', 'o', 'r') and rolname <> current_user
        and dbid = (select oid from pg_database where datname = current_database()) and rolname not like 'pg\\_%'
    order by 1
"""
#: Named readers: people's own logins, which belong to the server and are not in the dump.
_READERS = """
    select member.rolname::text as name from pg_auth_members join pg_roles as member on member.oid = member
    join pg_roles as granted on granted.oid = roleid
    where granted.rolname = 'kvalitet_detail_reader' and member.rolname <> 'kvalitet_detail' and member.rolcanlogin
    order by 1
"""


def _kept(connection: psycopg.Connection[DictRow]) -> list[DictRow]:
    return connection.execute(
        "select path, max(retained_until) as retained_until from audit.landed_file where purged_at is null"
        " group by path order by path"
    ).fetchall()


def _write_certificates(connection: psycopg.Connection[DictRow], partial: Path) -> None:
    """Write the certificates also as files, which can be read without a database."""
    for row in connection.execute("select entry, envelope from audit.certificate order by entry"):
        folder.write_private(partial / CERTIFICATES / f"{row['entry']:06}.json", row["envelope"].encode())


def _dump_airflow(
    settings: Settings, held: psycopg.Connection[DictRow], partial: Path, programs: Programs, say: Say
) -> str | None:
    """Dump Airflow's database where it is on this server. Its rights and owner are left to the new installation."""
    name = airflow_database(settings)
    if not held.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        if os.environ.get("KVALITET_AIRFLOW_DATABASE"):
            raise KvalitetError(
                f"There is no database {name} on this server, and KVALITET_AIRFLOW_DATABASE names it.",
                "Correct it, or take it away where Airflow's database is elsewhere.",
            )
        return None
    url = server.admin_url(settings, name)
    with closing(connect_admin(url)) as connection:
        tables = target.all_tables(connection)
    if not tables:
        return None  # Airflow is not set up in it yet
    if not tables >= AIRFLOWS_TABLES:
        raise KvalitetError(
            f"The database {name} is not Airflow's: it has no table {min(AIRFLOWS_TABLES - tables)}.",
            "Name Airflow's own, or take KVALITET_AIRFLOW_DATABASE away where that is on another server.",
        )
    run(programs, "pg_dump",
        ["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=120s",
         f"--file={partial / AIRFLOW_DUMP}"], url)  # fmt: skip
    say(f"Airflow's database: {(partial / AIRFLOW_DUMP).stat().st_size:,} bytes")
    return name


def airflow_database(settings: Settings) -> str:
    """The name in KVALITET_AIRFLOW_DATABASE, for an Airflow that `kvalitet up` did not set up."""
    return os.environ.get("KVALITET_AIRFLOW_DATABASE") or database_name(settings)


def _copy_kept(settings: Settings, kept: list[DictRow], partial: Path) -> list[DictRow]:
    """Copy the files as they lie in the store, encrypted. Returns those that are missing."""
    store, missing = Store(settings), []
    for row in kept:
        place = partial / LANDING / row["path"]
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not store.copy_out(row["path"], place):
            missing.append(row)
    return missing


def _major(connection: psycopg.Connection[DictRow]) -> int:
    return connection.info.server_version // 10000
