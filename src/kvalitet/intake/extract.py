"""Takes in what has arrived from one source: each delivery in one transaction with its load record."""

import hashlib
import traceback
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import sql

from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import DeliveryNotReady, DeliveryRefused, KvalitetError
from kvalitet.intake.deliveries import Delivery, look
from kvalitet.intake.history import TableCounts, TableHistory
from kvalitet.intake.reading import reading
from kvalitet.intake.spool import SpooledFile, spooled
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect


@dataclass(frozen=True)
class LoadResult:
    """What became of one delivery. `reason` says why it was refused; `tables` counts rows by outcome."""

    load_id: int
    delivery: str
    outcome: str  # accepted | refused
    reason: str | None = None
    tables: dict[str, TableCounts] = field(default_factory=dict)


@dataclass(frozen=True)
class ExtractResult:
    """What became of one attempt. `outcome`: accepted, nothing_new, missing, refused or failed."""

    source_id: str
    outcome: str
    message: str
    loads: tuple[LoadResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Counts and reasons only, fit for XCom and logs."""
        return asdict(self)


def extract(settings: Settings, source_id: str, allow_closures: tuple[str, str] | None = None) -> ExtractResult:
    """Take in every new delivery of `source_id`, oldest first, and record the attempt.

    A delivery older than what is in already is taken in beside the history, see `_take_older`.

    `allow_closures` is who lets in more closures than the contract's limit, and why.
    Raises DeliveryRefused where the newest delivery was refused, and KvalitetError where the
    contract is not ready for intake; the attempt is recorded either way.
    """
    started = datetime.now(UTC)
    try:
        contract = _contract(settings, source_id)
        _keep_contract(settings, contract)
        result = _take_all(settings, contract, allow_closures)
    except KvalitetError as error:
        _record(settings, ExtractResult(source_id, "failed", str(error)), started)
        raise
    except Exception as error:
        failure = _without_values(source_id, error)
        _record(settings, ExtractResult(source_id, "failed", str(failure)), started)
        raise failure from None
    _record(settings, result, started)
    if result.outcome == "refused":
        raise DeliveryRefused(result.message)
    return result


def _without_values(source_id: str, error: Exception) -> KvalitetError:
    """What is safe to say of an unforeseen error: databases and parsers repeat delivered values in theirs."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return KvalitetError(
        f"The extraction of {source_id} failed with {type(error).__name__} at {place};"
        " what it said is left out, because it may hold delivered values.",
        "Nothing was taken in. Try again; if it stays, run the delivery on a machine where its values may be seen.",
    )


def _contract(settings: Settings, source_id: str) -> Contract:
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


def _keep_contract(settings: Settings, contract: Contract) -> None:
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
    newest = _newest_accepted_cutoff(settings, contract)
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
            load = _take(settings, contract, delivery, allow_closures)
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
            load = _take(settings, contract, delivery, None, beside=True)
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
            "select from audit.load where source_id = %s and delivery = %s and outcome = 'accepted'",
            [contract.id, delivery.name],
        ).fetchone()
    return row is not None


def _newest_accepted_cutoff(settings: Settings, contract: Contract):
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select max(cutoff_date) as cutoff from audit.load where source_id = %s and outcome = 'accepted'",
            [contract.id],
        ).fetchone()
    return row["cutoff"] if row else None


def _take(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    allow_closures: tuple[str, str] | None,
    beside: bool = False,
) -> LoadResult | None:
    """Take in one delivery; None where exactly this content is in already, or was refused before as an older one."""
    started = datetime.now(UTC)
    content = ""
    try:
        with spooled(settings, contract, delivery) as files:
            content = _content_digest(files)
            known = _known(settings, contract, delivery, content)
            if known and (beside or known["outcome"] == "accepted"):
                return None
            if known and not allow_closures:
                return LoadResult(known["load_id"], delivery.name, "refused", known["reason"])
            return _load(settings, contract, delivery, files, content, started, allow_closures, beside)
    except DeliveryRefused as refusal:
        return _record_refusal(settings, contract, delivery, content, str(refusal), started)


def _content_digest(files: dict[str, SpooledFile]) -> str:
    lines = "".join(f"{table} {file.sha256}\n" for table, file in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _known(settings: Settings, contract: Contract, delivery: Delivery, content: str):
    """The newest load of exactly this content: accepted for good, or refused by this very contract."""
    with connect(settings, LOADER) as connection:
        return connection.execute(
            "select load_id, outcome, reason from audit.load"
            " where source_id = %s and delivery = %s and content_sha256 = %s"
            " and (outcome = 'accepted' or contract_sha256 = %s)"
            " order by outcome = 'accepted' desc, load_id desc limit 1",
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
) -> LoadResult:
    import adbc_driver_postgresql.dbapi as adbc

    key = settings.pseudonym_key()
    counts: dict[str, TableCounts] = {}
    with adbc.connect(settings.dsn(LOADER)) as connection, connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'")
        cursor.execute("set local work_mem = '128MB'")  # a million keys are compared without spilling
        lock = sql.SQL("select pg_try_advisory_xact_lock(hashtext({}))").format(sql.Literal(f"extract {contract.id}"))
        cursor.execute(lock.as_string(None))
        if not cursor.fetchall()[0][0]:
            raise KvalitetError(f"Another extraction of {contract.id} is running.", "Wait for it to end.")
        cursor.execute("select nextval(pg_get_serial_sequence('audit.load', 'load_id'))")
        load_id: int = cursor.fetchall()[0][0] * (-1 if beside else 1)
        before = _load_before(cursor, contract, delivery) if beside else None
        for name, table in contract.tables.items():
            with reading(contract, table, files[name], key, files[name].path.parent) as batches:
                history = TableHistory(cursor, contract, table, load_id, files[name].file_name)
                counts[name] = (
                    history.take_beside(batches, before)
                    if beside
                    else history.take(batches, closures_allowed=allow_closures is not None)
                )
        _record_load(cursor, contract, delivery, load_id, content, started, allow_closures)
        for name, file in files.items():
            count = counts[name]
            values = (
                load_id, name, file.file_name, file.bytes, file.sha256,
                count.delivered, count.rejected, count.opened, count.changed, count.closed, count.unchanged, count.held,
            )  # fmt: skip
            cursor.execute(_insert("audit.load_table", values))
        # What the foreign keys of rejects point at exists only now; they are checked at commit.
        connection.commit()
    return LoadResult(load_id, delivery.name, "accepted", None, counts)


def _load_before(cursor, contract: Contract, delivery: Delivery) -> int | None:
    """The accepted load of the newest cut-off before the delivery's."""
    query = sql.SQL(
        "select load_id from audit.load where source_id = {} and outcome = 'accepted' and cutoff_date < {}::date"
        " order by cutoff_date desc, abs(load_id) desc limit 1"
    ).format(sql.Literal(contract.id), sql.Literal(delivery.name))
    cursor.execute(query.as_string(None))
    rows = cursor.fetchall()
    return rows[0][0] if rows else None


def _record_refusal(
    settings: Settings, contract: Contract, delivery: Delivery, content: str, reason: str, started: datetime
) -> LoadResult:
    with connect(settings, LOADER) as connection:
        known = connection.execute(
            "select load_id from audit.load where source_id = %s and delivery = %s and content_sha256 = %s"
            " and contract_sha256 = %s and outcome = 'refused' and reason = %s",
            [contract.id, delivery.name, content, contract.sha256, reason],
        ).fetchone()
        if known:
            return LoadResult(known["load_id"], delivery.name, "refused", reason)
        row = connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, reason,"
            " contract_version, contract_sha256, started_at)"
            " values (%s, %s, %s, %s, 'refused', %s, %s, %s, %s) returning load_id",
            [
                contract.id, delivery.name, delivery.cutoff, content, reason,
                contract.version, contract.sha256, started,
            ],
        ).fetchone()  # fmt: skip
    return LoadResult(row["load_id"] if row else 0, delivery.name, "refused", reason)


def _record_load(cursor, contract, delivery, load_id, content, started, allow_closures) -> None:
    by, why = allow_closures or (None, None)
    values = (
        load_id, contract.id, delivery.name, delivery.cutoff, content, "accepted",
        contract.version, contract.sha256, started, by, why,
    )  # fmt: skip
    columns = (
        "load_id, source_id, delivery, cutoff_date, content_sha256, outcome,"
        " contract_version, contract_sha256, started_at, closures_allowed_by, closures_allowed_reason"
    )
    cursor.execute(_insert(f"audit.load ({columns}) overriding system value", values))


def _insert(target: str, values: tuple) -> str:
    literals = sql.SQL(", ").join(map(sql.Literal, values)).as_string(None)
    return f"insert into {target} values ({literals})"


def _record(settings: Settings, result: ExtractResult, started: datetime) -> None:
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, load_id, message, started_at)"
            " values (%s, %s, %s, %s, %s)",
            [
                result.source_id,
                result.outcome,
                result.loads[-1].load_id if result.loads else None,
                result.message,
                started,
            ],
        )
