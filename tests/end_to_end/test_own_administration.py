"""A municipality begins with nothing of the example: one agreed source of a known kind, and one of its own kind."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import yaml
from kvalitet_example import generate

from kvalitet.contracts import load_contracts
from kvalitet.contracts.staging import write_dbt_files
from kvalitet.intake.raw_tables import sync_raw_tables
from kvalitet.nights.night import NightResult, run_night
from kvalitet.onboarding import draft_source
from kvalitet.onboarding.administration import begin_administration
from kvalitet.settings import AUDITOR, Settings
from kvalitet.settings.administration import EXAMPLE, OWN
from kvalitet.warehouse import server
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

#: Three cases of a board that the product does not know: two decided in 2024, one of them upheld.
BOARD = """\
Nævnets nr.;Modtaget;Afgjort;Udfald
N-1;03-01-2024;01-03-2024;medhold
N-2;05-02-2024;02-04-2024;ikke_medhold
N-3;09-12-2024;;
"""
MODEL = """\
select
    'klagenaevnet' as source_id,
    naevnets_nr as external_case_number,
    'klage' as case_kind,
    modtaget as received_date,
    cast(null as date) as referred_date,
    afgjort as concluded_date,
    udfald as outcome_id,
    cast(null as text) as law_id,
    cast(null as text) as theme_id,
    cast(null as text) as centre_id,
    cast(null as text) as own_case_number,
    cast(null as text) as overlap_status,
    cast(null as bigint) as matched_complaints,
    true as is_about_administration,
    true as is_in_case_list
from {{ ref('stg_klagenaevn__klagenaevn') }}
"""


@pytest.fixture(scope="module")
def koege(
    new_warehouse: Callable[[Path], AbstractContextManager[Settings]],
    warehouse_server: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Settings, NightResult]]:
    """Køge's settings after its first night. Court cases come in the form that the example agreed on."""
    root = tmp_path_factory.mktemp("koege")
    with new_warehouse(root / "run") as settings, pytest.MonkeyPatch.context() as environment:
        environment.setenv("KVALITET_SETTLE_SECONDS", "0")
        environment.setenv("KVALITET_CODE_VERSION", "test")
        shutil.copytree(settings.dbt_dir, root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
        for folder in ("expectations", "example"):
            (root / folder).symlink_to(settings.root / folder)
        here = replace(settings, root=root, administration_place=OWN)
        begin_administration(here, "Køge Kommune", "KAF")
        agree_on_court_cases(here)
        agree_on_the_board(here)
        write_dbt_files(here)
        with psycopg.connect(server.admin_url(warehouse_server, settings.database)) as admin:
            sync_raw_tables(admin, load_contracts(here).values())
        yield here, run_night(here)


def agree_on_court_cases(here: Settings) -> None:
    """The contract under a real owner, and deliveries without a made-up party."""
    file = here.root / EXAMPLE / "contracts" / "court_cases.odcs.yaml"
    text = file.read_text(encoding="utf-8").replace(" (fiktiv)", "").replace("Juridisk stab", "Juridisk kontor, Køge")
    (here.contracts_dir / file.name).write_text(text, encoding="utf-8")
    inbox = Path(here.inbox.removeprefix("file://")) / "court_cases"
    inbox.mkdir(parents=True)
    generate(here.var / "sample", complaints=2000)
    for delivered in (here.var / "sample" / "court_cases").iterdir():
        (inbox / delivered.name).write_text(delivered.read_text("utf-8").replace(" (fiktiv)", ""), encoding="utf-8")


def agree_on_the_board(here: Settings) -> None:
    """A thirteenth source, drafted from its file: contract, staging, a model that adds to the fact, and its lines."""
    inbox = Path(here.inbox.removeprefix("file://")) / "klagenaevn"
    inbox.mkdir(parents=True)
    (file := inbox / "klagenaevn_2025-01-02.csv").write_text(BOARD, encoding="utf-8")
    draft_source(here, "klagenaevn", [file], "Klagenævnets sekretariat", "naevn@koege.example")
    models = here.administration.models / "intermediate"
    models.mkdir()
    (models / "int_external_case__klagenaevn.sql").write_text(MODEL, encoding="utf-8")
    lines = {
        "seed_source": "klagenaevnet,13,Klagenævnet,true,Klager",
        "seed_delivery": "court_cases,domstolene,Retssager\nklagenaevn,klagenaevnet,Klagenævnets sager",
    }
    for seed, line in lines.items():
        with (here.administration.register / f"{seed}.csv").open("a", encoding="utf-8") as register:
            register.write(line + "\n")


def test_the_first_night_is_published(koege: tuple[Settings, NightResult]) -> None:
    here, night = koege
    with connect(here, AUDITOR) as connection:
        failed = connection.execute(
            "select check_id from audit.newest_check_result where status in ('failed', 'error') order by check_id"
        ).fetchall()
    assert night.publication_id == 1
    # The policy is still the example's, and says so.
    assert [row["check_id"] for row in failed] == ["dim_risk_policy_is_example_policy_not"]


def test_nothing_fictional_is_published(koege: tuple[Settings, NightResult]) -> None:
    here, _ = koege
    with connect(here, AUDITOR) as connection:
        found = connection.execute(
            "select distinct authority, is_fictional from reporting.fct_indicator_value"
        ).fetchall()
    assert found == [{"authority": "Køge Kommune", "is_fictional": False}]
    pages = {file.name: file.read_text("utf-8").lower() for file in here.site_dir.rglob("publikation-1/*.html")}
    assert [name for name, page in pages.items() if "kvalitet · køge kommune</title>" not in page] == []
    # The definitions are the example's until somebody has gone through them, one of them with a made-up version.
    assert {name for name, page in pages.items() if "fiktiv" in page or "eksempelby" in page} <= {"definitioner.html"}


def test_own_kind_of_case_stands_beside_known(koege: tuple[Settings, NightResult]) -> None:
    here, _ = koege
    with connect(here, AUDITOR) as connection:
        board = connection.execute(
            "select external_case_number, outcome_id from reporting.fct_external_case"
            " where source_id = 'klagenaevnet' order by external_case_number"
        ).fetchall()
    assert [tuple(row.values()) for row in board] == [("N-1", "medhold"), ("N-2", "ikke_medhold"), ("N-3", None)]


def test_unagreed_source_is_not_missing(koege: tuple[Settings, NightResult]) -> None:
    here, _ = koege
    with connect(here, AUDITOR) as connection:
        sources = connection.execute(
            "select contract_id, is_stale from reporting.fct_source_load order by 1"
        ).fetchall()
    assert [tuple(row.values()) for row in sources] == [("court_cases", False), ("klagenaevn", False)]


def test_owners_are_the_agreed_ones(koege: tuple[Settings, NightResult]) -> None:
    here, _ = koege
    assert {contract.owner for contract in load_contracts(here).values()} == {
        yaml.safe_load((here.contracts_dir / f"{source}.odcs.yaml").read_text("utf-8"))["team"]["name"]
        for source in ("court_cases", "klagenaevn")
    }
