"""Takes an accepted load back: restores the state before it, and keeps everything that was recorded.

The state before is restored by a load of its own. It closes what the withdrawn load had opened, and opens again what
that had closed. A build of the past that rests on the withdrawn load finds its rows as they were, and what was
published stays verifiable.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.build.builds import LIVE, fail_if_live
from kvalitet.errors import KvalitetError
from kvalitet.intake.taking import find_load
from kvalitet.intake.turns import turn, turn_seconds
from kvalitet.settings import LOADER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.kept_text import without_number
from kvalitet.warehouse.locks import history_of, take

RESTING = """
    select build_id from audit.build join audit.build_load using (build_id)
    where load_id = %(load_id)s and kind = 'night' and status = any(%(live)s) order by build_id
"""


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal did. `restored_by` is the load that put `state_of` back, None where there was none before.

    `rows_closed` and `rows_reopened` are by table. `builds_ended` are builds under way that rested on the load.
    """

    load_id: int
    source_id: str
    delivery: str
    state_of: int | None
    restored_by: int | None
    rows_closed: dict[str, int]
    rows_reopened: dict[str, int]
    builds_ended: tuple[int, ...]


def withdraw(settings: Settings, load_id: int, reason: str, by: str) -> Withdrawal:
    """Take a load back, all of it in one transaction. A load that is withdrawn already is left as it is.

    Raises KvalitetError where the load was refused, only put another state back, or later deliveries stand on it.
    Raises LockHeld where another process stays at work on the source.
    """
    if not reason.strip() or not by.strip():
        raise KvalitetError("A withdrawal needs who and why.", "Give --reason 'what was wrong with the delivery'.")
    reason, by = without_number(reason, "--reason"), without_number(by, "--by")
    load = find_load(settings, load_id)
    _refuse_what_cannot_be(load)
    closed: dict[str, int] = {}
    reopened: dict[str, int] = {}
    state_of = None
    with turn(settings, load["source_id"], f"a withdrawal by {by.strip()}"), connect(settings, LOADER) as connection:
        restored_by = find_load(settings, load_id)["restored_by"]  # the process before may have withdrawn it
        connection.execute("set local timezone = 'UTC'")
        # Also waits for a killed process whose statement the server still runs.
        take(connection, history_of(load["source_id"]), f"{load['source_id']} is still being changed", turn_seconds())
        if not _is_withdrawn(connection, load_id):
            superseded = _restored_after(connection, load)
            state_of = _before(connection, load)
            if load_id > 0:
                restored_by = _put_back(connection, load, state_of, closed, reopened)
            for number in (load_id, *superseded, *_derived_from(connection, load_id)):
                connection.execute(
                    "insert into audit.load_withdrawal (load_id, reason, withdrawn_by, restored_by)"
                    " values (%s, %s, %s, %s)",
                    [number, reason, by, restored_by],
                )
    resting = fetch_all(settings, TRANSFORMER, RESTING, {"load_id": load_id, "live": list(LIVE)})
    ended = [row["build_id"] for row in resting]
    for build_id in ended:
        fail_if_live(settings, build_id, f"Load {load_id}, which it rests on, was withdrawn.")
    return Withdrawal(
        load_id=load_id,
        source_id=load["source_id"],
        delivery=load["delivery"],
        state_of=state_of,
        restored_by=restored_by if state_of is not None else None,
        rows_closed=closed,
        rows_reopened=reopened,
        builds_ended=tuple(ended),
    )


def _refuse_what_cannot_be(load: dict[str, Any]) -> None:
    number = load["load_id"]
    if load["outcome"] != "accepted":
        raise KvalitetError(f"Load {number} was refused: nothing of it is in.", "There is nothing to withdraw.")
    if load["origin"] == "derived":
        raise KvalitetError(
            f"Load {number} is what load {load['of_load']} makes of another cut-off's state.",
            f"Withdraw load {load['of_load']}.",
        )
    if load["origin"] == "restored":
        raise KvalitetError(
            f"Load {number} only put the state after load {load['of_load']} back.",
            f"Withdraw load {load['of_load']}, or take the withdrawn delivery in again with `kvalitet replay`.",
        )


def _is_withdrawn(connection: psycopg.Connection[DictRow], load_id: int) -> bool:
    row = connection.execute("select from audit.load_withdrawal where load_id = %s", [load_id]).fetchone()
    return row is not None  # a row without columns is an empty one


def _restored_after(connection: psycopg.Connection[DictRow], load: dict[str, Any]) -> list[int]:
    """The later loads that only restore this one. Raises KvalitetError where later deliveries stand on it."""
    if load["load_id"] < 0:
        return []
    later = connection.execute(
        "select load_id, origin from audit.load_in_use where source_id = %s and load_id > %s order by load_id desc",
        [load["source_id"], load["load_id"]],
    ).fetchall()
    deliveries = [row["load_id"] for row in later if row["origin"] != "restored"]
    if deliveries:
        raise KvalitetError(
            f"Later deliveries of {load['source_id']} stand on load {load['load_id']}:"
            f" load {', '.join(map(str, deliveries))}.",
            f"Withdraw the newest first (`kvalitet withdraw {deliveries[0]} --reason …`); what was right in them"
            " comes in again with `kvalitet replay`.",
        )
    return [row["load_id"] for row in later]


def _derived_from(connection: psycopg.Connection[DictRow], load_id: int) -> list[int]:
    """The states of other cut-offs to which this increment, which came late, was added."""
    rows = connection.execute(
        "select load_id from audit.load_in_use where of_load = %s and origin = 'derived'", [load_id]
    ).fetchall()
    return [row["load_id"] for row in rows]


def _before(connection: psycopg.Connection[DictRow], load: dict[str, Any]) -> int | None:
    row = connection.execute(
        "select max(load_id) as load_id from audit.load_in_use where source_id = %s and load_id > 0 and load_id < %s",
        [load["source_id"], load["load_id"]],
    ).fetchone()
    return row["load_id"] if row else None


def _put_back(
    connection: psycopg.Connection[DictRow],
    load: dict[str, Any],
    state_of: int | None,
    closed: dict[str, int],
    reopened: dict[str, int],
) -> int:
    """Open the rows that were open after `state_of`, by a load of its own. Returns its number."""
    numbered = connection.execute("select nextval(pg_get_serial_sequence('audit.load', 'load_id')) as id").fetchone()
    number: int = numbered["id"] if numbered else 0
    before = state_of or 0
    for name in _tables(connection, load["load_id"]):
        table = sql.Identifier("raw", f"{load['source_id']}__{name}")
        columns = _columns(connection, f"{load['source_id']}__{name}")
        closed[name] = connection.execute(
            sql.SQL("update {} set valid_to_load = %s where valid_to_load is null and valid_from_load > %s").format(
                table
            ),
            [number, before],
        ).rowcount
        reopened[name] = connection.execute(
            sql.SQL(
                "insert into {table} ({columns}, valid_from_load) select {columns}, %(number)s from {table}"
                " where valid_from_load between 1 and %(before)s and valid_to_load > %(before)s"
            ).format(table=table, columns=columns),
            {"number": number, "before": before},
        ).rowcount
    if state_of is not None:
        _record(connection, load, number, state_of, closed, reopened)
    _turn_rejects_back(connection, load, number, before)
    return number


def _tables(connection: psycopg.Connection[DictRow], load_id: int) -> list[str]:
    rows = connection.execute(
        "select table_name from audit.load_table where load_id = %s order by table_name", [load_id]
    ).fetchall()
    return [row["table_name"] for row in rows]


def _columns(connection: psycopg.Connection[DictRow], raw_name: str) -> sql.Composed:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'raw' and table_name = %s"
        " and column_name not in ('valid_from_load', 'valid_to_load') order by ordinal_position",
        [raw_name],
    ).fetchall()
    return sql.SQL(", ").join(sql.Identifier(row["column_name"]) for row in rows)


def _record(
    connection: psycopg.Connection[DictRow],
    load: dict[str, Any],
    number: int,
    state_of: int,
    closed: dict[str, int],
    reopened: dict[str, int],
) -> None:
    """Record the load that stands for the state after `state_of`, with that delivery's facts and the rows it took."""
    connection.execute(
        "insert into audit.load (load_id, source_id, delivery, cutoff_date, content_sha256, outcome, contract_version,"
        " contract_sha256, started_at, origin, of_load, reading_sha256) overriding system value"
        " select %s, source_id, delivery, cutoff_date, content_sha256, 'accepted', contract_version, contract_sha256,"
        " %s, 'restored', case when origin = 'restored' then of_load else load_id end, reading_sha256"
        " from audit.load where load_id = %s",
        [number, datetime.now(UTC), state_of],
    )
    connection.execute(
        "insert into audit.load_account select %s, table_name, fate, kind, records from audit.load_account"
        " where load_id = %s",
        [number, state_of],
    )
    for name in closed:
        connection.execute(
            "insert into audit.load_table (load_id, table_name, file_name, file_bytes, file_sha256, rows_delivered,"
            " rows_rejected, rows_opened, rows_changed, rows_closed, rows_unchanged, rows_held, column_names)"
            " select %(number)s, table_name, file_name, file_bytes, file_sha256, rows_delivered, rows_rejected,"
            " %(reopened)s - %(changed)s, %(changed)s, %(closed)s - %(changed)s, %(stood)s - %(reopened)s, rows_held,"
            " column_names from audit.load_table where load_id = %(state_of)s and table_name = %(name)s",
            {"number": number, "name": name, "state_of": state_of, "reopened": reopened[name], "closed": closed[name]}
            | _count(connection, f"{load['source_id']}__{name}", number),
        )


def _count(connection: psycopg.Connection[DictRow], raw_name: str, number: int) -> dict[str, int]:
    """Counts of a table that load `number` put back: `changed` rows and all that stand since (`stood`).

    A row is changed where it was closed and opened again in another version.
    """
    keys = connection.execute(
        "select attname from pg_index inner join pg_attribute on attrelid = indexrelid"
        " where indexrelid = to_regclass(format('raw.%%I', %s::text))",
        [f"open_{raw_name}"],
    ).fetchall()
    same_key = sql.SQL(" and ").join(
        sql.SQL("opened.{0} = closed.{0}").format(sql.Identifier(key["attname"])) for key in keys
    )
    row = connection.execute(
        sql.SQL(
            "select (select count(*) from {table} where valid_to_load is null) as stood, (select count(*)"
            " from {table} as opened inner join {table} as closed on {same_key}"
            " where opened.valid_from_load = %(number)s and closed.valid_to_load = %(number)s) as changed"
        ).format(table=sql.Identifier("raw", raw_name), same_key=same_key),
        {"number": number},
    ).fetchone()
    assert row is not None
    return dict(row)


def _turn_rejects_back(connection: psycopg.Connection[DictRow], load: dict[str, Any], number: int, before: int) -> None:
    """Open as rejects of the new load what was open after `before`. Resolve what was set aside since.

    The old rejects stay unchanged for builds of the past.
    """
    connection.execute(
        "update audit.reject set resolved_by_load = %s"
        " where source_id = %s and load_id > %s and resolved_by_load is null",
        [number if before else load["load_id"], load["source_id"], before],
    )
    connection.execute(
        "insert into audit.reject (load_id, source_id, table_name, sheet, row_number, row_key, row_digest, occurrence,"
        " column_name, rule, reason, holds_previous) select %(number)s, source_id, table_name, sheet, row_number,"
        " row_key, row_digest, occurrence, column_name, rule, reason, holds_previous"
        " from audit.reject where source_id = %(source)s"
        " and load_id between 1 and %(before)s and resolved_by_load > %(before)s order by reject_id",
        {"number": number, "source": load["source_id"], "before": before},
    )
