"""Rules for every model: who reads what, who owns it, how it is described. No server is needed."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from kvalitet.contracts import load_contracts
from kvalitet.publication.ledger import FIGURE_SCALE
from kvalitet.settings import Settings

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS, SEEDS = PROJECT / "models", PROJECT / "seeds"
OWN_MODELS = PROJECT.parent / "example" / "administration" / "models"
LAYERS = ("staging", "intermediate", "star", "reports")
CLOCKS = re.compile(r"\b(now\s*\(|current_date|current_timestamp|localtime|clock_timestamp|statement_timestamp)", re.I)
READERS = {"bi", "detail", "auditor"}


def layer(model: dict) -> str:
    return model["fqn"][1]


def is_read(model: dict) -> bool:
    """Whether readers see the model's table: the star and the reports, but not the working tables behind the star."""
    return layer(model) in ("star", "reports") and model["config"]["schema"] is None


def parents(model: dict, models: dict[str, dict]) -> list[dict]:
    by_id = {node["unique_id"]: node for node in models.values()}
    return [by_id[parent] for parent in model["depends_on"]["nodes"] if parent in by_id]


def test_no_model_reads_a_later_layer(models: dict[str, dict]) -> None:
    wrong = [
        (model["name"], parent["name"])
        for model in models.values()
        for parent in parents(model, models)
        if LAYERS.index(layer(parent)) > LAYERS.index(layer(model))
    ]
    assert wrong == []


def test_reports_read_the_star_only(models: dict[str, dict]) -> None:
    wrong = [
        (model["name"], parent["name"])
        for model in models.values()
        if layer(model) == "reports"
        for parent in parents(model, models)
        if not is_read(parent) or layer(parent) != "star"
    ]
    assert wrong == []


def test_star_never_reads_staging(models: dict[str, dict]) -> None:
    wrong = [
        (model["name"], parent["name"])
        for model in models.values()
        if layer(model) == "star"
        for parent in parents(model, models)
        if layer(parent) == "staging"
    ]
    assert wrong == []


def test_only_staging_reads_deliveries(models: dict[str, dict]) -> None:
    wrong = [
        name
        for name, model in models.items()
        if layer(model) != "staging" and any(node.startswith("source.") for node in model["depends_on"]["nodes"])
    ]
    assert wrong == []


def test_deliveries_are_read_as_of_builds_load(models: dict[str, dict]) -> None:
    wrong = [
        name
        for name, model in models.items()
        if layer(model) == "staging"
        and model["fqn"][2] != "warehouse"
        and not re.search(r"\b(staged|delivered)\(", model["raw_code"])
    ]
    assert wrong == []


def test_no_model_reads_the_clock(manifest: dict) -> None:
    code = {node["unique_id"]: node.get("raw_code") or "" for node in manifest["nodes"].values()}
    code |= {name: macro["macro_sql"] for name, macro in manifest["macros"].items() if "kvalitet" in name}
    assert [name for name, text in code.items() if CLOCKS.search(re.sub(r"--.*|\{#.*?#\}", "", text))] == []


def test_nothing_depends_on_chance_or_row_order(models: dict[str, dict]) -> None:
    wrong = [
        name
        for name, model in models.items()
        if re.search(r"random\(|gen_random_uuid|\blimit\s+\d|row_number\(\)\s*over\s*\(\s*\)", model["raw_code"], re.I)
    ]
    assert wrong == []


def test_description_begins_with_grain(models: dict[str, dict]) -> None:
    assert [name for name, model in models.items() if not model["description"].startswith("One row per ")] == []


def test_every_model_has_owner_and_readers(models: dict[str, dict]) -> None:
    for name, model in models.items():
        meta = model["config"]["meta"]
        assert meta.get("owner"), name
        assert set(meta["readers"]) <= READERS, name
        assert bool(meta["readers"]) == is_read(model), name


def test_published_columns_are_described(models: dict[str, dict]) -> None:
    """The contracts are enforced, so the declared columns are the ones that are built."""
    published = {name: model for name, model in models.items() if is_read(model)}
    assert [name for name, model in published.items() if not model["columns"]] == []
    assert [
        f"{name}.{column}"
        for name, model in published.items()
        for column, spec in model["columns"].items()
        if not spec["description"].strip()
    ] == []


def test_working_models_have_no_column_list(models: dict[str, dict]) -> None:
    """Only other models read them. What their columns mean is described where they are published or delivered."""
    assert [name for name, model in models.items() if not is_read(model) and model["columns"]] == []


def test_shared_descriptions_are_used() -> None:
    files = [*MODELS.rglob("*.yml"), *OWN_MODELS.rglob("*.yml"), *SEEDS.glob("*.yml")]
    used = {name for file in files for name in re.findall(r'doc\("(\w+)"\)', file.read_text(encoding="utf-8"))}
    assert set(re.findall(r"{% docs (\w+) %}", (MODELS / "columns.md").read_text(encoding="utf-8"))) == used


def test_seed_columns_are_described(manifest: dict) -> None:
    seeds = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "seed"}
    for name, seed in seeds.items():
        header = (PROJECT / seed["original_file_path"]).read_text(encoding="utf-8").partition("\n")[0].split(",")
        assert set(seed["columns"]) == set(header), name
        assert all(column["description"].strip() for column in seed["columns"].values()), name


def test_shared_description_is_written_once() -> None:
    """A description that two models share belongs in columns.md. BI tables get theirs from the register."""
    said = Counter(
        (column["name"], column["description"])
        for file in (*MODELS.rglob("*.yml"), *OWN_MODELS.rglob("*.yml"))
        if not file.name.startswith(("rpt_counts_by_", "rpt_shares_by_"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
        for column in model.get("columns", [])
        if "doc(" not in column["description"]
    )
    assert [what for what, times in said.items() if times > 1] == []


def test_every_measurement_has_unit_test(manifest: dict, models: dict[str, dict]) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    measuring = ("int_contribution__", "int_stock__", "int_duration__", "int_indicator__")
    assert [name for name in models if name.startswith(measuring) and name not in tested] == []


def test_read_tables_have_contract_and_key(models: dict[str, dict]) -> None:
    for name, model in models.items():
        if is_read(model):
            assert model["config"]["contract"]["enforced"], name
            assert [c["type"] for c in model["constraints"]].count("primary_key") == 1, name


def test_bi_reads_no_single_case(models: dict[str, dict]) -> None:
    """Facts that bi may select hold figures, not cases. No table with a case number is among them."""
    for name, model in models.items():
        if "bi" in model["config"]["meta"]["readers"]:
            assert not {"case_number", "external_case_number", "remark_number"} & set(model["columns"]), name


def test_no_pseudonym_leaves_working_tables(models: dict[str, dict]) -> None:
    assert [n for n, model in models.items() if is_read(model) and "citizen_pseudonym" in model["columns"]] == []


def test_model_is_short_and_has_its_yml(models: dict[str, dict]) -> None:
    for name, model in models.items():
        beside = model["original_file_path"].replace(".sql", ".yml")
        assert model["patch_path"] == f"kvalitet://{beside}"
        assert model["raw_code"].count("\n") < 90, name


@pytest.mark.parametrize("kind", ["dim", "fct", "bridge", "rpt"])
def test_names_say_what_a_table_is(kind: str, models: dict[str, dict]) -> None:
    folder = "reports" if kind == "rpt" else "star"
    assert all(layer(model) == folder for name, model in models.items() if name.startswith(f"{kind}_"))


def test_columns_follow_naming_rules(models: dict[str, dict]) -> None:
    for name, model in models.items():
        for column, spec in model["columns"].items():
            if is_read(model):
                assert (spec["data_type"] == "boolean") == column.startswith(("is_", "has_")), f"{name}.{column}"
                if spec["data_type"] == "timestamptz":
                    assert column.endswith("_at"), f"{name}.{column}"


def test_published_columns_have_canonical_types(models: dict[str, dict]) -> None:
    """See docs/canonical-form.md. A bare `numeric` keeps whatever number of decimals a division gives."""
    kinds = {"text", "boolean", "integer", "bigint", "date", "timestamptz", f"numeric(38, {FIGURE_SCALE})"}
    published = {name: model for name, model in models.items() if is_read(model)}
    assert "fct_indicator_value" in published
    for name, model in published.items():
        for column, spec in model["columns"].items():
            assert spec["data_type"] in kinds, f"{name}.{column}"


def test_contracted_tables_have_staging_models(manifest: dict, models: dict[str, dict]) -> None:
    sources = {source["identifier"] for source in manifest["sources"].values() if source["schema"] == "raw"}
    contracts = load_contracts(Settings.from_environment()).values()
    tables = {table.raw_name for contract in contracts for table in contract.tables.values()}
    assert tables == sources
    assert {f"stg_{name}" for name in tables} - models.keys() == set()


def test_dbt_sends_nothing_anywhere(manifest: dict) -> None:
    assert manifest["metadata"]["send_anonymous_usage_stats"] is False
