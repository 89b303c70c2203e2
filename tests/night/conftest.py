"""Records of the night, written as the roles that write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from kvalitet.settings import LOADER, Settings
from kvalitet.warehouse.connection import connect

Extracted = Callable[..., int | None]


@pytest.fixture
def extracted(settings: Settings) -> Extracted:
    """Record an attempt as intake does, and return the load's id if a delivery was accepted or refused."""

    def record(
        source: str,
        outcome: str,
        at: datetime | None = None,
        cutoff: date = date(2024, 1, 9),
        rows: int = 10,
        bad: int = 1,
        due_at: datetime | None = None,
    ) -> int | None:
        at = at or datetime.now(UTC)
        load_id = None
        with connect(settings, LOADER) as connection:
            if outcome in ("accepted", "refused"):
                loaded = connection.execute(
                    "insert into audit.load (source_id, delivery, cutoff_date, content_sha256, outcome,"
                    " contract_version, contract_sha256, started_at, finished_at)"
                    " values (%s, %s, %s, md5(random()::text), %s, '1.0.0', '', %s, %s) returning load_id",
                    [source, str(cutoff), cutoff, outcome, at, at],
                ).fetchone()
                load_id = loaded["load_id"] if loaded else None
                connection.execute(
                    "insert into audit.load_table values (%s, 'rows', 'file', 1, '', %s, %s, 0, 0, 0, 0, 0)",
                    [load_id, rows, bad],
                )
            connection.execute(
                "insert into audit.extract_run"
                " (source_id, outcome, load_id, message, started_at, finished_at, knew_of_load, due_at) values"
                " (%s, %s, %s, %s, %s, %s, (select max(load_id) from audit.load_in_use where source_id = %s), %s)",
                [source, outcome, load_id, f"it was {outcome}", at, at, source, due_at],
            )
        return load_id

    return record
