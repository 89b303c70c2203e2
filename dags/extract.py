"""A DAG per contract: extract__<source> takes in the source's new deliveries at the contract's hour."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, CronTriggerTimetable, Param

from kvalitet.contracts import Contract, load_contracts
from kvalitet.night_calendar import is_cron
from kvalitet.night_tasks import ExtractSource
from kvalitet.settings import TIMEZONE, Settings

PARAMS: Any = {
    "closures_allowed_by": Param(
        None, type=["null", "string"], description="Who lets in a refused delivery's closures"
    ),
    "closures_allowed_reason": Param(None, type=["null", "string"], description="Why the closures are right"),
}


def extract_dag(contract: Contract) -> DAG:
    with DAG(
        dag_id=f"extract__{contract.id}",
        dag_display_name=f"extract · {contract.id}",
        description=contract.title,
        doc_md=contract.doc_md(),
        schedule=CronTriggerTimetable(contract.schedule, timezone=TIMEZONE.key) if is_cron(contract.schedule) else None,
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=23),
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
        )
    return dag


for found in load_contracts(Settings.from_environment()).values():
    globals()[f"extract__{found.id}"] = extract_dag(found)
