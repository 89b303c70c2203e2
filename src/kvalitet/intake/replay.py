"""Takes a delivery in once more from its kept files, after its contract was mended."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kvalitet.contracts import Contract
from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake.allowed import Allowed, ByAndWhy
from kvalitet.intake.before import reading_digest
from kvalitet.intake.cutoffs import standing
from kvalitet.intake.extract import keep_contract, ready_contract, without_values
from kvalitet.intake.records import ExtractResult, record
from kvalitet.intake.taking import find_load, take_kept
from kvalitet.intake.turns import Turn, turn
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

    The result is a load of its own. For the newest delivery, rows that differ are reread and count towards no limit.
    Where a newer delivery is in, the load is kept beside the history like every older delivery. Nothing is done where
    this content is in by this contract and code already. Raises KvalitetError where the files are gone, DeliveryRefused
    where the delivery is refused (again), LockHeld where another process stays at work on the source.
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
        taken = take_kept(settings, contract, load, mine, beside, allowed, now)
    except KvalitetError:
        raise
    except Exception as error:
        raise without_values(contract.id, error) from None
    what = f"Load {load['load_id']} was taken in once more as load {taken.load_id}"
    message = f"{what}, beside the history: a newer delivery is in." if beside else " ".join([f"{what}.", *taken.notes])
    if taken.outcome == "refused":
        raise DeliveryRefused(taken.reason or "")
    result = ExtractResult(contract.id, "accepted", message, (taken,), mine.knew_of)
    if not beside:  # tonight's build reports the source's last attempt
        record(settings, result, started, mine.knew_of)
    return result


def _in_already(settings: Settings, contract: Contract, load: dict[str, Any]) -> int | None:
    """The load that already holds this content as this contract reads it, or None.

    Raises KvalitetError where it was taken in once more already and that load was withdrawn.
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
