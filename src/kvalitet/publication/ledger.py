"""What was said: publications, their figures, and every change of what readers see. It is append-only."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow

from kvalitet.errors import KvalitetError
from kvalitet.evidence.canonical import Column, Rows, counted_by, digest, reading
from kvalitet.settings import AUDITOR, Settings
from kvalitet.warehouse.connection import connect

FIGURE_COLUMNS = (
    "indicator_id, indicator_version, source_id, organisation_id, authority, period_kind, period_label,"
    " period_start, period_end, breakdown_kind, breakdown_member, numerator, denominator, value, n,"
    " is_suppressed, status"
)
FIGURE_ORDER = (
    "indicator_id, indicator_version, source_id, organisation_id, authority, period_kind, period_start, period_label,"
    " breakdown_kind, breakdown_member"
)
#: Decimals of a figure's numbers, as the column declares them in fct_indicator_value.
FIGURE_SCALE = 10
_KINDS = {
    "indicator_version": "integer", "period_start": "date", "period_end": "date", "numerator": "decimal",
    "denominator": "decimal", "value": "decimal", "n": "integer", "is_suppressed": "boolean",
}  # fmt: skip


def figures(settings: Settings, publication_id: int) -> list[DictRow]:
    """Every figure of one publication as it was published, ordered by its key.

    Raises KvalitetError where there is no such publication.
    """
    with connect(settings, AUDITOR) as connection:
        known = [
            row["publication_id"]
            for row in connection.execute("select publication_id from audit.publication order by publication_id")
        ]
        if publication_id not in known:
            listed = ", ".join(map(str, known[-10:])) or "none yet"
            raise KvalitetError(
                f"There is no publication {publication_id}.",
                f"Published so far: {listed}.",
            )
        return connection.execute(
            f"select publication_id, {FIGURE_COLUMNS} from audit.publication_figure where publication_id = %s"
            f" order by {FIGURE_ORDER}",
            [publication_id],
        ).fetchall()


def figure_digests(settings: Settings, role: str, publications: set[int]) -> dict[int, dict[str, Any]]:
    """Count and digest, in the canonical form, of the figures of each of the publications, read as `role`.

    Raises NoCanonicalForm.
    """
    rows = _figure_rows("audit.publication_figure", "publication_id, ")
    return counted_by(settings, role, rows, "publication_id", publications)


def candidate_figures(settings: Settings, role: str) -> dict[str, Any]:
    """Count and digest of the figures that the candidate is about to publish. Raises NoCanonicalForm."""
    with reading(settings, role) as cursor:
        count, sha256 = digest(cursor, _figure_rows("candidate.fct_indicator_value"))
    return {"rows": count, "sha256": sha256}


def _figure_rows(source: str, beside: str = "") -> Rows:
    names = sorted(FIGURE_COLUMNS.split(", "))
    kinds = ((name, _KINDS.get(name, "text")) for name in names)
    columns = (Column(name, kind, FIGURE_SCALE if kind == "decimal" else None) for name, kind in kinds)
    return Rows("fct_indicator_value", f"select {beside}{', '.join(names)} from {source}", tuple(columns))


def next_publication_id(connection: psycopg.Connection[DictRow]) -> int:
    """The number after the last one published. Call only under the publisher's lock, so that no number is skipped."""
    row = connection.execute("select coalesce(max(publication_id), 0) + 1 as id from audit.publication").fetchone()
    assert row is not None
    return row["id"]


def record(
    connection: psycopg.Connection[DictRow],
    publication_id: int,
    build_id: int,
    published_at: datetime,
) -> int:
    """Write the publication and its figures in the swap's transaction. Returns the number of figures."""
    # The identity column's own sequence would skip a number for every publication that failed.
    connection.execute(
        "insert into audit.publication (publication_id, build_id, published_at, published_by)"
        " overriding system value values (%s, %s, %s, session_user)",
        [publication_id, build_id, published_at],
    )
    written = connection.execute(
        f"insert into audit.publication_figure (publication_id, {FIGURE_COLUMNS})"
        f" select %s, {FIGURE_COLUMNS} from candidate.fct_indicator_value",
        [publication_id],
    )
    return written.rowcount


def event(
    connection: psycopg.Connection[DictRow],
    publication_id: int,
    name: str,
    reason: str | None,
) -> int:
    """Note that readers see `publication_id` from now on. Returns the event's id."""
    row = connection.execute(
        "insert into audit.publication_event (publication_id, event, reason, happened_by)"
        " values (%s, %s, %s, session_user) returning event_id",
        [publication_id, name, reason],
    ).fetchone()
    assert row is not None
    return row["event_id"]
