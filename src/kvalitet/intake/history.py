"""Keeps the history of a delivered table in `raw`: opens what is new or changed, closes what is gone.

Everything here runs inside the caller's transaction, set-based.
"""

from dataclasses import dataclass

from psycopg import sql

from kvalitet.contracts import Contract, Table
from kvalitet.errors import DeliveryRefused
from kvalitet.intake.reading import Reading
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
    """One table's step into `raw` within one load. `cursor` is an ADBC cursor of the load's transaction."""

    def __init__(self, cursor, contract: Contract, table: Table, load_id: int, file_name: str) -> None:
        self.cursor = cursor
        self.contract = contract
        self.table = table
        self.load_id = load_id
        self.file_name = file_name
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
            "load_id": sql.Literal(load_id),
            "source": sql.Literal(contract.id),
            "table": sql.Literal(table.name),
        }

    def take(self, reading: Reading, closures_allowed: bool) -> TableCounts:
        """Bring the table's history up to the delivery. Raises DeliveryRefused beyond the contract's limits."""
        self._receive(reading)
        self._set_duplicates_aside()
        delivered, rejected, unreadable = self._check_tolerance(reading)
        self._record_rejects(reading)
        held = self._count_held() if rejected else 0
        changed = self._run(
            "update {raw} r set valid_to_load = {load_id} from {incoming} i"
            " where r.valid_to_load is null and {same_key} and i.problems is null and r.row_hash <> i.row_hash"
        )
        closed = self._close_absent(closures_allowed) if self.table.absence_closes and not unreadable else 0
        inserted = self._run(
            "insert into {raw} ({columns}, row_hash, valid_from_load)"
            " select {incoming_columns}, i.row_hash, {load_id} from {incoming} i where i.problems is null"
            " and not exists (select from {raw} r where r.valid_to_load is null and {same_key})"
        )
        self._resolve_rejects()
        return TableCounts(
            delivered=delivered,
            rejected=rejected,
            opened=inserted - changed,
            changed=changed,
            closed=closed,
            unchanged=delivered - rejected - inserted,
            held=held,
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

    def _set_duplicates_aside(self) -> None:
        """Which of two rows with one key is right cannot be known: both are set aside."""
        self._run(
            "update {incoming} i set problems = '*:duplicate_key',"
            " row_key = concat_ws('|', {keys_text}), row_digest = i.row_hash"
            " from (select {keys} from {incoming} where problems is null group by {keys} having count(*) > 1) r"
            " where {same_key} and i.problems is null",
            keys_text=sql.SQL(", ").join(sql.SQL("i.{}::text").format(sql.Identifier(k)) for k in self.table.key),
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
            " i.row_key is not null and exists (select from {raw} r where r.valid_to_load is null and {same_key})"
            " from {incoming} i cross join string_to_table(i.problems, ';') as problem"
            " join (values {reasons}) as rules (rule, reason) on rules.rule = split_part(problem, ':', 2)"
            " where i.problems is not null and not exists (select from audit.reject known"
            "  where known.source_id = {source} and known.table_name = {table} and known.resolved_by_load is null"
            "  and known.row_digest = i.row_digest and known.rule = rules.rule"
            "  and known.column_name is not distinct from nullif(split_part(problem, ':', 1), '*'))"
            " order by i.row_number",
            reasons=reasons,
        )

    def _count_held(self) -> int:
        return self._row(
            "select count(*) from {raw} r where r.valid_to_load is null and exists"
            " (select from {incoming} i where i.problems is not null and i.row_key is not null and {same_key})"
        )[0]

    def _close_absent(self, closures_allowed: bool) -> int:
        (before,) = self._row("select count(*) from {raw} where valid_to_load is null or valid_to_load = {load_id}")
        closed = self._run(
            "update {raw} r set valid_to_load = {load_id} where r.valid_to_load is null"
            " and not exists (select from {incoming} i where {same_key})"
        )
        percent = 100 * closed / before if before else 0.0
        if percent > self.contract.max_closed_percent and not closures_allowed:
            raise DeliveryRefused(
                f"{self.file_name} would close {closed} of {before} rows ({percent:.1f} %) of {self.table.name};"
                f" the contract allows {self.contract.max_closed_percent:g} %.",
                "Ask whether the delivery is whole. If the closures are right, let them in by name and reason:"
                f" kvalitet extract {self.contract.id} --allow-closures 'name: reason'.",
            )
        return closed

    def _resolve_rejects(self) -> None:
        self._run(
            "update audit.reject known set resolved_by_load = {load_id}"
            " where known.source_id = {source} and known.table_name = {table} and known.resolved_by_load is null"
            " and known.load_id < {load_id} and known.row_key in"
            " (select concat_ws('|', {keys_text}) from {incoming} i where i.problems is null)",
            keys_text=sql.SQL(", ").join(sql.SQL("i.{}::text").format(sql.Identifier(k)) for k in self.table.key),
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
