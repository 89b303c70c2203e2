"""Takes in what has arrived from one source, each delivery in one transaction with its load record."""

from dataclasses import replace
from datetime import UTC, datetime

from kvalitet.contracts import Contract, find_contract
from kvalitet.errors import (
    DeliveryNotReady,
    DeliveryRefused,
    DeliveryWithdrawn,
    KvalitetError,
    NotInstalled,
    as_disk_full,
)
from kvalitet.intake.allowed import Allowed, ByAndWhy
from kvalitet.intake.cutoffs import is_left_behind, judged, standing
from kvalitet.intake.deliveries import Delivery, look
from kvalitet.intake.faults import is_own_fault, kind, own_fault
from kvalitet.intake.records import ExtractResult, LoadResult, record
from kvalitet.intake.taking import take
from kvalitet.intake.turns import Turn, turn
from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.locks import LockHeld
from kvalitet.warehouse.restored import refuse_until_confirmed


def extract(
    settings: Settings,
    source_id: str,
    allow_closures: ByAndWhy | None = None,
    owner: str | None = None,
    due_at: datetime | None = None,
    allow_changes: ByAndWhy | None = None,
    allow_jump: ByAndWhy | None = None,
) -> ExtractResult:
    """Take in every new delivery of `source_id`, oldest first, and record the attempt.

    A delivery older than what is in already is kept beside the history, see `_take_older`.

    `allow_closures` is who lets in more closures than the contract's limit, and why. `allow_changes` is the same for
    changes, `allow_jump` for a cut-off far from what was due. `owner` is whose run it is, `due_at` the time on the
    timetable that it is made for. Waits for another process that works on the source. Raises DeliveryRefused where the
    newest delivery was refused, and KvalitetError where the contract is not ready for intake. The attempt is recorded
    in both cases. Nothing is recorded where another process stays at work (LockHeld), or where the name or reason of an
    allowance cannot be kept (KvalitetError).
    """
    allowed = Allowed.named(allow_closures, allow_changes, allow_jump)
    find_contract(settings, source_id)  # a mistyped source id is not recorded anywhere
    with turn(settings, source_id, owner) as mine:
        started = datetime.now(UTC)

        def recorded(result: ExtractResult) -> ExtractResult:
            record(settings, result, started, mine.knew_of, due_at)
            return replace(result, knew_of=mine.knew_of)

        try:
            contract = ready_contract(settings, source_id)
            keep_contract(settings, contract)
            result = recorded(_take_all(settings, contract, allowed, mine))
        except LockHeld:
            raise
        except KvalitetError as error:
            recorded(ExtractResult(source_id, "failed", str(error)))
            raise
        except Exception as error:
            failure = _not_installed(error) if isinstance(error, ImportError) else without_values(source_id, error)
            recorded(ExtractResult(source_id, "failed", str(failure)))
            raise failure from None
    if result.outcome == "refused":
        raise DeliveryRefused(result.message)
    return result


def _not_installed(error: ImportError) -> NotInstalled:
    return NotInstalled(
        f"The Python package {error.name or 'of an import'} is missing or broken here: {error}.",
        "Install it, or make the environment anew: `uv sync --frozen`, or build the image again.",
    )


def without_values(source_id: str, error: Exception) -> KvalitetError:
    """A message about an unforeseen error that is safe to show. Databases and parsers repeat delivered values."""
    if full := as_disk_full(error):
        return full
    if is_own_fault(error):
        return own_fault(f"The extraction of {source_id} failed", error)
    return KvalitetError(
        f"The extraction of {source_id} failed with {kind(error)};"
        " what it said is left out, because it may hold delivered values.",
        "Nothing was taken in. Try again; if it stays, run the delivery on a machine where its values may be seen.",
    )


def ready_contract(settings: Settings, source_id: str) -> Contract:
    """The source's contract. Raises KvalitetError where there is none or intake cannot use it.

    It cannot where the contract lacks what intake needs, or where a restore has undone erasures and nobody has
    confirmed that they were carried out again.
    """
    contract = find_contract(settings, source_id)
    if contract.problems:
        raise KvalitetError(
            f"Nothing is taken in from {source_id} while its contract lacks: " + "; ".join(contract.problems) + ".",
            f"Mend {settings.contracts_dir / source_id}.odcs.yaml.",
        )
    with connect(settings, LOADER) as connection:
        refuse_until_confirmed(connection)
        tables = [table.raw_name for table in contract.tables.values()]
        missing = connection.execute(
            "select string_agg(name, ', ' order by name) as names from unnest(%s::text[]) as name"
            " where not exists (select from pg_class where oid = to_regclass(format('raw.%%I', name)))",
            [tables],
        ).fetchone()
    if missing and missing["names"]:
        raise KvalitetError(
            f"The warehouse has no table yet for {source_id}: {missing['names']}.",
            "`kvalitet migrate` makes the tables of new contracts.",
        )
    return contract


def keep_contract(settings: Settings, contract: Contract) -> None:
    """Record the contract's wording and owners, so that it is known who answers for what it takes in and sets aside."""
    with connect(settings, LOADER) as connection:
        connection.execute(
            "insert into audit.contract (contract_sha256, source_id, version, title, owner, support)"
            " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            [contract.sha256, contract.id, contract.version, contract.title, contract.owner, contract.support],
        )


def _take_all(settings: Settings, contract: Contract, allowed: Allowed, mine: Turn) -> ExtractResult:
    if contract.location:
        from kvalitet.intake.api import fetch

        try:
            fetch(settings, contract)
        except DeliveryNotReady as error:
            return ExtractResult(contract.id, "missing", str(error))
    inbox = look(settings, contract)
    before = standing(settings, contract)
    newest = before.newest
    waiting = [d for d in inbox.deliveries if newest is None or d.cutoff >= newest]
    notes = list(inbox.notes)
    older = [judged(contract, d, before, allowed.jump) for d in inbox.deliveries if d not in waiting]
    loads = _take_older(settings, contract, older, allowed.jump, notes, mine)
    beside = len(loads)
    if not waiting:
        message = " ".join(["No delivery is in the inbox.", *notes])
        return ExtractResult(contract.id, "missing", message, tuple(loads))
    not_ready = None
    for delivery in waiting:
        delivery = judged(contract, delivery, before, allowed.jump)
        if delivery.absent and delivery.refusal:  # one file of a delivery, with its name mistyped
            notes.append(str(delivery.refusal))
            continue
        if delivery.absent:
            not_ready = f"Delivery {delivery.name} is incomplete: {', '.join(delivery.absent)} has not come."
            continue
        try:
            load = take(settings, contract, delivery, mine, allowed)
        except DeliveryWithdrawn as error:
            if is_left_behind(settings, contract, error.load_id):
                notes.append(str(error))
            else:
                not_ready = str(error)
            continue
        except DeliveryNotReady as error:
            not_ready = str(error)
            continue
        if load and load.outcome == "refused" and is_left_behind(settings, contract, load.load_id):
            notes.append(f"{load.reason} A delivery that is in came after it.")
        elif load:
            loads.append(load)
            notes += load.notes
        if not load or load.outcome == "accepted":
            before = before.after(delivery)
    if loads[beside:] and loads[-1].outcome == "refused":
        return ExtractResult(contract.id, "refused", loads[-1].reason or "", tuple(loads))
    if not_ready:
        outcome = "accepted" if any(load.outcome == "accepted" for load in loads[beside:]) else "missing"
        return ExtractResult(contract.id, outcome, " ".join([not_ready, *notes]), tuple(loads))
    if not loads[beside:]:
        message = " ".join(["The newest delivery is already in.", *notes])
        return ExtractResult(contract.id, "beside" if loads else "nothing_new", message, tuple(loads))
    count = len(loads) - beside
    message = f"{count} {'delivery' if count == 1 else 'deliveries'} taken in."
    return ExtractResult(contract.id, "accepted", " ".join([message, *notes]), tuple(loads))


def _take_older(
    settings: Settings,
    contract: Contract,
    deliveries: list[Delivery],
    jump_allowed: ByAndWhy | None,
    notes: list[str],
    mine: Turn,
) -> list[LoadResult]:
    """Keep deliveries that came after a newer one, each beside the history. Adds to `notes` what came of them.

    A build of today does not see them, a build of what was known at their cut-off does. Their load numbers are below
    zero. They do not count as tonight's delivery.
    """
    loads = []
    for delivery in deliveries:
        if delivery.absent:
            continue
        instead_of = _load_of(settings, contract, delivery)
        adds_up = contract.delivers == "increment" and (not instead_of or contract.corrections == "supersede")
        try:
            load = take(settings, contract, delivery, mine, Allowed(jump=jump_allowed), beside=not adds_up)
        except DeliveryNotReady:
            continue
        if load:
            loads.append(load)
            notes.append(_beside(delivery, load, instead_of))
            notes += load.notes
    return loads


def _beside(delivery: Delivery, load: LoadResult, instead_of: int | None) -> str:
    corrected = f" is another one than load {instead_of} took in: it was corrected after a newer one came, and"
    what = f"The older delivery {delivery.name}{corrected if instead_of else ''}"
    if load.outcome == "refused":
        return f"{what} was refused: {load.reason}"
    if load.load_id > 0:
        return f"{what} was added to the history, as load {load.load_id}: what newer ones say of a key stands."
    return (
        f"{what} was taken in beside the history, as load {load.load_id}: figures of today do not see it,"
        f" `--known-at {delivery.name}` does."
    )


def _load_of(settings: Settings, contract: Contract, delivery: Delivery) -> int | None:
    """The newest load in use of a delivery's cut-off."""
    with connect(settings, LOADER) as connection:
        row = connection.execute(
            "select load_id from audit.load_in_use where source_id = %s and delivery = %s order by abs(load_id) desc",
            [contract.id, delivery.name],
        ).fetchone()
    return row["load_id"] if row else None
