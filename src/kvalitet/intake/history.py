"""Keeps the history of a delivered table in `raw`: opens what is new or changed, closes what is gone.

Everything here runs inside the caller's transaction, set-based.
"""

from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from kvalitet.contracts import Contract, Table
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.pseudonyms import ERASED
from kvalitet.intake.reading import Reading
from kvalitet.intake.row_hash import hash_sql
from kvalitet.intake.rules import RULES
from kvalitet.warehouse.admin import RAW_TYPES

MAX_RULES_NAMED = 5


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


class TableHistory:
    """One table's step into `raw` within one load. `cursor` is an ADBC cursor of the load's transaction.

    `of_load` is the load whose files are taken in once more.
    """

    def __init__(
        self, cursor, contract: Contract, table: Table, load_id: int, file_name: str, of_load: int | None = None
    ) -> None:
        self.cursor = cursor
        self.contract = contract
        self.table = table
        self.load_id = load_id
        self.file_name = file_name
        self.of_load = of_load
        self.columns = list(table.raw_columns())
        self.names = {
            "raw": sql.Identifier("raw", table.raw_name),
            "incoming": sql.Identifier(f"incoming_{table.name}"),
            "columns": sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            "incoming_columns": sql.SQL(", ").join(sql.Identifier("i", name) for name in self.columns),
            "keys": sql.SQL(", ").join(map(sql.Identifier, table.key)),
            "same_key": sql.SQL(" and ").join(
                sql.SQL("i.{0} = r.{0}").format(sql.Identifier(name)) for name in table.key
            ),
            "raw_key": sql.SQL("concat_ws('|', {})").format(
                sql.SQL(", ").join(sql.SQL("r.{}::text").format(sql.Identifier(name)) for name in table.key)
            ),
            "keys_text": sql.SQL(", ").join(sql.SQL("i.{}::text").format(sql.Identifier(name)) for name in table.key),
            "diff": sql.Identifier(f"diff_{table.name}"),
            "doubled": sql.Identifier(f"doubled_{table.name}"),
            "raw_name": sql.Literal(table.raw_name),
            "key_names": sql.Literal(list(table.key)),
            "load_id": sql.Literal(load_id),
            "source": sql.Literal(contract.id),
            "table": sql.Literal(table.name),
        }

    def take(self, reading: Reading, closures_allowed: bool) -> TableCounts:
        """Bring the table's history up to the delivery. Raises DeliveryRefused beyond the contract's limits."""
        self._receive(reading)
        self._keep_erased()
        self._set_duplicates_aside()
        delivered, rejected, unreadable = self._check_tolerance(reading)
        is_first = self._compare()
        self._record_rejects(reading)
        changed = self._close("d.arrived is not null and not d.is_set_aside")
        closed = self._close_absent(closures_allowed) if self.table.absence_closes and not unreadable else 0
        new_or_changed = "join {diff} d on d.arrived = i.ctid and not d.is_set_aside"
        inserted = self._run(
            "insert into {raw} ({columns}, row_hash, valid_from_load)"
            " select {incoming_columns}, i.row_hash, {load_id} from {incoming} i "
            + ("where i.problems is null" if is_first else new_or_changed)
        )
        self._run("select raw.guard_open_rows({raw_name}, {key_names})")
        self._resolve_rejects()
        if self.of_load is not None:
            self._resolve_replayed(reading)
        return TableCounts(
            delivered=delivered,
            rejected=rejected,
            opened=inserted - changed,
            changed=changed,
            closed=closed,
            unchanged=delivered - rejected - inserted,
            held=self._row("select count(distinct open_version) from {diff} where is_set_aside")[0],
        )

    def take_beside(self, reading: Reading, before: int | None) -> TableCounts:
        """Keep a snapshot that is older than what is in as rows of this load alone: no other load sees them.

        `before` is the load of the cut-off before it, whose rows stand where this one leaves them as they
        were: rows set aside, and absent rows of a table in which absence means nothing.
        """
        self._receive(reading)
        self._keep_erased()
        self._set_duplicates_aside()
        delivered, rejected, unreadable = self._check_tolerance(reading)
        self._make_diff()
        self._record_rejects(reading)
        # They wait for nobody: whether the row is in order today, a newer delivery has said.
        self._run("update audit.reject set resolved_by_load = {load_id} where load_id = {load_id}")
        opened = self._run(
            "insert into {raw} ({columns}, row_hash, valid_from_load, valid_to_load)"
            " select {incoming_columns}, i.row_hash, {load_id}, {load_id} + 1 from {incoming} i"
            " where i.problems is null"
        )
        held = self._repeat(before, "exists (select from {incoming} i where i.row_key = {raw_key})")
        if unreadable or not self.table.absence_closes:
            self._repeat(before, "true")
        return TableCounts(delivered, rejected, opened, changed=0, closed=0, unchanged=0, held=held)

    def _repeat(self, before: int | None, condition: LiteralString) -> int:
        if before is None:
            return 0
        return self._run(
            "insert into {raw} ({columns}, row_hash, valid_from_load, valid_to_load)"
            " select {columns}, r.row_hash, {load_id}, {load_id} + 1 from {raw} r"
            " where valid_from_load <= {before} and (valid_to_load is null or valid_to_load > {before})"
            " and not exists (select from {raw} i where i.valid_from_load = {load_id} and {same_key}) and " + condition,
            before=sql.Literal(before),
        )

    def _receive(self, reading: Reading) -> None:
        types = [
            sql.SQL("{} {}").format(sql.Identifier(name), RAW_TYPES[kind])
            for name, kind in self.table.raw_columns().items()
        ]
        self._run(
            "create temporary table {incoming} ({types}, row_hash text, row_key text,"
            " row_digest text, problems text, row_number bigint) on commit drop",
            types=sql.SQL(", ").join(types),
        )
        self.cursor.adbc_ingest(f"incoming_{self.table.name}", reading.batches, mode="append", temporary=True)
        self._run("analyze {incoming}")

    def _keep_erased(self) -> None:
        """A case whose person was erased stays without a person, whatever the source delivers of it."""
        persons = [c.name for c in self.table.columns if c.classification == "personal"]
        if not persons or not self._row("select exists (select from audit.person_erasure)")[0]:
            return
        emptied = {
            c.name: sql.SQL("null") for c in self.table.columns if c.classification == "sensitive" and c.is_landed
        }
        for name in persons:
            changed: dict[str, sql.Composable] = {name: sql.Identifier("r", name), **emptied}
            self._run(
                "update {incoming} i set {changes}, row_hash = {hash} from (select distinct on ({keys}) * from {raw}"
                " where starts_with({column}, {erased}) order by {keys}, valid_from_load desc) r"
                " where {same_key} and i.problems is null",
                changes=sql.SQL(", ").join(
                    sql.SQL("{} = {}").format(sql.Identifier(column), value) for column, value in changed.items()
                ),
                hash=hash_sql(self.table, "i", changed),
                column=sql.Identifier(name),
                erased=sql.Literal(ERASED),
            )

    def _set_duplicates_aside(self) -> None:
        """Which of two rows with one key is right cannot be known: both are set aside."""
        self._run(
            "create temporary table {doubled} on commit drop as"
            " select {keys} from {incoming} where problems is null group by {keys} having count(*) > 1"
        )
        self._run("analyze {doubled}")
        self._run(
            "update {incoming} i set problems = '*:duplicate_key', row_key = concat_ws('|', {keys_text}),"
            " row_digest = i.row_hash from {doubled} r where {same_key} and i.problems is null"
        )

    def _compare(self) -> bool:
        """Find once what differs between the delivery and the open versions; says whether there are none yet.

        `diff` pairs the places of an open version and an arrived row (null where there is no such);
        pairs that agree are left out. For a first delivery it stays empty: everything is new.
        """
        self._make_diff()
        if not self._row("select exists (select from {raw} where valid_to_load is null)")[0]:
            return True
        self._run(
            "insert into {diff} select r.place, i.ctid, i.problems is not null from {incoming} i full join"
            " (select ctid as place, {keys}, row_hash from {raw} where valid_to_load is null) r on {same_key}"
            " where i.row_hash is distinct from r.row_hash or i.problems is not null"
        )
        self._run("analyze {diff}")
        return False

    def _make_diff(self) -> None:
        self._run(
            "create temporary table {diff} (open_version tid, arrived tid, is_set_aside boolean not null)"
            " on commit drop"
        )

    def _close(self, condition: LiteralString) -> int:
        return self._run(
            "update {raw} r set valid_to_load = {load_id} from {diff} d where d.open_version = r.ctid and " + condition
        )

    def _check_tolerance(self, reading: Reading) -> tuple[int, int, int]:
        broken = reading.broken_count()
        read, set_aside, unreadable = self._row(
            "select count(*), count(problems), count(*) filter (where problems is not null and row_key is null"
            " and problems <> '*:header_repeated') from {incoming}"
        )
        delivered, rejected = read + broken, set_aside + broken
        if delivered == 0:
            raise DeliveryRefused(f"{self.file_name} holds no rows.", "Ask for the file again.")
        percent = 100 * rejected / delivered
        if percent > self.contract.max_rejected_percent:
            raise DeliveryRefused(
                f"{self.file_name}: {rejected} of {delivered} rows ({percent:.1f} %) break the contract, which allows"
                f" {self.contract.max_rejected_percent:g} %: {self._name_rules(broken)}.",
                "Ask for a corrected delivery, or correct the contract where it is the one that is wrong.",
            )
        return delivered, rejected, unreadable + broken

    def _name_rules(self, broken: int) -> str:
        found = self._rows(
            "select problem, count(*) from {incoming}, string_to_table(problems, ';') as problem"
            " group by problem order by 2 desc, 1"
        )
        if broken:
            found.append(("*:row_structure", broken))
        texts = []
        for problem, count in sorted(found, key=lambda item: -item[1])[:MAX_RULES_NAMED]:
            column, _, rule = problem.partition(":")
            texts.append(f"{count} × {'' if column == '*' else column + ' '}{RULES[rule]}")
        return "; ".join(texts)

    def _record_rejects(self, reading: Reading) -> None:
        """Each broken value once, until it is resolved: a full snapshot repeats it every night."""
        for record in reading.broken():
            self._run(
                "insert into audit.reject (load_id, source_id, table_name, row_number, row_digest, rule, reason)"
                " select {load_id}, {source}, {table}, {number}, {digest}, 'row_structure', {reason}"
                " where not exists (select from audit.reject where source_id = {source} and table_name = {table}"
                " and row_digest = {digest} and resolved_by_load is null)",
                number=sql.Literal(record.line),
                digest=sql.Literal(record.digest),
                reason=sql.Literal(RULES["row_structure"]),
            )
        reasons = sql.SQL(", ").join(
            sql.SQL("({}, {})").format(sql.Literal(rule), sql.Literal(reason)) for rule, reason in RULES.items()
        )
        self._run(
            "insert into audit.reject (load_id, source_id, table_name, row_number, row_key, row_digest, column_name,"
            " rule, reason, holds_previous)"
            " select {load_id}, {source}, {table}, i.row_number, i.row_key, i.row_digest,"
            " nullif(split_part(problem, ':', 1), '*'), rules.rule, rules.reason,"
            " exists (select from {diff} d where d.arrived = i.ctid and d.open_version is not null)"
            " from {incoming} i cross join string_to_table(i.problems, ';') as problem"
            " join (values {reasons}) as rules (rule, reason) on rules.rule = split_part(problem, ':', 2)"
            " where i.problems is not null and not exists (select from audit.reject known"
            "  where known.source_id = {source} and known.table_name = {table} and known.resolved_by_load is null"
            "  and known.row_digest = i.row_digest and known.rule = rules.rule"
            "  and known.column_name is not distinct from nullif(split_part(problem, ':', 1), '*'))"
            " order by i.row_number",
            reasons=reasons,
        )

    def _close_absent(self, closures_allowed: bool) -> int:
        (before,) = self._row("select count(*) from {raw} where valid_to_load is null or valid_to_load = {load_id}")
        closed = self._close("d.arrived is null")
        percent = 100 * closed / before if before else 0.0
        if percent > self.contract.max_closed_percent and not closures_allowed:
            raise DeliveryRefused(
                f"{self.file_name} would close {closed} of {before} rows ({percent:.1f} %) of {self.table.name};"
                f" the contract allows {self.contract.max_closed_percent:g} %.",
                "Ask whether the delivery is whole. If the closures are right, let them in by name and reason:"
                f" `kvalitet extract {self.contract.id} --allow-closures 'name: reason'`.",
            )
        return closed

    def _resolve_rejects(self) -> None:
        earlier = (
            "known.source_id = {source} and known.table_name = {table}"
            " and known.resolved_by_load is null and known.load_id < {load_id}"
        )
        if self._row("select exists (select from audit.reject known where " + earlier + ")")[0]:
            self._run(
                "update audit.reject known set resolved_by_load = {load_id} where " + earlier + " and known.row_key in"
                " (select concat_ws('|', {keys_text}) from {incoming} i where i.problems is null)"
            )

    def _resolve_replayed(self, reading: Reading) -> None:
        """Of the same bytes it is known which rows without a readable key are in order now: those not set aside."""
        self._run(
            "update audit.reject set resolved_by_load = {load_id} where source_id = {source} and table_name = {table}"
            " and load_id = {of_load} and row_key is null and resolved_by_load is null and row_digest <> all({broken})"
            " and row_digest not in (select row_digest from {incoming} where problems is not null)",
            of_load=sql.Literal(self.of_load),
            broken=sql.SQL("{}::text[]").format(sql.Literal([record.digest for record in reading.broken()])),
        )

    def _run(self, query: str, **names: sql.Composable) -> int:
        self.cursor.execute(self._compose(query, names))
        return max(self.cursor.rowcount, 0)

    def _rows(self, query: str, **names: sql.Composable) -> list[tuple]:
        self.cursor.execute(self._compose(query, names))
        return self.cursor.fetchall()

    def _row(self, query: str) -> tuple:
        return self._rows(query)[0]

    def _compose(self, query: str, names: dict[str, sql.Composable]) -> str:
        return sql.SQL(query).format(**self.names, **names).as_string(None)  # type: ignore[arg-type]
