"""Notices a clock that cannot be right. Nothing is stopped for it, since critical decisions do not use the clock."""

from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.rows import DictRow

from kvalitet.settings import AUDITOR, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

#: A smaller difference is normal for network-synchronised clocks between two corrections.
TOLERANCE = timedelta(minutes=2)

#: The newest instant on record, from tables that every night writes.
NEWEST = """
select clock_timestamp() as server_now, recorded.what, recorded.instant
from (
    select 'extraction ' || run_id as what, finished_at as instant from audit.extract_run
    union all select 'load ' || load_id, finished_at from audit.load
    union all select 'build ' || build_id, greatest(claimed_at, heartbeat_at, finished_at) from audit.build
    union all select 'publication event ' || event_id, happened_at from audit.publication_event
) as recorded
order by recorded.instant desc limit 1
"""


def today(connection: psycopg.Connection[DictRow]) -> date:
    """Today by the database server's clock, which all parts of an installation share."""
    row = connection.execute("select clock_timestamp() as now").fetchone()
    assert row is not None
    return row["now"].astimezone(TIMEZONE).date()


def wrong_clock(settings: Settings, role: str = AUDITOR) -> str | None:
    """What is wrong with the clock, in one sentence, read as `role`. None where nothing is found.

    A clock that ran back shows an instant before one that is on record. Two clocks that differ cannot both be right.
    """
    with connect(settings, role) as connection:
        row = connection.execute(NEWEST).fetchone()
        here = datetime.now(UTC)
    if row is None:
        return None
    ahead = row["instant"] - row["server_now"]
    if ahead > TOLERANCE:
        return (
            f"The database server's clock ran back, or was ahead before: it shows {_shown(row['server_now'])}, and"
            f" {row['what']} is recorded at {_shown(row['instant'])}, {_length(ahead)} later."
        )
    apart = abs(here - row["server_now"])
    if apart > TOLERANCE:
        return (
            f"This machine's clock shows {_shown(here)} and the database server's {_shown(row['server_now'])}:"
            f" they are {_length(apart)} apart."
        )
    return None


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(TIMEZONE):%Y-%m-%d %H:%M:%S %Z}"


def _length(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return " ".join(f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number)
