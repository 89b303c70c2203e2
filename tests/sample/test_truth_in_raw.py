"""After two nights the warehouse holds what the generator says it must, including held-back rows."""

from pathlib import Path

import psycopg
import pytest
from kvalitet_example import generate, truth

from kvalitet.contracts import load_contracts
from kvalitet.intake import extract
from kvalitet.settings import Settings


@pytest.mark.slow
def test_raw_holds_what_the_truth_says(settings: Settings, admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVALITET_SETTLE_SECONDS", "0")
    for night in (1, 2):
        generate(Path(settings.inbox.removeprefix("file://")), night)
        told = truth(night)
        for source, contract in load_contracts(settings).items():
            result = extract(settings, source)
            due = any(delivered == source for delivered, _ in told.delivered)
            assert result.outcome == ("accepted" if due else "nothing_new"), result.message
            for table in contract.tables if due else ():
                counts = result.loads[-1].tables[table]
                assert counts.delivered == told.delivered[source, table]
                assert counts.rejected == told.rejected(source, table)
    with psycopg.connect(admin_url) as connection:
        raw = "from raw.bif_complaints__complaints where valid_to_load is null"
        by_year = connection.execute(
            f"select extract(year from received_at at time zone 'Europe/Copenhagen')::int, outcome_id, count(*) {raw}"
            " group by 1, 2"
        ).fetchall()
        assert told.outcomes_by_calendar_year == {(year, outcome): count for year, outcome, count in by_year}
        points, orphans = connection.execute(
            f"select count(*), count(*) filter (where not exists (select {raw} and case_number = p.case_number))"
            " from raw.bif_complaints__complaint_points p where valid_to_load is null"
        ).fetchone() or (0, 0)
    assert (points, orphans) == (told.points, told.points_without_complaint)
