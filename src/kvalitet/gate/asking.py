"""Asks the rules of contracts in the warehouse, as a role that sees only the build's rows of one source.

Only the number is read from an answer. The text of a database error may quote a value, so only its kind is shown.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg
from psycopg import errors
from psycopg.rows import DictRow, dict_row

from kvalitet.build.builds import Build
from kvalitet.gate.rules import RuleCheck
from kvalitet.gate.suites import Suite
from kvalitet.gate.verdict import Measurement
from kvalitet.settings import GATE, RULES, Settings
from kvalitet.settings.address import ACTING_PATH
from kvalitet.warehouse.connection import connect

#: For one rule. The server ends it by itself. Where a query has bypassed that, it is cancelled from here.
SECONDS, CANCELLED_AFTER = 60, 75
_SHOW = """
insert into judged.session (backend_pid, source_id, load_id) values (%s, %s, %s)
on conflict (backend_pid) do update set source_id = excluded.source_id, load_id = excluded.load_id
"""
_KINDS = {
    "08": "the connection was lost",
    "0A": "it asks for what a query of numbers cannot have",
    "21": "it gave more than one row",
    "22": "a value could not be reckoned with",
    "25": "it wanted to change something",
    "42": "it does not fit the tables (run `kvalitet migrate` after a contract has changed) or asks what it may not",
    "53": "it needed more disk or memory than a rule is given",
    "57": f"it took longer than {SECONDS} seconds",
}


def ask_rules(settings: Settings, build: Build, suites: list[Suite], skipped: set[str]) -> dict[str, Measurement]:
    """Measure the rules among the suites' checks, except the `skipped`. Returns the measurements by check id.

    A query of the contract has its own session, so that nothing it does is left for the next rule.
    """
    measured: dict[str, Measurement] = {}
    with connect(settings, GATE) as gate:
        gate.autocommit = True
        for suite in suites:
            rules = [check for check in suite.checks if isinstance(check, RuleCheck) and check.id not in skipped]
            ours = [rule for rule in rules if not rule.is_query]
            for together in [ours, *([rule] for rule in rules if rule.is_query)]:
                measured |= _ask_together(settings, build, gate, together)
    return measured


def _ask_together(
    settings: Settings, build: Build, gate: psycopg.Connection[DictRow], rules: list[RuleCheck]
) -> dict[str, Measurement]:
    """Measure the rules of one source in one session."""
    if not rules:
        return {}
    source = rules[0].source
    if source not in build.loads:
        return {rule.id: Measurement(error="The build has no delivery of the source.") for rule in rules}
    try:
        with session(settings, gate, source, build.loads[source]) as connection:
            return {rule.id: ask(connection, rule) for rule in rules}
    except psycopg.OperationalError as error:
        return {rule.id: Measurement(error=f"Database error: {_kind(error)}.") for rule in rules}


def ask(connection: psycopg.Connection[DictRow], rule: RuleCheck) -> Measurement:
    """The measurement of a rule on the rows that the session may see, or why nothing was counted."""
    ending = threading.Timer(CANCELLED_AFTER, connection.cancel_safe)
    ending.start()
    try:
        with connection.transaction(force_rollback=True):
            # Prepared, because the protocol then takes one statement only.
            row = connection.execute((rule.count_violations or "").encode(), prepare=True).fetchone()
    except psycopg.Error as error:
        return Measurement(error=f"Database error: {_kind(error)}.")
    finally:
        ending.cancel()
    assert row is not None
    if rule.must_be is None:
        return Measurement(int(row["violations"]), int(row["denominator"]))
    number = row["number"]
    if not isinstance(number, (bool, int, float, Decimal)) or not (number := Decimal(str(+number))).is_finite():
        return Measurement(error="It gave no number.")
    return Measurement(int(not rule.must_be.met_by(number)), 1, counted=number)


@contextmanager
def session(
    settings: Settings, gate: psycopg.Connection[DictRow], source: str, load_id: int
) -> Iterator[psycopg.Connection[DictRow]]:
    """A session of the rules' role that only reads, and sees only the rows of one source's load."""
    options = (
        f"{ACTING_PATH} -cdefault_transaction_read_only=on -cmax_parallel_workers_per_gather=0"
        f" -cstatement_timeout={1000 * SECONDS} -clock_timeout=10000"
    )
    with psycopg.Connection[DictRow].connect(
        settings.dsn(RULES, options=options), row_factory=dict_row, connect_timeout=10
    ) as connection:
        connection.autocommit = True
        shown_to = connection.info.backend_pid
        gate.execute(_SHOW, [shown_to, source, load_id])
        try:
            yield connection
        finally:
            gate.execute("delete from judged.session where backend_pid = %s", [shown_to])


def _kind(error: psycopg.Error) -> str:
    if isinstance(error, errors.QueryCanceled):
        return _KINDS["57"]
    return _KINDS.get((error.sqlstate or "08")[:2], type(error).__name__)
