"""The finishing step adds what dbt left out, and running it twice changes nothing."""

import json
from pathlib import Path

import psycopg
import pytest
import synthetic

from kvalitet.build.builds import finish as end_build
from kvalitet.build.builds import get_build
from kvalitet.errors import KvalitetError
from kvalitet.publication import finish_candidate
from kvalitet.publication.catalogue import missing, read_catalogue
from kvalitet.publication.digest import digests
from kvalitet.publication.setting import Locked, NotSet
from kvalitet.settings import GATE, TRANSFORMER, Settings
from kvalitet.warehouse.connection import connect, fetch_all


def lacking(settings: Settings, manifest: Path) -> list[str]:
    with connect(settings, GATE) as connection:
        return missing(connection, "candidate", read_catalogue(manifest))[0]


def test_everything_declared_is_made(settings: Settings, tmp_path: Path) -> None:
    manifest = synthetic.manifest(tmp_path)
    build_id = synthetic.build(settings)
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("grant usage on schema candidate to kvalitet_gate")
        connection.execute("grant select on all tables in schema candidate to kvalitet_gate")
    before = lacking(settings, manifest)
    assert "fct_complaint: foreign key (source_key) to dim_source" in before
    assert "fct_complaint: row-level security" in before

    result = finish_candidate(settings, build_id, manifest)

    assert (result.tables, result.lacking) == (4, ())
    assert lacking(settings, manifest) == []
    owners = fetch_all(
        settings, GATE, "select distinct tableowner::text as owner from pg_tables where schemaname = 'candidate'"
    )
    assert owners == [{"owner": "kvalitet_publication_owner"}]


def test_second_finish_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    manifest = synthetic.manifest(tmp_path)
    build_id = synthetic.build(settings)
    finish_candidate(settings, build_id, manifest)
    first = digests(settings, GATE, "candidate")

    assert finish_candidate(settings, build_id, manifest).keys_added == 0

    assert digests(settings, GATE, "candidate") == first


def test_impossible_key_is_named(settings: Settings, tmp_path: Path) -> None:
    manifest = synthetic.manifest(tmp_path)
    build_id = synthetic.build(settings)
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("update candidate.fct_complaint set source_key = 'ukendt' where complaint_key = '1'")
        connection.execute("update candidate.fct_complaint set complaint_key = '3' where complaint_key = '2'")

    result = finish_candidate(settings, build_id, manifest)

    assert set(result.lacking) == {
        "fct_complaint: primary key (complaint_key)",
        "fct_complaint: foreign key (source_key) to dim_source",
    }
    assert set(lacking(settings, manifest)) == set(result.lacking)


def test_failed_setting_names_table(settings: Settings, admin_url: str, tmp_path: Path) -> None:
    manifest, build_id = synthetic.manifest(tmp_path), synthetic.build(settings)
    with psycopg.connect(admin_url) as admin:  # somebody corrected a table by hand and now owns it
        admin.execute("alter table candidate.dim_source owner to current_user")
    with pytest.raises(NotSet, match=f"Build {build_id} is not finished: .* dim_source.*InsufficientPrivilege"):
        finish_candidate(settings, build_id, manifest)
    assert not get_build(settings, build_id).is_sealed

    end_build(settings, build_id, TRANSFORMER, "failed")
    anew = synthetic.build(settings)
    assert finish_candidate(settings, anew, manifest).lacking == ()
    assert get_build(settings, anew).is_sealed


@pytest.mark.slow
def test_locked_table_is_named(settings: Settings, tmp_path: Path) -> None:
    manifest, build_id = synthetic.manifest(tmp_path), synthetic.build(settings)
    with psycopg.connect(settings.dsn(TRANSFORMER)) as other:
        other.execute("select * from candidate.fct_complaint")
        with pytest.raises(Locked, match=f"Build {build_id} is not finished: somebody holds a lock .* fct_complaint"):
            finish_candidate(settings, build_id, manifest)
    assert finish_candidate(settings, build_id, manifest).lacking == ()
    assert get_build(settings, build_id).is_sealed


def test_build_without_its_tables_is_refused(settings: Settings, tmp_path: Path) -> None:
    manifest = synthetic.manifest(tmp_path)
    build_id = synthetic.build(settings)
    with connect(settings, TRANSFORMER) as connection:
        connection.execute("drop table candidate.dim_source")
    with pytest.raises(KvalitetError, match="lacks dim_source in candidate"):
        finish_candidate(settings, build_id, manifest)
    with pytest.raises(KvalitetError, match="no build 99"):
        finish_candidate(settings, 99, manifest)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"description": ""}, "no description"),
        ({"constraints": []}, "declares no primary_key"),
        ({"config": {"meta": {"readers": ["everybody"]}}}, "meta.readers holds everybody"),
        ({"config": {"meta": {"readers": ["detail"]}}}, "has no centre_id to go by"),
        ({"constraints": [{"type": "foreign_key", "columns": ["a"]}]}, "names no table"),
    ],
)
def test_missing_declaration_is_named(tmp_path: Path, change: dict, said: str) -> None:
    file = synthetic.manifest(tmp_path)
    manifest = json.loads(file.read_text())
    manifest["nodes"]["dim_source"] |= change
    file.write_text(json.dumps(manifest))
    assert any("dim_source" in fault and said in fault for fault in read_catalogue(file).faults)


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "foreign_key", "columns": ["a"], "to": "ref('dim_source')", "to_columns": ["source_key"]},
        {"type": "foreign_key", "columns": ["a"], "to": '"db"."candidate"."dim_source"', "to_columns": ["source_key"]},
        {"type": "foreign_key", "columns": ["a"], "expression": "candidate.dim_source (source_key)"},
    ],
)
def test_foreign_keys_of_every_dbt_form(tmp_path: Path, constraint: dict) -> None:
    file = synthetic.manifest(tmp_path)
    manifest = json.loads(file.read_text())
    manifest["nodes"]["publication"]["constraints"] = [constraint]
    file.write_text(json.dumps(manifest))
    (key,) = read_catalogue(file).tables["publication"].foreign_keys
    assert (key.columns, key.to_table, key.to_columns) == (("a",), "dim_source", ("source_key",))
