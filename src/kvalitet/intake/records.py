"""What an extraction records: its result, the load's records, and the delivered files."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql

from kvalitet.contracts import Contract
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.history import TableCounts
from kvalitet.intake.spool import SpooledFile
from kvalitet.landing import Landed, Store
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect


@dataclass(frozen=True)
class LoadResult:
    """What became of one delivery. `reason` says why it was refused, `tables` counts rows by outcome."""

    load_id: int
    delivery: str
    outcome: str  # accepted | refused
    reason: str | None = None
    tables: dict[str, TableCounts] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what must be reported


@dataclass(frozen=True)
class ExtractResult:
    """What became of one attempt. `outcome`: accepted, nothing_new, beside, missing, refused or failed.

    `beside`: nothing new of today came, but something of an older cut-off did.

    `knew_of` is the newest load in use when the attempt began, or its own.
    """

    source_id: str
    outcome: str
    message: str
    loads: tuple[LoadResult, ...] = ()
    knew_of: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Counts and reasons only, fit for XCom and logs."""
        return asdict(self)


def land(settings: Settings, contract: Contract, files: dict[str, SpooledFile]) -> list[Landed]:
    """Put the delivered files into the landing store, before any record names them."""
    store, tables = Store(settings), dict[str, list[str]]()
    for table, file in sorted(files.items()):
        tables.setdefault(file.file_name, []).append(table)
    by_name = {file.file_name: file for file in files.values()}
    return [
        Landed(name, file.bytes, file.sha256, store.put(contract.id, file.sha256, file.original), tuple(tables[name]))
        for name, file in sorted(by_name.items())
    ]


def landed_rows(contract: Contract, load_id: int, landed: list[Landed]) -> list[tuple]:
    """The rows of audit.landed_file for a load."""
    until = datetime.now(TIMEZONE).date() + timedelta(days=contract.retention_days)
    return [
        (load_id, file.file_name, list(file.tables), file.bytes, file.sha256, file.path, file.sha256, until, None, None)
        for file in landed
    ]


def record_refusal(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    content: str,
    reason: str,
    started: datetime,
    landed: list[Landed],
) -> LoadResult:
    """Record that a delivery was refused and where its files are kept. The same refusal is recorded once."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select load_id from audit.load where source_id = %s and delivery = %s and content_sha256 = %s"
            " and contract_sha256 = %s and outcome = 'refused' and reason = %s",
            [contract.id, delivery.name, content, contract.sha256, reason],
        ).fetchone() or connection.execute(
            "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome, reason,"
            " contract_version, contract_sha256, started_at)"
            " values (%s, %s, %s, %s, 'refused', %s, %s, %s, %s) returning load_id",
            [
                contract.id, delivery.name, delivery.cutoff, content, reason,
                contract.version, contract.sha256, started,
            ],
        ).fetchone()  # fmt: skip
        assert row is not None
        for values in landed_rows(contract, row["load_id"], landed):
            connection.execute(insert("audit.landed_file", values) + " on conflict do nothing")  # type: ignore[arg-type]
    return LoadResult(row["load_id"], delivery.name, "refused", reason)


def record_load(cursor, contract, delivery, load_id, content, started, allowed, of_load, digest, newest) -> None:
    """Record an accepted delivery in the transaction that takes it in.

    `newest` is the cut-off of the newest state, where the delivery is a late one.
    """
    origin = "delivered" if of_load is None else "replayed"
    values = (
        load_id, contract.id, delivery.name, newest or delivery.cutoff, content, "accepted",
        contract.version, contract.sha256, started, *(allowed.closures or (None, None)),
        *(allowed.changes or (None, None)), *(allowed.jump or (None, None)), origin, of_load, digest,
    )  # fmt: skip
    columns = (
        "load_id, source_id, delivery, cutoff_date, content_sha256, outcome, contract_version, contract_sha256,"
        " started_at, closures_allowed_by, closures_allowed_reason, changes_allowed_by, changes_allowed_reason,"
        " jump_allowed_by, jump_allowed_reason, origin, of_load, reading_sha256"
    )
    cursor.execute(insert(f"audit.load ({columns}) overriding system value", values))


def insert(target: str, values: tuple) -> str:
    literals = sql.SQL(", ").join(map(sql.Literal, values)).as_string(None)
    return f"insert into {target} values ({literals})"


def record(
    settings: Settings,
    result: ExtractResult,
    started: datetime,
    knew_of: int | None,
    due_at: datetime | None = None,
) -> None:
    """Record an attempt. `knew_of` decides whether it counts against the source, see kvalitet.build.standing."""
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.extract_run (source_id, outcome, load_id, message, started_at, knew_of_load, due_at)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                result.source_id,
                result.outcome,
                result.loads[-1].load_id if result.loads else None,
                result.message,
                started,
                knew_of,
                due_at,
            ],
        )
