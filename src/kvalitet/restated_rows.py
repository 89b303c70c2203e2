"""Delivered rows between two publications: what of each is a class, a correction, or new. Driven by the contracts."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from kvalitet.builds import Build
from kvalitet.contracts import Table
from kvalitet.settings import TRANSFORMER, Settings
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


@dataclass(frozen=True)
class RowCounts:
    """Delivered rows by what became of them; a row that was reclassified and corrected counts in both."""

    reclassified: int = 0
    corrected: int = 0
    withdrawn: int = 0
    completed: int = 0
    new: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        mine, theirs = asdict(self), asdict(other)
        return RowCounts(**{name: mine[name] + theirs[name] for name in mine})

    def columns(self) -> dict[str, int]:
        """As audit.restatement calls them."""
        return {f"rows_{name}": count for name, count in asdict(self).items()}


def restated_variable(tables: list[Table], later_loads: dict[str, int], step: str) -> dict[str, Any]:
    """dbt's variable `restated` for the steps `reclassification` and `correction`: per raw table, what to take whence.

    A table that is itself a classification is taken whole from the later load.
    """
    return {
        table.raw_name: {
            "load": later_loads.get(table.source_id),
            "whole": table.role == "classification",
            "key": list(table.key),
            "drops_withdrawn": step == "correction",
            "columns": [
                {"name": name, "takes": _taken(table, base, step), "stated_by": base} for name, base in _columns(table)
            ],
        }
        for table in tables
    }


def count_rows(settings: Settings, tables: list[Table], said: Build, later: Build) -> RowCounts:
    """How many delivered rows differ between two builds' loads, and how."""
    total = RowCounts()
    with connect(settings, TRANSFORMER) as connection:
        for table in tables:
            row = connection.execute(_count_query(table, said, later)).fetchone()
            assert row is not None
            counted = RowCounts(**row)
            if table.role == "classification":
                counted = RowCounts(reclassified=sum(asdict(counted).values()))
            total += counted
    return total


def _columns(table: Table) -> list[tuple[str, str]]:
    """Raw columns, each with the one that says whether it was stated: a missing value's reason follows its value."""
    reasons = {column.missing_reason_name: column.name for column in table.columns if column.missing_reason_name}
    return [(name, reasons.get(name, name)) for name in table.raw_columns()]


def _taken(table: Table, column: str, step: str) -> str:
    if column in table.key:
        return "said"
    if _is_class(table, column):
        return "later"
    return "stated" if step == "correction" else "said"


def _is_class(table: Table, column: str) -> bool:
    return any(each.name == column and each.role == "classification" for each in table.columns)


def _count_query(table: Table, said: Build, later: Build) -> sql.Composed:
    values = [name for name, base in _columns(table) if name == base and name not in table.key]
    classes = [name for name in values if _is_class(table, name)]
    others = [name for name in values if name not in classes]
    first = sql.Identifier(table.key[0])
    return sql.SQL(_COUNT).format(
        raw=sql.Identifier("raw", table.raw_name),
        first=first,
        in_said=_in_load(said.loads.get(table.source_id)),
        in_later=_in_load(later.loads.get(table.source_id)),
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


def _in_load(load_id: int | None) -> sql.Composable:
    if load_id is None:
        return sql.SQL("false")
    return sql.SQL("valid_from_load <= {0} and (valid_to_load is null or valid_to_load > {0})").format(
        sql.Literal(load_id)
    )
