"""A star of three tables, made by hand as dbt would leave it, and small enough to publish hundreds of times."""

import json
from pathlib import Path

import psycopg
from psycopg import sql

from kvalitet.evidence.canonical import FORM
from kvalitet.publication.digest import digests
from kvalitet.publication.finish import finish_candidate
from kvalitet.settings import GATE, TRANSFORMER, Settings
from kvalitet.warehouse.build_schemas import make_empty
from kvalitet.warehouse.connection import connect

CENTRES = ("C01", "C02")


def _model(
    name: str,
    columns: dict[str, str],
    readers: list[str],
    constraints: list[dict],
    layer: str = "star",
) -> dict:
    return {
        "name": name,
        "resource_type": "model",
        "fqn": ["kvalitet", layer, name],
        "description": f"One row per {name}.",
        "columns": {
            column: {"name": column, "description": text, "constraints": []} for column, text in columns.items()
        },
        "constraints": constraints,
        "config": {
            "schema": None,
            "materialized": "table",
            "meta": {"readers": readers},
        },
    }


def manifest(folder: Path) -> Path:
    """The manifest of the synthetic star."""
    everyone = ["bi", "detail", "auditor"]
    indicator = dict.fromkeys(_FIGURES, "A column.")
    models = [
        _model("publication", dict.fromkeys(("publication_id", "build_id", "as_of_date", "published_at", "note"), ""),
               everyone, [{"type": "primary_key", "columns": ["publication_id"]}]),
        _model("dim_source", {"source_key": "Key.", "build_id": "Which build."}, everyone,
               [{"type": "primary_key", "columns": ["source_key"]}]),
        _model("fct_complaint", {"complaint_key": "Key.", "centre_id": "Centre.", "source_key": "", "build_id": ""},
               ["detail", "auditor"],
               [{"type": "primary_key", "columns": ["complaint_key"]},
                {"type": "not_null", "columns": ["centre_id"]},
                {"type": "foreign_key", "columns": ["source_key"], "to": "ref('dim_source')",
                 "to_columns": ["source_key"]}]),
        _model("fct_indicator_value", indicator, everyone,
               [{"type": "primary_key", "columns": ["indicator_value_key"]}]),
    ]  # fmt: skip
    file = folder / "manifest.json"
    file.write_text(json.dumps({"nodes": {model["name"]: model for model in models}}))
    return file


_FIGURES = {
    "indicator_value_key": "text",
    "indicator_id": "text",
    "indicator_version": "int",
    "source_id": "text",
    "organisation_id": "text",
    "authority": "text",
    "period_kind": "text",
    "period_label": "text",
    "period_start": "date",
    "period_end": "date",
    "breakdown_kind": "text",
    "breakdown_member": "text",
    "numerator": "numeric(38, 10)",
    "denominator": "numeric(38, 10)",
    "value": "numeric(38, 10)",
    "n": "bigint",
    "is_suppressed": "boolean",
    "status": "text",
    "build_id": "bigint",
}


def build(
    settings: Settings,
    rows: int = 50,
    target: str = "candidate",
    status: str = "building",
) -> int:
    """A new build with its tables filled as dbt leaves them. Every row holds the number of its build."""
    with connect(settings, TRANSFORMER) as connection:
        row = connection.execute(
            "insert into audit.build (kind, target_schema, owner, as_of_date, code_version, status)"
            " values ('night', %s, 'a test', '2024-01-02', 'test', %s) returning build_id",
            [target, status],
        ).fetchone()
        assert row is not None
        build_id = row["build_id"]
        connection.commit()
        make_empty(settings, target)
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(target)))
        columns = ", ".join(f"{name} {kind}" for name, kind in _FIGURES.items())
        connection.execute(
            "create table publication (publication_id bigint, build_id bigint, as_of_date date,"
            " published_at timestamptz, note text)"
        )
        connection.execute(
            "create table dim_source as select 'bif' as source_key, %s::bigint as build_id",
            [build_id],
        )
        connection.execute(
            "create table fct_complaint as select i::text as complaint_key, 'C0' || 1 + i %% 2 as centre_id,"
            " 'bif' as source_key, %s::bigint as build_id from generate_series(1, %s) as i",
            [build_id, rows],
        )
        connection.execute(f"create table fct_indicator_value ({columns})")  # type: ignore[arg-type]
        connection.execute(
            "insert into fct_indicator_value select 'k' || i, 'klager', 1, 'bif', 'alle', 'Eksempelby', 'kalenderaar',"
            " (2000 + i)::text, make_date(2000 + i, 1, 1), make_date(2000 + i, 12, 31), 'ingen', 'alle',"
            " %s, null, %s, %s, false, 'endelig', %s from generate_series(1, 20) as i",
            [rows, rows, rows, build_id],
        )
    return build_id


def measure(
    settings: Settings, build_id: int, status: str = "passed", schema: str = "candidate", form: int = FORM
) -> None:
    """Record the digests and the verdict as the gate does."""
    found = digests(settings, GATE, schema, form)
    with connect(settings, GATE) as connection:
        judged = connection.execute(
            "insert into audit.judgement (build_id, passed) values (%s, %s) returning judgement_id",
            [build_id, status == "passed"],
        ).fetchone()
        assert judged
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into audit.table_digest (judgement_id, schema_kind, table_name, row_count, sha256, form)"
                " values (%s, %s, %s, %s, %s, %s)",
                [(judged["judgement_id"], d.kind, d.table_name, d.row_count, d.sha256, d.form) for d in found],
            )
        connection.execute("update audit.build set status = %s where build_id = %s", [status, build_id])


def passed_build(settings: Settings, folder: Path, rows: int = 50, form: int = FORM) -> int:
    """A build that is ready to be published, measured in the given canonical form."""
    build_id = build(settings, rows)
    finish_candidate(settings, build_id, manifest(folder))
    measure(settings, build_id, form=form)
    return build_id


def admin(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)
