"""The hash of a row: of its columns that are set, each with its name, in the order of their names.

A column that is not set is not in it. So a contract that gains a column leaves the rows as they are in which the new
column is empty, wherever it stands in the contract.
"""

from collections.abc import Collection, Mapping

from psycopg import sql

from kvalitet.contracts import Table


def row_hash(texts: Mapping[str, str]) -> str:
    """The hash in DuckDB's SQL. `texts` maps each raw column to its value as text, null where it is not set."""
    set_columns = (f"'{name}' || chr(30) || {texts[name]}" for name in sorted(texts))
    return f"md5(concat_ws(chr(31), {', '.join(set_columns)}))"


def hash_sql(
    table: Table, alias: str, instead: dict[str, sql.Composable] | None = None, without: Collection[str] = ()
) -> sql.Composed:
    """The same in Postgres' SQL, over a raw table's columns under `alias`, for rows whose pseudonym changes.

    `instead` maps columns to what stands in for their value, and `without` names columns that are left out.
    """
    instead = instead or {}
    scales = {column.name: column.scale for column in table.columns}
    parts = []
    for name, logical_type in sorted(table.raw_columns().items()):
        if name in without:
            continue
        value = instead.get(name, sql.Identifier(alias, name))
        if logical_type == "timestamp":
            value = sql.SQL("(extract(epoch from {}) * 1000000)::bigint").format(value)
        elif logical_type == "number":  # with all its decimals, as DuckDB writes them
            value = sql.SQL("round({}, {})").format(value, sql.Literal(scales[name]))
        parts.append(sql.SQL("{} || chr(30) || {}::text").format(sql.Literal(name), value))
    return sql.SQL("md5(concat_ws(chr(31), {}))").format(sql.SQL(", ").join(parts))
