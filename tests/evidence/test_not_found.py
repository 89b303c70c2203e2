"""What `verify` cannot find if the owner of the database does it. The list in docs/security.md names these tests.

If one of them fails because the fault is now found, remove it from the list.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import synthetic

from kvalitet.evidence.canonical import FORM
from kvalitet.evidence.chain import certify, keep
from kvalitet.publication import ledger, publish
from kvalitet.publication.digest import contents
from kvalitet.settings import AUDITOR, BI, PUBLISHER, Settings
from kvalitet.verification.verify import verify
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> Settings:
    publish(settings, synthetic.passed_build(settings, tmp_path))
    return settings


@pytest.fixture
def owner(published: Settings, admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        yield connection


def values(settings: Settings, application: str = "") -> set[int]:
    """The figures that a BI tool with this application name reads, by the table's name without a schema."""
    with psycopg.connect(settings.dsn(BI), application_name=application) as tool:
        return {int(value) for (value,) in tool.execute("select value from fct_indicator_value")}


def test_key_and_database_owner_can_rewrite_past(published: Settings, owner: psycopg.Connection) -> None:
    for table in ("reporting.fct_indicator_value", "audit.publication_figure"):
        owner.execute(f"update {table} set value = value + 1".encode())
    for one in contents(published, AUDITOR, "reporting", FORM):
        owner.execute("update audit.table_digest set sha256 = %s where table_name = %s", [one.sha256, one.table_name])
    assert verify(published).faults, "not without the key"
    owner.execute("delete from audit.anchor")
    owner.execute("delete from audit.certificate")
    with connect(published, PUBLISHER) as connection:
        said = ledger.figure_digests(published, PUBLISHER, {1})[1]
        keep(connection, certify(published, connection, 1, 1, "published", None, "reporting", said))
    assert verify(published).faults == []
    assert values(published) == {51}


def test_server_can_show_one_client_other_figures(published: Settings, owner: psycopg.Connection) -> None:
    """It is done with a login trigger (Postgres 17 and later). A server with changed code needs no trigger."""
    owner.execute(
        "create schema other; create table other.fct_indicator_value as select * from reporting.fct_indicator_value;"
        " update other.fct_indicator_value set value = 999; grant usage on schema other to public;"
        " grant select on other.fct_indicator_value to public;"
        " create function other.lie() returns event_trigger language plpgsql as $$ begin"
        " if current_setting('application_name') = 'bi tool' then"
        " perform set_config('search_path', 'other', false); end if; end $$;"
        " create event trigger lie on login execute function other.lie();"
        " alter event trigger lie enable always"
    )
    assert (values(published, "bi tool"), values(published)) == ({999}, {50})
    assert verify(published).faults == []


def test_false_index_hides_signed_row(published: Settings, owner: psycopg.Connection) -> None:
    owner.execute("set allow_system_table_mods = on")
    index = "update pg_catalog.pg_index set indisready = {0}, indisvalid = {0} where indrelid = %s::regclass"
    table = ["reporting.fct_indicator_value"]
    owner.execute(index.format("false").encode(), table)
    owner.execute("create temporary table kept as select * from reporting.fct_indicator_value")
    owner.execute("delete from reporting.fct_indicator_value where indicator_value_key = 'k1'")
    owner.execute("insert into reporting.fct_indicator_value select * from kept where indicator_value_key = 'k1'")
    owner.execute(index.format("true").encode(), table)
    by_key = "select count(*) from fct_indicator_value where indicator_value_key = 'k1'"
    with psycopg.connect(published.dsn(BI), autocommit=True) as tool:
        tool.execute("set enable_seqscan = off")
        assert tool.execute(by_key).fetchone() == (0,)
    assert verify(published).faults == []
    owner.execute("reindex table reporting.fct_indicator_value")
    with psycopg.connect(published.dsn(BI), autocommit=True) as tool:
        tool.execute("set enable_seqscan = off")
        assert tool.execute(by_key).fetchone() == (1,), "reindex mends it"


def test_lying_catalogue_hides_policy(published: Settings, owner: psycopg.Connection) -> None:
    """Postgres' own function that shows a policy's condition is replaced. The new one shows the signed condition."""
    owner.execute("create role jens_hansen login in role kvalitet_detail_reader")
    try:
        owner.execute(
            "create schema other; grant usage on schema other to public; create table other.said as"
            " select distinct polname, polqual::text as node, pg_get_expr(polqual, polrelid) as text from pg_policy;"
            " grant select on other.said to public; alter policy by_centre on reporting.fct_complaint using (centre_id"
            " in (select audit.centres_of_reader()) or session_user = 'jens_hansen'); insert into other.said select"
            " polname, polqual::text, (select text from other.said where polname = 'by_centre') from pg_policy"
            " where polname = 'by_centre'; alter function pg_catalog.pg_get_expr(pg_node_tree, oid) rename to"
            " kept; create function pg_catalog.pg_get_expr(pg_node_tree, oid)"
            " returns text language sql as $$select text from other.said where node = $1::text limit 1$$"
        )
        owner.execute(f"grant connect on database {published.database} to jens_hansen".encode())
        owner.execute("set session authorization jens_hansen")
        seen = owner.execute("select count(*) from reporting_detail.fct_complaint").fetchone()
        owner.execute("reset session authorization")
        found = verify(published)
    finally:
        owner.execute("reset session authorization")
        owner.execute("drop owned by jens_hansen; drop role jens_hansen")
    assert seen == (50,), "all cases, and no centre was granted"
    assert (found.faults, found.seen.unread) == ([], ["jens_hansen"])
