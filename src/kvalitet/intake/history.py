"""Keeps the history of a delivered table in `raw`: opens new or changed rows, closes rows that are gone.

Everything here runs inside the caller's transaction, set-based.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from kvalitet.intake.allowed import Allowed
from kvalitet.intake.before import Before
from kvalitet.intake.limits import check_changes, check_closures
from kvalitet.intake.raw_tables import in_load
from kvalitet.intake.reading import Reading
from kvalitet.intake.receiving import receive
from kvalitet.intake.set_aside import SetAside
from kvalitet.intake.table_load import TableLoad


@dataclass(frozen=True)
class TableCounts:
    """Rows of one delivered table, by what became of them. `held`: set aside, last accepted version kept open."""

    delivered: int
    rejected: int
    opened: int
    changed: int
    closed: int
    unchanged: int
    held: int
    overtaken: int = 0  # a newer cut-off had stated something else of them already
    reread: int = 0  # opened because the contract or code reads them differently, not because the source changed them
    closures_waiting: int = 0
    without_key: int = 0  # why closures wait: each of these rows may be an absent one


#: A row of an increment that is unchanged, but stated by a newer cut-off than before.
SAID_AGAIN: LiteralString = "i.row_hash = r.row_hash and r.stated_on is distinct from {}"


class TableHistory:
    """One table's step into `raw` within one load."""

    def __init__(self, load: TableLoad) -> None:
        self.load = load
        self.set_aside = SetAside(self.load)
        self.contract = load.contract
        self.table = load.table

    def take(
        self, reading: Reading, allowed: Allowed, before: Before, states: Sequence[tuple[int, int | None]] = ()
    ) -> TableCounts:
        """Bring the table's history up to the delivery. Raises DeliveryRefused beyond the contract's limits.

        `states`, for an increment that came late: for each later state, the load that records it and the load that it
        starts from (None where there was none).
        """
        is_anew = before.is_same_delivery or before.is_unknown
        receive(self.load, reading)
        self.set_aside.duplicates()
        if not is_anew and not allowed.changes:
            self.set_aside.changed_identities(before.common(self.table))
        delivered, rejected, unreadable = self.set_aside.check_tolerance(reading)
        for number, of in states:
            self._insert_beside(number, of)
            self._repeat(number, of, "true")
        overtaken = self._leave_overtaken()
        is_first = self._compare(before)
        said_again = self._count_said_again() if self.table.is_increment else 0
        self.set_aside.record(reading)
        if not allowed.changes and not is_anew:
            check_changes(self.load)
        changed = self._close("d.arrived is not null and not d.is_set_aside and not d.is_reread")
        reread = self._close("d.arrived is not null and not d.is_set_aside and d.is_reread")
        closed = waiting = 0
        if self.table.absence_closes and unreadable:
            waiting = self.load.row("select count(*) from {diff} where arrived is null")[0]
        elif self.table.absence_closes:
            closed = self._close_absent(is_limited=not allowed.closures and not before.is_same_delivery)
        new_or_changed = "join {diff} d on d.arrived = i.ctid and not d.is_set_aside"
        inserted = self.load.run(
            "insert into {raw} ({columns}, {also} row_hash, valid_from_load)"
            " select {incoming_columns}, {stated_on} i.row_hash, {load_id} from {incoming} i "
            + ("where i.problems is null" if is_first else new_or_changed)
        )
        self.load.run("select raw.guard_open_rows({raw_name}, {key_names})")
        self.set_aside.resolve(reading)
        if before.is_same_delivery:
            reread = inserted
        inserted, reread = inserted - said_again, max(reread - said_again, 0)
        return TableCounts(
            delivered=delivered,
            rejected=rejected,
            opened=inserted - changed - reread,
            changed=changed,
            closed=closed,
            unchanged=delivered - rejected - inserted - overtaken,
            held=self.load.row("select count(distinct open_version) from {diff} where is_set_aside")[0],
            overtaken=overtaken,
            reread=reread,
            closures_waiting=waiting,
            without_key=unreadable,
        )

    def take_beside(self, reading: Reading, before: int | None) -> TableCounts:
        """Keep a snapshot that is older than what is in as rows of this load alone. No other load sees them.

        `before` is the load of the cut-off before it. Its rows stand where this one does not replace them: for rows set
        aside, and for absent rows of a table in which absence means nothing.
        """
        receive(self.load, reading)
        self.set_aside.duplicates()
        delivered, rejected, unreadable = self.set_aside.check_tolerance(reading)
        self._make_diff()
        self.set_aside.record(reading)
        # They are resolved at once, since a newer delivery has already stated whether the row is in order today.
        self.load.run("update audit.reject set resolved_by_load = {load_id} where load_id = {load_id}")
        opened = self._insert_beside(self.load.load_id, None)
        held = self._repeat(self.load.load_id, before, "exists (select from {incoming} i where i.row_key = {raw_key})")
        if unreadable or not self.table.absence_closes:
            self._repeat(self.load.load_id, before, "true")
        return TableCounts(delivered, rejected, opened, changed=0, closed=0, unchanged=0, held=held)

    def _insert_beside(self, number: int, state_of: int | None) -> int:
        """Insert the delivered rows as rows of load `number` alone, except where the state says something newer."""
        newer: LiteralString = (
            " and not exists (select from {raw} r where {same_key} and r.stated_on > {cutoff} and {in_load})"
        )
        return self.load.run(
            "insert into {raw} ({columns}, {also} row_hash, valid_from_load, valid_to_load)"
            " select {incoming_columns}, {stated_on} i.row_hash, {number}, {number} + 1 from {incoming} i"
            " where i.problems is null" + (newer if state_of is not None else ""),
            number=sql.Literal(number),
            in_load=in_load(sql.Literal(state_of), "r."),
        )

    def _repeat(self, number: int, state_of: int | None, condition: LiteralString) -> int:
        """Insert the rows of a state as rows of load `number` alone, except those that the load has itself."""
        if state_of is None:
            return 0
        return self.load.run(
            "insert into {raw} ({columns}, {also} row_hash, valid_from_load, valid_to_load)"
            " select {columns}, {also} r.row_hash, {number}, {number} + 1 from {raw} r"
            " where {in_load}"
            " and not exists (select from {raw} i where i.valid_from_load = {number} and {same_key}) and " + condition,
            number=sql.Literal(number),
            in_load=in_load(sql.Literal(state_of), "r."),
        )

    def _leave_overtaken(self) -> int:
        """Leave out the rows of an increment that a newer cut-off has stated already. Returns how many."""
        if not self.table.is_increment:
            return 0
        return self.load.run(
            "delete from {incoming} i using {raw} r where {same_key} and i.problems is null"
            " and r.valid_to_load is null and r.stated_on > {cutoff}"
        )

    def _count_said_again(self) -> int:
        """Count unchanged rows of an increment. They become a version too, so that it is known who stated them last."""
        return self.load.row(
            "select count(*) from {diff} d join {raw} r on r.ctid = d.open_version"
            " join {incoming} i on i.ctid = d.arrived where not d.is_set_aside and r.row_hash = i.row_hash"
        )[0]

    def _compare(self, before: Before) -> bool:
        """Find once what differs between the delivery and the open versions. Returns whether there are no versions yet.

        `diff` pairs the places of an open version and an arrived row, either of which may be null. Pairs that agree are
        left out. For a first delivery it stays empty, because everything is new. A pair is reread where only the
        reading changed: the delivery is the same one, or everything that the state before held of it is the same.
        """
        self._make_diff()
        if not self.load.row("select exists (select from {raw} where valid_to_load is null)")[0]:
            return True
        self.load.run(
            "insert into {diff} select r.place, i.ctid, i.problems is not null, {is_reread} from {incoming} i full join"
            " (select ctid as place, {columns}, {also} row_hash from {raw} where valid_to_load is null) r on {same_key}"
            " where i.row_hash is distinct from r.row_hash or i.problems is not null or {is_said_again}",
            is_reread=before.is_reread(self.table),
            is_said_again=sql.SQL(SAID_AGAIN if self.table.is_increment else "false").format(self.load.names["cutoff"]),
        )
        self.load.run("analyze {diff}")
        return False

    def _make_diff(self) -> None:
        self.load.run(
            "create temporary table {diff} (open_version tid, arrived tid, is_set_aside boolean not null,"
            " is_reread boolean not null)"
            " on commit drop"
        )

    def _close(self, condition: LiteralString) -> int:
        return self.load.run(
            "update {raw} r set valid_to_load = {load_id} from {diff} d where d.open_version = r.ctid and " + condition
        )

    def _close_absent(self, is_limited: bool) -> int:
        (before,) = self.load.row("select count(*) from {raw} where valid_to_load is null or valid_to_load = {load_id}")
        closed = self._close("d.arrived is null")
        if is_limited:
            check_closures(self.load, closed, before)
        return closed
