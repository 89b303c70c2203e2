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


def absent(tmp_path: Path, parents: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    (file := tmp_path / "manifest.json").write_text(json.dumps({"parent_map": parents}))
    return tables_without_contract(file)


def test_table_of_unagreed_deliveries_is_absent(tmp_path: Path) -> None:
    found = absent(tmp_path, PARENTS)
    assert found["fct_court_case"] == ("court_cases",)
    assert set(found) == {"stg_court_cases__cases", "int_court_case", "fct_court_case"}


def test_one_agreed_delivery_is_enough(tmp_path: Path) -> None:
    without = PARENTS | {node("stg_organisation__units"): []}
    assert "fct_case" not in absent(tmp_path, PARENTS)
    assert absent(tmp_path, without)["fct_case"] == ("court_cases", "organisation")


def test_what_staging_reads_is_checked(tmp_path: Path) -> None:
    """Also where somebody has taken the contract's file away since."""
    read = PARENTS | {node("stg_court_cases__cases"): ["source.kvalitet.court_cases.cases"]}
    assert absent(tmp_path, read) == {}


def test_register_and_warehouse_are_never_absent(tmp_path: Path) -> None:
    assert not {"dim_law", "fct_source_load"} & set(absent(tmp_path, PARENTS))
