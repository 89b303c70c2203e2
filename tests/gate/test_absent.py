"""Which tables rest on deliveries that an administration has no contract for."""

import json
from pathlib import Path

from kvalitet.publication.lineage import tables_without_contract


def node(name: str) -> str:
    return f"model.kvalitet.{name}"


PARENTS = {
    node("stg_court_cases__cases"): [],
    node("stg_organisation__units"): ["source.kvalitet.organisation.units"],
    node("stg_warehouse__build_loads"): ["source.kvalitet.audit.build_load"],
    node("int_court_case"): [node("stg_court_cases__cases")],
    node("dim_organisation"): [node("stg_organisation__units")],
    node("dim_law"): ["seed.kvalitet.seed_law"],
    node("fct_court_case"): [node("int_court_case"), node("dim_law")],
    node("fct_source_load"): [node("stg_warehouse__build_loads")],
    node("fct_case"): [node("int_court_case"), node("int_unit")],
    node("int_unit"): [node("stg_organisation__units")],
}


def absent(tmp_path: Path, *contracts: str) -> dict[str, tuple[str, ...]]:
    (file := tmp_path / "manifest.json").write_text(json.dumps({"parent_map": PARENTS}))
    return tables_without_contract(file, contracts)


def test_table_without_contract_is_absent(tmp_path: Path) -> None:
    """None of the deliveries that are nearest to it has a contract."""
    found = absent(tmp_path, "organisation")
    assert found["fct_court_case"] == ("court_cases",)
    assert set(found) == {"stg_court_cases__cases", "int_court_case", "fct_court_case"}


def test_one_contract_of_several_is_enough(tmp_path: Path) -> None:
    assert "fct_case" not in absent(tmp_path, "organisation")
    assert "fct_case" not in absent(tmp_path, "court_cases")
    assert absent(tmp_path)["fct_case"] == ("court_cases", "organisation")


def test_register_tables_are_never_absent(tmp_path: Path) -> None:
    assert not {"dim_law", "fct_source_load"} & set(absent(tmp_path))
