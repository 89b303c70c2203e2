"""Rows set aside and their state: open, resolved by a later delivery, or accepted with a reason."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from kvalitet.contracts import find_contract
from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.kept_text import told
from kvalitet.warehouse.locks import ACCEPTANCES, take

STATES = ("open", "accepted", "resolved")

ROWS = """
    select * from audit.reject_life
    where (%(source)s::text is null or source_id = %(source)s) and state = %(state)s
    order by first_load_id, table_name, row_number, row_id
"""
GROUPS = """
    select source_id as source, table_name as table, count(*) as rows, max(age_days) as days, max(loads) as loads,
        count(*) filter (where holds_previous) as held, max(owner) as owner
    from audit.reject_life where state = %(state)s
    group by source_id, table_name order by days desc, source, table_name
"""
CANDIDATES = """
    select standing.row_id, standing.reject_id, standing.rule, standing.acceptance_id is not null as is_accepted,
        life.row_number, life.first_delivery
    from audit.reject_standing as standing
    inner join audit.reject_life as life on standing.row_id = life.row_id
    where standing.source_id = %(source)s and standing.table_name = %(table)s and standing.load_id > 0
        and standing.resolved_by_load is null and life.resolved_by_load is null
"""


@dataclass(frozen=True)
class Accepted:
    """How many rows were accepted now, and how many of the requested ones were accepted before."""

    rows: int
    already: int


def read_rejects(settings: Settings, source: str | None = None, state: str = "open") -> list[dict[str, Any]]:
    """Rows set aside, oldest first. Of one source they are listed row by row, of all sources by table.

    The result holds no delivered values. A row is found in its delivery by file, sheet and row number. Raises
    KvalitetError for an unknown source or state.
    """
    if state not in STATES:
        raise KvalitetError(f"There is no state {state}.", f"States: {', '.join(STATES)}.")
    if source is not None:
        find_contract(settings, source)
    return fetch_all(settings, AUDITOR, ROWS if source else GROUPS, {"source": source, "state": state})


def accept(
    settings: Settings,
    source: str,
    table: str,
    reason: str,
    by: str,
    rows: list[int] | None,
    rule: str | None = None,
    delivery: str | None = None,
) -> Accepted:
    """Let rows set aside stand as they are: those of the numbers `rows`, or all open ones that break `rule`.

    A row's number is the one in the file of `delivery`, in which it first came wrong. `delivery` may be left out where
    the number occurs once. Accepted rows stay out of the figures, or keep their last accepted version. A row accepted
    before is left as it is, so that the command can be run again. Raises KvalitetError where no such row exists or it
    is not clear which row is meant, and where the reason or the name is missing or holds what reads as a personal
    number.
    """
    if table not in find_contract(settings, source).tables:
        raise KvalitetError(f"{source} has no table {table}.", "`kvalitet rejects` names the tables.")
    if (rows is None) == (rule is None):
        raise KvalitetError("Which rows?", f"Give --row for each (`kvalitet rejects --source {source}`), or --rule.")
    reason, by = told(reason, "--reason"), told(by, "--by")
    with connect(settings, LOADER) as connection:
        take(connection, ACCEPTANCES, "rejects are being accepted", seconds=60)
        found = connection.execute(CANDIDATES, {"source": source, "table": table}).fetchall()
        found = [row for row in found if delivery in (None, row["first_delivery"])]
        chosen = _of_rule(found, rule) if rule else _of_numbers(found, rows or [])
        if isinstance(chosen, str):
            raise KvalitetError(
                f"No row set aside from {source} {table} {chosen}.",
                f"`kvalitet rejects --source {source}` lists the open ones; one that came in order is resolved.",
            )
        fresh = [problem for problem in chosen if not problem["is_accepted"]]
        connection.cursor().executemany(
            "insert into audit.reject_acceptance (reject_id, reason, accepted_by) values (%s, %s, %s)",
            [(problem["reject_id"], reason, by) for problem in fresh],
        )
    now = {problem["row_id"] for problem in fresh}
    return Accepted(rows=len(now), already=len({problem["row_id"] for problem in chosen} - now))


def _of_rule(found: list[DictRow], rule: str) -> list[DictRow] | str:
    """Every broken value of the rows that break the rule, or as a text what was not found."""
    rows = {row["row_id"] for row in found if row["rule"] == rule}
    return [row for row in found if row["row_id"] in rows] or f"breaks {rule}"


def _of_numbers(found: list[DictRow], numbers: list[int]) -> list[DictRow] | str:
    """Every broken value of the rows of these numbers, or as a text what was not found."""
    deliveries = {number: {r["first_delivery"] for r in found if r["row_number"] == number} for number in numbers}
    unknown = sorted(number for number, of_number in deliveries.items() if not of_number)
    if unknown or not numbers:
        return f"has the number {', '.join(map(str, unknown))}"
    if several := sorted(number for number, of_number in deliveries.items() if len(of_number) > 1):
        of_first = ", ".join(sorted(deliveries[several[0]]))
        raise KvalitetError(f"Row {several[0]} was set aside in several deliveries: {of_first}.", "Give --delivery.")
    return [row for row in found if row["row_number"] in deliveries]
