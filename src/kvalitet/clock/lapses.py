"""Decides when a build without heartbeats counts as dead, by counted seconds and counted heartbeats alone."""

from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow

from kvalitet.clock.counted import tick

#: A heartbeat, with the parameters of `beat`.
BEAT: LiteralString = (
    "heartbeats = heartbeats + 1, heartbeat_at = clock_timestamp(),"
    " heartbeat_clock = %(heartbeat_clock)s, heartbeat_seconds = %(heartbeat_seconds)s"
)
_WATCH = """
insert into audit.build_watch (build_id, clock, heartbeats, heartbeat_at, seconds)
select build_id, %(clock)s, heartbeats, heartbeat_at, %(seconds)s from audit.build where status = any(%(live)s)
on conflict (build_id, clock) do update
set heartbeats = excluded.heartbeats, heartbeat_at = excluded.heartbeat_at, seconds = excluded.seconds
where (build_watch.heartbeats, build_watch.heartbeat_at) <> (excluded.heartbeats, excluded.heartbeat_at)
"""
_LAPSE = """
update audit.build set status = 'lapsed', finished_at = clock_timestamp(),
    message = 'no sign of life since ' || build.heartbeat_at
from audit.build_watch as watch
where (%(schema)s::text is null or target_schema = %(schema)s) and status = any(%(live)s)
    and watch.build_id = build.build_id and watch.clock = %(clock)s
    and (watch.heartbeats, watch.heartbeat_at) = (build.heartbeats, build.heartbeat_at)
    and case
        when heartbeat_clock = %(clock)s and heartbeat_seconds <= %(seconds)s
            then %(seconds)s - heartbeat_seconds > %(lapse)s
        when %(is_one_machine)s and split_part(heartbeat_clock, '/', 1) <> %(boot)s then true
        else %(seconds)s - watch.seconds > %(lapse)s
    end
returning build.build_id
"""
_FORGET = """
delete from audit.build_watch as watch using audit.build
where build.build_id = watch.build_id and build.status <> all(%(live)s)
"""


def beat() -> dict[str, str | float]:
    """The parameters of a heartbeat from this process."""
    now = tick()
    return {"heartbeat_clock": now.clock, "heartbeat_seconds": now.seconds}


def lapse(
    connection: psycopg.Connection[DictRow],
    target_schema: str | None,
    live: Sequence[str],
    seconds: float,
    is_one_machine: bool,
) -> list[int]:
    """Mark builds (of one schema, or all) as lapsed that gave no sign of life for `seconds`. Returns their ids.

    Where the last heartbeat was timed by this machine's count, that count says how long ago it was. Otherwise, a build
    lapses when no heartbeat has come for `seconds` since this machine first looked. The time of that look is stored, so
    that several processes may take part in the wait. `is_one_machine`: all processes that reach this warehouse are on
    its machine, so a heartbeat from before its last start belongs to a dead process.
    """
    now = tick()
    parameters = {
        "schema": target_schema,
        "live": list(live),
        "lapse": seconds,
        "clock": now.clock,
        "boot": now.boot,
        "seconds": now.seconds,
        "is_one_machine": is_one_machine,
    }
    connection.execute(_WATCH, parameters)
    lapsed = connection.execute(_LAPSE, parameters).fetchall()
    connection.execute(_FORGET, parameters)
    return [row["build_id"] for row in lapsed]
