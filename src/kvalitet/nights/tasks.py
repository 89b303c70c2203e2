"""The functions of the DAGs' tasks. Each runs one step and tells Airflow how it went.

Steps are imported inside the tasks, so that a DAG file stays quick to read. A task's return value lies readable in
Airflow's database, so it holds only counts and ids, never a delivered value.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import (
    BaseNotifier,
    BaseOperator,
    BaseSensorOperator,
    CronTriggerTimetable,
    PokeReturnValue,
    get_current_context,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from kvalitet.errors import KvalitetError, MayMend, NotInstalled
from kvalitet.settings import TIMEZONE, Settings

log = logging.getLogger(__name__)


#: Seconds after which a server that was killed has recovered, or a person is needed.
SERVER_BACK_WITHIN = 120
#: Something is missing where the task runs: a program, a module, a file, a right. Waiting does not help.
MISSING = (NotInstalled, FileNotFoundError, PermissionError, ImportError)


@contextmanager
def no_retry(*expected: type[KvalitetError]) -> Iterator[None]:
    """Fail the task at once with what to do, for the `expected` errors but MayMend, and always for MISSING."""
    try:
        yield
    except MayMend:
        raise
    except expected as error:
        raise AirflowFailException(str(error)) from None
    except MISSING as error:
        raise AirflowFailException(str(error)) from error  # an unforeseen error belongs in the log


def timetable(cron: str) -> CronTriggerTimetable:
    """The cron line in Copenhagen's time. A new DAG begins with the next time due."""
    # The default, False, would also run a time that was due up to a tenth of the period ago.
    return CronTriggerTimetable(cron, timezone=TIMEZONE.key, run_immediately=timedelta(0))


def is_scheduled(context: Any) -> bool:
    """Whether the timetable started the run, which can then wait. Somebody waits for a run started by hand."""
    return context["dag_run"].run_type == "scheduled"


def owner_of(context: Any) -> str:
    """The name under which a DAG run claims the candidate."""
    return f"airflow {context['dag_run'].run_id}"


def allowed(context: Any, what: str) -> tuple[str, str] | None:
    """Who lets a delivery in against one of its limits, and why. Intake refuses one without the other."""
    by, reason = (context["params"].get(f"{what}_allowed_{part}") for part in ("by", "reason"))
    return (by or "", reason or "") if by or reason else None


class ExtractSource(BaseSensorOperator):
    """Takes in all new deliveries of one source.

    While a promised delivery has not come, a scheduled run looks again until the contract's latest arrival. It holds no
    worker between looks. A manual run looks once. A refusal or an error of our own fails without retry. Other failures
    are retried. Where nothing is new, the task is skipped, so that the source's asset stays as it was.
    """

    def __init__(self, source_id: str, **kwargs: Any) -> None:
        super().__init__(mode="reschedule", **kwargs)
        self.source_id = source_id

    def poke(self, context: Any) -> bool | PokeReturnValue:
        from kvalitet.errors import DeliveryRefused, OwnFault
        from kvalitet.intake import extract
        from kvalitet.timetable.calendar import NOTHING_OF_TODAY
        from kvalitet.timetable.waiting import note_late

        settings = Settings.from_environment()
        due_at = context["dag_run"].run_after
        with no_retry(DeliveryRefused, OwnFault):
            result = extract(
                settings,
                self.source_id,
                allow_closures=allowed(context, "closures"),
                allow_changes=allowed(context, "changes"),
                owner=owner_of(context),
                due_at=due_at if is_scheduled(context) else None,
                allow_jump=allowed(context, "jump"),
            )
        log.info("%s: %s. %s", self.source_id, result.outcome, result.message)
        if result.outcome == "accepted":
            return PokeReturnValue(True, result.to_json())
        promised_until = self._promised_until(settings, due_at) if is_scheduled(context) else None
        if promised_until and datetime.now(UTC) < promised_until:
            return False
        if result.outcome in NOTHING_OF_TODAY and not promised_until:
            raise AirflowSkipException(result.message)
        if promised_until:
            note_late(settings, {self.source_id: result.knew_of})
        raise AirflowFailException(f"{result.message} Its last good data is used, marked stale.")

    def _promised_until(self, settings: Settings, due_at: datetime) -> datetime | None:
        """The latest arrival of the delivery. None where none is promised, or it came by another run."""
        from kvalitet.contracts import load_contracts
        from kvalitet.timetable.calendar import is_promised, latest_arrival
        from kvalitet.timetable.waiting import Awaited, outcomes

        contract = load_contracts(settings)[self.source_id]
        until = latest_arrival(contract, due_at)
        (row,) = outcomes(settings, {self.source_id: Awaited(due_at, until)})
        return until if is_promised(contract) and row["outcome"] != "accepted" else None


def note_killed(context: Any) -> None:
    """On failure, record an outcome where the task was killed before it recorded one, so that the night goes on."""
    from kvalitet.timetable.waiting import note_killed as note

    source_id = context["dag_run"].dag_id.partition("__")[2]
    if note(Settings.from_environment(), source_id, context["dag_run"].run_after):
        log.warning("%s: its task was killed; its last good data is used, marked stale.", source_id)


class WaitForSources(BaseOperator):
    """Waits until every source due tonight has an outcome, or until the night's deadline.

    A manual run waits only for what its parameters name (`sources`, `after_run` or `since`, `wait_minutes`).
    Returns {source id: outcome or None}.
    """

    def execute(self, context: Any) -> dict[str, str | None]:
        from kvalitet.nights.trigger import SourcesTrigger
        from kvalitet.timetable.waiting import outcomes, unsettled

        waits, deadline = self._awaited(context)
        rows, now = outcomes(Settings.from_environment(), waits), datetime.now(UTC)
        for row in rows:  # the age of a failure counts from the first look
            row["finished_at"] = now
        if now < deadline and unsettled(rows, waits, now):
            self.defer(trigger=SourcesTrigger.of(waits, deadline), method_name="resume")
        return self.resume(context, {})

    def resume(self, context: Any, event: dict[str, str | None]) -> dict[str, str | None]:
        """Note which sources are late, by the present records, because `event`, the result of the wait, may be old."""
        from kvalitet.contracts import load_contracts
        from kvalitet.timetable.calendar import NOTHING_OF_TODAY, is_promised
        from kvalitet.timetable.waiting import note_late, outcomes

        settings = Settings.from_environment()
        contracts, scheduled = load_contracts(settings), is_scheduled(context)
        rows = {row["source_id"]: row for row in outcomes(settings, self._awaited(context)[0])}
        found: dict[str, str | None] = {source: row["outcome"] for source, row in rows.items()}
        late = [
            source
            for source, outcome in found.items()
            if outcome is None or (scheduled and outcome in NOTHING_OF_TODAY and is_promised(contracts[source]))
        ]
        note_late(settings, {source: rows[source]["newest_load"] for source in late})
        for source, outcome in found.items():
            if source in late or outcome not in ("accepted", *NOTHING_OF_TODAY):
                log.warning("%s: %s; its last good data is used, marked stale.", source, outcome or "no outcome")
        return found

    def _awaited(self, context: Any) -> tuple[dict[str, Any], datetime]:
        from kvalitet.contracts import load_contracts
        from kvalitet.timetable.waiting import Awaited, awaited

        run_after, params = context["dag_run"].run_after, context["params"]
        if is_scheduled(context):
            return awaited(load_contracts(Settings.from_environment()), run_after)
        since = datetime.fromisoformat(params["since"]) if params["since"] else run_after
        deadline = datetime.now(UTC) + timedelta(minutes=params["wait_minutes"])
        return {source: Awaited(since, since, params["after_run"]) for source in params["sources"]}, deadline


def begin() -> int:
    """Claim the candidate and fix the night's set of loads. Skips all that follows where nothing is new.

    Where somebody else holds it, a scheduled run tries again until a dead claim would have lapsed. A run by hand fails
    at once.
    """
    from kvalitet.nights.night import begin_night

    context: Any = get_current_context()
    with no_retry() if is_scheduled(context) else no_retry(KvalitetError):
        build = begin_night(Settings.from_environment(), owner_of(context), force=context["params"]["force"])
    if build is None:
        raise AirflowSkipException("Nothing new since the last publication; readers keep it.")
    for source, reason in build.stale.items():
        log.warning("%s is stale: %s", source, reason)
    return build.build_id


def layer(build_id: int, name: str) -> dict[str, Any]:
    """Build one dbt layer. Its per-model results are in audit.model_run."""
    from kvalitet.build.transform import build_layer

    with no_retry(KvalitetError):
        result = build_layer(Settings.from_environment(), build_id, name)
    for model in result.models:
        log.info("%-50s %s, %s rows, %.1f s", model.model, model.status, model.rows, model.seconds)
    return {"models": len(result.models), "rows": result.rows, "seconds": round(result.seconds, 1)}


def finish(build_id: int) -> None:
    """Set keys, comments, rights and policies on the finished candidate."""
    from kvalitet.publication import finish_candidate

    with no_retry(KvalitetError):
        finish_candidate(Settings.from_environment(), build_id)


def validate(build_id: int) -> None:
    """Judge the build. Fails with the failed checks where it is held back. Readers keep what they have."""
    from kvalitet.nights.night import validate_and_report

    with no_retry(KvalitetError):
        verdict = validate_and_report(Settings.from_environment(), build_id)
    log.info("Build %s passed the gate: %s.", build_id, verdict.counted)


def publish(build_id: int) -> int:
    """Swap the candidate in. A build that is already published is left as it is.

    Where a reader could not be moved, the task is tried again. The build keeps its claim until then.
    """
    from kvalitet.nights.night import publish_once
    from kvalitet.publication import PublishRefused

    with no_retry(PublishRefused):
        return publish_once(Settings.from_environment(), build_id)


def report(build_id: int, publication_id: int) -> int:
    """Write the publication's pages. Returns how many."""
    from kvalitet.nights.night import report as write_report

    with no_retry(KvalitetError):
        return len(write_report(Settings.from_environment(), build_id, publication_id))


def anchor() -> int:
    """Anchor the ledger's entries that are due. Returns how many. Fails while any is left."""
    from kvalitet.verification.outbox import work_off

    with no_retry():
        return work_off(Settings.from_environment())


def check_files() -> dict[str, int]:
    """Check certificate files and a night's share of the kept originals by their digests. Fails where one differs."""
    from kvalitet.evidence.files import check_files as check

    with no_retry(KvalitetError):
        return vars(check(Settings.from_environment(), datetime.now(TIMEZONE).date()))


def release(context: Any) -> None:
    """On failure, give the candidate back for the next run. A server that has died gets time to come back first."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

    from kvalitet.build.builds import record_failed_begin
    from kvalitet.nights.night import describe, release_claims
    from kvalitet.warehouse.connection import NotReached

    task_id = context["ti"].task_id if "ti" in context else "run"
    message = f"{task_id}: {describe(context.get('exception'))}"
    settings = Settings.from_environment()
    patient = Retrying(
        retry=retry_if_exception_type(NotReached),
        wait=wait_fixed(1),
        stop=stop_after_delay(SERVER_BACK_WITHIN),
        reraise=True,
    )
    if task_id == "wait_for_sources":
        patient(record_failed_begin, settings, owner_of(context), message)
    for build_id in patient(release_claims, settings, owner_of(context), message):
        log.warning("Build %s ended as failed; readers keep the previous publication.", build_id)


class TellPeople(BaseNotifier):
    """On failure, alert about the night's records, each event once. Does nothing where no alerts are set up."""

    def notify(self, context: Any) -> None:
        from kvalitet.alerts import send

        log.info("Told: %s", send(Settings.from_environment()) or "nobody, no alerts are set up")


def send_alerts() -> dict[str, list[str]]:
    """Tell what is due and not yet told, also late sources, ending waivers, and what a killed task did not tell."""
    from kvalitet.alerts import send

    with no_retry():
        return send(Settings.from_environment(), morning=True)


def check_slas() -> None:
    """Fail with the list of sources that do not keep what their contract promises."""
    from kvalitet.contracts import load_contracts
    from kvalitet.timetable.waiting import late_sources

    settings = Settings.from_environment()
    with no_retry(KvalitetError):
        late = late_sources(settings, load_contracts(settings), datetime.now(UTC))
    if late:
        lines = [f"- {source}: {found.reason}" for source, found in sorted(late.items())]
        what = f"{len(late)} source(s) do not keep their contract:\n" + "\n".join(lines)
        raise AirflowFailException(f"{what}\nAsk each source's support channel (its DAG's page names it).")


def end_lapsed_builds() -> list[int]:
    """End builds whose heartbeat has stopped, and readers that exceed their limits. Returns the builds' ids."""
    from kvalitet.build.builds import end_lapsed_builds as end
    from kvalitet.warehouse.readers import watch

    with no_retry():
        watch(Settings.from_environment())
        return end(Settings.from_environment())


def drop_old_rebuilds() -> list[str]:
    """Drop the schemas of rebuilds of the past that are a week old. Returns their names."""
    from kvalitet.past.rebuild import drop_old_rebuilds as drop

    with no_retry():
        return drop(Settings.from_environment())


def purge_landing() -> dict[str, int]:
    """Remove landed files whose agreed time is over. Returns how many. Skipped while a backup copies them."""
    from kvalitet.landing.holding import FilesHeld
    from kvalitet.landing.retention import purge

    with no_retry(KvalitetError):
        try:
            return vars(purge(Settings.from_environment()))
        except FilesHeld as held:
            raise AirflowSkipException(f"{held.what} What is due goes tomorrow.") from None
