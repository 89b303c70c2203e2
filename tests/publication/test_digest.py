"""The same rows have the same digest, whatever their order, the settings or the schema's name."""

from pathlib import Path

import psycopg
import pytest
import synthetic
from psycopg.rows import DictRow, dict_row

from kvalitet.publication import finish_candidate
from kvalitet.publication.digest import contents, definitions, differences, digests
from kvalitet.settings import GATE, PUBLISHER, Settings

FORMS = pytest.mark.parametrize("form", [1, 2])


def make(admin: psycopg.Connection[DictRow], schema: str, order: str) -> None:
    admin.execute(f"create schema {schema}; grant usage on schema {schema} to kvalitet_gate".encode())
    query = (
        f"create table {schema}.t as select i, now()::timestamptz(0) - i * interval '1 day' as at,"
        " (i * 0.10)::numeric(38, 10) as share, case when i % 7 > 0 then 'æøå ' || i end as name"
        f" from generate_series(1, 1000) as i order by {order}"
    )
    admin.execute(query.encode())
    admin.execute(f"grant select on {schema}.t to kvalitet_gate".encode())


@pytest.fixture
def admin(admin_url: str):
    with psycopg.Connection[DictRow].connect(admin_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


@FORMS
def test_order_and_schema_name_do_not_matter(settings: Settings, admin: psycopg.Connection[DictRow], form: int) -> None:
    make(admin, "one", "i")
    make(admin, "two", "i desc")
    assert contents(settings, GATE, "one", form) == contents(settings, GATE, "two", form)
    assert contents(settings, GATE, "one", form)[0].row_count == 1000
    with admin.transaction():
        assert definitions(admin, "one") == definitions(admin, "two")


@FORMS
@pytest.mark.parametrize("setting", ["timezone = 'America/New_York'", "datestyle = 'German'", "extra_float_digits = 0"])
def test_role_settings_do_not_matter(
    settings: Settings, admin: psycopg.Connection[DictRow], setting: str, form: int
) -> None:
    make(admin, "one", "i")
    before = contents(settings, GATE, "one", form)
    admin.execute(f"alter role kvalitet_gate in database {settings.database} set {setting}".encode())
    assert contents(settings, GATE, "one", form) == before


@FORMS
@pytest.mark.parametrize(
    "change",
    [
        "update one.t set share = share + 0.0000000001 where i = 1",
        "update one.t set name = '' where i = 7",
        "delete from one.t where i = 500",
        "insert into one.t select * from one.t where i = 3",
    ],
)
def test_any_change_of_any_row_is_found(
    settings: Settings, admin: psycopg.Connection[DictRow], change: str, form: int
) -> None:
    make(admin, "one", "i")
    before = contents(settings, GATE, "one", form)
    admin.execute(change.encode())
    assert differences(before, contents(settings, GATE, "one", form)) == ["t (content)"]


def test_empty_table_has_digest(settings: Settings, tmp_path: Path) -> None:
    build_id = synthetic.build(settings, rows=0)
    finish_candidate(settings, build_id, synthetic.manifest(tmp_path))
    found = digests(settings, GATE, "candidate")
    assert found == digests(settings, PUBLISHER, "candidate"), "both see every row, whatever the policies"
    assert {d.table_name: d.row_count for d in found if d.kind == "content"}["fct_complaint"] == 0
    assert "publication" not in {d.table_name for d in found if d.kind == "content"}
    assert "detail.fct_complaint" in {d.table_name for d in found if d.kind == "definition"}
