"""A DAG per contract: extract__<source> takes in the source's new deliveries at the contract's hour."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param

from kvalitet.contracts import Contract, is_cron, load_contracts
from kvalitet.nights.tasks import ExtractSource, TellPeople, note_killed, timetable
from kvalitet.settings import Settings

PARAMS: Any = {
    "closures_allowed_by": Param(
        None, type=["null", "string"], description="Who lets in a refused delivery's closures"
    ),
    "closures_allowed_reason": Param(None, type=["null", "string"], description="Why the closures are right"),
    "changes_allowed_by": Param(None, type=["null", "string"], description="Who lets in a refused delivery's changes"),
    "changes_allowed_reason": Param(None, type=["null", "string"], description="Why the changes are right"),
    "jump_allowed_by": Param(None, type=["null", "string"], description="Who lets in a cut-off far from what was due"),
    "jump_allowed_reason": Param(None, type=["null", "string"], description="Why that cut-off is right"),
}


def extract_dag(contract: Contract) -> DAG:
    with DAG(
        dag_id=f"extract__{contract.id}",
        dag_display_name=f"extract · {contract.id}",
        description=contract.title,
        doc_md=contract.doc_md(),
        schedule=timetable(contract.schedule) if is_cron(contract.schedule) else None,
        catchup=False,
        # A manual run looks at once, even while the scheduled run waits for a promised delivery.
        max_active_runs=2,
        dagrun_timeout=timedelta(hours=23),
        # The callback belongs to the run and not to the task, because a killed task calls no callback.
        on_failure_callback=note_killed,
        params=PARAMS,
        tags=[contract.tier or "tier-unknown", "extract"],
    ) as dag:
        ExtractSource(
            task_id="extract",
            source_id=contract.id,
            owner=contract.owner or "unknown",
            outlets=[Asset(name=contract.id, uri=f"kvalitet://raw/{contract.id}")],
            poke_interval=timedelta(minutes=10),
            timeout=timedelta(hours=23),
            execution_timeout=timedelta(hours=2),
            retries=3,
            retry_delay=timedelta(minutes=1),
            retry_exponential_backoff=2,
            max_retry_delay=timedelta(minutes=10),
            on_failure_callback=TellPeople(),
        )
    return dag


for found in load_contracts(Settings.from_environment()).values():
    globals()[f"extract__{found.id}"] = extract_dag(found)
