"""The hash of a row as intake makes it (see reading.py), in Postgres' SQL, for rows whose pseudonym changes."""

from collections.abc import Collection

from psycopg import sql

from kvalitet.contracts import Table


def hash_sql(
    table: Table, alias: str, instead: dict[str, sql.Composable] | None = None, without: Collection[str] = ()
) -> sql.Composed:
    """The hash over a raw table's columns under `alias`. `instead` maps columns to what stands in for their value.

    `without` names columns that are left out.
    """
    instead = instead or {}
    scales = {column.name: column.scale for column in table.columns}
    parts = []
    for name, logical_type in table.raw_columns().items():
        if name in without:
            continue
        value = instead.get(name, sql.Identifier(alias, name))
        if logical_type == "timestamp":
            value = sql.SQL("(extract(epoch from {}) * 1000000)::bigint").format(value)
        elif logical_type == "number":  # with all its decimals, as DuckDB writes them
            value = sql.SQL("round({}, {})").format(value, sql.Literal(scales[name]))
        parts.append(sql.SQL("coalesce({}::text, chr(30))").format(value))
    return sql.SQL("md5(concat_ws(chr(31), {}))").format(sql.SQL(", ").join(parts))
