"""What the gate counts for a contract's quality rules, in six rows of a source and in rows that intake set aside."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml

from kvalitet.build.builds import Build, get_build
from kvalitet.contracts import Contract, read_contract
from kvalitet.gate.asking import ask_rules
from kvalitet.gate.deliveries import delivery_suite
from kvalitet.gate.loading import load_defaults
from kvalitet.gate.verdict import CheckResult, Verdict
from kvalitet.intake import raw_tables
from kvalitet.settings import GATE, Settings

#: Cases as of load 2. It changed A2 and closed A9, and B1 came later.
ROWS = [
    # case_number, part, kind, note, amount, from load, to load
    ("A1", 1, "klage", "ja", 10, 1, None),
    ("A2", 1, "klage", None, 5, 1, 2),
    ("A2", 1, "roes", None, 20, 2, None),
    ("A2", 2, "klage", "ukendt", None, 2, 3),
    ("A3", 1, "andet", "nej", 20, 1, None),
    ("A9", 1, "andet", None, 0, 1, 2),
    ("B1", 1, "andet", None, 0, 3, None),
]
#: In force at load 2 are A1/1, A2/1, A2/2 and A3/1: four rows.
#: Rows set aside: load, row, key, column, rule, holds an earlier version, resolved by load.
SET_ASIDE = [
    (1, 1, "A4|1", "kind", "unknown_value", False, None),
    (1, 2, "A5|1", "kind", "required", False, None),
    (1, 2, "A5|1", "amount", "number_format", False, None),
    (2, 7, "A6|1", None, "duplicate_key", False, None),
    (2, 8, "A6|1", None, "duplicate_key", False, None),
    (2, 9, "A1|1", "amount", "number_format", True, None),
    (1, 3, "A7|1", "kind", "unknown_value", False, 2),  # accepted by load 2
    (3, 1, "A8|1", "kind", "unknown_value", False, None),  # came after the build's load
]
#: So five rows are set aside at load 2: A4, A5, A6 twice, and A1, whose earlier version is one of the four.
ALL = 4 + 4


def contract_with(tmp_path: Path, *rules: dict, of: str | None = None) -> Contract:
    """A source `pilot` with one table `cases`. The rules belong to the table or to one of its columns."""
    columns = [
        {"name": "case_number", "logicalType": "string", "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "part", "logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 2},
        {"name": "kind", "logicalType": "string", "required": True},
        {"name": "note", "logicalType": "string"},
        {"name": "amount", "logicalType": "number"},
    ]
    for column in columns:
        column["classification"] = "internal"
        if column["name"] == of:
            column["quality"] = list(rules)
    table = {
        "name": "cases",
        "physicalName": "cases_{cutoff}.csv",
        "customProperties": [{"property": "absent", "value": "closed"}],
        "properties": columns,
    }
    if of is None:
        table["quality"] = list(rules)
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "pilot",
        "version": "1.0.0",
        "team": {"members": [{"name": "Pilot", "role": "owner"}]},
        "servers": [
            {
                "server": "inbox", "type": "local", "path": "pilot", "format": "csv", "delimiter": ";",
                "encoding": "utf-8", "customProperties": [{"property": "decimalSign", "value": ","}],
            }
        ],
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d", "scheduler": "cron", "schedule": "0 1 * * *"},
            {"property": "latency", "value": 2, "unit": "d"},
        ],
        "schema": [table],
    }  # fmt: skip
    file = tmp_path / "pilot.odcs.yaml"
    file.write_text(yaml.safe_dump(document))
    contract = read_contract(file)
    assert contract.problems == ()
    return contract


@pytest.fixture
def build(settings: Settings, admin_url: str, tmp_path: Path) -> Build:
    """A build on load 2 of three, with the rows above."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        with connection.transaction():
            raw_tables.sync_raw_tables(connection, [contract_with(tmp_path)])
        for load_id in (1, 2, 3):
            connection.execute(
                "insert into audit.load (load_id, source_id, delivery, cutoff_date, content_sha256, outcome,"
                " contract_version, contract_sha256, started_at) overriding system value"
                " values (%s, 'pilot', '2025-01-02', '2025-01-02', %s, 'accepted', '1', '', now())",
                [load_id, str(load_id)],
            )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into raw.pilot__cases (case_number, part, kind, note, amount, row_hash, valid_from_load,"
                " valid_to_load) values (%s, %s, %s, %s, %s, '', %s, %s)",
                ROWS,
            )
            cursor.executemany(
                "insert into audit.reject (source_id, table_name, load_id, row_number, row_key, row_digest,"
                " column_name, rule, reason, holds_previous, resolved_by_load)"
                " values ('pilot', 'cases', %s, %s, %s, 'x', %s, %s, '', %s, %s)",
                SET_ASIDE,
            )
        row = connection.execute(
            "insert into audit.build (kind, target_schema, owner, as_of_date, code_version, status)"
            " values ('night', 'candidate', 'a test', '2025-01-02', 'test', 'built') returning build_id"
        ).fetchone()
        assert row
        connection.execute("insert into audit.build_load values (%s, 'pilot', 2, false, null)", [row[0]])
    return get_build(settings, row[0], GATE)


@pytest.fixture
def judged(settings: Settings, build: Build, tmp_path: Path) -> Callable[..., CheckResult]:
    """The gate's result for one rule."""

    def of(rule: dict, column: str | None = None) -> CheckResult:
        contract = contract_with(tmp_path, rule, of=column)
        (found,) = contract.quality
        assert found.is_measured, found.not_measured_because
        suite = delivery_suite(contract, load_defaults(settings))
        measured = ask_rules(settings, build, [suite], set())
        (check,) = [check for check in suite.checks if check.id in measured]
        return CheckResult.of(check, suite.table, measured[check.id])

    return of


def metric(name: str, *columns: str, **arguments: object) -> dict:
    if columns:
        arguments["properties"] = list(columns)
    return {"metric": name, "mustBe": 0, **({"arguments": arguments} if arguments else {})}


@pytest.mark.parametrize(
    ("rule", "column", "broken"),
    [
        # All accepted rows but A3 have a valid value. A4 was set aside for its value, and A5 because it has none.
        (metric("invalidValues", validValues=["klage", "roes"]), "kind", 2),
        (metric("invalidValues", validValues=["klage", "roes", "andet"]), "kind", 1),
        (metric("invalidValues", pattern="^[a-l]{1,9}$"), "kind", 3),
        (metric("invalidValues", "kind", "note", validValues=["klage", "roes", "andet", "ja", "nej"]), None, 2),
        # Two rows have 20. A5 and the new version of A1 have an amount that is no number.
        (metric("invalidValues", validValues=[10, 5]), "amount", 4),
        (metric("nullValues"), "kind", 1),
        (metric("nullValues"), "note", 1),
        (metric("nullValues", "kind", "note", "amount"), None, 3),
        (metric("missingValues"), "note", 1),
        (metric("missingValues", missingValues=[None, "ukendt"]), "note", 2),
        (metric("missingValues", missingValues=["ukendt"]), "note", 1),
        (metric("missingValues", missingValues=["", 20]), "amount", 3),
        # A2 has two parts, and A6 came twice with one key.
        (metric("duplicateValues", "case_number", "part"), None, 2),
        (metric("duplicateValues"), None, 2),
        (metric("duplicateValues"), "case_number", 4),
        (metric("duplicateValues"), "amount", 2),
        (metric("duplicateValues", "kind", "amount"), None, 0),
    ],
)
def test_violations_are_of_all_rows(judged, rule, column, broken) -> None:
    result = judged({**rule, "severity": "error"}, column)
    assert (result.violations, result.denominator) == (broken, ALL)
    assert (result.status, result.severity) == ("failed" if broken else "passed", "critical")
    assert result.threshold == "ingen"


@pytest.mark.parametrize(
    ("operators", "holds"),
    [
        # Two of eight rows, 25 %.
        ({"mustBe": 2}, True),
        ({"mustBe": 25, "unit": "percent"}, True),
        ({"mustBe": 25, "unit": "rows"}, False),
        ({"mustNotBe": 2}, False),
        ({"mustBeGreaterThan": 2}, False),
        ({"mustBeGreaterOrEqualTo": 2}, True),
        ({"mustBeLessThan": 25, "unit": "percent"}, False),
        ({"mustBeLessThan": 25.01, "unit": "percent"}, True),
        ({"mustBeLessOrEqualTo": 2}, True),
        # By the standard this is the same as greater than and less than.
        ({"mustBeBetween": [2, 3]}, False),
        ({"mustBeBetween": [1, 3]}, True),
        ({"mustNotBeBetween": [2, 3]}, True),
        ({"mustNotBeBetween": [1, 3]}, False),
        ({"mustBeGreaterThan": 1, "mustBeLessThan": 2}, False),
    ],
)
def test_every_operator_of_standard_compares(judged, operators, holds) -> None:
    rule = {"metric": "duplicateValues", "arguments": {"properties": ["case_number", "part"]}, **operators}
    result = judged(rule)
    assert (result.status, result.violations) == ("passed" if holds else "failed", 2)
    assert result.severity == "warning"


def test_row_count_includes_rows_set_aside(judged) -> None:
    result = judged({"metric": "rowCount", "mustBe": ALL})
    assert (result.status, result.detail) == ("passed", f"Målt: {ALL}")
    assert judged({"metric": "rowCount", "mustBeLessThan": ALL}).status == "failed"


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("select count(*) from {object}", "4"),
        ("select count(*) from cases where amount > 10", "2"),
        ("select avg(amount) from ${table} -- the mean\n;", "16.666"),
        ("select count(*) filter (where {object}.kind = 'klage') * 100.0 / count(*) from {object}", "50"),
        ("with doubled as (select case_number from cases group by 1 having count(*) > 1) select count(*) from doubled",
         "1"),
        ("select count(*) from cases as a where not exists (select 1 from cases b where b.part = a.part + 1)", "1"),
        ("select bool_and(part < 3) from cases", "1"),
        ("select count(*) from cases where note ~ '^[a-m]' and note is distinct from 'nej'", "1"),
    ],
)  # fmt: skip
def test_query_is_run_as_written(judged, query, number) -> None:
    rule = {"type": "sql", "query": query, "mustBeGreaterOrEqualTo": float(number), "mustBeLessThan": float(number) + 1}
    result = judged(rule)
    assert (result.status, result.violations, result.denominator) == ("passed", 0, 1), result.detail
    assert result.detail.startswith("Målt: " + number.replace(".", ","))
    broken = judged({"type": "sql", "query": query, "mustBe": float(number) - 1, "severity": "error"})
    assert (broken.status, Verdict(1, (broken,)).blocking) == ("failed", [broken])


def test_query_may_name_its_column(judged) -> None:
    rule = {"type": "sql", "query": "select count({property}) from {object}", "mustBe": 3}
    assert judged(rule, "amount").status == "passed"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("select part / (part - part) from cases limit 1", "Database error: a value could not be reckoned with."),
        ("select part from cases", "Database error: it gave more than one row."),
        ("select cast(kind as int) from cases limit 1", "Database error: a value could not be reckoned with."),
        ("select kind from cases limit 1", "It gave no number."),
        ("select max(amount) from cases where part > 9", "It gave no number."),
    ],
)
def test_query_without_number_is_error(judged, query, detail) -> None:
    result = judged({"type": "sql", "query": query, "mustBe": 0, "severity": "error"})
    assert (result.status, result.detail) == ("error", detail)
