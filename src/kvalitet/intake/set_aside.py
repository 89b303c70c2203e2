"""The rows of a table that are set aside: which ones, whether there are too many, and how long they stay open."""

from collections.abc import Collection

from psycopg import sql

from kvalitet.errors import DeliveryRefused
from kvalitet.intake.balance import Account
from kvalitet.intake.reading import Reading
from kvalitet.intake.rules import RULES
from kvalitet.intake.table_load import TableLoad

MAX_RULES_NAMED = 5


class SetAside:
    """The rows set aside among those that `load` received."""

    def __init__(self, load: TableLoad) -> None:
        self.load = load
        self.account: Account  # known when the tolerance is checked

    def duplicates(self) -> None:
        """Set aside all rows that share a key, since it cannot be known which one is right."""
        self.load.run(
            "create temporary table {doubled} on commit drop as"
            " select {keys} from {incoming} where problems is null group by {keys} having count(*) > 1"
        )
        self.load.run("analyze {doubled}")
        self.load.run(
            "update {incoming} i set problems = '*:duplicate_key', row_key = {incoming_key},"
            " row_digest = i.row_hash from {doubled} r where {same_key} and i.problems is null"
        )

    def changed_identities(self, columns: Collection[str]) -> None:
        """Set aside rows with a new value in a column that the contract calls unchanging. The last version stays."""
        for column in self.load.table.columns:
            if not column.may_change and column.name in columns:
                self.load.run(
                    "update {incoming} i set problems = {problem}, row_key = {incoming_key},"
                    " row_digest = i.row_hash from {raw} r where r.valid_to_load is null and {same_key}"
                    " and i.problems is null and r.{column} is not null and i.{column} is distinct from r.{column}",
                    problem=sql.Literal(f"{column.name}:identity_changed"),
                    column=sql.Identifier(column.name),
                )

    def check_tolerance(self, reading: Reading) -> tuple[int, int, int]:
        """Rows delivered, set aside, and without a readable key.

        Raises DeliveryRefused beyond the contract's limit, and where not all that was delivered is accounted for.
        """
        broken = len(reading.broken)
        read, set_aside, unreadable = self.load.row(
            "select count(*), count(problems), count(*) filter (where problems is not null and row_key is null"
            " and problems <> '*:header_repeated') from {incoming}"
        )
        self._refuse_moved_header(reading)
        delivered, rejected = read + broken, set_aside + broken
        if delivered == 0:
            raise DeliveryRefused(f"{self.load.file_name} holds no rows.", "Ask for the file again.")
        percent = 100 * rejected / delivered
        if percent > self.load.contract.max_rejected_percent:
            raise DeliveryRefused(
                f"{self.load.file_name}: {rejected} of {delivered} rows ({percent:.1f} %) break the contract, which"
                f" allows {self.load.contract.max_rejected_percent:g} %: {self._name_rules(broken)}.",
                "Ask for a corrected delivery, or correct the contract where it is the one that is wrong.",
            )
        self.account = reading.account(read, set_aside)
        self._number(reading)
        return delivered, rejected, unreadable + broken

    def _refuse_moved_header(self, reading: Reading) -> None:
        """Raises DeliveryRefused where a second header has another order: it is unclear which one a row follows."""
        query = "select row_number from {incoming} where problems = '*:header_moved' order by row_number limit 1"
        for (row,) in self.load.rows(query):
            place = f"{'row' if self.load.table.sheet else 'line'} {reading.numbers([row])[0]}"
            raise DeliveryRefused(
                f"{self.load.file_name}, {place}: the header stands there again, with its columns in another order.",
                "Ask for each table in a file or sheet of its own, or for all of it in one order.",
            )

    def _number(self, reading: Reading) -> None:
        """Give the rows set aside the numbers under which the sender finds them."""
        rows = [row for (row,) in self.load.rows("select row_number from {incoming} where problems is not null")]
        if rows:
            self.load.run(
                "update {incoming} i set row_number = found.number"
                " from unnest({rows}::bigint[], {numbers}::bigint[]) as found (row, number)"
                " where i.row_number = found.row and i.problems is not null",
                rows=sql.Literal(rows),
                numbers=sql.Literal(reading.numbers(rows)),
            )

    def record(self, reading: Reading) -> None:
        """Record each broken value once until it is resolved, since a full snapshot repeats it every night.

        Rows that share a key, or have none and are alike, are told apart by their `occurrence`.
        """
        is_known = (
            "exists (select from audit.reject known where known.source_id = {source} and known.table_name = {table}"
            " and known.resolved_by_load is null and known.row_digest = i.row_digest"
            " and known.occurrence = i.occurrence and "
        )
        broken = reading.broken.listed(reading.delivered)
        self.load.run(
            "insert into audit.reject (load_id, source_id, table_name, sheet, row_number, row_digest, occurrence, rule,"
            " reason) select {load_id}, {source}, {table}, {sheet}, i.row_number, i.row_digest, i.occurrence,"
            " 'row_structure', {reason} from (select *, row_number() over (partition by row_digest order by row_number)"
            " as occurrence from unnest({numbers}::bigint[], {digests}::text[]) as _ (row_number, row_digest)) i"
            " where not " + is_known + "known.rule = 'row_structure') order by i.row_number",
            numbers=sql.Literal([number for number, _ in broken]),
            digests=sql.Literal([digest for _, digest in broken]),
            reason=sql.Literal(RULES["row_structure"]),
        )
        reasons = sql.SQL(", ").join(
            sql.SQL("({}, {})").format(sql.Literal(rule), sql.Literal(reason)) for rule, reason in RULES.items()
        )
        self.load.run(
            "insert into audit.reject (load_id, source_id, table_name, sheet, row_number, row_key, row_digest,"
            " occurrence, column_name, rule, reason, holds_previous)"
            " select {load_id}, {source}, {table}, {sheet}, i.row_number, i.row_key, i.row_digest, i.occurrence,"
            " nullif(split_part(problem, ':', 1), '*'), rules.rule, rules.reason,"
            " exists (select from {diff} d where d.arrived = i.place and d.open_version is not null)"
            " from (select *, ctid as place, row_number() over (partition by coalesce(row_key, row_digest)"
            "  order by row_digest, row_number) as occurrence from {incoming} where problems is not null) i"
            " cross join string_to_table(i.problems, ';') as problem"
            " join (values {reasons}) as rules (rule, reason) on rules.rule = split_part(problem, ':', 2)"
            " where not " + is_known + "known.rule = rules.rule"
            "  and known.column_name is not distinct from nullif(split_part(problem, ':', 1), '*'))"
            " order by i.row_number",
            reasons=reasons,
        )

    def resolve(self, reading: Reading) -> None:
        """Mark rows as resolved that were set aside before and are in order now."""
        earlier = (
            "known.source_id = {source} and known.table_name = {table}"
            " and known.resolved_by_load is null and known.load_id < {load_id}"
        )
        if self.load.row("select exists (select from audit.reject known where " + earlier + ")")[0]:
            self.load.run(
                "update audit.reject known set resolved_by_load = {load_id} where " + earlier + " and known.row_key in"
                " (select {incoming_key} from {incoming} i where i.problems is null)"
            )
            self.load.run(  # of a key that occurred more often before
                "update audit.reject known set resolved_by_load = {load_id} from (select row_key, count(*) as rows"
                " from {incoming} where problems is not null and row_key is not null group by row_key) i where "
                + earlier
                + " and known.row_key = i.row_key and known.occurrence > i.rows"
            )
        if self.load.of_load is not None:
            self._resolve_replayed(reading)

    def _resolve_replayed(self, reading: Reading) -> None:
        """Resolve rows without a readable key that are no longer set aside. A replay reads the same bytes."""
        digests = [digest for _, digest in reading.broken.listed(reading.delivered)]
        self.load.run(
            "update audit.reject set resolved_by_load = {load_id} where source_id = {source} and table_name = {table}"
            " and load_id = {of_load} and row_key is null and resolved_by_load is null and row_digest <> all({broken})"
            " and row_digest not in (select row_digest from {incoming} where problems is not null)",
            of_load=sql.Literal(self.load.of_load),
            broken=sql.SQL("{}::text[]").format(sql.Literal(digests)),
        )

    def _name_rules(self, broken: int) -> str:
        found = self.load.rows(
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
