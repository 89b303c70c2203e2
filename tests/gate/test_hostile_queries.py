"""Queries that a contract should not hold. The reader refuses each, and the role that runs them could do no harm."""

import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from kvalitet.contracts import Column, Table
from kvalitet.contracts.sql_rule import read_query
from kvalitet.gate import asking
from kvalitet.gate.asking import ask, session
from kvalitet.gate.rules import RuleCheck
from kvalitet.gate.verdict import Measurement
from kvalitet.settings import GATE, RULES, Settings
from kvalitet.warehouse.connection import connect

SOURCE, LOAD = "bif_complaints", 1
CASES = Table(
    SOURCE, "complaints", "", "", True,
    tuple(Column(name, "", "string", "", "internal") for name in ("case_number", "law_id")),
)  # fmt: skip
#: Each query with the database's own answer, in case the reader lets it through.
REFUSED, SLOW = "Database error: it does not fit", "Database error: it took longer"
OTHER = "Database error: it asks for what"
HOSTILE = {
    "select length(pg_read_file('/etc/passwd'))": REFUSED,
    "select count(*) from pg_ls_dir('/')": REFUSED,
    "select lo_import('/etc/passwd')": REFUSED,
    "select lo_creat(-1)": REFUSED,
    "select count(*) from pg_sleep(3600)": SLOW,
    "select count(pg_sleep(3600)) from complaints": SLOW,
    "select count(*) from generate_series(1, 100000000000)": SLOW,
    "with recursive endless as (select 1 as n union all select n + 1 from endless) select count(*) from endless": SLOW,
    "select count(*) from raw.bif_complaints__complaints": REFUSED,
    "select count(*) from audit.load": REFUSED,
    "select count(*) from judged.session": REFUSED,
    "select count(*) from dblink('dbname=postgres', 'select 1') as t (n int)": REFUSED,
    "select length(query_to_xml('select * from audit.load', true, true, '')::text)": REFUSED,
    "select length(set_config('role', 'kvalitet_gate', false))": REFUSED,
    "select count(*) from pg_authid": REFUSED,
    "select nextval('audit.load_load_id_seq')": REFUSED,
    "with gone as (delete from judged.session returning 1) select count(*) from gone": OTHER,
    "select 1; drop schema judged cascade": REFUSED,
    "select 1) as n; delete from judged.session; select (select 1": REFUSED,
    "copy (select 1) to program 'true'": REFUSED,
    "do $$ begin perform 1; end $$": REFUSED,
    "select pg_advisory_lock(1)::text::int": "Database error: a value",
    "select count(*) from complaints for update": OTHER,
}


#: Each reads the catalogue under a name that means something else elsewhere in the query, or builds a word for now
#: from parts.
DISGUISED = (
    "select count(*) from complaints where exists (select 1 from complaints pg_roles where pg_roles.case_number = '')"
    " or exists (select 1 from pg_roles)",
    "select (select count(*) from complaints pg_stat_activity) * 0 + count(*) from pg_stat_activity",
    "select count(*) from (with pg_settings as (select 1 as a from complaints) select a from pg_settings) as x,"
    " pg_settings",
    "select count(*) as pg_database from complaints, pg_database",
    "select count(*) as PG_DATABASE from complaints, PG_DATABASE",
    "select count(*) from complaints as other, other",
    "select count(*) from complaints where received_at > ('no' || 'w')::timestamptz",
    "select count(*) from complaints where received_at > cast(replace('xow', 'x', 'n') as timestamptz)",
    "select count(*) from complaints where received_at > cast(concat('tod', 'ay') as date)",
    "select count(*) from complaints where received_at > (trim('xnowx', 'x'))::timestamp",
)


@pytest.mark.parametrize("query", [*HOSTILE, *DISGUISED])
def test_contract_with_hostile_query_is_refused(query: str) -> None:
    found = read_query(query, CASES, None, [CASES])
    assert (found.sql, found.refused_because[:9]) == ("", "its query")


@pytest.fixture
def asked(
    settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Measurement, float]]:
    """Asks a query as the gate would, but past the reader, with a time limit of one second."""
    monkeypatch.setattr(asking, "SECONDS", 1)
    with psycopg.connect(admin_url) as connection:
        for load_id, number in ((1, "A"), (2, "B")):
            connection.execute(
                "insert into raw.bif_complaints__complaints (case_number, row_hash, valid_from_load)"
                " values (%s, '', %s)",
                [number, load_id],
            )

    def answer(query: str) -> tuple[Measurement, float]:
        rows = "select * from judged.bif_complaints__complaints"
        rule = RuleCheck.model_construct(
            count_violations=f"with complaints as ({rows}) select ({query}) as number", must_be=None
        )
        with connect(settings, GATE) as gate:
            gate.autocommit = True
            with session(settings, gate, SOURCE, LOAD) as connection:
                began = time.monotonic()
                try:
                    measured = ask(connection, rule)
                except KeyError:  # the query returned a number
                    measured = Measurement()
                return measured, time.monotonic() - began

    return answer


@pytest.mark.slow
@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_query_is_harmless_when_run(asked, query: str) -> None:
    measured, seconds = asked(query)
    assert (measured.error or "").startswith(HOSTILE[query])
    assert seconds < 5


def test_rules_role_reads_one_load_only(settings: Settings, asked) -> None:
    assert (
        asked("select 1 / (count(*) - 1) from complaints")[0].error
        == "Database error: a value could not be reckoned with."
    )
    with psycopg.Connection[DictRow].connect(settings.dsn(RULES), row_factory=dict_row) as connection:
        unseen = connection.execute("select count(*) as n from judged.bif_complaints__complaints").fetchone()
        assert unseen == {"n": 0}, "of a session that the gate has said nothing of"
        rights = connection.execute(
            "select n.nspname || '.' || c.relname as name, privilege from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace,"
            " unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege"
            " where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'v')"
            " and has_table_privilege(c.oid, privilege)"
        ).fetchall()
        assert {row["privilege"] for row in rights} == {"select"}
        assert {row["name"].partition(".")[0] for row in rights} == {"judged"}
        assert "judged.session" not in {row["name"] for row in rights}
        may = connection.execute(
            "select has_database_privilege(current_database(), 'temporary') as temp,"
            " has_database_privilege(current_database(), 'create') as make,"
            " current_setting('statement_timeout') as long,"
            " current_setting('transaction_read_only') as reads, current_setting('temp_file_limit') as disk"
        ).fetchone()
        assert may == {"temp": False, "make": False, "long": "1min", "reads": "on", "disk": "512MB"}
