"""Begins a night, or continues the one that an interrupted call began. `make run` ends with this."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from kvalitet.contracts import load_contracts
from kvalitet.errors import KvalitetError
from kvalitet.nights.begun import BegunNight, begin, begun_night, forget, one_at_a_time
from kvalitet.nights.night import NightResult, is_anything_new, night_result
from kvalitet.nights.summary import published
from kvalitet.nights.watching import watch
from kvalitet.services import AirflowAddress, airflow_address
from kvalitet.services.airflow_client import AirflowClient
from kvalitet.settings import Settings

#: Longer than a machine is usually switched off, so that an interrupted night still waits for what it has triggered.
WAIT_MINUTES = 12 * 60

#: States of a run that has come to its end.
ENDED = ("success", "failed")

Deliver = Callable[..., None]


def run_through_airflow(
    settings: Settings,
    console: Console,
    plan: Callable[[], dict[str, int]] | None = None,
    deliver: Deliver | None = None,
) -> NightResult:
    """Run one night through Airflow, that of `kvalitet up` or the one named. Shows progress and a closing table.

    A night that an earlier call began and that has not ended is continued. A new one is delivered with
    `deliver(**plan())`, which must make the same files each time. Without `plan` the deliveries come from elsewhere.
    Two calls at once run one night.

    The night is a success only if the result has a publication_id. Raises KvalitetError where Airflow cannot do its
    part. The result says what failed inside the night.
    """
    address = airflow_address(settings)
    sources = [source for source, contract in load_contracts(settings).items() if not contract.problems]
    with AirflowClient(address.url, address.user, address.password) as airflow:
        with console.status("Signing in to Airflow"):
            airflow.sign_in()

        def tell(pid: str) -> None:
            console.print(f"Another `kvalitet run` (process {pid}) begins a night: waiting to join it.")

        with one_at_a_time(settings, tell):
            night = _unfinished(settings, airflow, console) or begin(settings, plan() if plan else None)
            if night.sample is not None and deliver is not None:
                deliver(**night.sample)
            _wait_for_dags(airflow, address, console, sources)
            _start_what_does_not_run(settings, airflow, night, sources)
        result = watch(settings, airflow, console, address, night)
        with one_at_a_time(settings):
            if _has_ended(settings, airflow, night, result):
                forget(settings, night)
            else:
                console.print("\nThis night has not ended. When that is mended, `kvalitet run` goes on with it.")
    return result


def _unfinished(settings: Settings, airflow: AirflowClient, console: Console) -> BegunNight | None:
    """The night to continue. A night that ended unwatched is shown and forgotten."""
    night = begun_night(settings)
    if night is None:
        return None
    result = night_result(settings, night.since, night.owner)
    if _has_ended(settings, airflow, night, result):
        console.print(f"{night} has ended meanwhile. Published: {escape(published(result))}", soft_wrap=True)
        forget(settings, night)
        return None
    console.print(f"{night} has not ended: {_how_far(airflow.run_states(night.run_id))}. Going on with it.")
    return night


def _has_ended(settings: Settings, airflow: AirflowClient, night: BegunNight, result: NightResult) -> bool:
    """Whether the night was published, was held back or brought nothing new. A broken-off night is continued."""
    states = airflow.run_states(night.run_id)
    if states.get("indicators") != "failed":
        return states.get("indicators") == "success"
    # While extractions run, it is not yet known whether there is anything new.
    are_extracted = all(state in ENDED for dag, state in states.items() if dag.startswith("extract__"))
    return result.build_status == "held_back" or (are_extracted and not is_anything_new(settings))


def _how_far(states: dict[str, str]) -> str:
    if not states:
        return "it was interrupted before its extractions were triggered"
    extractions = [state for dag, state in states.items() if dag.startswith("extract__")]
    ended = sum(state in ENDED for state in extractions)
    match states.get("indicators"):
        case None:
            return f"{len(extractions)} extractions were triggered, its build was not"
        case "failed":
            return "its build was broken off"
    return f"{ended} of {len(extractions)} extractions have ended, its build has not"


def _wait_for_dags(
    airflow: AirflowClient,
    address: AirflowAddress,
    console: Console,
    sources: list[str],
    patience_seconds: float = 180,
) -> None:
    """Wait until every DAG has been read, and let them run."""
    wanted = {"indicators", "housekeeping", *(f"extract__{source}" for source in sources)}
    give_up = time.monotonic() + patience_seconds
    with console.status("Airflow reads the DAGs"):
        while missing := wanted - (known := airflow.dags()).keys():
            if errors := airflow.import_errors():
                raise KvalitetError("Airflow cannot read the DAGs: " + "; ".join(errors), "Mend the file named.")
            if time.monotonic() > give_up:
                raise KvalitetError(
                    f"Airflow has not read {', '.join(sorted(missing))} after {patience_seconds:.0f} s.",
                    f"Look in {address.logs.format(part='dag-processor')}.",
                )
            time.sleep(1)
    for dag_id in sorted(wanted):
        if known[dag_id]:
            airflow.unpause(dag_id)


def _start_what_does_not_run(settings: Settings, airflow: AirflowClient, night: BegunNight, sources: list[str]) -> None:
    """Trigger what was not triggered, and run again what was broken off without an outcome.

    An extraction that was refused or failed has an outcome, and is left as it is.
    """
    states = airflow.run_states(night.run_id)
    settled = {row.source_id for row in night_result(settings, night.since, night.owner).sources if row.outcome}
    for source in sources:
        state = states.get(f"extract__{source}")
        if state is None:
            airflow.trigger(f"extract__{source}", night.run_id)
        elif state == "failed" and source not in settled:
            airflow.clear_from(f"extract__{source}", night.run_id, "extract")
    if "indicators" not in states:
        waits = {"sources": sources, "after_run": night.since.run_id, "wait_minutes": WAIT_MINUTES}
        airflow.trigger("indicators", night.run_id, waits)
    elif states["indicators"] == "failed":
        airflow.clear_from("indicators", night.run_id, "wait_for_sources")
