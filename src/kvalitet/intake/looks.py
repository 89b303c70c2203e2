"""Describes a delivery that changes too much, by columns and counts and never by a value.

`diff` pairs open versions with arrived rows, see kvalitet.intake.history.
"""

from psycopg import sql

from kvalitet.intake.row_hash import hash_sql
from kvalitet.intake.table_load import TableLoad

MAX_COLUMNS_NAMED = 5
_PAIRS = " from {diff} d join {raw} r on r.ctid = d.open_version join {incoming} i on i.ctid = d.arrived"
_CHANGED = " where not d.is_set_aside and not d.is_reread"


def what_changed(load: TableLoad, changed: int) -> str:
    """Of `changed` rows: whether they hold the values of other keys, and which columns differ in how many rows."""
    others = [name for name in load.table.raw_columns() if name not in load.table.key]
    counted = sql.SQL(", ").join(
        sql.SQL("count(*) filter (where r.{0} is distinct from i.{0})").format(sql.Identifier(name)) for name in others
    )
    found = load.row("select {counted}" + _PAIRS + _CHANGED, counted=counted) if others else ()
    differ = sorted(((n, name) for name, n in zip(others, found, strict=True) if n), key=lambda one: (-one[0], one[1]))
    listed = ", ".join(f"{name} in {n}" for n, name in differ[:MAX_COLUMNS_NAMED])
    left = len(differ) - MAX_COLUMNS_NAMED
    named = f"Changed: {listed}{f', and {left} more columns' if left > 0 else ''}."
    shifted = _hold_what_others_held(load)
    if 2 * shifted > changed:
        return f"It looks as if keys were shifted: {shifted} rows hold what another key held. {named}"
    everywhere = [name for n, name in differ if n == changed]
    if len(everywhere) == len(differ) and len(differ) <= 2:
        return f"It looks as if {' and '.join(everywhere)} is filled or written otherwise in every row. {named}"
    return named


def renumbered(load: TableLoad) -> int:
    """How many new rows hold the values of absent keys, where equally many new and absent rows hold the same values.

    Rows of few columns are often alike. Equal counts tell a new number from a new case.
    """
    return load.row(
        "with gone as ("
        "  select {r_content} as content, count(*) as keys from {raw} r"
        "   where (r.valid_to_load is null or r.valid_to_load = {load_id})"
        "   and not exists (select from {incoming} i where {same_key}) group by 1),"
        " come as ("
        "  select {i_content} as content, count(*) as keys from {incoming} i join {diff} d on d.arrived = i.ctid"
        "   where d.open_version is null and not d.is_set_aside group by 1)"
        " select coalesce(sum(keys), 0)::int from gone join come using (content, keys)",
        **_contents(load),
    )[0]


def _hold_what_others_held(load: TableLoad) -> int:
    return load.row(
        "with held as (select {r_content} as content, min(ctid) as place, count(*) as keys"
        "  from {raw} r where r.valid_to_load is null group by 1)"
        " select count(*)"
        + _PAIRS
        + " join held on held.content = {i_content}"
        + _CHANGED
        + " and held.place <> d.open_version",
        **_contents(load),
    )[0]


def _contents(load: TableLoad) -> dict[str, sql.Composable]:
    """SQL for a hash of what a row holds beside its key."""
    return {f"{alias}_content": hash_sql(load.table, alias, without=load.table.key) for alias in "ir"}
