"""The gate on real tables through Great Expectations: statuses, verdicts and what is kept."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import synthetic
import yaml

from kvalitet.errors import KvalitetError
from kvalitet.gate import GateClosed, Verdict, validate
from kvalitet.gate.reevaluation import reevaluate
from kvalitet.publication import PublishRefused, finish_candidate, publish
from kvalitet.settings import AUDITOR, PUBLISHER, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow


def check(name: str, severity: str = "critical", table: str = "fct_complaint", **rule: object) -> dict:
    return {
        "id": f"{table}_{name}",
        "must_hold": f"Det skal holde: {name}.",
        "why": "En hændelse lærte os det.",
        "severity": severity,
        "advice_engineer": f"Ret {name} og byg igen.",
        "advice_reader": "Tallene er ikke offentliggjort.",
        **rule,
    }


def expectation(kind: str, **kwargs: object) -> dict:
    return {"type": f"expect_{kind}", "kwargs": kwargs}


def with_suite(settings: Settings, folder: Path, *checks: dict, table: str = "fct_complaint") -> Settings:
    """The settings with a checkout whose only suite holds these checks."""
    suites = folder / "checkout" / "expectations" / "suites"
    suites.mkdir(parents=True, exist_ok=True)
    suite = {"table": table, "owner": "Holdet", "checks": list(checks)}
    (suites / f"{table}.yaml").write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    return replace(settings, root=folder / "checkout")


def judge(settings: Settings, folder: Path, *checks: dict, rows: int = 50) -> Verdict:
    build_id = synthetic.build(settings, rows)
    finish_candidate(settings, build_id, synthetic.manifest(folder))
    try:
        return validate(with_suite(settings, folder, *checks), build_id, synthetic.manifest(folder))
    except GateClosed as closed:
        return closed.verdict


def stored(settings: Settings, build_id: int) -> dict[str, dict]:
    rows = fetch_all(
        settings, AUDITOR, "select * from audit.newest_check_result where build_id = %(b)s", {"b": build_id}
    )
    return {row["check_id"]: row for row in rows}


COUNT_C01 = "select count(*) filter (where centre_id = 'C01') as violations, count(*) as denominator from fct_complaint"

EMPTY = "select not exists (select from fct_complaint)"


def test_four_statuses_with_counts(settings: Settings, tmp_path: Path) -> None:
    judged = judge(
        settings, tmp_path,
        check("key_unique", expectation=expectation("column_values_to_be_unique", column="complaint_key")),
        check("centre_few", severity="warning", count_violations=COUNT_C01, threshold={"violations": 3}),
        check("centre_half", count_violations=COUNT_C01, threshold={"percent": 50}),
        check("centre_in_set", severity="warning", threshold={"percent": 40},
              expectation=expectation("column_values_to_be_in_set", column="centre_id", value_set=["C01"])),
        check("no_such_column", severity="warning",
              expectation=expectation("column_values_to_not_be_null", column="naeppe")),
        check("broken_sql", severity="warning", count_violations="select nix as violations, 1 as denominator from x"),
        check("quotes_a_value", severity="warning",
              count_violations="select complaint_key::date - now()::date as violations, 1 as denominator"
              " from fct_complaint limit 1"),
        check("later", count_violations=COUNT_C01,
              not_applicable_when={"reason": "Kun efter den første gang.", "sql": "select true"}),
        check("bad_condition", severity="warning", count_violations=COUNT_C01,
              not_applicable_when={"reason": "Ødelagt betingelse", "sql": "select nix"}),
    )  # fmt: skip

    assert judged.passed
    results = {
        r.check_id.removeprefix("fct_complaint_"): (r.status, r.violations, r.denominator) for r in judged.results
    }
    assert results == {
        "catalogue_is_complete": ("passed", 0, results["catalogue_is_complete"][2]),
        "key_unique": ("passed", 0, 50),
        "centre_few": ("failed", 25, 50),
        "centre_half": ("passed", 25, 50),
        "centre_in_set": ("failed", 25, 50),
        "no_such_column": ("error", None, None),
        "broken_sql": ("error", None, None),
        "quotes_a_value": ("error", None, None),
        "later": ("not_applicable", None, None),
        "bad_condition": ("error", None, None),
    }
    rows = stored(settings, judged.build_id)
    assert rows["fct_complaint_no_such_column"]["detail"] == "UndefinedColumn: column naeppe does not exist"
    assert rows["fct_complaint_broken_sql"]["detail"].startswith("UndefinedTable")
    assert "InvalidDatetimeFormat" in rows["fct_complaint_quotes_a_value"]["detail"]
    assert '"' not in rows["fct_complaint_quotes_a_value"]["detail"], "the database quoted the value; we do not"
    assert rows["fct_complaint_later"]["detail"] == "Kun efter den første gang."
    assert rows["fct_complaint_centre_in_set"]["threshold"] == "højst 40 %"
    assert [w.check_id for w in judged.warnings] and judged.counted.errors == 4


def test_failed_critical_check_blocks_build(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.build(settings)
    finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
    suite = with_suite(settings, tmp_path, check("centre_none", count_violations=COUNT_C01))

    with pytest.raises(GateClosed) as closed:
        validate(suite, build_id, synthetic.manifest(tmp_path))

    assert f"Build {build_id} is held back. fct_complaint_centre_none (failed): 25 of 50." in closed.value.what
    assert closed.value.remedy == "fct_complaint_centre_none: Ret centre_none og byg igen."
    build = fetch_all(settings, AUDITOR, "select status, message, finished_at from audit.build")[0]
    assert build["status"] == "held_back" and "25 of 50" in build["message"] and build["finished_at"]
    with pytest.raises(PublishRefused, match="held_back"):
        publish(settings, build_id)


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_error_blocks_like_failure(settings: Settings, tmp_path: Path, severity: str) -> None:
    broken = check("gone", severity=severity, expectation=expectation("column_values_to_be_unique", column="naeppe"))
    assert judge(settings, tmp_path, broken).passed is (severity == "warning")


def test_empty_table_never_passes(settings: Settings, tmp_path: Path) -> None:
    judged = judge(
        settings, tmp_path,
        check("key_unique", expectation=expectation("column_values_to_be_unique", column="complaint_key")),
        check("key_not_null", expectation=expectation("column_values_to_not_be_null", column="complaint_key")),
        check("counted", count_violations=COUNT_C01, threshold={"percent": 100}),
        check("rows", expectation=expectation("table_row_count_to_be_between", min_value=1)),
        check("declared", count_violations=COUNT_C01,
              not_applicable_when={"reason": "Ingen klager endnu.", "sql": EMPTY}),
        rows=0,
    )  # fmt: skip
    statuses = {result.check_id.removeprefix("fct_complaint_"): result.status for result in judged.results}
    assert statuses.pop("catalogue_is_complete") == "passed"
    assert statuses.pop("declared") == "not_applicable"
    assert set(statuses.values()) == {"failed"}
    assert not judged.passed


def test_rejudged_build_can_be_published(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.build(settings)
    manifest = synthetic.manifest(tmp_path)
    finish_candidate(settings, build_id, manifest)
    strict = with_suite(settings, tmp_path, check("none", count_violations=COUNT_C01))
    with pytest.raises(GateClosed):
        validate(strict, build_id, manifest)
    mended = with_suite(settings, tmp_path, check("half", count_violations=COUNT_C01, threshold={"percent": 50}))

    for _ in range(2):
        assert validate(mended, build_id, manifest).passed

    assert set(stored(settings, build_id)) == {"catalogue_is_complete", "fct_complaint_half"}
    assert publish(settings, build_id).build_id == build_id
    with pytest.raises(KvalitetError, match="not there to be judged"):
        validate(mended, build_id, manifest)


def test_build_without_tables_is_not_judged(settings: Settings, tmp_path: Path) -> None:
    first = synthetic.build(settings, status="held_back")
    synthetic.build(settings)
    with pytest.raises(KvalitetError, match="held_back: its tables are not there"):
        validate(with_suite(settings, tmp_path, check("x", count_violations=COUNT_C01)), first)


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (
            "alter table candidate.fct_complaint drop constraint fct_complaint_source_key_fkey",
            "foreign key (source_key)",
        ),
        ("comment on table candidate.dim_source is null", "dim_source: comment"),
        ("revoke select on candidate.dim_source from kvalitet_gate", "dim_source: the gate's right to read it"),
        ("grant select on candidate.dim_source to kvalitet_bi", "dim_source: readers have rights"),
        ("grant select on candidate.fct_complaint to public", "fct_complaint: readers have rights"),
        ("alter table candidate.fct_complaint disable row level security", "row-level security"),
        ("drop view candidate_detail.fct_complaint", "its view in candidate_detail"),
        ("create table candidate.extra (a int); grant select on candidate.extra to kvalitet_gate", "extra: no star"),
        ("delete from candidate.table_reader where reader = 'detail'", "its readers"),
    ],
)
def test_deviating_catalogue_blocks_build(
    settings: Settings, tmp_path: Path, change: str, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kvalitet.gate.judging.digests", lambda *_: [])  # digests would fail first on a revoked right
    build_id = synthetic.build(settings)
    manifest = synthetic.manifest(tmp_path)
    finish_candidate(settings, build_id, manifest)
    with connect(settings, PUBLISHER) as connection:
        connection.execute("set role kvalitet_publication_owner")
        connection.execute(change)  # type: ignore[arg-type]
    source = check("x", severity="warning", count_violations="select 0 as violations, 1 as denominator")

    with pytest.raises(GateClosed) as closed:
        validate(with_suite(settings, tmp_path, source), build_id, manifest)

    assert [r.check_id for r in closed.value.verdict.blocking] == ["catalogue_is_complete"]
    assert lacking in (closed.value.verdict.blocking[0].detail or "")


def test_check_may_read_published_tables(settings: Settings, tmp_path: Path) -> None:
    """The project's own checks on volumes, on a lost centre and on shifted years are queries of this kind."""
    lost = check(
        "centres_still_there",
        count_violations="select count(*) filter (where now.n is null) as violations, count(*) as denominator"
        " from (select centre_id, count(*) as n from reporting.fct_complaint group by 1) as before"
        " left join (select centre_id, count(*) as n from fct_complaint group by 1) as now using (centre_id)",
        not_applicable_when={"reason": "Første gang", "sql": "select to_regclass('reporting.fct_complaint') is null"},
    )
    first = judge(settings, tmp_path, lost)
    assert first.passed and first.counted.not_applicable == 1
    publish(settings, first.build_id)
    assert judge(settings, tmp_path, lost).passed
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("update audit.build set status = 'failed' where status = 'passed'")
    build_id = synthetic.build(settings)
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("delete from candidate.fct_complaint where centre_id = 'C02'")
    finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
    with pytest.raises(GateClosed, match=r"centres_still_there \(failed\): 1 of 2"):
        validate(with_suite(settings, tmp_path, lost), build_id, synthetic.manifest(tmp_path))


def test_first_judgement_is_kept(settings: Settings, tmp_path: Path) -> None:
    """The build is judged again by a corrected rule. The newest judgement counts, and the first is kept."""
    judged = judge(settings, tmp_path, check("centre_none", count_violations=COUNT_C01))
    assert not judged.passed
    mended = with_suite(settings, tmp_path, check("centre_none", count_violations=COUNT_C01, threshold={"percent": 60}))
    assert validate(mended, judged.build_id, synthetic.manifest(tmp_path)).passed
    said = fetch_all(
        settings,
        AUDITOR,
        "select status, violations, denominator from audit.check_result"
        " where check_id = 'fct_complaint_centre_none' order by judgement_id",
    )
    assert said == [
        {"status": "failed", "violations": 25, "denominator": 50},
        {"status": "passed", "violations": 25, "denominator": 50},
    ]
    newest = fetch_all(settings, AUDITOR, "select passed from audit.newest_judgement")
    assert newest == [{"passed": True}]


def test_other_thresholds_apply_to_old_counts(settings: Settings, admin_url: str, tmp_path: Path) -> None:
    """25 of 50 rows are within 60 %, but not within 40 %. The tables have been dropped by then."""
    sixty = check("centre_half", count_violations=COUNT_C01, threshold={"percent": 60})
    other = check("key_unique", expectation=expectation("column_values_to_be_unique", column="complaint_key"))
    judged = judge(settings, tmp_path, sixty, other, check("dropped", count_violations=COUNT_C01, severity="warning"))
    assert judged.passed
    with psycopg.connect(admin_url) as connection:
        connection.execute("drop schema candidate cascade")
    stricter = with_suite(
        settings, tmp_path, sixty | {"threshold": {"percent": 40}},
        check("key_unique", expectation=expectation("column_values_to_be_unique", column="centre_id")),
    )  # fmt: skip
    found = reevaluate(stricter, judged.build_id)
    assert (found.passed_then, found.verdict.passed) == (True, False)
    (change,) = found.changes
    assert (change.check_id, change.then, change.now) == ("fct_complaint_centre_half", "passed", "failed")
    assert (change.violations, change.denominator, change.threshold_now) == (25, 50, "højst 40 %")
    assert found.not_comparable == ("fct_complaint_key_unique",), "asked of another column"
    assert found.dropped == ("fct_complaint_dropped",)
    assert fetch_all(settings, AUDITOR, "select count(*) as n from audit.judgement") == [{"n": 1}], "nothing recorded"
    with pytest.raises(KvalitetError, match="never judged"):
        reevaluate(stricter, 99)
