"""Takes in what has arrived from one source: each delivery in one transaction with its load record."""

import hashlib
import traceback
from datetime import UTC, date, datetime
from pathlib import Path

from psycopg import sql

from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import DeliveryNotReady, DeliveryRefused, KvalitetError
from kvalitet.intake.deliveries import Delivery, look
from kvalitet.intake.history import TableCounts, TableHistory
from kvalitet.intake.pseudonyms import LOCK, fingerprint
from kvalitet.intake.reading import reading
from kvalitet.intake.records import (
    ExtractResult,
    LoadResult,
    insert,
    land,
    landed_rows,
    record,
    record_load,
    record_refusal,
)
from kvalitet.intake.spool import SpooledFile, spooled
from kvalitet.landing import Landed
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect


def extract(settings: Settings, source_id: str, allow_closures: tuple[str, str] | None = None) -> ExtractResult:
    """Take in every new delivery of `source_id`, oldest first, and record the attempt.

    A delivery older than what is in already is taken in beside the history, see `_take_older`.

    `allow_closures` is who lets in more closures than the contract's limit, and why.
    Raises DeliveryRefused where the newest delivery was refused, and KvalitetError where the
    contract is not ready for intake; the attempt is recorded either way.
    """
    started = datetime.now(UTC)
    try:
        contract = ready_contract(settings, source_id)
        keep_contract(settings, contract)
        result = _take_all(settings, contract, allow_closures)
    except KvalitetError as error:
        record(settings, ExtractResult(source_id, "failed", str(error)), started)
        raise
    except Exception as error:
        failure = without_values(source_id, error)
        record(settings, ExtractResult(source_id, "failed", str(failure)), started)
        raise failure from None
    record(settings, result, started)
    if result.outcome == "refused":
        raise DeliveryRefused(result.message)
    return result


def without_values(source_id: str, error: Exception) -> KvalitetError:
    """What is safe to say of an unforeseen error: databases and parsers repeat delivered values in theirs."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return KvalitetError(
        f"The extraction of {source_id} failed with {type(error).__name__} at {place};"
        " what it said is left out, because it may hold delivered values.",
        "Nothing was taken in. Try again; if it stays, run the delivery on a machine where its values may be seen.",
    )


def ready_contract(settings: Settings, source_id: str) -> Contract:
    """The source's contract. Raises KvalitetError where there is none, or it lacks what intake needs."""
    contracts = load_contracts(settings)
    if source_id not in contracts:
        raise KvalitetError(
            f"There is no contract for {source_id}.", f"Known sources: {', '.join(contracts) or 'none'}."
        )
    contract = contracts[source_id]
    if contract.problems:
        raise KvalitetError(
            f"Nothing is taken in from {source_id} while its contract lacks: " + "; ".join(contract.problems) + ".",
            f"Mend expectations/contracts/{source_id}.odcs.yaml.",
        )
    return contract


def keep_contract(settings: Settings, contract: Contract) -> None:
    """Who answers for what is taken in and set aside by this wording of the contract."""
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.contract (contract_sha256, source_id, version, title, owner, support)"
            " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            [contract.sha256, contract.id, contract.version, contract.title, contract.owner, contract.support],
        )


def _take_all(settings: Settings, contract: Contract, allow_closures: tuple[str, str] | None) -> ExtractResult:
    if contract.location:
        from kvalitet.intake.api import fetch

        try:
            fetch(settings, contract)
        except DeliveryNotReady as error:
            return ExtractResult(contract.id, "missing", str(error))
    inbox = look(settings, contract)
    newest = newest_cutoff(settings, contract)
    waiting = [d for d in inbox.deliveries if newest is None or d.cutoff >= newest]
    notes = [f"{inbox.unrecognised_files} unrecognised files were left alone."] if inbox.unrecognised_files else []
    older = [delivery for delivery in inbox.deliveries if delivery not in waiting]
    loads = _take_older(settings, contract, older, notes)
    beside = len(loads)
    if not waiting:
        message = " ".join(["No delivery is in the inbox.", *notes])
        return ExtractResult(contract.id, "missing", message, tuple(loads))
    not_ready = None
    for delivery in waiting:
        if delivery.absent:
            not_ready = f"Delivery {delivery.name} is incomplete: {', '.join(delivery.absent)} has not come."
            continue
        try:
            load = take(settings, contract, delivery, allow_closures)
        except DeliveryNotReady as error:
            not_ready = str(error)
            continue
        if load:
            loads.append(load)
    if loads[beside:] and loads[-1].outcome == "refused":
        return ExtractResult(contract.id, "refused", loads[-1].reason or "", tuple(loads))
    if not_ready:
        outcome = "accepted" if any(load.outcome == "accepted" for load in loads[beside:]) else "missing"
        return ExtractResult(contract.id, outcome, " ".join([not_ready, *notes]), tuple(loads))
    if not loads[beside:]:
        message = " ".join(["The newest delivery is already in.", *notes])
        return ExtractResult(contract.id, "nothing_new", message, tuple(loads))
    count = len(loads) - beside
    message = f"{count} {'delivery' if count == 1 else 'deliveries'} taken in."
    return ExtractResult(contract.id, "accepted", " ".join([message, *notes]), tuple(loads))


def _take_older(
    settings: Settings, contract: Contract, deliveries: list[Delivery], notes: list[str]
) -> list[LoadResult]:
    """Take in deliveries that came after a newer one, each beside the history: a build of today does not see
    it, one of what was known at its cut-off does. Its load number is below zero. What came of it is added
    to `notes`; it does not count as tonight's delivery.
    """
    loads = []
    for delivery in deliveries:
        if delivery.absent or _is_in(settings, contract, delivery):
            continue
        try:
            load = take(settings, contract, delivery, None, beside=True)
        except DeliveryNotReady:
            continue
        if load:
            loads.append(load)
            what = f"refused: {load.reason}" if load.outcome == "refused" else "taken in beside the history."
            notes.append(f"The older delivery {delivery.name} was {what}")
    return loads


def _is_in(settings: Settings, contract: Contract, delivery: Delivery) -> bool:
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select from audit.load_in_use where source_id = %s and delivery = %s",
            [contract.id, delivery.name],
        ).fetchone()
    return row is not None


def newest_cutoff(settings: Settings, contract: Contract) -> date | None:
    """The newest cut-off of what was accepted of the source and not withdrawn."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select max(cutoff_date) as cutoff from audit.load_in_use where source_id = %s",
            [contract.id],
        ).fetchone()
    return row["cutoff"] if row else None


def take(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    allow_closures: tuple[str, str] | None,
    beside: bool = False,
    of_load: int | None = None,
) -> LoadResult | None:
    """Take in one delivery; None where exactly this content is in already, or was refused before as an older one.

    `of_load` is the load whose kept files are taken in once more. The files are in the landing store before
    the load that names them is committed. Raises DeliveryNotReady where this content was withdrawn.
    """
    started = datetime.now(UTC)
    content, landed = "", []
    with connect(settings, LOADER) as held:
        # Nobody is erased between the landing of a file and the record that names it.
        held.execute("select pg_advisory_xact_lock_shared(hashtext(%s))", [LOCK])
        try:
            with spooled(settings, contract, delivery) as files:
                content = _content_digest(files)
                known = _known(settings, contract, delivery, content) if of_load is None else None
                if known and known["is_withdrawn"]:
                    raise DeliveryNotReady(
                        f"Delivery {delivery.name} is the one of load {known['load_id']}, which was withdrawn.",
                        f"Ask for a corrected one; if it was right, `kvalitet replay {known['load_id']}`.",
                    )
                if known and (beside or known["outcome"] == "accepted"):
                    return None
                if known and not allow_closures:
                    return LoadResult(known["load_id"], delivery.name, "refused", known["reason"])
                landed = land(settings, contract, files)
                refusals = [file.refusal for file in files.values() if file.refusal]
                if refusals:
                    raise refusals[0]
                return _load(
                    settings, contract, delivery, files, content, started, allow_closures, beside, landed, of_load
                )
        except DeliveryRefused as refusal:
            return record_refusal(settings, contract, delivery, content, str(refusal), started, landed)


def _content_digest(files: dict[str, SpooledFile]) -> str:
    lines = "".join(f"{table} {file.sha256}\n" for table, file in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _known(settings: Settings, contract: Contract, delivery: Delivery, content: str):
    """The newest load of exactly this content: accepted for good (or withdrawn), or refused by this very contract."""
    with connect(settings, LOADER) as connection:
        return connection.execute(
            "select load_id, outcome, reason, outcome = 'accepted' and not exists (select from audit.load_in_use"
            " where load_in_use.load_id = load.load_id) as is_withdrawn from audit.load"
            " where source_id = %s and delivery = %s and content_sha256 = %s"
            " and (outcome = 'accepted' or contract_sha256 = %s)"
            " order by outcome = 'accepted' desc, is_withdrawn, load_id desc limit 1",
            [contract.id, delivery.name, content, contract.sha256],
        ).fetchone()


def _load(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    files: dict[str, SpooledFile],
    content: str,
    started: datetime,
    allow_closures: tuple[str, str] | None,
    beside: bool,
    landed: list[Landed],
    of_load: int | None,
) -> LoadResult:
    import adbc_driver_postgresql.dbapi as adbc

    keys = settings.pseudonym_keys()
    counts: dict[str, TableCounts] = {}
    reread: list[tuple] = []
    with adbc.connect(settings.dsn(LOADER)) as connection, connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'")
        cursor.execute("set local work_mem = '128MB'")  # a million keys are compared without spilling
        lock = sql.SQL("select pg_try_advisory_xact_lock(hashtext({}))").format(sql.Literal(f"extract {contract.id}"))
        cursor.execute(lock.as_string(None))
        if not cursor.fetchall()[0][0]:
            raise KvalitetError(f"Another extraction of {contract.id} is running.", "Wait for it to end.")
        _refuse_another_key(cursor, keys)
        cursor.execute("select nextval(pg_get_serial_sequence('audit.load', 'load_id'))")
        load_id: int = cursor.fetchall()[0][0] * (-1 if beside else 1)
        before = _load_before(cursor, contract, delivery) if beside else None
        for name, table in contract.tables.items():
            with reading(contract, table, files[name], keys, files[name].path.parent) as batches:
                history = TableHistory(cursor, contract, table, load_id, files[name].file_name, of_load)
                counts[name] = (
                    history.take_beside(batches, before)
                    if beside
                    else history.take(batches, closures_allowed=allow_closures is not None)
                )
                reread += [(load_id, name, *counted) for counted in batches.reread.counts()]
        record_load(cursor, contract, delivery, load_id, content, started, allow_closures, of_load)
        for name, file in files.items():
            count = counts[name]
            values = (
                load_id, name, file.file_name, file.bytes, file.sha256,
                count.delivered, count.rejected, count.opened, count.changed, count.closed, count.unchanged, count.held,
            )  # fmt: skip
            cursor.execute(insert("audit.load_table", values))
        for values in reread:
            cursor.execute(insert("audit.load_reading", values))
        for values in landed_rows(contract, load_id, landed):
            cursor.execute(insert("audit.landed_file", values))
        # What the foreign keys of rejects point at exists only now; they are checked at commit.
        connection.commit()
    return LoadResult(load_id, delivery.name, "accepted", None, counts)


def _refuse_another_key(cursor, keys: tuple[bytes, ...]) -> None:
    """The persons in raw, whom nobody changes while `take` holds their lock, were last changed with these keys."""
    cursor.execute("select fingerprint from audit.pseudonym_key order by introduced_at desc limit 1")
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
