"""Takes a delivery in once more from the files that were kept, after its contract was mended."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryNotReady, DeliveryRefused, KvalitetError
from kvalitet.intake.allowed import Allowed, ByAndWhy
from kvalitet.intake.before import reading_digest
from kvalitet.intake.cutoffs import Standing, judged, standing
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.extract import keep_contract, ready_contract, take, without_values
from kvalitet.intake.records import ExtractResult, LoadResult, record
from kvalitet.intake.spool import private_folder
from kvalitet.intake.turns import Turn, turn
from kvalitet.landing import Store
from kvalitet.landing.places import open_place
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect


def replay(
    settings: Settings,
    load_id: int,
    allow_closures: ByAndWhy | None = None,
    owner: str | None = None,
    allow_changes: ByAndWhy | None = None,
    allow_jump: ByAndWhy | None = None,
) -> ExtractResult:
    """Take in the kept files of a load, accepted or refused, by the contract as it is today.

    What comes of it is a load of its own; of the newest delivery, what differs is read anew and counts for no limit.
    Where a newer delivery is in, it stands beside the history as every older delivery does. Nothing is done where
    this content is in by this contract and code already. Raises KvalitetError where the files are gone,
    DeliveryRefused where the delivery is refused (again), LockHeld where another hand stays at work on the source.
    """
    load = find_load(settings, load_id)
    if load["origin"] == "restored":
        raise KvalitetError(
            f"Load {load_id} put the state after load {load['of_load']} back and has no files of its own.",
            f"`kvalitet replay {load['of_load']}` takes that delivery in once more.",
        )
    contract = ready_contract(settings, load["source_id"])
    keep_contract(settings, contract)
    with turn(settings, contract.id, owner) as mine:
        return _replay(settings, contract, load, mine, Allowed.named(allow_closures, allow_changes, allow_jump))


def _replay(
    settings: Settings,
    contract: Contract,
    load: dict[str, Any],
    mine: Turn,
    allowed: Allowed,
) -> ExtractResult:
    started = datetime.now(UTC)
    same = _in_already(settings, contract, load)
    if same is not None:
        return ExtractResult(contract.id, "nothing_new", f"It is in by this contract already, as load {same}.")
    now = standing(settings, contract)
    beside = now.newest is not None and load["cutoff_date"] < now.newest
    if load["outcome"] == "accepted":  # its cut-off was in order when it came in, or somebody let it in
        now = replace(now, is_known=True)
    try:
        taken = _take_kept(settings, contract, load, mine, beside, allowed, now)
    except KvalitetError:
        raise
    except Exception as error:
        raise without_values(contract.id, error) from None
    what = f"Load {load['load_id']} was taken in once more as load {taken.load_id}"
    message = f"{what}, beside the history: a newer delivery is in." if beside else " ".join([f"{what}.", *taken.notes])
    if taken.outcome == "refused":
        raise DeliveryRefused(taken.reason or "")
    result = ExtractResult(contract.id, "accepted", message, (taken,), mine.knew_of)
    if not beside:  # what tonight's build says of the source's last attempt
        record(settings, result, started, mine.knew_of)
    return result


def find_load(settings: Settings, load_id: int) -> dict[str, Any]:
    """A row of audit.load, with `withdrawn_at`. Raises KvalitetError where there is none of that number."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select load.*, withdrawn_at, restored_by from audit.load left join audit.load_withdrawal using (load_id)"
            " where load_id = %s",
            [load_id],
        ).fetchone()
    if row is None:
        raise KvalitetError(f"There is no load {load_id}.", "`kvalitet status` lists each source's newest load.")
    return row


def _in_already(settings: Settings, contract: Contract, load: dict[str, Any]) -> int | None:
    """The load by which this content is in as this contract reads it.

    Raises KvalitetError where it was taken in once more already, and that was withdrawn.
    """
    with connect(settings, LOADER) as connection:
        found = connection.execute(
            "select load_id, load_in_use.load_id is not null as is_in_use from audit.load"
            " left join audit.load_in_use using (load_id) where load.source_id = %(source)s"
            " and load.delivery = %(delivery)s and load.contract_sha256 = %(contract)s and load.outcome = 'accepted'"
            " and load.reading_sha256 = %(reading)s"
            " and (load.of_load = %(load)s and load.origin = 'replayed'"
            "  or load.content_sha256 = %(content)s and load_in_use.load_id is not null)"
            " order by is_in_use desc, load_id desc limit 1",
            {
                "source": contract.id,
                "delivery": load["delivery"],
                "contract": contract.sha256,
                "load": load["load_id"],
                "content": load["content_sha256"],
                "reading": reading_digest(contract),
            },
        ).fetchone()
    if found and not found["is_in_use"]:
        raise KvalitetError(
            f"Load {load['load_id']} was taken in once more as load {found['load_id']}, which was withdrawn.",
            f"`kvalitet replay {found['load_id']}` takes it in again.",
        )
    return found["load_id"] if found else None


def read_newest_anew(settings: Settings, contract: Contract, mine: Turn) -> str | None:
    """Read the files of the newest load in use once more where its texts became rows otherwise than they would today.

    So what the next delivery changes is the source's doing alone. Returns what is to be said of it, None where
    nothing was to be done. Where it cannot be done, the next load says what follows from that.
    """
    newest = _newest(settings, contract)
    if newest is None or newest["reading_sha256"] == reading_digest(contract):
        return None
    files_of = newest["of_load"] if newest["origin"] == "restored" else newest["load_id"]
    what = f"Load {newest['load_id']} was read by another contract or code"
    try:
        now = replace(standing(settings, contract), is_known=True)  # its cut-off was in order when it came in
        load = find_load(settings, files_of)
        taken = _take_kept(settings, contract, load, mine, False, Allowed(), now, is_read_anew=True)
    except KvalitetError as error:
        return f"{what} and cannot be read anew: {error}"
    if taken.outcome == "refused":
        return f"{what}. Read anew, it would be refused: {taken.reason}"
    rows = sum(count.reread + count.closed for count in taken.tables.values())
    return " ".join([f"{what}. It was read anew as load {taken.load_id}: {rows} rows differ.", *taken.notes])


def _newest(settings: Settings, contract: Contract) -> dict[str, Any] | None:
    with connect(settings, LOADER) as connection:
        return connection.execute(
            "select load_id, of_load, origin, reading_sha256 from audit.load_in_use"
            " where source_id = %s and load_id > 0 order by load_id desc limit 1",
            [contract.id],
        ).fetchone()


def _take_kept(
    settings: Settings,
    contract: Contract,
    load: dict[str, Any],
    mine: Turn,
    beside: bool,
    allowed: Allowed,
    now: Standing,
    is_read_anew: bool = False,
) -> LoadResult:
    with connect(settings, LOADER) as connection:
        kept = connection.execute(
            "select * from audit.landed_file where load_id = %s order by file_name", [load["load_id"]]
        ).fetchall()
    gone = [row for row in kept if row["purged_at"]]
    if gone or not kept:
        why = f"removed on {gone[0]['purged_at']:%Y-%m-%d} ({gone[0]['purged_because']})" if gone else "never kept"
        raise KvalitetError(
            f"The files of load {load['load_id']} were {why}.",
            f"Put the delivery of {load['delivery']} into the inbox again and run `kvalitet extract {contract.id}`.",
        )
    missing = set(contract.tables) - {table for row in kept for table in row["table_names"]}
    if missing:
        raise KvalitetError(
            f"The kept files of load {load['load_id']} do not fill {', '.join(sorted(missing))}.",
            "The contract has grown by these tables since; ask the source for the delivery with them.",
        )
    store = Store(settings)
    with private_folder(settings) as folder:
        for row in kept:
            store.fetch(row["path"], folder / row["file_name"], row["kept_sha256"])
            os.utime(folder / row["file_name"], (0, 0))  # nobody is still writing it
        paths = {table: str(folder / row["file_name"]) for row in kept for table in row["table_names"]}
        delivery = Delivery(
            cutoff=date.fromisoformat(load["delivery"]),  # of a late increment, cutoff_date is that of its state
            place=open_place("KVALITET_VAR", f"file://{folder}"),
            paths={table: paths[table] for table in contract.tables},
            absent=(),
        )
        try:
            delivery = judged(contract, delivery, now, allowed.jump)
            taken = take(settings, contract, delivery, mine, allowed, beside, load["load_id"], is_read_anew)
        except DeliveryNotReady as error:
            raise KvalitetError(str(error)) from None
    assert taken is not None  # only what is delivered anew is passed over
    return taken
