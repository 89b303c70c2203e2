"""A reader in its own process, which loops over transactions and notes whatever is not as it should be.

Run it as `python readers.py DSN ISOLATION`. It prints a line "ready", reads until its standard input is closed, and
then prints one JSON object.
"""

import json
import random
import select
import sys
import time
from collections import Counter

import psycopg

#: Tables whose build is read in one transaction. A table without rows would be an empty state.
TABLES = ("publication", "dim_source", "fct_indicator_value")


def main(dsn: str, isolation: str) -> None:
    seen: Counter[str] = Counter()
    problems: list[str] = []
    longest_ms = 0.0
    connection = psycopg.connect(dsn, prepare_threshold=2)
    is_transactional = isolation != "AUTOCOMMIT"
    connection.autocommit = not is_transactional
    if is_transactional:
        connection.isolation_level = psycopg.IsolationLevel[isolation]
    dice = random.Random(connection.info.backend_pid)  # noqa: S311
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            builds: set[int] = set()
            started = time.perf_counter()
            for table in dice.sample(TABLES, k=len(TABLES)):
                rows = connection.execute(f"select distinct build_id from reporting.{table}").fetchall()  # type: ignore[arg-type]
                if len(rows) != 1:
                    problems.append(f"{table} shows {len(rows)} builds")
                builds |= {row[0] for row in rows}
                time.sleep(dice.choice((0, 0, 0.005, 0.02)))
            join = "select count(*) from reporting.publication as p join reporting.dim_source as s using (build_id)"
            counted = connection.execute(join).fetchone()
            if counted != (1,):
                problems.append(f"a join across two tables gave {counted}")
            connection.commit()
            longest_ms = max(longest_ms, (time.perf_counter() - started) * 1000)
            if is_transactional and len(builds) != 1:
                problems.append(f"one transaction saw the builds {sorted(builds)}")
            seen.update(map(str, builds))
            time.sleep(dice.choice((0, 0.01, 0.04)))
        except psycopg.Error as error:
            problems.append(f"{type(error).__name__}: {error.sqlstate}")
            if connection.closed:
                break
            connection.rollback()
    print(
        json.dumps(
            {
                "transactions": seen.total(),
                "builds": len(seen),
                "problems": problems,
                "longest_ms": longest_ms,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
