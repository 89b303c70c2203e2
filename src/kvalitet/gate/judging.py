"""The gate as a step: measure a build's tables, judge them, record it, and let the build pass or hold it back."""

import hashlib
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.rows import DictRow, dict_row

from kvalitet.build.builds import LIVE, Build, get_build, heartbeat
from kvalitet.clock.lapses import BEAT, beat
from kvalitet.errors import KvalitetError
from kvalitet.gate.asking import ask_rules
from kvalitet.gate.deliveries import all_suites
from kvalitet.gate.held import held_by_database
from kvalitet.gate.materials import materials
from kvalitet.gate.suites import Suite
from kvalitet.gate.verdict import CheckResult, GateClosed, Measurement, Status, Verdict
from kvalitet.gate.waivers import load_waivers
from kvalitet.publication.catalogue import manifest_path, missing, read_catalogue
from kvalitet.publication.digest import Digest, digests
from kvalitet.publication.lineage import tables_without_contract
from kvalitet.settings import GATE, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

_VERDICT_COLUMNS = (
    "check_id", "suite", "table_name", "severity", "status", "threshold", "description", "why", "owner",
    "advice_engineer", "advice_reader", "detail",
)  # fmt: skip
_CATALOGUE_CHECK = {
    "check_id": "catalogue_is_complete",
    "suite": "catalogue",
    "table_name": "alle",
    "severity": "critical",
    "threshold": "ingen",
    "description": "Alle tabeller har deres nøgler, kommentarer, rettigheder og regler for, hvem der må se hvad.",
    "why": "Uden dem kan læsere se rækker, de ikke må se, og værktøjer kan ikke se, hvordan tabellerne hører sammen.",
    "owner": "Kvalitetsteamet",
    "advice_engineer": "Ret modellens kontrakt i dbt_project, eller de rækker, som nøglen falder på, og byg igen.",
    "advice_reader": "Tallene er ikke offentliggjort. Den seneste offentliggørelse gælder fortsat.",
}


def validate(settings: Settings, build_id: int, manifest: Path | None = None) -> Verdict:
    """Judge build `build_id` by all suites and add the judgement to its record. The newest judgement counts.

    Raises GateClosed where the build is held back (it is recorded all the same), SuiteInvalid where a suite cannot be
    used, KvalitetError where there is no build to judge.
    """
    suites = all_suites(settings)
    today = datetime.now(TIMEZONE).date()
    waivers = load_waivers(settings.waivers_file, suites)
    build = get_build(settings, build_id, GATE)
    _refuse_unless_its_own(settings, build)
    if build.status in LIVE:
        with heartbeat(settings, build_id, GATE):
            found, results = measure_build(settings, build, suites, manifest)
    else:
        found, results = measure_build(settings, build, suites, manifest)
    rules = {check.id: check.rule for suite in suites for check in suite.checks}
    in_force = {check_id: waiver for check_id, waiver in waivers.items() if waiver.holds_on(today)}
    judged = Verdict(build_id, tuple(results), in_force)
    _record(settings, build, judged, rules, found, materials(settings, manifest or manifest_path(settings)))
    if not judged.passed:
        raise GateClosed(judged)
    return judged


def _refuse_unless_its_own(settings: Settings, build: Build) -> None:
    """Refuse a build whose tables are gone. A held-back build may be judged again while its tables are still there."""
    if build.status in LIVE:
        return
    with connect(settings, GATE) as connection:
        later = connection.execute(
            "select 1 from audit.build where target_schema = %s and build_id > %s",
            [build.target_schema, build.build_id],
        ).fetchone()
    if build.status != "held_back" or later:
        raise KvalitetError(
            f"Build {build.build_id} is {build.status}: its tables are not there to be judged any more.",
            "Build anew: `kvalitet build`.",
        )


def measure_build(
    settings: Settings, build: Build, suites: list[Suite], manifest: Path | None
) -> tuple[list[Digest], list[CheckResult]]:
    """The results of `suites` and the catalogue for a build's tables, and the tables' digests. Nothing is recorded.

    The digests are taken first. So a table that changes while it is measured is not the one that publishing expects.
    """
    if not build.is_sealed:  # a suite's SQL could find objects of a builder in there
        raise KvalitetError(
            f"Build {build.build_id} is not sealed.", "Run its finishing step, or build anew: `kvalitet build`."
        )
    found = digests(settings, GATE, build.target_schema)
    results = [_catalogue(settings, build, manifest)]
    skipped = _not_applicable(settings, build, suites)
    skipped |= _without_contract(suites, manifest or manifest_path(settings))
    with connect(settings, GATE) as connection:
        skipped |= held_by_database(connection, build.target_schema, suites, set(skipped))
    from kvalitet.gate.measuring import measure

    measured = skipped | measure(_url(settings, build), suites, set(skipped))
    measured |= ask_rules(settings, build, suites, set(skipped))
    for suite in suites:
        results += [CheckResult.of(check, suite.table, measured[check.id]) for check in suite.checks]
    return found, results


def _url(settings: Settings, build: Build) -> str:
    """The gate's connection: the build's schema, read-only, with the build's number for a suite's SQL.

    pg_catalog is searched first where it is not named, and suites ask current_schema() for the build's schema.
    """
    options = (
        f"-csearch_path={build.target_schema},pg_temp -cdefault_transaction_read_only=on"
        f" -cstatement_timeout=600000 -ckvalitet.build_id={build.build_id}"
    )
    return settings.dsn(GATE, options=options)


def _not_applicable(settings: Settings, build: Build, suites: list[Suite]) -> dict[str, Measurement]:
    """Checks whose declared condition holds, with the reason. A condition that fails is the check's error."""
    skipped: dict[str, Measurement] = {}
    with psycopg.Connection[DictRow].connect(
        _url(settings, build), autocommit=True, row_factory=dict_row
    ) as connection:
        answers: dict[str, bool | str] = {}
        for suite in suites:
            for check in suite.checks:
                for condition in check.not_applicable_when:
                    if condition.sql not in answers:
                        answers[condition.sql] = _ask(connection, condition.sql)
                    answer = answers[condition.sql]
                    if isinstance(answer, str):
                        skipped[check.id] = Measurement(error=f"not_applicable_when: {answer}")
                    elif answer:
                        skipped[check.id] = Measurement(not_applicable=condition.reason)
                    if answer:
                        break
    return skipped


def _without_contract(suites: list[Suite], manifest: Path) -> dict[str, Measurement]:
    """The checks of tables that rest on deliveries which the administration has no contract for."""
    absent = tables_without_contract(manifest)
    return {
        check.id: Measurement(not_applicable=f"Der er ingen kontrakt om {', '.join(absent[suite.table])}.")
        for suite in suites
        if suite.table in absent
        for check in suite.checks
    }


def _ask(connection: psycopg.Connection[DictRow], query: str) -> bool | str:
    try:
        rows = connection.execute(query.encode()).fetchall()
    except psycopg.Error as error:
        return f"database error {type(error).__name__}"
    values = [value for row in rows for value in row.values()]
    return values[0] if len(values) == 1 and isinstance(values[0], bool) else "it must give one true or false"


def _catalogue(settings: Settings, build: Build, manifest: Path | None) -> CheckResult:
    """The check that keys, comments, rights and policies are as the models declare them."""
    try:
        catalogue = read_catalogue(manifest or manifest_path(settings))
    except (KvalitetError, OSError, ValueError, KeyError) as error:
        detail = error.what if isinstance(error, KvalitetError) else "dbt's manifest cannot be read."
        return CheckResult(**_CATALOGUE_CHECK, status="error", violations=None, denominator=None, detail=detail)
    with connect(settings, GATE) as connection:
        lines, asked = missing(connection, build.target_schema, catalogue)
    detail = "; ".join(lines[:10]) + (f"; og {len(lines) - 10} mere" if len(lines) > 10 else "")
    status: Status = "failed" if lines or not catalogue.tables else "passed"
    return CheckResult(
        **_CATALOGUE_CHECK, status=status, violations=len(lines), denominator=asked, detail=detail or None
    )


def _record(
    settings: Settings,
    build: Build,
    judged: Verdict,
    rules: dict[str, str],
    found: list[Digest],
    made_with: dict[str, str],
) -> None:
    """Record one judgement with its measurements, verdicts, digests, materials and waivers, and the build's status.

    It is one transaction, and nothing that was recorded before is changed. `rules` holds a check's rule by its id.
    """
    digest_of = {check_id: hashlib.sha256(rule.encode()).hexdigest() for check_id, rule in rules.items()}
    names = ", ".join(f"%({column})s" for column in _VERDICT_COLUMNS)
    with connect(settings, GATE) as connection, connection.cursor() as cursor:
        moved = cursor.execute(
            f"update audit.build set status = %(status)s, message = %(message)s, {BEAT},"
            " finished_at = case when %(passed)s then null else clock_timestamp() end"
            " where build_id = %(build_id)s and status in ('building', 'built', 'passed', 'held_back')",
            {
                "status": "passed" if judged.passed else "held_back",
                "message": judged.message,
                "passed": judged.passed,
                "build_id": build.build_id,
                **beat(),
            },
        )
        if moved.rowcount != 1:
            raise KvalitetError(f"Build {build.build_id} lapsed while it was judged.", "Build anew: `kvalitet build`.")
        row = cursor.execute(
            "insert into audit.judgement (build_id, passed) values (%s, %s) returning judgement_id",
            [build.build_id, judged.passed],
        ).fetchone()
        assert row is not None
        judgement_id = row["judgement_id"]
        cursor.executemany(
            "insert into audit.check_rule (rule_sha256, rule) values (%s, %s) on conflict do nothing",
            [(digest_of[check_id], rule) for check_id, rule in rules.items()],
        )
        cursor.executemany(
            "insert into audit.check_measurement"
            " (judgement_id, check_id, outcome, violations, denominator, rule_sha256) values (%s, %s, %s, %s, %s, %s)",
            [
                (judgement_id, r.check_id, r.outcome, r.violations, r.denominator, digest_of.get(r.check_id))
                for r in judged.results
            ],
        )
        cursor.executemany(
            f"insert into audit.check_verdict (judgement_id, {', '.join(_VERDICT_COLUMNS)})"
            f" values (%(judgement_id)s, {names})",
            [{"judgement_id": judgement_id, **asdict(result)} for result in judged.results],
        )
        cursor.executemany(
            "insert into audit.build_material (judgement_id, name, sha256) values (%s, %s, %s)",
            [(judgement_id, name, sha256) for name, sha256 in made_with.items()],
        )
        used = {result.check_id for result in judged.waived}
        cursor.executemany(
            "insert into audit.check_waiver"
            " (judgement_id, check_id, reason, covers, decided_by, decided_on, expires_on, is_used)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (judgement_id, w.check, w.reason, w.covers, w.decided_by, w.decided_on, w.expires_on, w.check in used)
                for w in judged.waivers.values()
            ],
        )
        cursor.executemany(
            "insert into audit.table_digest (judgement_id, schema_kind, table_name, row_count, sha256, form)"
            " values (%s, %s, %s, %s, %s, %s)",
            [(judgement_id, d.kind, d.table_name, d.row_count, d.sha256, d.form) for d in found],
        )
