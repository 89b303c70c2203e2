"""Increments that come late: they are added to the states of their own cut-off and of every later one.

Today's state takes them in like any delivery. `--known-at` looks for the states of the cut-offs between. Each is
rebuilt as a load of its own, with a number below zero, which nothing else sees.
"""

from dataclasses import dataclass
from datetime import date

from psycopg import sql

from kvalitet.contracts import Contract
from kvalitet.intake.deliveries import Delivery


@dataclass(frozen=True)
class LaterState:
    """The state at `cutoff` as load `number`: that of load `of` (None where there was none) plus the increment."""

    number: int
    cutoff: date
    of: int | None


def newest_after(cursor, contract: Contract, delivery: Delivery) -> date | None:
    """The newest cut-off in use, where the increment is older than it."""
    if contract.delivers != "increment":
        return None
    rows = _ask(cursor, "select max(cutoff_date) from audit.load_in_use where source_id = {source}", contract, delivery)
    return rows[0][0] if rows[0][0] and rows[0][0] > delivery.cutoff else None


def later_states(cursor, contract: Contract, delivery: Delivery, newest: date) -> list[LaterState]:
    """The states between the increment's own cut-off and the newest one, oldest first."""
    found = _ask(
        cursor,
        "select distinct on (cutoff_date) cutoff_date, load_id from audit.load_in_use where source_id = {source}"
        " and cutoff_date < {newest} order by cutoff_date, abs(load_id) desc",
        contract,
        delivery,
        newest=sql.SQL("{}::date").format(sql.Literal(newest)),
    )
    before = [load for cutoff, load in found if cutoff < delivery.cutoff]
    states = [(delivery.cutoff, before[-1] if before else None)]
    states += [(cutoff, load) for cutoff, load in found if cutoff > delivery.cutoff]
    return [LaterState(-_next(cursor), cutoff, of) for cutoff, of in states]


def record_state(cursor, state: LaterState, of_load: int) -> None:
    """Record such a state, which `of_load` derives by adding its increment."""
    cursor.execute(
        sql.SQL(
            "insert into audit.load (load_id, source_id, delivery, cutoff_date, content_sha256, outcome,"
            " contract_version, contract_sha256, started_at, origin, of_load, reading_sha256) overriding system value"
            " select {number}, source_id, {name}, {cutoff}::date, content_sha256, 'accepted', contract_version,"
            " contract_sha256, started_at, 'derived', load_id, reading_sha256 from audit.load where load_id = {of_load}"
        )
        .format(
            number=sql.Literal(state.number),
            name=sql.Literal(state.cutoff.isoformat()),
            cutoff=sql.Literal(state.cutoff),
            of_load=sql.Literal(of_load),
        )
        .as_string(None)
    )


def _next(cursor) -> int:
    cursor.execute("select nextval(pg_get_serial_sequence('audit.load', 'load_id'))")
    return cursor.fetchall()[0][0]


def _ask(cursor, query, contract: Contract, delivery: Delivery, **names: sql.Composable) -> list[tuple]:
    cursor.execute(sql.SQL(query).format(source=sql.Literal(contract.id), **names).as_string(None))
    return cursor.fetchall()
