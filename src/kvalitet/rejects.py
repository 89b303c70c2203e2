"""Rows set aside and what becomes of them: open, resolved by a later delivery, or accepted with a reason."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from kvalitet.contracts import Contract, load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, LOADER, Settings
from kvalitet.spelling.told import told
from kvalitet.warehouse.connection import connect, fetch_all
from kvalitet.warehouse.locks import ACCEPTANCES, take

STATES = ("open", "accepted", "resolved")

ROWS = """
    select * from audit.reject_life
    where (%(source)s::text is null or source_id = %(source)s) and state = %(state)s
    order by row_id
"""
GROUPS = """
    select source_id as source, table_name as table, count(*) as rows, max(age_days) as days, max(loads) as loads,
        count(*) filter (where holds_previous) as held, max(owner) as owner
    from audit.reject_life where state = %(state)s
    group by source_id, table_name order by days desc, source, table_name
"""
CANDIDATES = """
    select row_id, reject_id, rule, resolved_by_load is null as is_unresolved, acceptance_id is not null as is_accepted
    from audit.reject_standing
    where source_id = %(source)s and table_name = %(table)s and load_id > 0
"""


@dataclass(frozen=True)
class Accepted:
    """How many rows were accepted now, and how many of those asked for had been before."""

    rows: int
    already: int


def read_rejects(settings: Settings, source: str | None = None, state: str = "open") -> list[dict[str, Any]]:
    """Rows set aside, oldest first: of one source row by row, of all of them by table.

    Nothing delivered is among it; a row is found in its delivery by table and row number.
    Raises KvalitetError for a source or state that there is not.
    """
    if state not in STATES:
        raise KvalitetError(f"There is no state {state}.", f"States: {', '.join(STATES)}.")
    if source is not None:
        _contract(settings, source)
    return fetch_all(settings, AUDITOR, ROWS if source else GROUPS, {"source": source, "state": state})


def accept(
    settings: Settings, source: str, table: str, reason: str, by: str, rows: list[int] | None, rule: str | None = None
) -> Accepted:
    """Let rows set aside stand as they are: those of the numbers `rows`, or all open ones that break `rule`.

    Accepted rows stay out of the figures, or keep their last accepted version. A row accepted before is left as it is,
    so that the command can be run again. Raises KvalitetError where there is nothing of that kind, and where the
    reason or the name is missing or holds what reads as a personal number.
    """
    if table not in _contract(settings, source).tables:
        raise KvalitetError(f"{source} has no table {table}.", "`kvalitet rejects` names the tables.")
    if (rows is None) == (rule is None):
        raise KvalitetError("Which rows?", f"Give --row for each (`kvalitet rejects --source {source}`), or --rule.")
    reason, by = told(reason, "--reason"), told(by, "--by")
    with connect(settings, LOADER) as connection:
        take(connection, ACCEPTANCES, "rejects are being accepted", seconds=60)
        found = connection.execute(CANDIDATES, {"source": source, "table": table}).fetchall()
        if rule is not None:
            rows = sorted({row["row_id"] for row in found if row["rule"] == rule and row["is_unresolved"]})
        chosen = _unresolved(found, source, table, rows or [], rule)
        fresh = [problem for problem in chosen if not problem["is_accepted"]]
        connection.cursor().executemany(
            "insert into audit.reject_acceptance (reject_id, reason, accepted_by) values (%s, %s, %s)",
            [(problem["reject_id"], reason, by) for problem in fresh],
        )
    now = {problem["row_id"] for problem in fresh}
    return Accepted(rows=len(now), already=len({problem["row_id"] for problem in chosen} - now))


def _unresolved(found: list[DictRow], source: str, table: str, rows: list[int], rule: str | None) -> list[DictRow]:
    open_rows = {row["row_id"] for row in found if row["is_unresolved"]}
    unknown = sorted(set(rows) - open_rows)
    if unknown or not rows:
        what = f"breaks {rule}" if rule else f"has the number {', '.join(map(str, unknown))}"
        raise KvalitetError(
            f"No row set aside from {source} {table} {what}.",
            f"`kvalitet rejects --source {source}` lists the open ones; a row that came in order since is resolved.",
        )
    return [row for row in found if row["is_unresolved"] and row["row_id"] in set(rows)]


def _contract(settings: Settings, source: str) -> Contract:
    contracts = load_contracts(settings)
    if source not in contracts:
        raise KvalitetError(f"There is no contract for {source}.", f"Known sources: {', '.join(contracts) or 'none'}.")
    return contracts[source]
