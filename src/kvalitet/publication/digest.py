"""Digests of a schema's tables: what the gate measured, and whether the tables are still the same.

A table's digest is independent of the order of its rows and of the server's settings. The client computes today's form
from the canonical form (evidence/canonical.py). The server computes form 1, in which older publications were measured:
SHA-256 over the sorted SHA-256 sums of the rows' texts, in 256 buckets. A definition's digest covers columns, keys,
comments, policies and grants.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.evidence.canonical import FORM, digest, reading, table_rows
from kvalitet.settings import Settings
from kvalitet.warehouse.connection import connect

#: `audit.table_digest.schema_kind`: the rows of a table, or how the table is defined.
CONTENT = "content"
DEFINITION = "definition"

#: Publishing itself fills this table, after the gate.
STAMP_TABLE = "publication"

_SESSION = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "work_mem": "128MB",  # sorting a million digests in memory
}

_CONTENT = """
with hashed as materialized (select sha256(convert_to(t::text, 'UTF8')) as hash from {table} as t),
buckets as (
    select get_byte(hash, 0) as bucket, count(*) as row_count, sha256(string_agg(hash, ''::bytea order by hash)) as hash
    from hashed group by 1
)
select coalesce(sum(row_count), 0)::bigint as row_count,
       encode(sha256(coalesce(string_agg(hash, ''::bytea order by bucket), ''::bytea)), 'hex') as sha256
from buckets
"""

#: Names in it lack the schema, because the same tables are in another schema once they are published.
_DEFINITION = """
with own as (
    select quote_ident(%(main)s) || '.' as main, quote_ident(%(main)s || '_detail') || '.' as detail
), relation as (
    select c.* from pg_class as c
    where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind in ('r', 'p', 'v', 'm')
), line as (
    select oid, json_build_array('relation', relkind, relrowsecurity, relforcerowsecurity,
                          array_to_string(relacl, ','), array_to_string(reloptions, ','),
                          obj_description(oid, 'pg_class'))::text as text from relation
    union all
    select r.oid, json_build_array('column', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                            array_to_string(a.attacl, ','), pg_get_expr(d.adbin, d.adrelid),
                            col_description(r.oid, a.attnum))::text
    from relation as r join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on d.adrelid = r.oid and d.adnum = a.attnum
    union all
    select r.oid, json_build_array('constraint', k.contype, replace(pg_get_constraintdef(k.oid), own.main, ''))::text
    from own, relation as r join pg_constraint as k on k.conrelid = r.oid
    union all
    select r.oid, json_build_array('policy', p.polname, p.polcmd, p.polpermissive,
                            (select string_agg(rolname, ',' order by rolname collate "C")
                             from pg_roles where oid = any(p.polroles)),
                            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text
    from relation as r join pg_policy as p on p.polrelid = r.oid
    union all
    select r.oid, json_build_array('trigger', pg_get_triggerdef(t.oid))::text
    from relation as r join pg_trigger as t on t.tgrelid = r.oid and not t.tgisinternal
    union all
    select r.oid, json_build_array('rule', replace(replace(pg_get_ruledef(w.oid), own.main, ''), own.detail, ''))::text
    from own, relation as r join pg_rewrite as w on w.ev_class = r.oid
)
select r.relname::text as table_name, count(*) as row_count,
       encode(sha256(convert_to(string_agg(line.text, E'\n' order by line.text collate "C"), 'UTF8')), 'hex') as sha256
from line join relation as r using (oid) group by r.relname
"""


@dataclass(frozen=True, order=True)
class Digest:
    """`row_count` rows of a table, or entries of a definition, and their SHA-256 in hex.

    `form` is the number of the form that rows were written in. A definition has only one form.
    """

    kind: str
    table_name: str
    row_count: int
    sha256: str
    form: int = 1


def tables_of(connection: psycopg.Connection[DictRow], schema: str, kinds: str = "rpvm") -> list[str]:
    """Names of the relations of `schema` (of the given `relkind`s), sorted. Empty where there is no such schema."""
    rows = connection.execute(
        "select relname::text as name from pg_class where relnamespace = to_regnamespace(%s)"
        ' and relkind = any(%s) order by relname collate "C"',
        [schema, list(kinds)],
    )
    return [row["name"] for row in rows]


def digests(settings: Settings, role: str, schema: str, form: int = FORM) -> list[Digest]:
    """Digests of all tables and definitions of `schema` and its `_detail` views, read as `role` by its own connection.

    Reads every row (benchmarks/evidence.py measures it). Raises NoCanonicalForm.
    """
    with connect(settings, role) as connection:
        defined = definitions(connection, schema)
    return contents(settings, role, schema, form) + defined


def contents(settings: Settings, role: str, schema: str, form: int = FORM) -> list[Digest]:
    """Digests of the rows of all tables of `schema`, without the publication stamp. Raises NoCanonicalForm."""
    with connect(settings, role) as connection:
        names = [name for name in tables_of(connection, schema) if name != STAMP_TABLE]
        if form == 1:
            return [_printed(connection, schema, name) for name in names]
    with reading(settings, role) as cursor:
        return [Digest(CONTENT, name, *digest(cursor, table_rows(cursor, schema, name)), form) for name in names]


def _printed(connection: psycopg.Connection[DictRow], schema: str, name: str) -> Digest:
    """A table's digest in form 1, computed by the server."""
    fix_session(connection)
    row = connection.execute(sql.SQL(_CONTENT).format(table=sql.Identifier(schema, name))).fetchone()
    assert row is not None
    return Digest(CONTENT, name, row["row_count"], row["sha256"])


def definitions(connection: psycopg.Connection[DictRow], schema: str) -> list[Digest]:
    """Digests of how the tables of `schema` and the views of `<schema>_detail` are defined."""
    fix_session(connection)
    found = []
    for prefix, place in (("", schema), ("detail.", f"{schema}_detail")):
        rows = connection.execute(_DEFINITION, {"schema": place, "main": schema}).fetchall()
        found += [Digest(DEFINITION, prefix + row["table_name"], row["row_count"], row["sha256"]) for row in rows]
    return sorted(found)


def recorded(connection: psycopg.Connection[DictRow], build_id: int) -> list[Digest]:
    """What the gate recorded when it last judged a build."""
    rows = connection.execute(
        "select schema_kind, table_name, row_count, sha256, form from audit.table_digest"
        " inner join audit.newest_judgement using (judgement_id) where build_id = %s",
        [build_id],
    )
    return sorted(Digest(**{"kind": row.pop("schema_kind"), **row}) for row in rows.fetchall())


def form_of(measured: list[Digest]) -> int:
    """The form in which a build's rows were measured."""
    return next((one.form for one in measured if one.kind == CONTENT), FORM)


def differences(expected: list[Digest], found: list[Digest]) -> list[str]:
    """The tables whose digest differs, each with what differs, e.g. `fct_complaint (content)`."""
    return sorted({f"{digest.table_name} ({digest.kind})" for digest in set(expected) ^ set(found)})


def fix_session(connection: psycopg.Connection[DictRow]) -> None:
    """Make row texts and definitions print the same, whatever the server, database or role has set."""
    connection.execute("set local search_path = pg_catalog, pg_temp")
    for name, value in _SESSION.items():
        connection.execute("select set_config(%s, %s, true)", [name, value])
