"""Takes one delivery into `raw`: one transaction, in which nobody else changes the source's history."""

from datetime import datetime

from psycopg import sql

from kvalitet.contracts import Contract
from kvalitet.errors import KvalitetError
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.faults import refused_if_unreadable
from kvalitet.intake.history import TableCounts, TableHistory
from kvalitet.intake.pseudonyms import fingerprint
from kvalitet.intake.reading import reading
from kvalitet.intake.records import LoadResult, insert, landed_rows, record_load
from kvalitet.intake.spool import SpooledFile
from kvalitet.intake.turns import NOTICE_THE_DEAD, Turn, refuse_if_overtaken, wait_until
from kvalitet.landing import Landed
from kvalitet.settings import LOADER, Settings


def load_delivery(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    files: dict[str, SpooledFile],
    content: str,
    started: datetime,
    mine: Turn,
    allow_closures: tuple[str, str] | None,
    beside: bool,
    landed: list[Landed],
    of_load: int | None,
) -> LoadResult:
    """Take the spooled `files` into raw with the load's records, all of it in one transaction.

    Raises DeliveryRefused where the delivery as a whole breaks its contract, SourceBusy where the turn was lost.
    """
    import adbc_driver_postgresql.dbapi as adbc

    keys = settings.pseudonym_keys()
    counts: dict[str, TableCounts] = {}
    accounts: list[tuple] = []
    reread: list[tuple] = []
    with adbc.connect(settings.dsn(LOADER)) as connection, connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'")
        cursor.execute("set local work_mem = '128MB'")  # a million keys are compared without spilling
        cursor.execute(NOTICE_THE_DEAD)
        cursor.fetchall()
        _hold_history(cursor, mine)
        _refuse_another_key(cursor, keys)
        cursor.execute("select nextval(pg_get_serial_sequence('audit.load', 'load_id'))")
        load_id: int = cursor.fetchall()[0][0] * (-1 if beside else 1)
        before = _load_before(cursor, contract, delivery) if beside else None
        for name, table in contract.tables.items():
            file, sheet = files[name], f", sheet {table.sheet}" if table.sheet else ""
            with (
                refused_if_unreadable(file.file_name + sheet),
                reading(contract, table, file, keys, file.path.parent) as batches,
            ):
                history = TableHistory(cursor, contract, table, load_id, file.file_name, of_load)
                counts[name] = (
                    history.take_beside(batches, before)
                    if beside
                    else history.take(batches, closures_allowed=allow_closures is not None)
                )
                accounts += [(load_id, name, *became) for became in history.set_aside.account.rows()]
                reread += [(load_id, name, *counted) for counted in batches.reread.counts()]
        record_load(cursor, contract, delivery, load_id, content, started, allow_closures, of_load)
        for name, file in files.items():
            count = counts[name]
            values = (
                load_id, name, file.file_name, file.bytes, file.sha256,
                count.delivered, count.rejected, count.opened, count.changed, count.closed, count.unchanged, count.held,
            )  # fmt: skip
            cursor.execute(insert("audit.load_table", values))
        for values in accounts:
            cursor.execute(insert("audit.load_account", values))
        for values in reread:
            cursor.execute(insert("audit.load_reading", values))
        for values in landed_rows(contract, load_id, landed):
            cursor.execute(insert("audit.landed_file", values))
        # What the foreign keys of rejects point at exists only now; they are checked at commit.
        connection.commit()
    return LoadResult(load_id, delivery.name, "accepted", None, counts)


def _hold_history(cursor, mine: Turn) -> None:
    """Nobody else changes the source's rows in this transaction's time, also where the turn's own session is lost.

    What a killed process still runs is waited for.
    """
    source = sql.Literal(mine.source_id)
    lock = sql.SQL("select pg_try_advisory_xact_lock(hashtext('extract ' || {}))").format(source).as_string(None)

    def is_ours() -> bool:
        cursor.execute(lock)
        return cursor.fetchall()[0][0]

    wait_until(is_ours, lambda: f"{mine.source_id} is still being changed by what a killed process left")
    newest = sql.SQL("select coalesce(max(abs(load_id)), 0) from audit.load where source_id = {}").format(source)
    cursor.execute(newest.as_string(None))
    refuse_if_overtaken(mine, cursor.fetchall()[0][0])


def _refuse_another_key(cursor, keys: tuple[bytes, ...]) -> None:
    """The persons in raw, whom nobody changes while `take` holds their lock, were last changed with these keys."""
    cursor.execute("select fingerprint from audit.pseudonym_key order by key_number desc limit 1")
    newest = cursor.fetchall()
    if newest and newest[0][0] != fingerprint(keys):
        raise KvalitetError(
            "The pseudonym key is not the one that the rows in raw were made with.",
            "Finish its rotation with `kvalitet person rotate-key`, or bring the key back from its backup.",
        )


def _load_before(cursor, contract: Contract, delivery: Delivery) -> int | None:
    """The accepted load of the newest cut-off before the delivery's."""
    query = sql.SQL(
        "select load_id from audit.load_in_use where source_id = {} and cutoff_date < {}::date"
        " order by cutoff_date desc, abs(load_id) desc limit 1"
    ).format(sql.Literal(contract.id), sql.Literal(delivery.name))
    cursor.execute(query.as_string(None))
    rows = cursor.fetchall()
    return rows[0][0] if rows else None
