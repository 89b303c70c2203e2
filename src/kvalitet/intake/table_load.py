"""The statements of one table's load, with the names that they share."""

from datetime import date

from psycopg import sql

from kvalitet.contracts import Contract, Table
from kvalitet.intake.row_key import row_key


class TableLoad:
    """One table within one load. `cursor` is an ADBC cursor of the load's transaction.

    `of_load` is the load whose files are taken in once more. In statements `{names}` stand for what `names` holds.
    """

    def __init__(
        self,
        cursor,
        contract: Contract,
        table: Table,
        load_id: int,
        file_name: str,
        cutoff: date,
        of_load: int | None = None,
    ) -> None:
        self.cursor = cursor
        self.contract = contract
        self.table = table
        self.load_id = load_id
        self.file_name = file_name
        self.of_load = of_load
        columns = list(table.raw_columns())
        self.names = {
            "raw": sql.Identifier("raw", table.raw_name),
            "incoming": sql.Identifier(f"incoming_{table.name}"),
            "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
            "incoming_columns": sql.SQL(", ").join(sql.Identifier("i", name) for name in columns),
            "keys": sql.SQL(", ").join(map(sql.Identifier, table.key)),
            "same_key": sql.SQL(" and ").join(
                sql.SQL("i.{0} = r.{0}").format(sql.Identifier(name)) for name in table.key
            ),
            "raw_key": _key_of(table, "r"),
            "incoming_key": _key_of(table, "i"),
            "diff": sql.Identifier(f"diff_{table.name}"),
            "doubled": sql.Identifier(f"doubled_{table.name}"),
            "raw_name": sql.Literal(table.raw_name),
            "key_names": sql.Literal(list(table.key)),
            "load_id": sql.Literal(load_id),
            "cutoff": sql.SQL("{}::date").format(sql.Literal(cutoff)),
            # Each version of an increment names the cut-off that stated it.
            "also": sql.SQL("stated_on," if table.is_increment else ""),
            "stated_on": sql.SQL("{}::date,").format(sql.Literal(cutoff)) if table.is_increment else sql.SQL(""),
            "source": sql.Literal(contract.id),
            "table": sql.Literal(table.name),
            "sheet": sql.Literal(table.sheet or None),
        }

    def run(self, query: str, **names: sql.Composable) -> int:
        """Execute a statement. Returns how many rows were written."""
        self.cursor.execute(self._compose(query, names))
        return max(self.cursor.rowcount, 0)

    def rows(self, query: str, **names: sql.Composable) -> list[tuple]:
        """The rows of a query."""
        self.cursor.execute(self._compose(query, names))
        return self.cursor.fetchall()

    def row(self, query: str, **names: sql.Composable) -> tuple:
        """The only row of a query."""
        return self.rows(query, **names)[0]

    def _compose(self, query: str, names: dict[str, sql.Composable]) -> str:
        return sql.SQL(query).format(**self.names, **names).as_string(None)  # type: ignore[arg-type]


def _key_of(table: Table, alias: str) -> sql.SQL:
    return sql.SQL(row_key([f"{sql.Identifier(alias, name).as_string(None)}::text" for name in table.key]))  # type: ignore[arg-type]
