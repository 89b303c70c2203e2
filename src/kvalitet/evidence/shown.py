"""How a schema is shown to its readers: definitions, grants, policies, comments and everything executable in it.

Each relation is a digest of lines that the client hashes. `(schema)` stands for the lines that belong to no relation.
The schema's own name is not in the lines, so a candidate that is open to readers has the same digests as later in
`reporting`.
"""

import hashlib
import re
from typing import Any

import psycopg
from psycopg.rows import DictRow

#: No server-made names: owners and grantees by name, and an owner's rights to its own objects left out.
_LINES = """
with place as (
    select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any(%(schemas)s)
), relation as (
    select c.*, place.nspname from pg_class as c inner join place on c.relnamespace = place.oid
    where c.relkind not in ('i', 'I', 't')
), granted as (
    select r.nspname, r.relname, null::name as attname, r.relowner as owner, a.*
    from relation as r, aclexplode(r.relacl) as a
    union all
    select r.nspname, r.relname, c.attname, r.relowner, a.*
    from relation as r inner join pg_attribute as c on r.oid = c.attrelid, aclexplode(c.attacl) as a
    union all
    select place.nspname, null, null, place.nspowner, a.* from place, aclexplode(place.nspacl) as a
)
select nspname::text as place, relname::text as name, json_build_array('relation', relkind, relrowsecurity,
    relforcerowsecurity, reloptions, pg_get_userbyid(relowner))::text as line
from relation
union all
select nspname, relname, json_build_array('grant', attname, privilege_type, is_grantable,
    case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end)::text
from granted where grantee <> owner
union all
select r.nspname, r.relname, json_build_array('column', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(d.adbin, d.adrelid))::text
from relation as r inner join pg_attribute as a on r.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on r.oid = d.adrelid and a.attnum = d.adnum
union all
select r.nspname, r.relname, json_build_array('comment', d.objsubid, d.description)::text
from relation as r inner join pg_description as d on r.oid = d.objoid and d.classoid = 'pg_class'::regclass
union all
select r.nspname, r.relname, json_build_array('constraint', k.contype, pg_get_constraintdef(k.oid))::text
from relation as r inner join pg_constraint as k on r.oid = k.conrelid and k.contype <> 'n'
union all
select r.nspname, r.relname, json_build_array('policy', p.polname, p.polcmd, p.polpermissive,
    array(select rolname from pg_roles where oid = any(p.polroles) order by rolname collate "C"),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text
from relation as r inner join pg_policy as p on r.oid = p.polrelid
union all
select r.nspname, r.relname, json_build_array('trigger', pg_get_triggerdef(t.oid))::text
from relation as r inner join pg_trigger as t on r.oid = t.tgrelid and not t.tgisinternal
union all
-- Before Postgres 16 the columns of a view over one table were printed with the table's name.
select r.nspname, r.relname, json_build_array('rule', replace(pg_get_ruledef(w.oid), quote_ident(r.relname) || '.', '')
)::text
from relation as r inner join pg_rewrite as w on r.oid = w.ev_class
union all
select r.nspname, r.relname, json_build_array('parent', h.inhparent::regclass)::text
from relation as r inner join pg_inherits as h on r.oid = h.inhrelid
union all
select nspname, null, json_build_array('schema', pg_get_userbyid(nspowner))::text from place
union all
select place.nspname, null, json_build_array('function', p.proname, pg_get_function_identity_arguments(p.oid))::text
from pg_proc as p inner join place on p.pronamespace = place.oid
union all
select place.nspname, null, json_build_array('operator', o.oprname)::text
from pg_operator as o inner join place on o.oprnamespace = place.oid
union all
select place.nspname, null, json_build_array('type', t.typname)::text
from pg_type as t inner join place on t.typnamespace = place.oid
where t.typrelid = 0 and t.typcategory <> 'A'
union all
select place.nspname, null, json_build_array('cast', c.castsource::regtype, c.casttarget::regtype)::text
from pg_cast as c inner join pg_type as t on t.oid in (c.castsource, c.casttarget)
inner join place on t.typnamespace = place.oid
"""
WHOLE = "(schema)"


def shown(connection: psycopg.Connection[DictRow], schema: str) -> list[dict[str, Any]]:
    """`name`, number of `lines` and `sha256` of each relation of `schema` and of its `_detail` views, and of the rest.

    The connection's search path holds only Postgres' own schemas, so texts of rules name every schema.
    """
    own = re.compile(rf"\b{re.escape(schema)}(_detail)?\.")
    lines: dict[str, list[str]] = {}
    for row in connection.execute(_LINES, {"schemas": [schema, f"{schema}_detail"]}):
        prefix = "" if row["place"] == schema else "detail."
        kind = row["line"].partition('"')[2].partition('"')[0]
        line = row["line"] if kind == "comment" else own.sub(r"published\1.", row["line"])
        lines.setdefault(prefix + (row["name"] or WHOLE), []).append(line)
    return [{"name": name, "lines": len(lines[name]), "sha256": _sha256(lines[name])} for name in sorted(lines)]


def _sha256(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
