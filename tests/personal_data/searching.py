"""Searches all that the system wrote: each table of each schema, the server's own views, and any kind of file."""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

Finder = Callable[[bytes], set[str]]

#: Views in which the server itself keeps data and statements.
_SERVERS_OWN = ("pg_stats", "pg_stats_ext", "pg_stat_activity", "pg_description", "pg_shdescription", "pg_settings")


def in_database(url: str, find: Finder) -> list[str]:
    """Where something is found in the database of `url` (an admin's), as `schema.table: what`."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where relkind in ('r', 'p', 'm') and nspname !~ '^pg_' and nspname <> 'information_schema'"
            " order by 1, 2"
        ).fetchall()
        assert tables
        tables += [("pg_catalog", name) for name in _SERVERS_OWN]
        found = []
        for schema, table in tables:
            query = sql.SQL("copy (select t::text from {} t) to stdout").format(sql.Identifier(schema, table))
            with connection.cursor().copy(query) as rows:
                content = b"".join(bytes(row) for row in rows)
            found += [f"{schema}.{table}: {what}" for what in sorted(find(content))]
    return found


def in_files(folder: Path, find: Finder, but: tuple[str, ...] = ()) -> list[str]:
    """The files below `folder` that hold something in their bytes or names, or in their members if they are archives.

    `but` names parts of paths that are left out.
    """
    found = []
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_symlink() or not file.is_file() or set(but) & {*inside.parts, inside.as_posix()}:
            continue
        for name, content in _contents(file):
            found += [f"{name}: {what}" for what in sorted(find(content) | find(name.encode()))]
    return found


def _contents(file: Path) -> Iterator[tuple[str, bytes]]:
    content = file.read_bytes()
    yield str(file), content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield f"{file}!{member}", archive.read(member)
    elif content.startswith(b"\x1f\x8b"):
        yield f"{file}!", gzip.decompress(content)
