"""Checks that are derived from a model or a contract: what they ask and say, and what is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kvalitet.gate import SuiteInvalid, load_suites
from kvalitet.gate.derived import DerivedCheck
from kvalitet.gate.suites import Check, NotApplicable, Threshold
from kvalitet.gate.waivers import load_waivers
from kvalitet.publication.catalogue import Constraint, ForeignKey
from kvalitet.settings import Settings

OWN = Settings.from_environment(Path(__file__).parents[2])

MODELS = """
models:
  - name: fct_case
    constraints:
      - {type: primary_key, columns: [case_key]}
      - {type: unique, columns: [case_number, centre_id]}
      - {type: foreign_key, columns: [theme_id], to: ref('dim_theme'), to_columns: [theme_code]}
    columns:
      - {name: case_key, data_type: text}
      - {name: case_number, data_type: text}
      - {name: centre_id, data_type: text, constraints: [{type: not_null}]}
      - {name: theme_id, data_type: text}
      - {name: severity, data_type: text}
"""
DEFAULTS = """
owner: Datateamet
severity: critical
advice_reader: {critical: Tallene er holdt tilbage., warning: Læs dem med forbehold.}
derived:
  rows_present: {must_hold: Der er rækker., why: En tom tabel er en fejl., advice_engineer: Se leverancen.}
  unique:
    must_hold: Hver {column} i {table} står én gang.
    why: Ellers tælles to gange.
    advice_engineer: Find dem i kilden.
  not_null: {must_hold: '{column} er udfyldt.', why: Ellers mangler rækken., advice_engineer: Se modellen efter.}
  known_value: {must_hold: '{column} er en af: {values}.', advice_engineer: Se kontrakten efter.}
  in_table: {must_hold: '{column} findes i {target}.', why: Ellers falder rækken ud., advice_engineer: Se opslaget.}
  every_accepted_row_counted:
    must_hold: Alle rækker fra {contract} er her.
    why: Ellers er der tabt rækker.
    advice_engineer: Se stg_{contract}__{contract_table}.
    not_applicable_when: {reason: Ikke leveret., sql: 'select ''{contract}'' is null'}
"""


def load(folder: Path, suite: str, contracts: tuple[str, ...] = ()) -> dict[str, Check]:
    """The checks of a suite of fct_case, by the end of their id."""
    settings = replace(OWN, root=folder)
    for place in (settings.suites_dir, settings.contracts_dir, settings.dbt_dir / "models" / "star"):
        place.mkdir(parents=True, exist_ok=True)
    for contract in contracts:
        shutil.copy(OWN.contracts_dir / f"{contract}.odcs.yaml", settings.contracts_dir)
    (settings.dbt_dir / "models" / "star" / "fct_case.yml").write_text(MODELS)
    (settings.suites_dir / "defaults.yaml").write_text(DEFAULTS)
    (settings.suites_dir / "fct_case.yaml").write_text(f"table: fct_case\n{suite}")
    (read,) = load_suites(settings)
    return {check.id.removeprefix("fct_case_"): check for check in read.checks}


def entry(text: str) -> str:
    return f"derived:\n  {text}\n"


def test_primary_key_is_checked_by_default(tmp_path: Path):
    checks = load(tmp_path, "")
    assert list(checks) == ["case_key_unique"]
    check = checks["case_key_unique"]
    assert check.rule == 'expect_column_values_to_be_unique {"column": "case_key"}'
    assert check.must_hold == "Hver case_key i fct_case står én gang."
    assert (check.why, check.advice_engineer) == ("Ellers tælles to gange.", "Find dem i kilden.")
    assert (check.severity, check.owner, check.threshold) == ("critical", "Datateamet", Threshold(violations=0))
    assert check.advice_reader == "Tallene er holdt tilbage."
    assert check.not_applicable_when == ()


def test_primary_key_check_can_be_dropped(tmp_path: Path):
    assert set(load(tmp_path, entry("case_key_unique: false") + "  rows_present:\n")) == {"rows_present"}
    assert set(load(tmp_path, entry("key_unique: {columns: [case_key]}"))) == {"key_unique"}


RULES = {
    "rows_present:": 'expect_table_row_count_to_be_between {"min_value": 1}',
    "centre_id_not_null:": 'expect_column_values_to_not_be_null {"column": "centre_id"}',
    "number_unique: {columns: [case_number, centre_id]}": """\
select
    count(*) - count(distinct (case_number, centre_id)) as violations,
    count(*) as denominator
from fct_case""",
    "theme_id_in_dim_theme:": """\
select
    count(*) filter (where target.theme_code is null) as violations,
    count(*) as denominator
from fct_case as source
left join dim_theme as target on source.theme_id = target.theme_code
where source.theme_id is not null""",
    "severity_known_value: {values: [a, b], why: Fordi der er to.}":
        'expect_column_values_to_be_in_set {"column": "severity", "value_set": ["a", "b"]}',
    "every_accepted_row_counted: {rows_of: court_cases.cases}": """\
select
    abs((select count(*) from fct_case) - rows_in_force) as violations,
    rows_in_force as denominator
from fct_delivered_table
where contract_id = 'court_cases' and table_name = 'cases'""",
}  # fmt: skip


@pytest.mark.parametrize("named", RULES)
def test_rule_follows_from_name(tmp_path: Path, named: str):
    assert load(tmp_path, entry(named))[named.partition(":")[0]].rule == RULES[named]


@pytest.mark.parametrize(
    ("named", "constraint"),
    [
        ("case_key_unique:", Constraint("primary key", ("case_key",))),
        ("case_key_not_null:", Constraint("not null", ("case_key",))),
        ("centre_id_not_null:", Constraint("not null", ("centre_id",))),
        ("number_unique: {columns: [case_number, centre_id]}", Constraint("unique", ("case_number", "centre_id"))),
        (
            "theme_id_in_dim_theme:",
            Constraint("foreign key", ("theme_id",), ForeignKey(("theme_id",), "dim_theme", ("theme_code",))),
        ),
        ("rows_present:", None),
        ("severity_known_value: {values: [a], why: Fordi der er en.}", None),
        ("every_accepted_row_counted: {rows_of: court_cases.cases}", None),
    ],
)
def test_constraint_of_model_holds_check(tmp_path: Path, named: str, constraint: Constraint | None):
    check = load(tmp_path, entry(named))[named.partition(":")[0]]
    assert isinstance(check, DerivedCheck) and check.held_by == constraint


def test_entry_overrides_defaults(tmp_path: Path):
    check = load(
        tmp_path,
        entry("rows_present: {must_hold: Der er mindst én sag., severity: warning, owner: Klageteamet, why: Fordi.}"
              .replace("Fordi.", "Uden sager ingen tal.")),
    )["rows_present"]  # fmt: skip
    assert (check.must_hold, check.why) == ("Der er mindst én sag.", "Uden sager ingen tal.")
    assert (check.severity, check.owner, check.advice_engineer) == ("warning", "Klageteamet", "Se leverancen.")
    assert check.advice_reader == "Læs dem med forbehold."


def test_written_check_inherits_defaults(tmp_path: Path):
    written = """
checks:
  - id: fct_case_hours
    must_hold: Ingen sag tager nul timer.
    count_violations: select 0 as violations, 1 as denominator
    why: Fordi ingen gør det.
    advice_engineer: Se sagen efter.
"""
    checks = load(tmp_path, written)
    assert list(checks) == ["case_key_unique", "hours"]
    hours = checks["hours"]
    assert (hours.severity, hours.owner, str(hours.threshold)) == ("critical", "Datateamet", "ingen")
    assert hours.advice_reader == "Tallene er holdt tilbage."
    assert not isinstance(hours, DerivedCheck)


def test_empty_table_asks_nothing_of_columns(tmp_path: Path):
    others = "  rows_present:\n  severity_known_value: {values: [a], why: Fordi der er en., not_applicable_when: []}\n"
    checks = load(tmp_path, "may_be_empty: Ingen sager i år.\n" + entry("centre_id_not_null:") + others)
    empty = (NotApplicable(reason="Ingen sager i år.", sql="select not exists (select from fct_case)"),)
    assert checks["centre_id_not_null"].not_applicable_when == checks["case_key_unique"].not_applicable_when == empty
    assert checks["rows_present"].not_applicable_when == checks["severity_known_value"].not_applicable_when == ()


def test_undelivered_rows_are_not_counted(tmp_path: Path):
    check = load(tmp_path, entry("every_accepted_row_counted: {rows_of: court_cases.cases}"))[
        "every_accepted_row_counted"
    ]
    assert check.must_hold == "Alle rækker fra court_cases er her."
    assert check.advice_engineer == "Se stg_court_cases__cases."
    assert check.not_applicable_when == (NotApplicable(reason="Ikke leveret.", sql="select 'court_cases' is null"),)


ACCEPTED = entry("severity_known_value: {values: audit_remarks.remarks.severity, why: Fordi kontrakten siger det.}")


def test_accepted_values_come_from_contract(tmp_path: Path):
    check = load(tmp_path, ACCEPTED, contracts=("audit_remarks",))["severity_known_value"]
    assert check.expectation and check.expectation.kwargs["value_set"] == ["kritisk", "væsentlig", "mindre"]
    assert check.must_hold == "severity er en af: kritisk, væsentlig, mindre."
    assert check.not_applicable_when == ()


def test_absent_contract_values_are_not_asked(tmp_path: Path):
    check = load(tmp_path, ACCEPTED)["severity_known_value"]
    reason = "Der er ingen kontrakt audit_remarks, som leverancer tages ind efter."
    assert check.not_applicable_when == (NotApplicable(reason=reason, sql="select true"),)


@pytest.mark.parametrize(
    ("suite", "told"),
    [
        (entry("case_number_unique:"), "fct_case_case_number_unique: the model declares no such unique constraint"),
        (entry("severity_not_null:"), "the model declares no such not_null constraint; declare it there, or write"),
        (entry("severity_in_dim_level:"), "the model declares no such foreign_key constraint"),
        (entry("colour_not_null:"), "the model fct_case has no column colour; write `columns: [...]`"),
        (entry("centre_id_not_null: {columns: [centre_id, case_key]}"), "columns: write a list of one"),
        (entry("centre_id_filled:"), "fct_case_centre_id_filled: nothing of that name can be derived; what can: rows"),
        (entry("centre_id_not_null: true"), "write what differs from the defaults, `false`, or nothing"),
        (entry("centre_id_not_null: {serverity: warning}"), "serverity: is not a field of a derived check"),
        (entry("severity_known_value: {values: [a]}"), "fct_case_severity_known_value: why: is missing"),
        (entry("severity_known_value: {why: Fordi kontrakten siger det.}"), "values: write a list, or `contract.table"),
        (entry("every_accepted_row_counted: {rows_of: court_cases}"), "rows_of: write `contract.table`"),
        (entry("every_accepted_row_counted: {rows_of: a.b' or true}"), "rows_of: write `contract.table`"),
        ("derived: [rows_present]\n", "derived: write one line for each check"),
        ("checks: [{id: fct_case_a, held_by: x}]\n", "fct_case_a: held_by: is not a field of a suite"),
    ],
)  # fmt: skip
def test_underivable_check_is_refused(tmp_path: Path, suite: str, told: str):
    with pytest.raises(SuiteInvalid) as refused:
        load(tmp_path, suite)
    assert told in refused.value.what
    assert refused.value.what.startswith("The suites cannot be used: fct_case.yaml, ")


def test_unknown_contract_table_is_refused(tmp_path: Path):
    with pytest.raises(SuiteInvalid, match=r"rows_of: the contract audit_remarks has no table remark\."):
        load(tmp_path, entry("every_accepted_row_counted: {rows_of: audit_remarks.remark}"), ("audit_remarks",))


def test_written_key_check_stays_as_written(tmp_path: Path):
    written = """
checks:
  - id: fct_case_case_key_unique
    must_hold: Nøglerne er entydige som før.
    expectation: {type: expect_column_values_to_be_unique, kwargs: {column: case_key}}
    why: Fordi det altid har stået her.
    advice_engineer: Se sagen efter.
"""
    (check,) = load(tmp_path, written).values()
    assert check.must_hold == "Nøglerne er entydige som før."
    assert not isinstance(check, DerivedCheck)


def test_unknown_value_list_is_refused(tmp_path: Path):
    wanted = entry("severity_known_value: {values: audit_remarks.remarks.remark_number, why: Fordi der er flere.}")
    with pytest.raises(SuiteInvalid, match=r"audit_remarks lists no valid values of remarks\.remark_number"):
        load(tmp_path, wanted, contracts=("audit_remarks",))


@pytest.mark.parametrize(
    ("defaults", "told"),
    [
        ("derived: {uniqe: {}}", "defaults.yaml: derived.uniqe"),
        ("severity: fatal", "defaults.yaml: severity"),
        ("owner: [a", "defaults.yaml line 1: not readable as YAML"),
    ],
)
def test_faulty_defaults_are_refused(tmp_path: Path, defaults: str, told: str):
    load(tmp_path, "")
    settings = replace(OWN, root=tmp_path)
    (settings.suites_dir / "defaults.yaml").write_text(defaults)
    with pytest.raises(SuiteInvalid) as refused:
        load_suites(settings)
    assert told in refused.value.what


def test_unreadable_model_is_named(tmp_path: Path):
    load(tmp_path, "")
    settings = replace(OWN, root=tmp_path)
    (settings.dbt_dir / "models" / "star" / "fct_case.yml").write_text("models: [{columns: []}]")
    with pytest.raises(SuiteInvalid, match=r"fct_case\.yml cannot be read as the YAML of a model"):
        load_suites(settings)


def test_waiver_on_held_check_is_refused(tmp_path: Path):
    suites = load_suites(OWN)
    file = tmp_path / "waivers.yaml"
    waiver = {
        "check": "fct_complaint_complaint_key_unique",
        "reason": "To klager må gerne dele nøgle.",
        "covers": 25,
        "decided_by": "Kontorchefen",
        "decided_on": "2025-01-02",
        "expires_on": "2025-01-10",
    }
    file.write_text(yaml.safe_dump({"waivers": [waiver]}))
    with pytest.raises(SuiteInvalid) as refused:
        load_waivers(file, suites)
    assert "waiver 1: fct_complaint_complaint_key_unique cannot be waived" in refused.value.what
    assert "the database holds it by the primary key of complaint_key" in refused.value.what
    file.write_text(yaml.safe_dump({"waivers": [{**waiver, "check": "fct_complaint_case_number_unique"}]}))
    assert list(load_waivers(file, suites)) == ["fct_complaint_case_number_unique"], "no constraint holds that one"
