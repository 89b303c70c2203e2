"""One night: whether there is anything to build, the build from claim to pages, and how it went.

The functions are plain and shared by the DAGs and the command line. Nothing here knows Airflow.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvalitet.build.builds import BEGUN_AGAIN, LIVE, BuildRefused, begin_build, record_failed_begin
from kvalitet.clock import wrong_clock
from kvalitet.errors import KvalitetError, as_disk_full
from kvalitet.settings import AUDITOR, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

if TYPE_CHECKING:
    from kvalitet.build.builds import Build
    from kvalitet.gate.counted import CheckCounts

log = logging.getLogger(__name__)


NEWS = """
with published as (
    select build.build_id from audit.publication join audit.build using (build_id)
    order by publication_id desc limit 1
), newest as (
    select source_id, max(load_id) as load_id from audit.load_in_use group by source_id
), used as (
    select source_id, load_id from audit.build_load where build_id = (select build_id from published)
)
select source_id || coalesce(' (load ' || newest.load_id || ')', ' (withdrawn)') as item
from newest full join used using (source_id)
where newest.load_id is distinct from used.load_id
order by source_id
"""


def news(settings: Settings) -> list[str]:
    """What a build tonight would rest on that the latest publication does not. Empty where there is nothing."""
    return [row["item"] for row in fetch_all(settings, AUDITOR, NEWS)]


def is_anything_new(settings: Settings) -> bool:
    """Whether a build would rest on other deliveries than the latest publication."""
    return bool(news(settings))


def begin_night(settings: Settings, owner: str, force: bool = False) -> "Build | None":
    """Claim the candidate for a night's build. Returns None where there is nothing new to publish.

    A claim that `owner` itself still holds (its begin was cleared and runs again) is given up first. Raises
    BuildRefused where somebody else holds the candidate. Any other failure is recorded as a failed build, so that it is
    shown among the builds.
    """
    try:
        if not force and not is_anything_new(settings):
            return None
        release_claims(settings, owner, BEGUN_AGAIN)
        return begin_build(settings, owner=owner)
    except BuildRefused:
        raise
    except Exception as error:
        with suppress(Exception):  # where the warehouse is the reason, its own error is raised
            record_failed_begin(settings, owner, describe(error))
        raise


def release_claims(settings: Settings, owner: str, message: str) -> list[int]:
    """End as failed every build that `owner` still claims. Returns the ids of those ended.

    A build that has ended (held back, published) keeps its status.
    """
    query = """
        update audit.build set status = 'failed', message = %(message)s, finished_at = clock_timestamp()
        where owner = %(owner)s and status = any(%(live)s) returning build_id
    """
    parameters = {"owner": owner, "message": message, "live": list(LIVE)}
    return [row["build_id"] for row in fetch_all(settings, TRANSFORMER, query, parameters)]


def describe(error: object) -> str:
    """The text of an error for the warehouse's records. Only errors of our own are free of delivered values."""
    if error is None:
        return "ended from outside."
    if isinstance(error, Exception) and (full := as_disk_full(error)):
        return str(full)
    expected = isinstance(error, KvalitetError) or type(error).__name__ == "AirflowFailException"
    return str(error) if expected else f"{type(error).__name__}, see the log."


@dataclass(frozen=True)
class SourceResult:
    """What one source brought in the night. Counts are rows, over all its deliveries and tables."""

    source_id: str
    outcome: str | None
    message: str
    delivered: int
    accepted: int
    rejected: int
    stale_reason: str | None


@dataclass(frozen=True)
class NightResult:
    """How a night ended. `build_status` is None where nothing was new. `failed_critical` are not waived.

    `wrong_clock` says what is wrong with the clock, where an error can be seen.
    """

    sources: list[SourceResult]
    build_id: int | None
    build_status: str | None
    build_message: str | None
    checks: "CheckCounts"
    failed_critical: list[dict[str, Any]]
    publication_id: int | None
    wrong_clock: str | None = None


@dataclass(frozen=True)
class Mark:
    """Where the records stood when a night began. Greater numbers belong to the night, whatever the clock says."""

    run_id: int
    load_id: int
    build_id: int


def mark(settings: Settings) -> Mark:
    """Where the records are now."""
    query = """
        select coalesce((select max(run_id) from audit.extract_run), 0) as run_id,
            coalesce((select max(abs(load_id)) from audit.load), 0) as load_id,
            coalesce((select max(build_id) from audit.build), 0) as build_id
    """
    return Mark(**fetch_all(settings, AUDITOR, query)[0])


def night_result(settings: Settings, since: Mark, owner: str) -> NightResult:
    """Read from the warehouse's own records how the night that began at `since` went.

    The build is that of `owner`. Where `owner` made none, it is one that somebody else began in the meantime (a
    scheduled run that was quicker).
    """
    from kvalitet.gate.counted import COUNTED, CheckCounts  # imported here, because the gate is slow to import

    with connect(settings, AUDITOR) as connection:
        build = connection.execute(
            """
            select build_id, status, message, publication_id
            from audit.build left join audit.publication using (build_id)
            where owner = %(owner)s or build_id > %(build_id)s
            order by owner = %(owner)s desc, build_id desc limit 1
            """,
            {"owner": owner, "build_id": since.build_id},
        ).fetchone() or dict.fromkeys(("build_id", "status", "message", "publication_id"))
        sources = connection.execute(
            SOURCE_RESULTS, {"run_id": since.run_id, "load_id": since.load_id, "build_id": build["build_id"]}
        ).fetchall()
        counted = connection.execute(COUNTED, {"build_id": build["build_id"]}).fetchall()
        failed = connection.execute(
            """
            select check_id, status, description, violations, denominator, detail, advice_engineer
            from audit.newest_check_result as result
            where build_id = %s and severity = 'critical' and status in ('failed', 'error') and not exists (
                select from audit.check_waiver as waiver
                where waiver.judgement_id = result.judgement_id and waiver.check_id = result.check_id and is_used
            )
            order by check_id
            """,
            [build["build_id"]],
        ).fetchall()
    return NightResult(
        sources=[SourceResult(**row) for row in sources],
        build_id=build["build_id"],
        build_status=build["status"],
        build_message=build["message"],
        checks=CheckCounts.of(tuple(row.values()) for row in counted),  # type: ignore[arg-type]
        failed_critical=failed,
        publication_id=build["publication_id"],
        wrong_clock=wrong_clock(settings),
    )


SOURCE_RESULTS = """
with tried as (
    select distinct on (source_id) source_id, outcome, message
    from audit.extract_run where run_id > %(run_id)s
    order by source_id, outcome in ('accepted', 'refused') desc, run_id desc
), counted as (
    select load.source_id, sum(rows_delivered) as delivered, sum(rows_rejected) as rejected,
        sum(rows_delivered - rows_rejected) filter (where load.outcome = 'accepted') as accepted
    from audit.load join audit.load_table using (load_id)
    where abs(load.load_id) > %(load_id)s group by load.source_id
), used as (
    select source_id, stale_reason from audit.build_load where build_id = %(build_id)s and is_stale
)
select source_id, tried.outcome, coalesce(tried.message, '') as message,
    coalesce(counted.delivered, 0)::bigint as delivered, coalesce(counted.accepted, 0)::bigint as accepted,
    coalesce(counted.rejected, 0)::bigint as rejected, used.stale_reason
from tried full join counted using (source_id) full join used using (source_id)
order by source_id
"""


def run_night(
    settings: Settings, progress: Callable[[str, str], None] = lambda step, detail: None, owner: str | None = None
) -> NightResult:
    """The whole night without Airflow: extract every source, build, check, publish, report.

    A source that is refused or fails does not stop the others. `progress` is called for each step that begins and,
    where there is one, with its result. Raises what a step of the build raises. A build that the gate holds back is a
    result and raises nothing.
    """
    from kvalitet.contracts import load_contracts
    from kvalitet.gate import GateClosed
    from kvalitet.intake import extract

    since = mark(settings)
    owner = owner or f"kvalitet night {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    for source in load_contracts(settings):
        progress("extract", source)
        try:
            result = extract(settings, source, owner=owner)
            progress("extract", f"{source}: {result.outcome}. {result.message}")
        except Exception as error:
            # Extract itself recorded the failure. The other sources are taken in all the same.
            progress("extract", f"{source}: {describe(error)}")
    progress("begin", "")
    build = begin_night(settings, owner)
    if build is not None:
        try:
            _build_and_publish(settings, build.build_id, progress)
        except GateClosed as error:
            progress("validate", str(error))
        except BaseException as error:
            release_claims(settings, owner, describe(error))
            raise
    progress("anchor", "")
    _anchor(settings, progress)
    return night_result(settings, since, owner)


def _build_and_publish(settings: Settings, build_id: int, progress: Callable[[str, str], None]) -> None:
    from kvalitet.build.transform import LAYERS, build_layer
    from kvalitet.publication import finish_candidate

    for layer in LAYERS:
        progress(layer, "")
        result = build_layer(settings, build_id, layer)
        progress(layer, f"{len(result.models)} models, {result.rows} rows")
    progress("finish", "")
    finish_candidate(settings, build_id)
    progress("validate", "")
    validate_and_report(settings, build_id)
    progress("publish", "")
    publication_id = publish_once(settings, build_id)
    progress("report", "")
    report(settings, build_id, publication_id)


def _anchor(settings: Settings, progress: Callable[[str, str], None]) -> None:
    """Anchor what is due. What fails stays due, which the command's exit code says. The night keeps its result."""
    from kvalitet.verification.outbox import work_off

    try:
        work_off(settings)
    except KvalitetError as error:
        progress("anchor", str(error))


def publish_once(settings: Settings, build_id: int) -> int:
    """Publish a build that passed, unless it is already published. Returns its publication_id."""
    from kvalitet.publication import publish

    return publish(settings, build_id).publication_id


def validate_and_report(settings: Settings, build_id: int) -> Any:
    """Let the gate judge the build. Where it holds the build back, write the pages that say why, then raise."""
    from kvalitet.gate import GateClosed, validate

    try:
        return validate(settings, build_id)
    except GateClosed:
        try:
            report(settings, build_id, None)
        except Exception:
            log.exception("The pages of build %s could not be written; the verdict stands.", build_id)
        raise


def report(settings: Settings, build_id: int, publication_id: int | None) -> list[Path]:
    """Write a publication's pages and certificate file, or the pages of a held-back build (publication_id None)."""
    from kvalitet.evidence.chain import write_files
    from kvalitet.reports import write_site

    if publication_id is None:
        return write_site(settings, build_id=build_id)
    write_files(settings)
    return write_site(settings, publication_id=publication_id)
