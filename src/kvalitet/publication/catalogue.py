"""What the catalogue of a built schema should hold, from dbt's manifest, and what it lacks.

Keys and not-null rules come from the models' contracts, comments from their descriptions, readers from `meta.readers`.
The finishing step sets them. The gate checks what is still missing.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.settings import AUDITOR, BI, GATE, Settings

PUBLISHED_LAYERS = ("star", "reports")
DETAIL_SUFFIX = "_detail"
READER_TABLE = "table_reader"
CENTRE_COLUMN = "centre_id"
#: The words of `meta.readers`, and the role that each means.
GROUP_OF_READER = {"bi": BI, "detail": "kvalitet_detail_reader", "auditor": AUDITOR}


@dataclass(frozen=True)
class ForeignKey:
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class Constraint:
    """One rule that the database enforces on a table. `references` is what a foreign key refers to."""

    kind: Literal["primary key", "unique", "not null", "foreign key"]
    columns: tuple[str, ...]
    references: ForeignKey | None = None


@dataclass(frozen=True)
class TablePlan:
    """One star or report model: what its table must have before anyone may read it."""

    name: str
    description: str
    columns: dict[str, str]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    not_null: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    @property
    def is_row_level(self) -> bool:
        """Whether only named readers read it, row by row, each the rows of the centres granted to them."""
        return "bi" not in self.readers and CENTRE_COLUMN in self.columns

    def unique_over(self, columns: tuple[str, ...]) -> Constraint | None:
        """The constraint that makes these columns unique, where the model declares one."""
        if columns == self.primary_key:
            return Constraint("primary key", columns)
        return Constraint("unique", columns) if columns in self.unique_keys else None

    def filled(self, column: str) -> Constraint | None:
        """The constraint that keeps a column from being empty, where the model declares one."""
        return Constraint("not null", (column,)) if column in (*self.not_null, *self.primary_key) else None

    def refers(self, column: str, to_table: str) -> Constraint | None:
        """The foreign key from a column to another table, where the model declares one."""
        keys = [key for key in self.foreign_keys if key.columns == (column,) and key.to_table == to_table]
        return Constraint("foreign key", keys[0].columns, keys[0]) if keys else None


@dataclass(frozen=True)
class Catalogue:
    """The plans of all tables, and the declarations of their models that cannot be carried out."""

    tables: dict[str, TablePlan]
    faults: list[str] = field(default_factory=list)


def manifest_path(settings: Settings) -> Path:
    """The file of dbt's manifest. Raises KvalitetError where dbt has not run."""
    for place in (
        settings.var / "dbt" / "target",
        settings.var / "dbt",
        settings.dbt_dir / "target",
    ):
        if (place / "manifest.json").is_file():
            return place / "manifest.json"
    raise KvalitetError(
        f"dbt's manifest is not below {settings.var / 'dbt'}.",
        "Build first: `kvalitet build`; the manifest is made there.",
    )


def read_catalogue(manifest: Path) -> Catalogue:
    """The plans of the star and report models in a manifest."""
    nodes = json.loads(manifest.read_text())["nodes"].values()
    models = [
        node
        for node in nodes
        if node["resource_type"] == "model"
        and node["fqn"][1] in PUBLISHED_LAYERS
        and node["config"].get("schema") is None  # leaves out the work schema behind the star
        and node["config"].get("materialized") != "ephemeral"
    ]
    faults: list[str] = []
    return Catalogue({model["name"]: plan_of(model, faults) for model in models}, faults)


def plan_of(model: dict, faults: list[str]) -> TablePlan:
    """The plan of one model in a manifest. What the model lacks is added to `faults`."""
    name, columns = model["name"], model["columns"]
    constraints = [(c, tuple(c.get("columns") or ())) for c in model.get("constraints") or []]
    for column, spec in columns.items():
        constraints += [(c, (column,)) for c in spec.get("constraints") or []]
    found: dict[str, list] = {
        "primary_key": [],
        "unique": [],
        "foreign_key": [],
        "not_null": [],
    }
    for constraint, on in constraints:
        kind = constraint["type"]
        if kind == "foreign_key":
            found[kind].append(_foreign_key(constraint, on))
        elif kind in found:
            found[kind].append(on)
    meta = {**(model.get("meta") or {}), **(model["config"].get("meta") or {})}
    readers = tuple(meta.get("readers") or ())
    plan = TablePlan(
        name=name,
        description=(model["description"] or "").strip(),
        columns={column: (spec.get("description") or "").strip() for column, spec in columns.items()},
        primary_key=next(iter(found["primary_key"]), ()),
        unique_keys=tuple(found["unique"]),
        foreign_keys=tuple(key for key in found["foreign_key"] if key),
        not_null=tuple(column for on in found["not_null"] for column in on),
        readers=readers,
    )
    faults += _faults(plan, None in found["foreign_key"])
    return plan


def _faults(plan: TablePlan, has_unread_key: bool) -> list[str]:
    """What a model's declaration lacks, so that nobody has to guess who may read a table."""
    faults = []
    if not plan.description:
        faults.append(f"{plan.name}: the model has no description")
    if not plan.primary_key:
        faults.append(f"{plan.name}: the model declares no primary_key constraint")
    if has_unread_key:
        faults.append(f"{plan.name}: a foreign_key constraint names no table (write `to: ref('…')` and `to_columns`)")
    if unknown := set(plan.readers) - set(GROUP_OF_READER):
        faults.append(f"{plan.name}: meta.readers holds {', '.join(sorted(unknown))}; known: bi, detail, auditor")
    if "detail" in plan.readers and "bi" not in plan.readers and CENTRE_COLUMN not in plan.columns:
        faults.append(f"{plan.name}: named readers may read it row by row, but it has no {CENTRE_COLUMN} to go by")
    return faults


def _foreign_key(constraint: dict, on: tuple[str, ...]) -> ForeignKey | None:
    target, columns = constraint.get("to"), tuple(constraint.get("to_columns") or ())
    if not target:
        match = re.search(
            r"(?:references\s+)?([\w.\"]+)\s*\(([^)]*)\)\s*$",
            constraint.get("expression") or "",
            re.I,
        )
        if not match:
            return None
        target, columns = (
            match[1],
            tuple(part.strip(' "') for part in match[2].split(",")),
        )
    table = re.findall(r"\w+", target)[-1]
    return ForeignKey(on, table, columns or on)


def missing(connection: psycopg.Connection[DictRow], schema: str, catalogue: Catalogue) -> tuple[list[str], int]:
    """What the built schema lacks of its catalogue, one line each, and the number of things that were checked."""
    state = _State(connection, schema)
    lines = list(catalogue.faults)
    asked = len(catalogue.tables)
    lines += [f"{name}: the table is not there" for name in sorted(catalogue.tables.keys() - state.tables)]
    extra = state.tables - catalogue.tables.keys() - {READER_TABLE}
    lines += [f"{name}: no star or report model makes this table" for name in sorted(extra)]
    for plan in catalogue.tables.values():
        if plan.name in state.tables:
            wanted = state.wanted(plan)
            asked += len(wanted)
            lines += [f"{plan.name}: {what}" for what, is_there in wanted if not is_there]
    asked += len(state.open_to_readers) + 1
    lines += [f"{name}: readers have rights to it before it is published" for name in state.open_to_readers]
    return lines, asked


class _State:
    """What the catalogue of one schema holds, read once."""

    def __init__(self, connection: psycopg.Connection[DictRow], schema: str, with_readers: bool = True) -> None:
        self.schema = schema
        parameters = {
            "schema": schema,
            "detail": schema + DETAIL_SUFFIX,
            "gate": GATE,
            "readers": list(GROUP_OF_READER.values()),
        }
        rows = connection.execute(_RELATIONS, parameters).fetchall()
        self.tables = {row["name"] for row in rows if row["is_main"]}
        self.views = {row["name"]: row["options"] or [] for row in rows if not row["is_main"]}
        self.protected = {row["name"] for row in rows if row["is_main"] and row["is_protected"]}
        self.comments: dict[tuple[str, str | None], str | None] = {
            (row["name"], None): row["comment"] for row in rows if row["is_main"]
        }
        self.readable = {row["name"] for row in rows if row["is_main"] and row["is_gates"]}
        self.open_to_readers = sorted({row["name"] for row in rows if row["is_readers"]})
        self.not_null: set[tuple[str, str]] = set()
        for row in connection.execute(_COLUMNS, parameters):
            self.comments[row["name"], row["column_name"]] = row["comment"]
            if row["is_required"]:
                self.not_null.add((row["name"], row["column_name"]))
        self.keys = {
            (
                row["name"],
                row["kind"],
                tuple(row["columns"]),
                row["to_table"],
                tuple(row["to_columns"] or ()),
            )
            for row in connection.execute(_KEYS, parameters)
        }
        self.policies = {(row["name"], row["policy"]) for row in connection.execute(_POLICIES, parameters)}
        self.readers: set[tuple[str, str]] = set()
        if with_readers and READER_TABLE in self.tables:
            query = sql.SQL("select table_name, reader from {}").format(sql.Identifier(schema, READER_TABLE))
            self.readers = {(row["table_name"], row["reader"]) for row in connection.execute(query)}

    def wanted(self, plan: TablePlan) -> list[tuple[str, bool]]:
        """Everything that the plan requires of its table, and whether it exists."""
        name = plan.name
        wanted = [(f"foreign key ({', '.join(k.columns)}) to {k.to_table}", self.has_foreign(name, k))
                  for k in plan.foreign_keys]  # fmt: skip
        wanted += [(f"unique key ({', '.join(key)})", self.has_key(name, "u", key)) for key in plan.unique_keys]
        if plan.primary_key:
            wanted.append(
                (
                    f"primary key ({', '.join(plan.primary_key)})",
                    self.has_key(name, "p", plan.primary_key),
                )
            )
        wanted += [(f"not null on {column}", (name, column) in self.not_null) for column in plan.not_null]
        wanted.append(("comment", self.comments.get((name, None)) == plan.description))
        wanted += [
            (f"comment on {column}", self.comments.get((name, column)) == text)
            for column, text in plan.columns.items()
            if text
        ]
        wanted.append(("the gate's right to read it", name in self.readable))
        listed = {reader for table, reader in self.readers if table == name}
        wanted.append((f"its readers in {READER_TABLE}", listed == set(plan.readers)))
        if plan.is_row_level:
            wanted.append(("row-level security", name in self.protected))
            wanted.append(
                (
                    "the policies by centre",
                    {(name, "by_centre"), (name, "gate")} <= self.policies,
                )
            )
        if plan.is_row_level and "detail" in plan.readers:
            is_invokers = "security_invoker=true" in self.views.get(name, [])
            wanted.append((f"its view in {self.schema}{DETAIL_SUFFIX}", is_invokers))
        return wanted

    def holds(self, name: str, constraint: Constraint) -> bool:
        """Whether the database enforces the constraint on the table, and has found that all rows keep it."""
        if constraint.references:
            return self.has_foreign(name, constraint.references)
        if constraint.kind == "not null":
            return all((name, column) in self.not_null for column in constraint.columns)
        return self.has_key(name, "p" if constraint.kind == "primary key" else "u", constraint.columns)

    def has_key(self, name: str, kind: str, columns: tuple[str, ...]) -> bool:
        return (name, kind, columns, None, ()) in self.keys

    def has_foreign(self, name: str, key: ForeignKey) -> bool:
        return (name, "f", key.columns, key.to_table, key.to_columns) in self.keys


def state_of(connection: psycopg.Connection[DictRow], schema: str, with_readers: bool = True) -> _State:
    """The schema's catalogue as it is now. With `with_readers`, its table of readers is read as well."""
    return _State(connection, schema, with_readers)


_RELATIONS = """
select c.relname::text as name, c.relnamespace = to_regnamespace(%(schema)s) as is_main, c.reloptions as options,
       c.relrowsecurity as is_protected, obj_description(c.oid, 'pg_class') as comment,
       has_table_privilege(%(gate)s, c.oid, 'select') as is_gates,
       exists (select from aclexplode(c.relacl) as a
               where a.grantee = 0
               or a.grantee = any(select r.oid from pg_roles as r where r.rolname = any(%(readers)s))
       ) as is_readers
from pg_class as c
where c.relkind in ('r', 'p', 'v', 'm')
  and c.relnamespace in (to_regnamespace(%(schema)s), to_regnamespace(%(detail)s))
"""
_COLUMNS = """
select c.relname::text as name, a.attname::text as column_name,
       a.attnotnull and not exists (  -- since Postgres 18 a column may be marked before its rows are looked at
           select from pg_constraint as k
           where k.conrelid = c.oid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.convalidated
       ) as is_required,
       col_description(c.oid, a.attnum) as comment
from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind in ('r', 'p', 'v', 'm')
"""
_KEYS = """
select c.relname::text as name, k.contype::text as kind, f.relname::text as to_table,
       (select array_agg(a.attname::text order by p.place) from unnest(k.conkey) with ordinality as p (number, place)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = p.number) as columns,
       (select array_agg(a.attname::text order by p.place) from unnest(k.confkey) with ordinality as p (number, place)
        join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = p.number) as to_columns
from pg_constraint as k join pg_class as c on c.oid = k.conrelid left join pg_class as f on f.oid = k.confrelid
where c.relnamespace = to_regnamespace(%(schema)s) and k.contype in ('p', 'u', 'f') and k.convalidated
  -- A foreign key is a set of triggers, and those can be switched off.
  and not exists (select from pg_trigger as t where t.tgconstraint = k.oid and t.tgenabled not in ('O', 'A'))
"""
_POLICIES = """
select c.relname::text as name, p.polname::text as policy
from pg_policy as p join pg_class as c on c.oid = p.polrelid where c.relnamespace = to_regnamespace(%(schema)s)
"""
