"""Checks that the database enforces are proven by the catalogue of the sealed candidate, and never assumed."""

import json
from pathlib import Path

import psycopg
import pytest
import synthetic
import yaml
from test_validate import check, stored, with_suite

from kvalitet.gate import GateClosed, SuiteInvalid, Verdict, validate
from kvalitet.gate.reevaluation import reevaluate
from kvalitet.publication import finish_candidate, publish
from kvalitet.settings import AUDITOR, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all

pytestmark = pytest.mark.slow

#: The key of fct_complaint is checked without being named. The model declares all three constraints.
NAMED = ("complaint_key_unique", "centre_id_not_null", "source_key_in_dim_source")
TEXTS = {
    "must_hold": "Det skal altid gælde.", "why": "En hændelse lærte os det.", "advice_engineer": "Ret modellen.",
}  # fmt: skip
SOME = check("some", count_violations="select 0 as violations, count(*) as denominator from fct_complaint")


def checkout(settings: Settings, folder: Path) -> Settings:
    """A checkout whose suite of fct_complaint has one written check and three that are derived from the model."""
    found = with_suite(settings, folder, SOME)
    suite = found.suites_dir / "fct_complaint.yaml"
    written = yaml.safe_load(suite.read_text())
    suite.write_text(yaml.safe_dump({**written, "derived": dict.fromkeys(NAMED[1:])}))
    kinds = dict.fromkeys(("unique", "not_null", "in_table"), TEXTS)
    defaults = {"severity": "critical", "advice_reader": {"critical": "Tallene er holdt tilbage."}, "derived": kinds}
    (found.suites_dir / "defaults.yaml").write_text(yaml.safe_dump(defaults))
    models = found.dbt_dir / "models" / "star"
    models.mkdir(parents=True, exist_ok=True)
    for name, node in json.loads(synthetic.manifest(folder).read_text())["nodes"].items():
        model = {**node, "columns": list(node["columns"].values())}
        (models / f"{name}.yml").write_text(yaml.safe_dump({"models": [model]}))
    return found


def finished(settings: Settings, folder: Path, rows: int = 50, before: str = "") -> int:
    """A sealed build. The statement `before` is run on its tables before their keys are set."""
    build_id = synthetic.build(settings, rows)
    if before:
        with connect(settings, TRANSFORMER) as connection:
            connection.execute(before)  # type: ignore[arg-type]
    finish_candidate(settings, build_id, synthetic.manifest(folder))
    return build_id


def judge(settings: Settings, folder: Path, build_id: int) -> Verdict:
    try:
        return validate(checkout(settings, folder), build_id, synthetic.manifest(folder))
    except GateClosed as closed:
        return closed.verdict


def outcomes(judged: Verdict) -> dict[str, tuple[str, int | None, int | None]]:
    return {
        r.check_id.removeprefix("fct_complaint_"): (r.status, r.violations, r.denominator)
        for r in judged.results
        if r.check_id != "catalogue_is_complete"
    }


HELD = ("held", None, None)


def test_held_is_not_counted_as_passed(settings: Settings, tmp_path: Path) -> None:
    build_id = finished(settings, tmp_path)
    judged = judge(settings, tmp_path, build_id)
    assert judged.passed
    assert outcomes(judged) == dict.fromkeys(NAMED, HELD) | {"some": ("passed", 0, 50)}
    assert judged.message == "2 passed, 3 held by the database, 0 not applicable, 0 failed."
    kept = stored(settings, build_id)
    assert {kept[f"fct_complaint_{name}"]["status"] for name in NAMED} == {"held"}
    assert [kept[f"fct_complaint_{name}"]["detail"] for name in NAMED] == [
        "Primærnøgle (complaint_key).",
        "centre_id kan ikke være tom.",
        "Fremmednøgle (source_key) til dim_source (source_key).",
    ]
    query = "select distinct outcome from audit.check_measurement where check_id like 'fct_complaint_c%'"
    assert fetch_all(settings, AUDITOR, query) == [{"outcome": "held"}]
    assert publish(settings, build_id).build_id == build_id


@pytest.mark.parametrize(
    ("before", "name", "found"),
    [
        # 2 of 51 rows share a key, one of 50 has no centre, and one of 50 refers to a source that does not exist.
        ("insert into candidate.fct_complaint select * from candidate.fct_complaint where complaint_key = '1'",
         NAMED[0], ("failed", 2, 51)),
        ("update candidate.fct_complaint set centre_id = null where complaint_key = '1'",
         NAMED[1], ("failed", 1, 50)),
        ("update candidate.fct_complaint set source_key = 'x' where complaint_key = '1'",
         NAMED[2], ("failed", 1, 50)),
    ],
)  # fmt: skip
def test_violated_constraint_fails(settings: Settings, tmp_path: Path, before: str, name: str, found: tuple) -> None:
    judged = judge(settings, tmp_path, finished(settings, tmp_path, before=before))
    assert outcomes(judged)[name] == found
    assert {check_id for check_id, outcome in outcomes(judged).items() if outcome == HELD} == {*NAMED} - {name}
    assert {r.check_id for r in judged.blocking} == {"catalogue_is_complete", f"fct_complaint_{name}"}


DROP = "alter table candidate.fct_complaint drop constraint fct_complaint_source_key_fkey"
REFERS = "add foreign key (source_key) references candidate.dim_source (source_key)"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (NAMED[0], "alter table candidate.fct_complaint drop constraint fct_complaint_pkey"),
        (NAMED[1], "alter table candidate.fct_complaint alter centre_id drop not null"),
        (NAMED[2], DROP),
        (NAMED[2], f"{DROP}; alter table candidate.fct_complaint {REFERS} not valid"),
        pytest.param(NAMED[2], f"{DROP}; alter table candidate.fct_complaint {REFERS} not enforced", id="unenforced"),
        pytest.param(
            NAMED[1],
            "alter table candidate.fct_complaint alter centre_id drop not null;"
            " alter table candidate.fct_complaint add not null centre_id not valid",
            id="not null that was not validated",
        ),
        (NAMED[2], "alter table candidate.fct_complaint disable trigger all"),
    ],
)
def test_unvalidated_constraint_holds_nothing(
    settings: Settings, admin_url: str, tmp_path: Path, name: str, change: str
) -> None:
    """The rows are right, so that only the catalogue shows the fault."""
    build_id = finished(settings, tmp_path)
    with psycopg.connect(admin_url) as admin:
        admin.execute(change)  # type: ignore[arg-type]
    judged = judge(settings, tmp_path, build_id)
    assert outcomes(judged)[name] == ("passed", 0, 50)
    assert [r.check_id for r in judged.blocking] == ["catalogue_is_complete"]


def test_key_of_empty_table_holds_nothing(settings: Settings, tmp_path: Path) -> None:
    judged = judge(settings, tmp_path, finished(settings, tmp_path, rows=0))
    assert set(outcomes(judged).values()) == {("failed", 0, 0)}


def test_declared_condition_precedes_key(settings: Settings, tmp_path: Path) -> None:
    build_id = finished(settings, tmp_path, rows=0)
    found = checkout(settings, tmp_path)
    suite = found.suites_dir / "fct_complaint.yaml"
    suite.write_text(yaml.safe_dump({**yaml.safe_load(suite.read_text()), "may_be_empty": "Ingen klager endnu."}))
    with pytest.raises(GateClosed) as closed:
        validate(found, build_id, synthetic.manifest(tmp_path))
    assert {outcomes(closed.value.verdict)[name][0] for name in NAMED} == {"not_applicable"}


def test_waiver_on_held_check_stops_gate(settings: Settings, tmp_path: Path) -> None:
    build_id = finished(settings, tmp_path)
    found = checkout(settings, tmp_path)
    waiver = {
        "check": "fct_complaint_centre_id_not_null",
        "reason": "Klager må gerne mangle et center.",
        "covers": 25,
        "decided_by": "Kontorchefen",
        "decided_on": "2025-01-02",
        "expires_on": "2099-01-10",
    }
    found.waivers_file.parent.mkdir(parents=True, exist_ok=True)
    found.waivers_file.write_text(yaml.safe_dump({"waivers": [waiver]}))
    with pytest.raises(SuiteInvalid, match="centre_id_not_null cannot be waived: the database holds it"):
        validate(found, build_id, synthetic.manifest(tmp_path))


def test_held_check_stays_held(settings: Settings, tmp_path: Path) -> None:
    build_id = finished(settings, tmp_path)
    assert judge(settings, tmp_path, build_id).passed
    anew = reevaluate(checkout(settings, tmp_path), build_id)
    assert anew.changes == ()
    assert anew.verdict.counted.held == 3
