"""What a certificate states: an in-toto statement about one change of what readers see.

The subjects are the published tables, the predicate says what they rest on and who let them pass. It is read from
the audit tables in a fixed order, so that verifying can state it again and compare.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow

#: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:kvalitet:publication:v1"

_PUBLICATION: LiteralString = """
select p.publication_id, p.published_at at time zone 'UTC' as published_at, p.published_by, b.build_id, b.kind,
    b.as_of_date, b.code_version
from audit.publication as p inner join audit.build as b using (build_id) where p.publication_id = %s
"""
_DELIVERIES: LiteralString = """
select l.source_id as contract_id, l.load_id, l.delivery, l.cutoff_date, l.content_sha256, l.outcome,
    l.contract_version, l.contract_sha256, l.closures_allowed_by, l.closures_allowed_reason, l.jump_allowed_by,
    l.jump_allowed_reason, b.is_stale, b.stale_reason
from audit.build_load as b inner join audit.load as l using (load_id) where b.build_id = %s order by l.source_id
"""
_FILES: LiteralString = """
select t.* from audit.build_load as b inner join audit.load_table as t using (load_id)
where b.build_id = %s order by t.load_id, t.table_name
"""
_CHECKS: LiteralString = """
select check_id, table_name, severity, status, threshold, violations, denominator, detail, description, why, owner,
    advice_engineer, advice_reader, rule_sha256
from audit.newest_check_result where build_id = %s order by check_id
"""
_WAIVERS: LiteralString = """
select check_id, reason, decided_by, decided_on, expires_on, is_used
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
_FIGURES: LiteralString = """
select count(*) as rows, encode(sha256(convert_to(coalesce(string_agg(to_jsonb(f)::text, E'\\n' order by
    indicator_id, indicator_version, source_id, organisation_id, authority, period_kind, period_label, breakdown_kind,
    breakdown_member), ''), 'UTF8')), 'hex') as sha256
from audit.publication_figure as f where publication_id = %s
"""
#: Told in the certificate by a digest of the whole record: the words are in the suites.
_WORDS = ("description", "why", "owner", "advice_engineer", "advice_reader")


@dataclass(frozen=True)
class Entry:
    """One change of what readers see and its place in the chain; `previous_sha256` is empty for the first."""

    entry: int
    event: str
    publication_id: int
    reason: str | None
    previous_sha256: str | None


def statement(connection: psycopg.Connection[DictRow], entry: Entry) -> bytes:
    """The statement as it is signed: JSON in UTF-8, keys sorted. Reads `audit` only, in the caller's transaction."""
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
        "waivers": _rows(connection, _WAIVERS, build_id),
        "tables": tables,
        "figures": _rows(connection, _FIGURES, entry.publication_id)[0],
    }
    subjects = [
        {"name": f"reporting.{t['name']}", "digest": {"sha256": t["sha256"]}} for t in tables if t["kind"] == "content"
    ]
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": subjects, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )


def canonical(value: Any) -> bytes:
    """The one way a value is written here: sorted keys, no spaces, dates as ISO 8601, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _rows(connection: psycopg.Connection[DictRow], query: LiteralString, key: int) -> list[DictRow]:
    return connection.execute(query, [key]).fetchall()


def _delivery(row: DictRow) -> DictRow:
    """Without what nobody had to allow, as certificates stated it before a jump could be allowed."""
    return {name: value for name, value in row.items() if value is not None or not name.startswith("jump_allowed_")}


def _check(row: DictRow) -> DictRow:
    told = {name: value for name, value in row.items() if name not in _WORDS}
    return told | {"record_sha256": digest(canonical(row))}
