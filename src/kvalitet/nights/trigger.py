"""Waits for outcomes of tonight's sources in Airflow's triggerer, where a wait occupies no worker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from kvalitet.clock import SteadyClock
from kvalitet.errors import KvalitetError
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.timetable.waiting import OUTCOMES, Awaited, outcome_parameters, unsettled
from kvalitet.warehouse.connection import not_reached

#: A night is no longer than a day. A deadline further off comes only from a clock that was set back.
LONGEST_WAIT = timedelta(days=1)


class SourcesTrigger(BaseTrigger):
    """Fires once, with the outcome of each source, when all are settled or the deadline has come.

    `waits`: source id -> [due_at, until, after_run] of kvalitet.timetable.waiting.Awaited. Its instants and `deadline`
    are ISO texts. The address and password are read where the trigger runs, so that neither lies in Airflow's database.
    The length of the wait does not change when the clock is set. The event's payload: {source id: outcome or None}.
    """

    def __init__(self, waits: dict[str, list[Any]], deadline: str, poll_seconds: float = 3) -> None:
        super().__init__()
        self.waits = waits
        self.deadline = deadline
        self.poll_seconds = poll_seconds

    @classmethod
    def of(cls, waits: Mapping[str, Awaited], deadline: datetime) -> "SourcesTrigger":
        iso = {
            source: [wait.due_at.isoformat(), wait.until.isoformat(), wait.after_run] for source, wait in waits.items()
        }
        return cls(iso, deadline.isoformat())

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"waits": self.waits, "deadline": self.deadline, "poll_seconds": self.poll_seconds}
        return "kvalitet.nights.trigger.SourcesTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        clock, first_seen = SteadyClock(), dict[int, datetime]()
        deadline = min(datetime.fromisoformat(self.deadline), clock.now() + LONGEST_WAIT)
        waits = {
            source: Awaited(datetime.fromisoformat(due_at), datetime.fromisoformat(until), *rest)
            for source, (due_at, until, *rest) in self.waits.items()
        }
        rows: list[dict[str, Any]] = []
        while True:
            # The wait outlives a restart of the database. What cannot be read now is read later.
            try:
                rows = await _outcomes(waits)
                for row in rows:  # the age of a failure counts from here, where it was first seen
                    row["finished_at"] = first_seen.setdefault(row["run_id"], clock.now())
                waiting = unsettled(rows, waits, clock.now())
            except (OSError, KvalitetError) as error:
                self.log.warning("The warehouse cannot be asked: %s", error)
                waiting = list(waits)
            if not waiting or clock.now() >= deadline:
                break
            self.log.info("Waiting for %s until %s", ", ".join(waiting), self.deadline)
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent({row["source_id"]: row["outcome"] for row in rows})


async def _outcomes(waits: Mapping[str, Awaited]) -> list[dict[str, Any]]:
    import psycopg
    from psycopg.rows import DictRow, dict_row

    settings = Settings.from_environment()
    try:
        # A connection per look, so that none is held open through a night's wait.
        connection = await psycopg.AsyncConnection[DictRow].connect(
            settings.dsn(TRANSFORMER), row_factory=dict_row, connect_timeout=10
        )
        async with connection:
            return await (await connection.execute(OUTCOMES, outcome_parameters(waits))).fetchall()
    except psycopg.OperationalError as error:
        raise not_reached(settings, TRANSFORMER, error) from None
