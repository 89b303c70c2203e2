"""A client for the few calls of Airflow's REST API that are needed."""

import time
from typing import Any, Self

import httpx

from kvalitet.errors import KvalitetError

PARTS = {
    "metadatabase": "database",
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}

API_LOG = "Look in the log of its api-server: var/log/airflow-api-server.log, or `docker compose logs api-server`."


class AirflowClient:
    """A session with one Airflow, signed in as one user.

    Each method raises KvalitetError where Airflow does not answer or refuses.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        # Not through a proxy of the environment, because the address is this machine's own.
        self._http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(self, patience_seconds: float = 120) -> None:
        """Fetch a token. Waits for an API server that is still starting."""
        give_up = time.monotonic() + patience_seconds
        while True:
            try:
                answer = self._http.post("/auth/token", json=self._credentials)
                if answer.status_code in (401, 403):
                    raise KvalitetError(
                        f"Airflow at {self.url} refuses the password.",
                        "Start it again: it reads its users as it starts.",
                    )
                if answer.is_success:
                    self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > give_up:
                raise KvalitetError(
                    f"Airflow's API at {self.url} does not answer after {patience_seconds:.0f} s.",
                    API_LOG,
                )
            time.sleep(1)

    def dags(self) -> dict[str, bool]:
        """All parsed DAGs: id -> whether it is paused."""
        listed = self._call("GET", "/dags", params={"limit": 1000})["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in listed if not dag.get("is_stale")}

    def import_errors(self) -> list[str]:
        """File and last line of each DAG file that cannot be read."""
        errors = self._call("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"/dags/{dag_id}", params={"update_mask": "is_paused"}, json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a run. Where a run of that id exists already, it is left as it is."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        self._call("POST", f"/dags/{dag_id}/dagRuns", exists=httpx.codes.CONFLICT, json=body)

    def clear_from(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Run that task and all downstream of it again."""
        body = {
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
            "dry_run": False,
        }
        self._call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def run_states(self, run_id: str) -> dict[str, str]:
        """State of every DAG's run of that id."""
        listed = self._call("GET", "/dags/~/dagRuns", params={"run_id_pattern": run_id, "limit": 1000})["dag_runs"]
        return {run["dag_id"]: run["state"] for run in listed if run["dag_run_id"] == run_id}

    def tasks(self, run_id: str) -> list[dict[str, Any]]:
        """Task instances of every DAG's run of that id, in no order (dag_id, task_id, state, duration, …)."""
        body = {"dag_run_ids": [run_id], "page_limit": 1000}
        return self._call("POST", "/dags/~/dagRuns/~/taskInstances/list", json=body)["task_instances"]

    def unhealthy(self) -> list[str]:
        """The components that Airflow itself says are not alive."""
        health = self._call("GET", "/monitor/health")
        return [name for part, name in PARTS.items() if (health.get(part) or {}).get("status") != "healthy"]

    def _call(self, method: str, path: str, exists: int | None = None, **arguments: Any) -> Any:
        """The answer's JSON. The status `exists` means that an earlier try arrived, so each call may be repeated."""
        for attempt in (1, 2, 3):
            try:
                answer = self._http.request(method, f"/api/v2{path}", **arguments)
            except httpx.TransportError as error:
                # A busy or restarting server may miss one call.
                if attempt < 3:
                    time.sleep(2)
                    continue
                raise KvalitetError(
                    f"Airflow at {self.url} does not answer: {type(error).__name__}.",
                    API_LOG,
                ) from None
            if answer.status_code == 401 and attempt == 1:
                self.sign_in()
                continue
            if answer.is_server_error and attempt < 3:  # for example because its scheduler had locked the same rows
                time.sleep(2)
                continue
            if not answer.is_success and answer.status_code != exists:
                raise KvalitetError(f"Airflow refuses {method} {path}: {answer.status_code} {answer.text[:300]}")
            return answer.json()
        raise AssertionError("unreachable")
