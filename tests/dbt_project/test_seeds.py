"""The seeds that the models depend on."""

import csv
import importlib.util
from itertools import pairwise
from pathlib import Path

from kvalitet.contracts import load_contracts
from kvalitet.settings import Settings

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


REGISTER = SEEDS.parents[1] / "example" / "administration" / "register"


def rows(seed: str) -> list[dict[str, str]]:
    (file,) = (folder / f"{seed}.csv" for folder in (SEEDS, REGISTER) if (folder / f"{seed}.csv").is_file())
    with file.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_holidays_match_the_library() -> None:
    script = SEEDS.parent / "scripts" / "make_holidays.py"
    spec = importlib.util.spec_from_file_location("make_holidays", script)
    assert spec and spec.loader
    make_holidays = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_holidays)
    assert (SEEDS / "seed_holiday.csv").read_text(encoding="utf-8") == make_holidays.as_csv()


def test_store_bededag_ends_after_2023() -> None:
    found = {row["date_day"] for row in rows("seed_holiday") if row["name_da"] == "Store bededag"}
    assert {"2005-04-22", "2022-05-13", "2023-05-05"} <= found
    assert max(found) == "2023-05-05"
    assert len(found) == 19


def test_closing_days_differ_from_holidays() -> None:
    closing = {row["date_day"][5:] for row in rows("seed_holiday") if row["kind"] == "lukkedag"}
    assert closing == {"06-05", "12-24", "12-31"}
    # Whit Sunday 2022 fell on 5 June. A holiday by law takes precedence over a customary closing day.
    assert [row["kind"] for row in rows("seed_holiday") if row["date_day"] == "2022-06-05"] == ["helligdag"]


def test_twelve_sources_are_numbered() -> None:
    assert [int(row["source_number"]) for row in rows("seed_source")] == list(range(1, 13))
    assert len({row["source_id"] for row in rows("seed_source")}) == 12


def test_indicator_versions_have_no_gaps() -> None:
    by_indicator: dict[str, list[dict[str, str]]] = {}
    for row in rows("seed_indicator"):
        by_indicator.setdefault(row["indicator_id"], []).append(row)
    for indicator_id, versions in by_indicator.items():
        assert [int(row["version"]) for row in versions] == list(range(1, len(versions) + 1)), indicator_id
        assert [row["valid_to_year"] for row in versions].count("") == 1, indicator_id
        for before, after in pairwise(versions):
            assert int(before["valid_to_year"]) + 1 == int(after["valid_from_year"]), indicator_id


def test_indicators_are_fully_defined() -> None:
    sources = {row["source_id"] for row in rows("seed_source")}
    for row in rows("seed_indicator"):
        assert row["source_id"] in sources
        assert row["direction"] in ("lavere_er_bedre", "hoejere_er_bedre", "neutral")
        for column in (
            "name_da", "name_en", "definition_da", "definition_en", "population_da", "open_cases_da", "dated_by",
            "legal_basis", "owner",
        ):  # fmt: skip
            assert row[column].strip(), (row["indicator_id"], column)


def test_indicator_rests_on_known_deliveries() -> None:
    deliveries = {row["contract_id"] for row in rows("seed_delivery")}
    for row in rows("seed_indicator"):
        assert set(row["rests_on"].split("; ")) <= deliveries, row["indicator_id"]
        kinds = row["period_kinds"].split("; ")
        assert set(kinds) <= {"kalenderaar", "beretningsaar", "kvartal"}, row["indicator_id"]
        assert len(kinds) == len(set(kinds)), row["indicator_id"]


def test_indicator_tables_are_in_its_deliveries() -> None:
    tables = {
        (contract.id, name)
        for contract in load_contracts(Settings.from_environment()).values()
        for name in contract.tables
    }
    rests_on: dict[str, set[str]] = {}
    for row in rows("seed_indicator"):
        rests_on.setdefault(row["indicator_id"], set()).update(row["rests_on"].split("; "))
    for row in rows("seed_indicator_table"):
        assert (row["contract_id"], row["table_name"]) in tables, row
        assert row["contract_id"] in rests_on[row["indicator_id"]], row
    counted = {(row["indicator_id"], row["contract_id"]) for row in rows("seed_indicator_table")}
    # The list of referrals says which complaints were matched, not how many were referred.
    without = {("klager_henvist_fra_borgerraadgiver", "borgerraadgiver_annual")}
    assert {(i, c) for i, contracts in rests_on.items() for c in contracts} - counted == without


def test_only_counts_add_up() -> None:
    for row in rows("seed_indicator"):
        adds_up = "true" in (row["is_additive_over_periods"], row["is_additive_over_organisations"])
        assert row["unit"] == "antal" or not adds_up, row["indicator_id"]


def test_own_small_counts_are_protected() -> None:
    for row in rows("seed_indicator"):
        assert (row["is_small_count_protected"] == "true") == bool(row["family"] and row["event"]), row["indicator_id"]


def test_law_aliases_fit_the_laws() -> None:
    laws = {row["law_id"] for row in rows("seed_law")}
    assert {row["law_id"] for row in rows("seed_law_alias")} <= laws
    assert {row["parent_law_id"] for row in rows("seed_law")} <= laws | {""}
    names = {row["law_name"] for row in rows("seed_law_alias")}
    assert {row["law_name"] for row in rows("seed_law") if row["law_id"] != "retssikkerhedsloven"} <= names


def test_law_and_theme_have_one_risk_area() -> None:
    members = rows("seed_risk_area_member")
    laws, themes = ({row[f"{name}_id"] for row in rows(f"seed_{name}")} for name in ("law", "theme"))
    known = {"lov": laws, "tema": themes}
    assert all(row["member"] in known[row["kind"]] for row in members)
    assert len({(row["kind"], row["member"]) for row in members}) == len(members)
    assert {row["risk_area_id"] for row in members} == {row["risk_area_id"] for row in rows("seed_risk_area")}


def test_policy_is_marked_as_example() -> None:
    (policy,) = rows("seed_risk_policy")
    assert policy["is_example"] == "true" and "ikke nogen forvaltnings politik" in policy["note_da"]
    weighed = {row["risk_criterion_id"] for row in rows("seed_risk_policy_criterion")}
    assert weighed == {row["risk_criterion_id"] for row in rows("seed_risk_criterion")}
    assert [row["level"] for row in rows("seed_risk_policy_level")] == ["1", "2", "3"]
