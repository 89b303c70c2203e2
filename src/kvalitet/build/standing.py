"""How each source stands: whether a build uses the newest data that could be had of it.

A source is stale by its attempts where the last one that knew of the load in use brought nothing good. So an attempt
says nothing of a load that came after the attempt began, whenever the attempt is recorded. The same holds for an
attempt that never had its turn.
"""

from collections.abc import Iterable
from datetime import date

import psycopg
from psycopg.rows import DictRow

from kvalitet.contracts import load_contracts
from kvalitet.settings import Settings

ATTEMPTS = """
select distinct on (source_id) source_id, outcome
from audit.extract_run
join unnest(%(sources)s::text[], %(loads)s::bigint[]) as used (source_id, load_id) using (source_id)
where extract_run.knew_of_load = used.load_id
order by source_id, run_id desc
"""


def stale_sources(
    settings: Settings, connection: psycopg.Connection[DictRow], rows: list[DictRow], as_of_date: date
) -> dict[str, str]:
    """Why sources are stale, of the loads in `rows` (`source_id`, `load_id`, `cutoff_date`, `origin`).

    They are stale by their attempts, because their newest delivery was withdrawn, or because it is older than their
    contract allows.
    """
    used = {"sources": [row["source_id"] for row in rows], "loads": [row["load_id"] for row in rows]}
    return (
        too_old(settings, rows, as_of_date)
        | {
            row["source_id"]: f"last attempt: {row['outcome']}"
            for row in connection.execute(ATTEMPTS, used)
            if row["outcome"] in ("refused", "failed", "missing")
        }
        | {row["source_id"]: "the newest delivery was withdrawn" for row in rows if row["origin"] == "restored"}
    )


def too_old(settings: Settings, rows: Iterable[DictRow], as_of_date: date) -> dict[str, str]:
    """Why sources are stale whose load (`source_id`, `cutoff_date`) is older on that day than their contract allows."""
    contracts = load_contracts(settings)
    reasons: dict[str, str] = {}
    for row in rows:
        source = row["source_id"]
        latency = contracts[source].latency_days if source in contracts else None
        age = (as_of_date - row["cutoff_date"]).days
        if latency is not None and age > latency:
            reasons[source] = f"{age} days old; the contract allows {latency}"
    return reasons
