"""Delivered rows between two publications: which changes are classes, corrections, or new. The contracts decide."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from kvalitet.build.builds import Build
from kvalitet.contracts import Table
from kvalitet.intake.raw_tables import in_load
from kvalitet.settings import AUDITOR, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect

_COUNT = """
    with said as (select * from {raw} where {in_said}),
    later as (select * from {raw} where {in_later})
    select
        count(*) filter (where {both} and ({reclassified})) as reclassified,
        count(*) filter (where {both} and ({corrected})) as corrected,
        count(*) filter (where later.{first} is null) as withdrawn,
        count(*) filter (where {both} and ({completed})) as completed,
        count(*) filter (where said.{first} is null) as new
    from said full join later on {same_key}
    where said.row_hash is distinct from later.row_hash
"""


#: The next load, where it took in the same delivery once more.
_NEXT = """
    select next.load_id, next.rows
    from (
        select load_id, of_load, origin, delivery, content_sha256,
            (select coalesce(sum(rows_reread + rows_closed), 0) from audit.load_table
             where load_table.load_id = load_in_use.load_id) as rows
        from audit.load_in_use
        where source_id = %(source)s and load_id > %(load)s and load_id <= %(until)s order by load_id limit 1
    ) as next
    inner join audit.load as before on before.load_id = %(load)s
    where next.origin = 'replayed' and (
        next.of_load = before.load_id
        or (next.delivery, next.content_sha256) = (before.delivery, before.content_sha256)
    )
"""


@dataclass(frozen=True)
class RowCounts:
    """Delivered rows by what became of them. A row that was both reclassified and corrected counts in both."""

    reclassified: int = 0
    corrected: int = 0
    withdrawn: int = 0
    completed: int = 0
    new: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        mine, theirs = asdict(self), asdict(other)
        return RowCounts(**{name: mine[name] + theirs[name] for name in mine})

    def columns(self) -> dict[str, int]:
        """The counts under their column names in audit.restatement."""
        return {f"rows_{name}": count for name, count in asdict(self).items()}


@dataclass(frozen=True)
class ReadAnew:
    """What the second build's contracts and code read otherwise in the first build's rows. It counts as definition.

    `loads`: per source, its load as read anew, or the first build's own. `rows`: how many rows changed by it. `gained`:
    columns, by raw table, that were not delivered then.
    """

    loads: dict[str, int]
    rows: int
    gained: dict[str, frozenset[str]]


def read_anew(settings: Settings, tables: list[Table], said: Build, later: Build) -> ReadAnew:
    """Follow the loads that only took in the same delivery once more, up to the second build's."""
    loads, rows = dict(said.loads), 0
    gained: dict[str, frozenset[str]] = {}
    with connect(settings, AUDITOR) as connection:
        for source, load in said.loads.items():
            until = later.loads.get(source, load)
            while found := connection.execute(_NEXT, {"source": source, "load": load, "until": until}).fetchone():
                load = loads[source] = found["load_id"]
                rows += found["rows"]
        for table in tables:
            filled = connection.execute(
                "select column_names from audit.load_table where load_id = %s and table_name = %s",
                [loads.get(table.source_id), table.name],
            ).fetchone()
            if filled and filled["column_names"]:
                gained[table.raw_name] = frozenset(table.raw_columns()) - frozenset(filled["column_names"])
    return ReadAnew(loads, rows, {name: columns for name, columns in gained.items() if columns})


def restated_variable(
    tables: list[Table], later_loads: dict[str, int], step: str, gained: dict[str, frozenset[str]]
) -> dict[str, Any]:
    """dbt's variable `restated` for a step: per raw table, from which load each column is taken.

    A table that is itself a classification is taken whole from the later load, from `reclassification` on. Gained
    columns are taken from the later load in every step. In `definition` no others are.
    """
    if step == "definition":
        tables = [table for table in tables if gained.get(table.raw_name)]
    return {
        table.raw_name: {
            "load": later_loads.get(table.source_id),
            "whole": table.role == "classification" and step != "definition",
            "key": list(table.key),
            "drops_withdrawn": step == "correction",
            "columns": [
                {
                    "name": name,
                    "takes": "later" if name in gained.get(table.raw_name, ()) else _taken(table, base, step),
                    "stated_by": base,
                }
                for name, base in _columns(table)
            ],
        }
        for table in tables
    }


def count_rows(
    settings: Settings, tables: list[Table], said: dict[str, int], later: dict[str, int], gained: dict[str, frozenset]
) -> RowCounts:
    """How many delivered rows differ between two sets of loads, and how. Gained columns are left out."""
    total = RowCounts()
    with connect(settings, TRANSFORMER) as connection:
        for table in tables:
            row = connection.execute(
                _count_query(table, said, later, gained.get(table.raw_name, frozenset()))
            ).fetchone()
            assert row is not None
            counted = RowCounts(**row)
            if table.role == "classification":
                counted = RowCounts(reclassified=sum(asdict(counted).values()))
            total += counted
    return total


def _columns(table: Table) -> list[tuple[str, str]]:
    """Raw columns, each with the column that says whether it was stated. A missing value's reason follows its value."""
    reasons = {column.missing_reason_name: column.name for column in table.columns if column.missing_reason_name}
    return [(name, reasons.get(name, name)) for name in table.raw_columns()]


def _taken(table: Table, column: str, step: str) -> str:
    if column in table.key or step == "definition":
        return "said"
    if _is_class(table, column):
        return "later"
    return "stated" if step == "correction" else "said"


def _is_class(table: Table, column: str) -> bool:
    return any(each.name == column and each.role == "classification" for each in table.columns)


def _count_query(table: Table, said: dict[str, int], later: dict[str, int], gained: frozenset[str]) -> sql.Composed:
    values = [name for name, base in _columns(table) if name == base and name not in (*table.key, *gained)]
    classes = [name for name in values if _is_class(table, name)]
    others = [name for name in values if name not in classes]
    first = sql.Identifier(table.key[0])
    return sql.SQL(_COUNT).format(
        raw=sql.Identifier("raw", table.raw_name),
        first=first,
        in_said=in_load(sql.Literal(said.get(table.source_id))),
        in_later=in_load(sql.Literal(later.get(table.source_id))),
        both=sql.SQL("said.{0} is not null and later.{0} is not null").format(first),
        reclassified=_any("said.{0} is distinct from later.{0}", classes),
        corrected=_any("said.{0} is not null and said.{0} is distinct from later.{0}", others),
        completed=_any("said.{0} is null and later.{0} is not null", others),
        same_key=sql.SQL(" and ").join(
            sql.SQL("said.{0} = later.{0}").format(sql.Identifier(name)) for name in table.key
        ),
    )


def _any(condition: Any, columns: list[str]) -> sql.Composable:
    parts = [sql.SQL(condition).format(sql.Identifier(name)) for name in columns]
    return sql.SQL(" or ").join(parts) if parts else sql.SQL("false")
