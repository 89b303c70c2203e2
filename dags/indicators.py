"""The night: wait for the sources, build the star as a candidate, let the gate judge it, publish, report."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param, chain, task

from kvalitet.nights import tasks as night_tasks

DOC = """
# indicators

Builds the whole star from a fixed set of loads into the schema *candidate*, lets the gate judge it, and publishes it
only if it holds. Until `publish` is green, readers see the previous publication. Starts 01:30 Copenhagen time, waits
for the sources due tonight until 05:00 at the latest; a source that is late, refused or failed does not stop it: its
last good data is used and marked stale. Nothing new since the last publication: everything after `begin` is skipped.

**Run by hand** (Trigger): without parameters it builds at once from what has been taken in.

## When it fails
1. Open the red task's log: the last lines say what, where and what to do. Readers are not affected.
2. **validate** red: the gate held the build back. The message names the checks, how many of how many; the validation
   page says the same. Mend the delivery or the rule, then trigger a new run.
3. **staging … reports** red: a model failed. Mend it, then *clear `begin` and all downstream*. Clearing one layer alone
   is refused: the build has ended and the candidate is no longer its own.
4. **begin** red: another build holds the candidate; the message says who. Wait for it, or until its claim lapses.
5. **publish**: cleared after it published, it does nothing. **report**: may be cleared at any time.
6. **anchor** red: the figures are published and signed, but the anchor did not take the ledger's entry. It stays
   due; mend KVALITET_ANCHOR and clear the task. `housekeeping` tries each morning, too.

More in docs/runbook.md.
"""
PARAMS: Any = {
    "sources": Param([], type="array", description="Wait for an outcome of these sources"),
    "after_run": Param(None, type=["null", "integer"], description="An attempt counts if its number is greater"),
    "since": Param(None, type=["null", "string"], format="date-time", description="An outcome counts from here on"),
    "wait_minutes": Param(60, type="integer", minimum=0, description="Wait for them this long at most"),
    "force": Param(False, type="boolean", description="Build even if nothing is new, e.g. after a changed definition"),
}

with DAG(
    dag_id="indicators",
    description="From the night's loads to published indicators",
    doc_md=DOC,
    schedule=night_tasks.timetable("30 1 * * *"),
    catchup=False,
    # A manual run need not wait behind a night that waits for its sources. The candidate still has one owner at a time.
    max_active_runs=2,
    # A run that hangs must not keep the next night's run from starting.
    dagrun_timeout=timedelta(hours=20),
    on_failure_callback=night_tasks.release,
    default_args={
        "owner": "Kvalitet",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=3),
        "on_failure_callback": [night_tasks.release, night_tasks.TellPeople()],
    },
    params=PARAMS,
    tags=["tier-1", "publication"],
) as dag:
    wait_for_sources = night_tasks.WaitForSources(task_id="wait_for_sources", execution_timeout=timedelta(hours=6))
    # Longer than the claim of a dead build lives, so that the night is not lost because of it.
    build_id: Any = task(retries=5, retry_delay=timedelta(minutes=3))(night_tasks.begin)()
    layer = task(night_tasks.layer)
    layers = [layer.override(task_id=name)(build_id, name) for name in ("staging", "intermediate", "star", "reports")]
    finish = task(night_tasks.finish)(build_id)
    validate = task(night_tasks.validate)(build_id)
    reporting = Asset(name="reporting", uri="kvalitet://reporting")
    publication_id: Any = task(outlets=[reporting])(night_tasks.publish)(build_id)
    report = task(night_tasks.report)(build_id, publication_id)

    chain(wait_for_sources, build_id, *layers, finish, validate, publication_id, report)
    chain(publication_id, task(night_tasks.anchor)())
