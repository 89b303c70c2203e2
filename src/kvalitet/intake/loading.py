"""Takes one delivery into `raw` in one transaction, during which nobody else changes the source's history."""

from collections.abc import Mapping
from datetime import datetime

from psycopg import sql

from kvalitet.contracts import Contract
from kvalitet.errors import KvalitetError
from kvalitet.intake.allowed import Allowed
from kvalitet.intake.before import Before, reading_digest, state_before
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.faults import refused_if_unreadable
from kvalitet.intake.history import TableCounts, TableHistory
from kvalitet.intake.late import later_states, newest_after, record_state
from kvalitet.intake.pseudonyms import fingerprint
from kvalitet.intake.reading import reading
from kvalitet.intake.records import LoadResult, insert, landed_rows, record_load
from kvalitet.intake.spool import SpooledFile
from kvalitet.intake.table_load import TableLoad
from kvalitet.intake.turns import Turn, refuse_if_overtaken, turn_seconds
from kvalitet.landing import Landed
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.locks import NOTICE_THE_DEAD, history_of, wait_until

LOAD_TABLE = (
    "load_id, table_name, file_name, file_bytes, file_sha256, rows_delivered, rows_rejected, rows_opened, rows_changed,"
    " rows_closed, rows_unchanged, rows_held, rows_reread, rows_overtaken, closures_waiting, rows_without_key,"
    " column_names"
)


def load_delivery(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    files: dict[str, SpooledFile],
    content: str,
    started: datetime,
    mine: Turn,
    allowed: Allowed,
    beside: bool,
    landed: list[Landed],
    of_load: int | None,
    is_read_anew: bool = False,
) -> LoadResult:
    """Take the spooled `files` into raw with the load's records, all of it in one transaction.

    `is_read_anew`: the files are those of the newest load, and the contract or code that reads them has changed. Raises
    DeliveryRefused where the delivery as a whole breaks its contract, TurnLost where the turn was lost.
    """
    import adbc_driver_postgresql.dbapi as adbc

    keys = settings.pseudonym_keys()
    counts: dict[str, TableCounts] = {}
    accounts: list[tuple] = []
    columns: dict[str, list[str]] = {}
    digest = reading_digest(contract)
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
        cutoff_before = _load_before(cursor, contract, delivery) if beside else None
        before = state_before(cursor, contract.id, digest, of_load)
        newest = None if beside else newest_after(cursor, contract, delivery)
        states = later_states(cursor, contract, delivery, newest) if newest else []
        for name, table in contract.tables.items():
            file, sheet = files[name], f", sheet {table.sheet}" if table.sheet else ""
            with (
                refused_if_unreadable(file.file_name + sheet),
                reading(contract, table, file, keys, file.path.parent, delivery.cutoff, is_read_anew) as batches,
            ):
                load = TableLoad(cursor, contract, table, load_id, file.file_name, delivery.cutoff, of_load)
                history = TableHistory(load)
                counts[name] = (
                    history.take_beside(batches, cutoff_before)
                    if beside
                    else history.take(batches, allowed, before, [(one.number, one.of) for one in states])
                )
                accounts += [(load_id, name, *became) for became in history.set_aside.account.rows()]
                columns[name] = list(batches.table.raw_columns())
                reread += [(load_id, name, *counted) for counted in batches.reread.counts()]
        again = [] if beside or of_load else _sent_again(cursor, contract, files)
        record_load(cursor, contract, delivery, load_id, content, started, allowed, of_load, digest, newest)
        for state in states:
            record_state(cursor, state, load_id)
        for name, file in files.items():
            count = counts[name]
            values = (
                load_id, name, file.file_name, file.bytes, file.sha256,
                count.delivered, count.rejected, count.opened, count.changed, count.closed, count.unchanged, count.held,
                count.reread, count.overtaken, count.closures_waiting, count.without_key, columns[name],
            )  # fmt: skip
            cursor.execute(insert(f"audit.load_table ({LOAD_TABLE})", values))
        for values in accounts:
            cursor.execute(insert("audit.load_account", values))
        for values in reread:
            cursor.execute(insert("audit.load_reading", values))
        for values in landed_rows(contract, load_id, landed):
            cursor.execute(insert("audit.landed_file", values))
        # The rows that the rejects' foreign keys point at exist only now. The keys are checked at commit.
        connection.commit()
    return LoadResult(load_id, delivery.name, "accepted", None, counts, (*again, *_notes(before, counts)))


def _rows(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _notes(before: Before, counts: dict[str, TableCounts]) -> tuple[str, ...]:
    """Messages that a load must show: why closures wait, and that changes could not be told from another reading."""
    waiting = [
        f"{name}: {_rows(count.closures_waiting, 'absent row is', 'absent rows are')} not closed, because"
        f" {_rows(count.without_key, 'delivered row has', 'delivered rows have')} no readable key and may be one of"
        " them. They wait for a delivery in which every key can be read."
        for name, count in counts.items()
        if count.closures_waiting
    ]
    unknown = (
        [
            "The load before was read by another contract or code, and its files could not be read anew: what the"
            " source changed cannot be told from what is read otherwise, and no limit on changes was applied."
        ]
        if before.is_unknown
        else []
    )
    return (*waiting, *unknown)


def _hold_history(cursor, mine: Turn) -> None:
    """Lock the source's history in this transaction, so that nobody else changes it even if the turn's session is lost.

    Waits for statements of a killed process that still run.
    """
    name = sql.Literal(history_of(mine.source_id))
    lock = sql.SQL("select name from audit.lock where name = {} for update skip locked").format(name).as_string(None)

    def is_ours() -> bool:
        cursor.execute(lock)
        return len(cursor.fetchall()) == 1

    wait_until(
        is_ours, lambda: f"{mine.source_id} is still being changed by what a killed process left", turn_seconds()
    )
    newest = sql.SQL("select coalesce(max(abs(load_id)), 0) from audit.load where source_id = {}").format(
        sql.Literal(mine.source_id)
    )
    cursor.execute(newest.as_string(None))
    refuse_if_overtaken(mine, cursor.fetchall()[0][0])


def _refuse_another_key(cursor, keys: tuple[bytes, ...]) -> None:
    """Raises KvalitetError where the persons in raw were last changed with other keys than these.

    Nobody changes them meanwhile, because `take` holds their lock.
    """
    cursor.execute("select fingerprint from audit.pseudonym_key order by key_number desc limit 1")
    newest = cursor.fetchall()
    if newest and newest[0][0] != fingerprint(keys):
        raise KvalitetError(
            "The pseudonym key is not the one that the rows in raw were made with.",
            "Finish its rotation with `kvalitet person rotate-key`, or bring the key back from its backup.",
        )


def _sent_again(cursor, contract: Contract, files: Mapping[str, SpooledFile]) -> list[str]:
    """Messages about files that equal an older load's, byte for byte, where the newest load holds another one."""
    query = """
    with held as (
        select load.delivery, load.cutoff_date, load.load_id, held.file_sha256 = {sha256} as is_same
        from audit.load_in_use as load inner join audit.load_table as held using (load_id)
        where load.source_id = {source} and held.table_name = {table}
    ), newest as (select * from held order by cutoff_date desc, load_id desc limit 1)
    select held.delivery from held, newest where held.is_same and not newest.is_same
    order by held.cutoff_date desc limit 1
    """
    notes = []
    for name, file in files.items():
        values = {"sha256": file.sha256, "source": contract.id, "table": name}
        cursor.execute(sql.SQL(query).format(**{key: sql.Literal(one) for key, one in values.items()}).as_string(None))
        notes += [
            f"{file.file_name} is byte for byte the file of delivery {older}, and others came since: ask the source"
            " whether it sent an old export again."
            for (older,) in cursor.fetchall()
        ]
    return notes


def _load_before(cursor, contract: Contract, delivery: Delivery) -> int | None:
    """The accepted load of the newest cut-off before the delivery's."""
    query = sql.SQL(
        "select load_id from audit.load_in_use where source_id = {} and cutoff_date < {}::date"
        " order by cutoff_date desc, abs(load_id) desc limit 1"
    ).format(sql.Literal(contract.id), sql.Literal(delivery.name))
    cursor.execute(query.as_string(None))
    rows = cursor.fetchall()
    return rows[0][0] if rows else None
