"""Each morning: sources that do not keep their contract, alerts, and the builds, rebuilds and files to be removed."""

from datetime import timedelta

from airflow.sdk import DAG, chain, task

from kvalitet.nights import tasks as night_tasks

DOC = """
# housekeeping

05:30 Copenhagen time, when the night is over: compares the load records with what the contracts promise, ends
builds whose heartbeat has stopped, so that the candidate is free, drops rebuilds of the past after a week, and
removes delivered files from the landing store when their agreed time is over. Tells people, where alerts are set up,
what does not keep its contract, which waivers end, and what the night left untold.

## When it fails
1. **check_slas** red: the message lists each source that is late, with the reason; the published indicators show it as
   stale. Ask the source's support channel (on its DAG's page) for the delivery; when it has arrived, trigger
   `extract__<source>` and then `indicators`.
2. **send_alerts** red: mail server or webhook did not take the message; the log says which. Mend the setting
   (`kvalitet alert test` tries it) and clear the task: nobody is told anything twice.
3. **end_lapsed_builds** or **drop_old_rebuilds** red: the warehouse cannot be reached, see docs/runbook.md.
4. **purge_landing** red: the landing store cannot be reached; check `KVALITET_LANDING`. Nothing is lost by waiting.
5. **anchor** red: entries of the ledger have yet to be anchored, and the anchor does not take them; mend
   KVALITET_ANCHOR.
6. **check_files** red: a certificate file or a kept original is not what the ledger says, see docs/runbook.md.
"""

with DAG(
    dag_id="housekeeping",
    description="Contracts' SLAs, alerts, lapsed builds, old rebuilds and files",
    doc_md=DOC,
    schedule=night_tasks.timetable("30 5 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "Kvalitet",
        "retries": 2,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": 2,
        "execution_timeout": timedelta(minutes=10),
    },
    tags=["tier-2", "housekeeping"],
) as dag:
    task(night_tasks.check_slas)()
    chain(task(night_tasks.end_lapsed_builds)(), task(night_tasks.send_alerts)())
    task(night_tasks.drop_old_rebuilds)()
    task(night_tasks.purge_landing)()
    task(night_tasks.anchor)()
    task(execution_timeout=timedelta(hours=2))(night_tasks.check_files)()
