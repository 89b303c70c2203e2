"""The mutations as written, and the message for a faulty list or an unknown change."""

from pathlib import Path

import pytest

from kvalitet.contracts import load_contracts
from kvalitet.gate import load_suites
from kvalitet.mutation import Mutation, load_mutations
from kvalitet.mutation.files import change_file
from kvalitet.mutation.registry import SIZES, MutationsInvalid
from kvalitet.mutation.run import COMPLAINTS, SEED
from kvalitet.mutation.trials import Deliveries, that_read
from kvalitet.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = Settings(ROOT, ROOT, "", "", "").administration
SETTINGS = Settings.from_environment(ROOT)


@pytest.fixture(scope="module")
def mutations() -> list[Mutation]:
    return load_mutations(EXAMPLE.mutations)


def test_there_are_enough_of_every_kind(mutations: list[Mutation]):
    assert len(mutations) >= 40
    assert len({mutation.id for mutation in mutations}) == len(mutations)
    assert sum(mutation.kind == "delivery" for mutation in mutations) >= 6
    assert sum(mutation.sizes == SIZES for mutation in mutations) >= 30, "three sizes wherever there are sizes"


def test_each_is_told_in_both_languages(mutations: list[Mutation]):
    danish = [mutation.name_da for mutation in mutations]
    assert len(set(danish)) == len(danish)
    for mutation in mutations:
        assert mutation.name_da != mutation.name_en, mutation.id
        assert mutation.imitates_da != mutation.imitates_en, mutation.id


def test_mutated_tables_are_read_by_checks(mutations: list[Mutation]):
    suites = load_suites(SETTINGS)
    tables = {suite.table for suite in suites}
    for mutation in mutations:
        if mutation.rows:
            assert mutation.rows.table in tables, mutation.id
            read = that_read([mutation.rows.table], suites)
            assert mutation.rows.table in {suite.table for suite in read}, mutation.id
            assert len(read) < len(suites), mutation.id


def test_check_reading_by_sql_is_measured_too():
    read = {check.id for suite in that_read(["dim_law"], load_suites(SETTINGS)) for check in suite.checks}
    assert {"dim_law_law_id_not_null", "fct_complaint_law_key_in_dim_law"} <= read
    assert "fct_complaint_case_number_unique" not in read


def test_delivery_mutations_name_known_columns(mutations: list[Mutation]):
    contracts = load_contracts(SETTINGS)
    for mutation in mutations:
        if mutation.delivery and mutation.delivery.file:
            contract, spoilt = contracts[mutation.delivery.source], mutation.delivery
            tables = [t for t in contract.tables.values() if t.file_pattern.startswith(spoilt.file)]
            headers = {column.header for table in tables for column in table.columns}
            named = [name for name in spoilt.column.split(", ") if name] + list(spoilt.where)
            assert tables and set(named) <= headers, mutation.id


def test_delivery_mutations_find_their_rows(mutations: list[Mutation], tmp_path: Path):
    contracts = load_contracts(SETTINGS)
    written = Deliveries("fictional", SEED, COMPLAINTS).write(tmp_path, 1)
    for mutation in mutations:
        if (spoilt := mutation.delivery) and spoilt.file:
            files = [f for f in written if f.parent.name == spoilt.source and f.name.startswith(spoilt.file)]
            assert len(files) == 1, mutation.id
            (copy := tmp_path / "spoilt.csv").write_bytes(files[0].read_bytes())
            contract = contracts[spoilt.source]
            change_file(copy, contract, spoilt.change, spoilt.column, spoilt.with_value, spoilt.where, 1.0)
            assert copy.read_bytes() != files[0].read_bytes(), mutation.id


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("sql: delete from fct_complaint;", "`sql:` needs `rows:`"),
        ("delivery: {source: bif_complaints, file: klager_, change: melt}", "there is no change melt"),
        ("delivery: {source: bif_complaints}", "or `silent_nights:`"),
        ("rows: {table: fct_complaint}\n    sql: delete from fct_complaint;", "must take its rows from `picked`"),
        ("rows: {table: fct_complaint}", "write either `sql:` or `delivery:`"),
    ],
)
def test_faulty_list_is_refused_with_place(tmp_path: Path, entry: str, told: str):
    file = tmp_path / "mutations.yaml"
    words = [
        "name_da: Tabte rækker", "name_en: Rows lost",
        "imitates_da: En forkert kobling.", "imitates_en: A wrong kind of join.",
    ]  # fmt: skip
    told_of = "\n    ".join([*words, entry])
    file.write_text(f"mutations:\n  - id: lost\n    {told_of}\n", encoding="utf-8")
    with pytest.raises(MutationsInvalid) as refused:
        load_mutations(file)
    assert "mutations.yaml" in str(refused.value)
    assert "lost" in refused.value.what
    assert told in refused.value.what


CASES = "Sagsnummer,Modtaget,Center,Svar\r\n" + "".join(
    f"2024-{number:04d},2024-0{1 + number % 9}-11T09:00:00,C0{number % 3},{1 + number % 5}\r\n" for number in range(100)
)


@pytest.mark.parametrize(
    ("change", "column", "value", "where", "share", "rows", "expected"),
    [
        # One row of 100, then ten of 100. 34 of the rows are C00, and a tenth of those is 3.
        ("drop", "", "", {}, 0.0, (1, 100), {"lines": 99}),
        ("drop", "", "", {}, 0.1, (10, 100), {"lines": 90}),
        ("double", "Sagsnummer", "", {}, 0.01, (1, 100), {"lines": 101, "holds": "2024-9000000"}),
        ("replace", "Center", "C99", {"Center": "C00"}, 0.1, (3, 34), {"lines": 100, "holds": "C99"}),
        ("add_years", "Modtaget", "1", {}, 1.0, (100, 100), {"lines": 100, "holds": "2025-01-11T09:00:00"}),
        ("mirror", "Svar", "5", {"Svar": "2"}, 1.0, (20, 20), {"lines": 100, "holds": "T09:00:00,C01,4"}),
    ],
)
def test_file_is_changed_in_so_many_rows(tmp_path: Path, change, column, value, where, share, rows, expected):
    file = tmp_path / "klager_2025-01-02.csv"
    file.write_text(CASES, encoding="utf-8", newline="")
    contract = load_contracts(SETTINGS)["bif_complaints"]
    assert change_file(file, contract, change, column, value, where, share) == rows
    written = file.read_text(encoding="utf-8").splitlines()
    assert len(written) - 1 == expected["lines"]
    assert expected.get("holds", "") in "\n".join(written)
