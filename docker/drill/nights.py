"""Nights of the sample in containers: delivering, triggering over Airflow's REST API, and reading the results."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from installation import Failed, Installation
from kvalitet_example.deliver import next_night

from kvalitet.errors import KvalitetError
from kvalitet.services.airflow_client import AirflowClient

USER = "admin"


@dataclass(frozen=True)
class Published:
    """What the warehouse records: the newest publication, and the newest builds and events of the ledger."""

    newest: int
    builds: list[dict[str, object]]
    events: list[dict[str, object]]


def password(installation: Installation) -> str:
    return json.loads((installation.docker / "secrets" / "airflow_users").read_text())[USER]


def airflow(installation: Installation) -> AirflowClient:
    """A client that has signed in with the password from the secrets. Raises Failed where it is refused."""
    client = AirflowClient(installation.url("KVALITET_AIRFLOW_PORT"), USER, password(installation))
    try:
        client.sign_in()
    except KvalitetError as error:
        raise Failed(error.what) from None
    return client


def deliver(installation: Installation) -> int:
    """Put the sample's next night into the inbox, made by the installation's own image. Returns its number."""
    inbox = installation.docker / "inbox"
    number = next_night(inbox)
    installation.run(
        f"--user={inbox.stat().st_uid}:0", "--network=none", f"--volume={inbox}:/out",
        command=["kvalitet", "sample", "--out", "/out", "--night", str(number)],
    )  # fmt: skip
    return number


def begin(installation: Installation) -> str:
    """Trigger every extract and the night that waits for them, as soon as every DAG has been read."""
    since = datetime.now(UTC)
    run_id = f"drill__{since:%Y-%m-%dT%H-%M-%S-%f}"
    with airflow(installation) as client:
        sources = [name.removeprefix("extract__") for name in _all_dags(client) if name.startswith("extract__")]
        for source in sources:
            client.trigger(f"extract__{source}", run_id)
        client.trigger("indicators", run_id, {"sources": sources, "since": since.isoformat(), "wait_minutes": 60})
    return run_id


def _all_dags(client: AirflowClient, patience: float = 300) -> list[str]:
    """Return the DAGs once their number has not grown for a while and the night's own are among them."""
    give_up, known, grew = time.monotonic() + patience, set(), time.monotonic()
    while True:
        if found := set(client.dags()) - known:
            known, grew = known | found, time.monotonic()
        if {"indicators", "housekeeping"} <= known and time.monotonic() - grew > 5:
            return sorted(known)
        if time.monotonic() > give_up:
            raise Failed(f"After {patience:.0f} s Airflow has read only {sorted(known)}: {client.import_errors()}")
        time.sleep(1)


def wait(installation: Installation, run_id: str, patience: float) -> str:
    """Return the state in which the night's run ends. Asks again where the API is away for a while.

    Raises Failed when the patience is over.
    """
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        try:
            with airflow(installation) as client:
                while (state := client.run_states(run_id).get("indicators")) not in ("success", "failed"):
                    if time.monotonic() > give_up:
                        raise Failed(f"The night {run_id} has not ended after {patience:.0f} s: {state}.")
                    time.sleep(1)
                return state
        except (KvalitetError, Failed):
            time.sleep(1)
    raise Failed(f"The night {run_id} has not ended after {patience:.0f} s.")


def published(installation: Installation) -> Published:
    """Read from the warehouse in a container of its own. The services start anew where their server was away."""
    services = installation.compose("--profile", "*", "config", "--services").split()
    # An earlier version, which the upgrade begins with, has no service for this.
    apart = ["run", "--rm", "--no-deps", "-T", "admin"] if "admin" in services else ["exec", "-T", "scheduler"]
    facts = json.loads(installation.compose(*apart, "kvalitet", "status", "--json"))
    numbers = [row["publication"] for row in facts["publications"]]
    return Published(max(numbers, default=0), facts["builds"], facts["publications"])


def expect_publication(installation: Installation, after: int) -> Published:
    """Return the publication of readers. Raises Failed unless it is newer than `after`."""
    now = published(installation)
    if now.newest <= after:
        newest = now.builds[0] if now.builds else {}
        raise Failed(
            f"No publication came after {after}; the newest build: {newest.get('status')} {newest.get('message')}"
        )
    return now


def seen_by_bi(installation: Installation, **how: Any) -> int:
    """The publication that a BI tool on this host reads, with the role and password made for it."""
    rows = _asked_as(installation, "kvalitet_bi", "select publication_id from reporting.publication", **how)
    if not rows:
        raise Failed("`kvalitet_bi` reads no publication.")
    return rows[0][0]


def read_anew(installation: Installation, since: int) -> dict[str, tuple[int, int]]:
    """Changed rows in the loads after load `since` that took in an earlier delivery again, by source.

    The first number counts rows that count as changed by the source, the second those that are only read otherwise.
    """
    rows = _asked_as(
        installation, "kvalitet_auditor",
        "select source_id, coalesce(sum(rows_opened + rows_changed + rows_closed), 0)::int,"
        " coalesce(sum(rows_reread), 0)::int from audit.load as load left join audit.load_table using (load_id)"
        " where abs(load_id) > %s and exists (select from audit.load as before where before.source_id = load.source_id"
        " and before.delivery = load.delivery and abs(before.load_id) <= %s) group by source_id",
        [since, since],
    )  # fmt: skip
    return {source: (changed, reread) for source, changed, reread in rows}


def newest_load(installation: Installation) -> int:
    """The number of the newest load, in the tables of whichever version."""
    return _asked_as(installation, "kvalitet_auditor", "select max(abs(load_id)) from audit.load")[0][0]


def _asked_as(
    installation: Installation, role: str, query: LiteralString, parameters: Sequence[object] = (), **how: Any
) -> list[tuple]:
    with psycopg.connect(
        host="127.0.0.1", port=installation.settings["KVALITET_POSTGRES_PORT"], dbname="kvalitet", user=role,
        password=(installation.docker / "secrets" / role).read_text(), **how,
    ) as connection:  # fmt: skip
        return connection.execute(query, parameters).fetchall()
