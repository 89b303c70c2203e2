"""Exits with 0 when Airflow says that one of its components is alive: `healthcheck.py scheduler`.

Asks the API server, which knows every component's heartbeat. Airflow's own `airflow jobs check` imports all of Airflow,
which costs seconds of CPU for each component at each check. With `--with-dags`, every DAG file must also have been read
since this container started.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

HEALTH_URL = os.environ.get("KVALITET_HEALTH_URL", "http://api-server:8080/api/v2/monitor/health")
READ_SINCE = "select distinct relative_fileloc from dag where not is_stale and last_parsed_time > %s"


def main(component: str, *options: str) -> int:
    with urlopen(HEALTH_URL, timeout=5) as response:  # noqa: S310 - an address of our own network
        status = json.load(response).get(component, {}).get("status")
    problem = unread_dags() if status == "healthy" and "--with-dags" in options else ""
    print(f"{component}: {problem or status}")
    return 0 if status == "healthy" and not problem else 1


def unread_dags() -> str:
    """Which DAG files Airflow cannot read, or has not read yet. Empty where all are read."""
    import psycopg

    command = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"]
    url = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout.strip()
    try:
        with psycopg.connect(url.replace("postgresql+psycopg2", "postgresql"), connect_timeout=5) as connection:
            broken = connection.execute("select filename from import_error order by 1").fetchall()
            read = connection.execute(READ_SINCE, [started_at()]).fetchall()
    except psycopg.Error as error:
        return f"Airflow's database does not answer: {type(error).__name__}"
    if broken:
        return f"cannot read {', '.join(name for (name,) in broken)}: see this container's log and Airflow's front page"
    files = {path.name for path in Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).glob("*.py")}
    missing = sorted(files - {name for (name,) in read})
    return f"has not read {', '.join(missing)} yet" if missing else ""


def started_at() -> datetime:
    """When the container's first process began."""
    ticks = int(Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19])
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    return datetime.fromtimestamp(int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK"), UTC)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError as error:
        sys.exit(f"the API server does not answer: {error}")
