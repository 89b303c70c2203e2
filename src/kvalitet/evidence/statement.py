"""The statement of a certificate: an in-toto statement about one change of what readers see.

The subjects are the published tables. The predicate says what they rest on and who let them pass. It is read from the
audit tables in a fixed order, so that verifying can make it again and compare.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow

from kvalitet.evidence.canonical import FORM, Column, Rows, counted_by
from kvalitet.settings import Settings

#: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
#: By the form in which the publication's rows were digested. docs/canonical-form.md says what each form holds.
PREDICATE_TYPES = {1: "urn:kvalitet:publication:v1", FORM: f"urn:kvalitet:publication:v{FORM}"}

_PUBLICATION: LiteralString = """
select p.publication_id, p.published_at at time zone 'UTC' as published_at, p.published_by, b.build_id, b.kind,
    b.as_of_date, b.code_version
from audit.publication as p inner join audit.build as b using (build_id) where p.publication_id = %s
"""
_DELIVERIES: LiteralString = """
select l.source_id as contract_id, l.load_id, l.delivery, l.cutoff_date, l.content_sha256, l.outcome,
    l.contract_version, l.contract_sha256, l.closures_allowed_by, l.closures_allowed_reason, l.jump_allowed_by,
    l.jump_allowed_reason, l.changes_allowed_by, l.changes_allowed_reason, b.is_stale, b.stale_reason
from audit.build_load as b inner join audit.load as l using (load_id) where b.build_id = %s order by l.source_id
"""
_FILES: LiteralString = """
select t.load_id, t.table_name, t.file_name, t.file_bytes, t.file_sha256, t.rows_delivered, t.rows_rejected,
    t.rows_opened, t.rows_changed, t.rows_closed, t.rows_unchanged, t.rows_held,
    t.rows_reread, t.rows_overtaken, t.closures_waiting, t.rows_without_key
from audit.build_load as b inner join audit.load_table as t using (load_id)
where b.build_id = %s order by t.load_id, t.table_name
"""
_CHECKS: LiteralString = """
select check_id, table_name, severity, status, threshold, violations, denominator, detail, description, why, owner,
    advice_engineer, advice_reader, rule_sha256
from audit.newest_check_result where build_id = %s order by check_id
"""
_WAIVERS: LiteralString = """
select check_id, reason, covers, decided_by, decided_on, expires_on, is_used
from audit.check_waiver inner join audit.newest_judgement using (judgement_id) where build_id = %s order by check_id
"""
_TABLES: LiteralString = """
select schema_kind as kind, table_name as name, row_count as rows, sha256
from audit.table_digest inner join audit.newest_judgement using (judgement_id)
where build_id = %s order by schema_kind, table_name
"""
_MATERIALS: LiteralString = """
select name, sha256 from audit.build_material inner join audit.newest_judgement using (judgement_id)
where build_id = %s order by name
"""
#: What else is signed from form 2 on.
_EVENT: LiteralString = """
select happened_by, happened_at at time zone 'UTC' as happened_at from audit.publication_event where event_id = %s
"""
_JUDGEMENTS: LiteralString = """
select judgement_id, passed, judged_at at time zone 'UTC' as judged_at
from audit.judgement where build_id = %s order by judgement_id
"""
_LOADS: LiteralString = """
select l.load_id, l.reason, l.jump_allowed_by, l.jump_allowed_reason, l.started_at at time zone 'UTC' as started_at,
    l.finished_at at time zone 'UTC' as finished_at
from audit.build_load as b inner join audit.load as l using (load_id) where b.build_id = %s
"""
_READINGS: LiteralString = """
select r.* from audit.build_load as b inner join audit.load_reading as r using (load_id)
where b.build_id = %s order by r.load_id, r.table_name, r.column_name, r.rule
"""
_ORIGINALS: LiteralString = """
select f.load_id, f.file_name, f.table_names, f.bytes, f.sha256, f.retained_until
from audit.build_load as b inner join audit.landed_file as f using (load_id)
where b.build_id = %s order by f.load_id, f.file_name
"""
_FIGURES: LiteralString = """
select count(*) as rows, encode(sha256(convert_to(coalesce(string_agg(to_jsonb(f)::text, E'\\n' order by
    indicator_id, indicator_version, source_id, organisation_id, authority, period_kind, period_label, breakdown_kind,
    breakdown_member), ''), 'UTF8')), 'hex') as sha256
from audit.publication_figure as f where publication_id = %s
"""
#: Fields recorded since the first certificates were signed. Empty ones are left out, so that old statements are
#: unchanged.
_SINCE = (
    "changes_allowed_by", "changes_allowed_reason", "rows_reread", "rows_overtaken", "closures_waiting",
    "rows_without_key",
)  # fmt: skip
#: The certificate holds a digest of the whole record instead of these texts, which are in the suites.
_WORDS = ("description", "why", "owner", "advice_engineer", "advice_reader")


@dataclass(frozen=True)
class Entry:
    """One change of what readers see and its place in the chain. `previous_sha256` is empty for the first."""

    entry: int
    event_id: int
    event: str
    publication_id: int
    reason: str | None
    previous_sha256: str | None


@dataclass(frozen=True)
class Measured:
    """What the client has digested beside the records: figures, the rows that each load set aside, and definitions."""

    figures: dict[str, Any]
    rejects: dict[int, dict[str, Any]]
    definitions: list[dict[str, Any]]


def reject_digests(settings: Settings, role: str, loads: set[int]) -> dict[int, dict[str, Any]]:
    """Count and digest of the rows that each load set aside, without what a later load or an erasure changes."""
    kinds = {"reject_id": "integer", "row_number": "integer", "holds_previous": "boolean"}
    names = ("column_name", "holds_previous", "reason", "reject_id", "row_number", "rule", "source_id", "table_name")
    columns = tuple(Column(name, kinds.get(name, "text")) for name in names)
    rows = Rows("reject", f"select load_id, {', '.join(names)} from audit.reject", columns)
    return counted_by(settings, role, rows, "load_id", loads)


def loads_of(connection: psycopg.Connection[DictRow], publication_id: int) -> set[int]:
    """The loads that a publication rests on."""
    query = (
        "select load_id from audit.publication inner join audit.build_load using (build_id) where publication_id = %s"
    )
    return {row["load_id"] for row in _rows(connection, query, publication_id)}


def form_of_statement(statement: dict[str, Any]) -> int | None:
    """The form that a statement says it rests on. None where it is not one of our forms."""
    return next((form for form, name in PREDICATE_TYPES.items() if name == statement.get("predicateType")), None)


def statement(connection: psycopg.Connection[DictRow], entry: Entry, measured: Measured | None) -> bytes:
    """The statement as it is signed: JSON in UTF-8 with sorted keys. Reads only `audit`, in the caller's transaction.

    `measured` is None where the publication was measured in form 1, in which the server computes the digests.
    """
    publication = _rows(connection, _PUBLICATION, entry.publication_id)[0]
    build_id = publication["build_id"]
    files: dict[int, list[DictRow]] = {}
    for row in _rows(connection, _FILES, build_id):
        files.setdefault(row.pop("load_id"), []).append(row)
    tables = _rows(connection, _TABLES, build_id)
    predicate = {
        "entry": entry.entry,
        "event": entry.event,
        "reason": entry.reason,
        "previous_sha256": entry.previous_sha256,
        "publication": publication,
        "deliveries": [
            _delivery(row) | {"files": files.get(row["load_id"], [])}
            for row in _rows(connection, _DELIVERIES, build_id)
        ],
        "materials": {row["name"]: row["sha256"] for row in _rows(connection, _MATERIALS, build_id)},
        "checks": [_check(row) for row in _rows(connection, _CHECKS, build_id)],
        "waivers": [_waiver(row) for row in _rows(connection, _WAIVERS, build_id)],
        "tables": tables,
    }
    if measured is None:
        predicate["figures"] = _rows(connection, _FIGURES, entry.publication_id)[0]
    else:
        _add_what_form_2_states(connection, predicate, entry, measured)
    subjects = [
        {"name": f"reporting.{t['name']}", "digest": {"sha256": t["sha256"]}} for t in tables if t["kind"] == "content"
    ]
    form = 1 if measured is None else FORM
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": subjects, "predicateType": PREDICATE_TYPES[form], "predicate": predicate}
    )


def _add_what_form_2_states(
    connection: psycopg.Connection[DictRow], predicate: dict[str, Any], entry: Entry, measured: Measured
) -> None:
    build_id = predicate["publication"]["build_id"]
    predicate["event_record"] = _rows(connection, _EVENT, entry.event_id)[0]
    predicate["judgements"] = _rows(connection, _JUDGEMENTS, build_id)
    predicate["figures"] = measured.figures
    predicate["definitions"] = measured.definitions
    records = {row.pop("load_id"): row for row in _rows(connection, _LOADS, build_id)}
    for part, rows in (
        ("readings", _rows(connection, _READINGS, build_id)),
        ("originals", _rows(connection, _ORIGINALS, build_id)),
    ):
        for row in rows:
            records[row.pop("load_id")].setdefault(part, []).append(row)
    for delivery in predicate["deliveries"]:
        load_id = delivery["load_id"]
        delivery |= records[load_id] | {"rejects": measured.rejects.get(load_id)}


def canonical(value: Any) -> bytes:
    """The value in the one way it is written here: sorted keys, no spaces, dates as ISO 8601, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _rows(connection: psycopg.Connection[DictRow], query: LiteralString, key: int) -> list[DictRow]:
    rows = connection.execute(query, [key]).fetchall()
    return [{name: value for name, value in row.items() if value or name not in _SINCE} for row in rows]


def _delivery(row: DictRow) -> DictRow:
    """The row without empty allowances, as certificates stated it before jumps and changes could be allowed."""
    allowances = ("jump_allowed_", "changes_allowed_")
    return {name: value for name, value in row.items() if value is not None or not name.startswith(allowances)}


def _waiver(row: DictRow) -> DictRow:
    """Without its amount where it has none, as statements from before have it."""
    return {name: value for name, value in row.items() if name != "covers" or value is not None}


def _check(row: DictRow) -> DictRow:
    told = {name: value for name, value in row.items() if name not in _WORDS}
    return told | {"record_sha256": digest(canonical(row))}
