"""Takes in one delivery as one load, from the inbox or from its kept files."""

import hashlib
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryNotReady, DeliveryRefused, DeliveryWithdrawn, KvalitetError
from kvalitet.intake.allowed import Allowed
from kvalitet.intake.before import reading_digest
from kvalitet.intake.cutoffs import Standing, judged, standing
from kvalitet.intake.deliveries import Delivery
from kvalitet.intake.loading import load_delivery
from kvalitet.intake.records import LoadResult, land, record_refusal
from kvalitet.intake.spool import SpooledFile, spooled
from kvalitet.intake.turns import Turn, turn_seconds
from kvalitet.landing import Store
from kvalitet.landing.places import open_place
from kvalitet.landing.private_folder import private_folder
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import PERSONS
from kvalitet.warehouse.locks import take as take_lock


def take(
    settings: Settings,
    contract: Contract,
    delivery: Delivery,
    mine: Turn,
    allowed: Allowed,
    beside: bool = False,
    of_load: int | None = None,
    is_read_anew: bool = False,
) -> LoadResult | None:
    """Take in one delivery. None where exactly this content is in already, or was refused before as an older one.

    `of_load` is the load whose kept files are taken in once more. `is_read_anew` says that it is the newest load and
    only its reading differs. That is done here before a newer delivery is taken in. The files are in the landing store
    before the load that names them is committed. Raises DeliveryNotReady where this content was withdrawn.
    """
    started = datetime.now(UTC)
    content, landed = "", []
    with connect(settings, LOADER) as held:
        held.execute("select set_config('application_name', %s, true)", [f"kvalitet extract {contract.id}"])
        # So that nobody is erased between the landing of a file and the record that names it.
        take_lock(held, PERSONS, "persons or keys are being changed", turn_seconds(), is_shared=True)
        try:
            with spooled(settings, contract, delivery) as files:
                content = _content_digest(files)
                known = _known(settings, contract, delivery, content) if of_load is None else None
                if known and known["is_withdrawn"]:
                    raise DeliveryWithdrawn(
                        known["load_id"],
                        f"Delivery {delivery.name} is the one of load {known['load_id']}, which was withdrawn.",
                        f"Ask for a corrected one; if it was right, `kvalitet replay {known['load_id']}`.",
                    )
                if known and (known["outcome"] == "accepted" or (beside and not allowed.jump)):
                    return None
                if known and not allowed:
                    return LoadResult(known["load_id"], delivery.name, "refused", known["reason"])
                landed = land(settings, contract, files)
                if delivery.refusal:
                    raise delivery.refusal
                refusals = [file.refusal for file in files.values() if file.refusal]
                if refusals:
                    raise refusals[0]
                anew = None if beside or of_load else read_newest_anew(settings, contract, mine)
                result = load_delivery(
                    settings, contract, delivery, files, content, started, mine, allowed, beside, landed, of_load,
                    is_read_anew,
                )  # fmt: skip
                result = replace(result, notes=(*filter(None, [anew]), *result.notes))
        except DeliveryRefused as refusal:
            result = record_refusal(settings, contract, delivery, content, str(refusal), started, landed)
    mine.took(result.load_id, result.outcome == "accepted")
    return result


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


def find_load(settings: Settings, load_id: int) -> dict[str, Any]:
    """A row of audit.load, with `withdrawn_at`. Raises KvalitetError where no load has that number."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select load.*, withdrawn_at, restored_by from audit.load left join audit.load_withdrawal using (load_id)"
            " where load_id = %s",
            [load_id],
        ).fetchone()
    if row is None:
        raise KvalitetError(f"There is no load {load_id}.", "`kvalitet status` lists each source's newest load.")
    return row


def read_newest_anew(settings: Settings, contract: Contract, mine: Turn) -> str | None:
    """Reread the files of the newest load in use where its texts became rows differently than they would today.

    So the changes of the next delivery are the source's alone. Returns a message, or None where nothing was to be done.
    Where rereading is not possible, the next load says what follows from that.
    """
    newest = _newest(settings, contract)
    if newest is None or newest["reading_sha256"] == reading_digest(contract):
        return None
    files_of = newest["of_load"] if newest["origin"] == "restored" else newest["load_id"]
    what = f"Load {newest['load_id']} was read by another contract or code"
    try:
        now = replace(standing(settings, contract), is_known=True)  # its cut-off was in order when it came in
        load = find_load(settings, files_of)
        taken = take_kept(settings, contract, load, mine, False, Allowed(), now, is_read_anew=True)
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


def take_kept(
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
            cutoff=date.fromisoformat(load["delivery"]),  # for a late increment, cutoff_date is that of its state
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
