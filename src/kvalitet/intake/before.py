"""The state before a load, and whether it was read in the same way as this load.

A change on our side is not a change at the source. Where the contract or this code reads a text differently, every
row's hash or key may differ. So each load records how its texts became rows, and rows that differ only by that are
counted apart.
"""

import hashlib
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from kvalitet.contracts import Contract, Table

_CODE = ("intake", "spelling")
_READ_BY = (
    "file_format", "encoding", "delimiter", "quote", "decimal_sign", "thousands_sign", "timezone", "tables",
)  # fmt: skip
#: Prose and later names, which say nothing of how a text is read.
_PROSE = ("description", "role", "star_name")


@dataclass(frozen=True)
class Before:
    """The newest load in use. `columns` are the raw columns that it filled, by table, where that is known.

    `is_same_delivery`: this load takes the same files in once more. `is_unknown`: the newest load was read differently,
    and its files could not be read again as they would be today.
    """

    columns: dict[str, list[str]] = field(default_factory=dict)
    is_same_delivery: bool = False
    is_unknown: bool = False

    def common(self, table: Table) -> list[str]:
        """The table's columns that were filled before."""
        filled = self.columns.get(table.name)
        return [name for name in table.raw_columns() if filled is None or name in filled]

    def is_reread(self, table: Table) -> sql.Composable:
        """SQL condition on an open version `r` and an arrived row `i` that differ: whether only the reading differs."""
        if self.is_same_delivery or self.is_unknown:
            return sql.SQL("true")
        if table.is_increment:  # stated again, not changed
            return sql.SQL("coalesce(i.row_hash = r.row_hash, false) or {}").format(self._is_same_in_common(table))
        return self._is_same_in_common(table)

    def _is_same_in_common(self, table: Table) -> sql.Composable:
        common = self.common(table)
        if len(common) == len(table.raw_columns()):
            return sql.SQL("false")
        differ = sql.SQL(" or ").join(
            sql.SQL("i.{0} is distinct from r.{0}").format(sql.Identifier(name)) for name in common
        )
        return sql.SQL("not ({})").format(differ)


def reading_digest(contract: Contract) -> str:
    """Digest of what decides how texts become rows: the contract without its prose, this code and DuckDB."""
    stated = {name: value for name, value in asdict(contract).items() if name in _READ_BY}
    return hashlib.sha256(f"{_without_prose(stated)} {_code_digest()} {duckdb.__version__}".encode()).hexdigest()


def state_before(cursor, source_id: str, digest: str, of_load: int | None) -> Before:
    """The newest load in use, and whether it was read otherwise than by `digest`.

    `of_load` is the load whose files are taken in once more.
    """
    of = sql.Literal(of_load)
    query = sql.SQL(
        "select newest.load_id, newest.reading_sha256 is distinct from {digest}, newest.load_id = {of}"
        "  or (newest.content_sha256, newest.delivery) = (select content_sha256, delivery from audit.load"
        "   where load_id = {of}) from audit.load_in_use as newest"
        " where newest.source_id = {source} and newest.load_id > 0 order by newest.load_id desc limit 1"
    ).format(digest=sql.Literal(digest), of=sql.SQL("{}::bigint").format(of), source=sql.Literal(source_id))
    cursor.execute(query.as_string(None))
    found = cursor.fetchall()
    if not found:
        return Before()
    load_id, is_other, is_same = found[0]
    cursor.execute(f"select table_name, column_names from audit.load_table where load_id = {int(load_id)}")
    columns = {name: names for name, names in cursor.fetchall() if names}
    return Before(columns, bool(is_same), bool(is_other and not is_same))


def _without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_prose(inner) for name, inner in value.items() if name not in _PROSE}
    if isinstance(value, (list, tuple)):
        return [_without_prose(inner) for inner in value]
    return value


@cache
def _code_digest() -> str:
    package = Path(__file__).parents[1]
    files = sorted(file for name in _CODE for file in (package / name).rglob("*.py"))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
