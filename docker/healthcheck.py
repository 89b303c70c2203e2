"""Exit 0 when Airflow says that one of its components is alive: `healthcheck.py scheduler`.

Asks the API server, which knows every component's heartbeat. Airflow's own `airflow jobs check`
imports all of Airflow: seconds of CPU for each component at each check.
"""

import json
import os
import sys
from urllib.request import urlopen

HEALTH_URL = os.environ.get("KVALITET_HEALTH_URL", "http://api-server:8080/api/v2/monitor/health")


def main(component: str) -> int:
    with urlopen(HEALTH_URL, timeout=5) as response:  # noqa: S310 - an address of our own network
        status = json.load(response).get(component, {}).get("status")
    print(f"{component}: {status}")  # noqa: T201 - what `docker inspect` shows
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except OSError as error:
        sys.exit(f"the API server does not answer: {error}")
