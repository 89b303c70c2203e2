"""Finds foreign objects in or on a build's schemas: whatever could be executed by those who read them later.

It lists what is allowed, not what is dangerous: the tables that were planned with their keys, the policies and views of
the seal, and columns of Postgres' own types. Postgres records whatever depends on a schema, a table or its row type
(functions, casts, operators, types, rules, triggers, defaults, views, statistics), so everything else can be named.
Views among the working tables are allowed, because they only read and a reader of a published table does not reach
them.
"""

from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from kvalitet.publication.catalogue import READER_TABLE, Catalogue
from kvalitet.settings import AUDITOR, GATE
from kvalitet.warehouse.build_schemas import schemas_of


@dataclass(frozen=True)
class Expected:
    """Names of tables and `_detail` views, and (table, policy) pairs. None allows any policy."""

    tables: tuple[str, ...]
    views: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] | None = ()

    @classmethod
    def built(cls, catalogue: Catalogue) -> "Expected":
        """What the builder may leave: the tables."""
        return cls(tuple(catalogue.tables))

    @classmethod
    def sealed(cls, catalogue: Catalogue) -> "Expected":
        """What is allowed once the schema is sealed."""
        plans = [plan for plan in catalogue.tables.values() if plan.is_row_level]
        return cls(
            (*catalogue.tables, READER_TABLE),
            tuple(plan.name for plan in plans if "detail" in plan.readers),
            tuple((plan.name, policy) for plan in plans for policy in policies_of(plan.readers)),
        )


def policies_of(readers: tuple[str, ...]) -> dict[str, str]:
    """Each policy of a row-level table, and the kind of reader that it is for."""
    return {"by_centre": "detail", "gate": GATE} | ({"auditor": AUDITOR} if "auditor" in readers else {})


def strangers(connection: psycopg.Connection[DictRow], schema: str, expected: Expected) -> list[str]:
    """Each thing that is not expected, as Postgres describes it, sorted. Executes nothing of the schema's."""
    _, work, detail = schemas_of(schema)
    rows = connection.execute(
        _STRANGERS,
        {
            "main": schema,
            "detail": detail,
            "work": work,
            "tables": list(expected.tables),
            "views": list(expected.views),
            "policies": None if expected.policies is None else [".".join(pair) for pair in expected.policies],
            "gate": GATE,
        },
    )
    return sorted({row["what"] for row in rows})


#: 16384 is the first number of an object that did not come with Postgres.
_STRANGERS = """
with space as (
    select oid, nspname, nspowner, nspacl from pg_catalog.pg_namespace where nspname in (%(main)s, %(detail)s)
), ours as (
    select c.*, s.nspname, s.nspowner from pg_catalog.pg_class as c join space as s on s.oid = c.relnamespace
), expected as (
    select * from ours where (nspname = %(main)s and relkind = 'r' and relname = any(%(tables)s))
    or (nspname = %(detail)s and relkind = 'v' and relname = any(%(views)s))
), row_type as (
    select t.oid from pg_catalog.pg_type as t
    where t.typrelid in (select oid from expected) or t.typelem in (select reltype from expected where reltype <> 0)
), key as (
    select * from pg_catalog.pg_constraint where contype in ('p', 'u', 'f', 'n') and conrelid in (select oid from ours)
    and (confrelid = 0 or confrelid in (select oid from ours))
), known (classid, objid) as (
    select 'pg_catalog.pg_class'::regclass, oid from expected
    union all select 'pg_catalog.pg_class'::regclass, oid from ours where relkind = 'i'
    union all select 'pg_catalog.pg_type'::regclass, oid from row_type
    union all select 'pg_catalog.pg_constraint'::regclass, oid from key
), allowed (classid, objid) as (
    select classid, objid from known
    union all select 'pg_catalog.pg_class'::regclass, reltoastrelid from expected
    union all select 'pg_catalog.pg_trigger'::regclass, oid from pg_catalog.pg_trigger
        where tgisinternal and tgconstraint in (select oid from key)
    union all select 'pg_catalog.pg_rewrite'::regclass, oid from pg_catalog.pg_rewrite
        where rulename = '_RETURN' and ev_class in (select oid from expected where relkind = 'v')
    union all select 'pg_catalog.pg_rewrite'::regclass, r.oid from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_class as c on c.oid = r.ev_class join pg_catalog.pg_namespace as s on s.oid = c.relnamespace
        where r.rulename = '_RETURN' and c.relkind = 'v' and s.nspname = %(work)s
    union all select 'pg_catalog.pg_policy'::regclass, p.oid from pg_catalog.pg_policy as p
        join expected as e on e.oid = p.polrelid
        where %(policies)s::text[] is null or e.relname || '.' || p.polname = any(%(policies)s::text[])
), hanging (classid, objid) as (
    select d.classid, d.objid from pg_catalog.pg_depend as d
    where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid in (select oid from space)
    union select d.classid, d.objid from pg_catalog.pg_depend as d
    join known on known.classid = d.refclassid and known.objid = d.refobjid
    union select 'pg_catalog.pg_class'::regclass, oid from ours where relkind <> 'i'
)
select pg_catalog.pg_describe_object(classid, objid, 0) as what from hanging
where (classid, objid) not in (select classid, objid from allowed)
union all
select 'column ' || a.attname || ' of ' || e.relname || ', whose type or collation is not Postgres'' own'
from expected as e join pg_catalog.pg_attribute as a on a.attrelid = e.oid
where a.attnum > 0 and not a.attisdropped and (a.atttypid >= 16384 or a.attcollation >= 16384)
union all
select 'index ' || o.relname || ', which is not of plain columns'
from ours as o join pg_catalog.pg_index as i on i.indexrelid = o.oid
where i.indexprs is not null or i.indpred is not null
    or exists (select from unnest(i.indclass) as one where one >= 16384)
    or exists (select from unnest(i.indcollation) as one where one >= 16384)
union all
select 'storage of ' || relname || ', which is not Postgres'' own' from ours where relam >= 16384
union all
select 'inheritance of ' || e.relname from expected as e
join pg_catalog.pg_inherits as i on e.oid in (i.inhrelid, i.inhparent)
union all
select 'right ' || a.privilege_type || ' of ' || pg_catalog.pg_get_userbyid(a.grantee) || ' on ' || e.relname
from expected as e, pg_catalog.aclexplode(e.relacl) as a
where a.grantee <> e.relowner
    and not (a.privilege_type = 'SELECT' and not a.is_grantable and pg_catalog.pg_get_userbyid(a.grantee) = %(gate)s)
union all
select 'right on column ' || a.attname || ' of ' || e.relname from expected as e
join pg_catalog.pg_attribute as a on a.attrelid = e.oid where a.attacl is not null and not a.attisdropped
union all
select 'right ' || a.privilege_type || ' of ' || pg_catalog.pg_get_userbyid(a.grantee) || ' on schema ' || s.nspname
from space as s, pg_catalog.aclexplode(s.nspacl) as a
where a.grantee <> s.nspowner
    and not (a.privilege_type = 'USAGE' and not a.is_grantable and pg_catalog.pg_get_userbyid(a.grantee) = %(gate)s)
"""
