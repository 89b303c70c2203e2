"""The owner of the database shows readers something else than was signed: each way to do it, and the fault that is
found.

The ways are the rows of the table in docs/security.md, which names these tests.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import synthetic
from warehouses import Become, NewWarehouse

from kvalitet.publication import publish
from kvalitet.settings import AUDITOR, BI, DETAIL, Settings
from kvalitet.verification.verify import verify
from kvalitet.warehouse.connection import connect
from kvalitet.warehouse.readers import named_readers

pytestmark = pytest.mark.slow

MOVED = "alter table reporting.fct_indicator_value rename to kept; alter table reporting.kept set schema public; "
CAST = (
    "create function public.signed(reporting.fct_indicator_value) returns text language sql as $$select 'signed'$$;"
    " create cast (reporting.fct_indicator_value as text)"
    " with function public.signed(reporting.fct_indicator_value) as assignment; "
)
#: Each way, and a part of the fault that is reported.
WAYS = {
    "a value": ("update reporting.fct_indicator_value set value = value + 1", "fct_indicator_value (content)"),
    "a view in the table's place, for BI only": (
        MOVED + "create view reporting.fct_indicator_value as select (select row(k.*)::public.kept).* from public.kept"
        " as k; grant select on reporting.fct_indicator_value to kvalitet_bi, kvalitet_detail_reader, kvalitet_auditor",
        "It is not shown to readers as it was signed: fct_indicator_value",
    ),
    "a cast that answers with the signed text": (
        CAST + "update reporting.fct_indicator_value set value = value + 1000",
        "fct_indicator_value (content)",
    ),
    "a cast alone": (CAST, "It is not shown to readers as it was signed: (schema)"),
    "a function that takes the place of Postgres' own": (
        "create function reporting.sha256(bytea) returns bytea language sql as 'select $1'",
        "It is not shown to readers as it was signed: (schema)",
    ),
    "a policy that hides rows from BI": (
        "alter table reporting.dim_source enable row level security; create policy p on reporting.dim_source to"
        " kvalitet_auditor using (true)",
        "It is not shown to readers as it was signed: dim_source",
    ),
    "the policy by centre opened": (
        "alter policy by_centre on reporting.fct_complaint using (true)",
        "It is not shown to readers as it was signed: fct_complaint",
    ),
    "row-level security switched off": (
        "alter table reporting.fct_complaint disable row level security",
        "It is not shown to readers as it was signed: fct_complaint",
    ),
    "a detail view redefined": (
        "create or replace view reporting_detail.fct_complaint with (security_invoker = true) as select complaint_key,"
        " 'C01'::text as centre_id, source_key, build_id from reporting.fct_complaint",
        "It is not shown to readers as it was signed: detail.fct_complaint",
    ),
    "a table opened to BI": (
        "grant select on reporting.fct_complaint to kvalitet_bi",
        "It is not shown to readers as it was signed: fct_complaint",
    ),
    "one column opened to BI": (
        "grant select (centre_id) on reporting.fct_complaint to kvalitet_bi",
        "It is not shown to readers as it was signed: fct_complaint",
    ),
    "the publication before, in the place of the newest": (
        "alter schema reporting rename to aside; alter schema previous rename to reporting",
        "The stamp of what readers see cannot be read: InsufficientPrivilege",
    ),
    "nothing in its place": ("drop schema reporting, reporting_detail cascade", "Readers see nothing"),
    "the stamp's day": (
        "update reporting.publication set as_of_date = as_of_date + 1",
        "The stamp of what readers see is not the newest entry's: as_of_date",
    ),
    "two stamps": (
        "insert into reporting.publication select publication_id + 1, build_id, as_of_date, published_at"
        " from reporting.publication",
        "stamped with 2 publications",
    ),
    "a comment": (
        "comment on column reporting.fct_indicator_value.value is 'another meaning'",
        "It is not shown to readers as it was signed: fct_indicator_value",
    ),
    "a column's name": (
        "alter table reporting.fct_indicator_value rename value to value_old; alter table reporting.fct_indicator_value"
        " rename numerator to value; alter table reporting.fct_indicator_value rename value_old to numerator",
        "It is not shown to readers as it was signed: fct_indicator_value",
    ),
    "fewer decimals": (
        "alter table reporting.fct_indicator_value alter value type numeric(38, 1)",
        "fct_indicator_value (content)",
    ),
    "a table beside the signed ones": (
        "create table reporting.fct_more as select 1 as one; grant select on reporting.fct_more to kvalitet_bi,"
        " kvalitet_auditor",
        "fct_more (content)",
    ),
    "rows in a child of the table": (
        "create table public.child () inherits (reporting.dim_source); insert into public.child values ('x', 1)",
        "dim_source (content)",
    ),
    "a value without a canonical form": (
        "alter table reporting.fct_indicator_value alter value type numeric",
        "fct_indicator_value.value has no canonical form",
    ),
}


@pytest.fixture(scope="module")
def two_publications(new_warehouse: NewWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("publications")
    with new_warehouse(folder) as settings:
        for rows in (20, 30):
            publish(settings, synthetic.passed_build(settings, folder, rows))
        yield settings


@pytest.fixture
def published(become: Become, two_publications: Settings) -> Settings:
    """A copy of them for one test."""
    return become(two_publications)


@pytest.fixture
def owner(published: Settings, admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(("change", "told"), WAYS.values(), ids=WAYS.keys())
def test_showing_what_was_not_signed_is_found(
    published: Settings, owner: psycopg.Connection, change: str, told: str
) -> None:
    owner.execute(change.encode())
    faults = verify(published).faults
    assert any(told in fault for fault in faults), faults


def test_unread_readers_are_named(published: Settings, owner: psycopg.Connection) -> None:
    owner.execute("create role jens_hansen login in role kvalitet_detail_reader")
    try:
        seen = verify(published).seen
    finally:
        owner.execute("drop role jens_hansen")
    assert seen.readers == [AUDITOR, BI, DETAIL]
    assert seen.unread == ["jens_hansen"]


def test_readers_through_groups_are_named(published: Settings, owner: psycopg.Connection) -> None:
    """A reader that must first take a group's role has the group's limits only after that, but it is a reader too."""
    owner.execute("create role by_group login in role kvalitet_detail_reader")
    owner.execute("create role through_another login in role by_group")
    owner.execute("create role takes_the_role login noinherit in role kvalitet_bi, kvalitet_detail_reader")
    owner.execute("create role cannot_log_in in role kvalitet_detail_reader")
    try:
        assert verify(published).seen.unread == ["by_group", "takes_the_role", "through_another"]
        with connect(published, AUDITOR) as connection:
            assert named_readers(connection) == ["by_group", "through_another"]
    finally:
        owner.execute("drop role by_group, through_another, takes_the_role, cannot_log_in")


#: A table of the same name, which is found before the published one or in its place.
ANOTHER = (
    "create schema other; create table other.fct_indicator_value as select * from reporting.fct_indicator_value;"
    " update other.fct_indicator_value set value = 999; grant usage on schema other to kvalitet_bi;"
    " grant select on other.fct_indicator_value to kvalitet_bi; "
)


@pytest.mark.parametrize("whose", ["role kvalitet_bi", "database", "role kvalitet_bi in database"])
@pytest.mark.parametrize("path", ["other, reporting", "reporting, other"])
def test_reader_with_other_search_path_is_named(
    published: Settings, owner: psycopg.Connection, whose: str, path: str
) -> None:
    owner.execute(ANOTHER.encode())
    name = f' "{published.database}"' if "database" in whose else ""
    try:
        owner.execute("alter role kvalitet_bi reset search_path")
        owner.execute(f"alter {whose}{name} set search_path = {path}".encode())
        faults = verify(published).faults
    finally:
        owner.execute("alter role kvalitet_bi set search_path = reporting")
    assert "kvalitet_bi finds tables in other as well, which nobody signed." in faults


def test_reader_without_password_is_named(published: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KVALITET_PASSWORD_FILE_BI", str(tmp_path / "elsewhere"))
    found = verify(published)
    assert found.faults == []
    assert found.seen.readers == [AUDITOR, DETAIL]
    assert [name.partition(" ")[0] for name in found.seen.unread] == [BI]


@pytest.mark.parametrize("centres", [[], ["C01"], ["C01", "C02"]])
def test_reader_by_centre_sees_its_signed_rows(
    published: Settings, owner: psycopg.Connection, centres: list[str]
) -> None:
    for centre in centres:
        owner.execute("insert into audit.detail_access values (%s, %s, 'a test')", [DETAIL, centre])
    assert verify(published).faults == []


#: The function behind the policy is changed, so that all definitions still look as they were signed.
OTHER_CENTRES = """
create or replace function audit.centres_of_reader() returns setof text language sql stable security definer
set search_path = audit, pg_temp begin atomic {} end
"""


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("select 'C01'::text union all select 'C02'::text;", "15 rows of reporting_detail.fct_complaint that are not"),
        ("select 'C09'::text;", "does not see 15 rows of reporting_detail.fct_complaint"),
    ],
)
def test_wrong_rows_of_centre_reader_are_found(
    published: Settings, owner: psycopg.Connection, answer: str, told: str
) -> None:
    owner.execute("insert into audit.detail_access values (%s, 'C01', 'a test')", [DETAIL])
    owner.execute(OTHER_CENTRES.format(answer).encode())
    faults = verify(published).faults
    assert any(told in fault for fault in faults), faults
