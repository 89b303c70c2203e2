"""Waits in Airflow's triggerer, where a wait costs no worker, until tonight's sources have an outcome."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from kvalitet.errors import KvalitetError
from kvalitet.night_waiting import OUTCOMES, Awaited, outcome_parameters, unsettled
from kvalitet.settings import TRANSFORMER, Settings
from kvalitet.warehouse.connection import not_reached


class SourcesTrigger(BaseTrigger):
    """Fires once, with the outcome of each source, when all are settled or the deadline has come.

    `waits`: source id -> [due_at, until] of night.Awaited, `deadline`: all ISO instants. The address
    and password are read where the trigger runs, so that neither lies in Airflow's database.
    The event's payload: {source id: outcome or None}.
    """

    def __init__(self, waits: dict[str, list[str]], deadline: str, poll_seconds: float = 3) -> None:
        super().__init__()
        self.waits = waits
        self.deadline = deadline
        self.poll_seconds = poll_seconds

    @classmethod
    def of(cls, waits: Mapping[str, Awaited], deadline: datetime) -> "SourcesTrigger":
        iso = {source: [wait.due_at.isoformat(), wait.until.isoformat()] for source, wait in waits.items()}
        return cls(iso, deadline.isoformat())

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"waits": self.waits, "deadline": self.deadline, "poll_seconds": self.poll_seconds}
        return "kvalitet.night_trigger.SourcesTrigger", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        deadline = datetime.fromisoformat(self.deadline)
        waits = {source: Awaited(*map(datetime.fromisoformat, pair)) for source, pair in self.waits.items()}
        rows: list[dict[str, Any]] = []
        while True:
            # The wait outlives a restart of the database: what cannot be read now is read later.
            try:
                rows = await _outcomes(waits)
                waiting = unsettled(rows, waits, datetime.now(UTC))
            except (OSError, KvalitetError) as error:
                self.log.warning("The warehouse cannot be asked: %s", error)
                waiting = list(waits)
            if not waiting or datetime.now(UTC) >= deadline:
                break
            self.log.info("Waiting for %s until %s", ", ".join(waiting), self.deadline)
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent({row["source_id"]: row["outcome"] for row in rows})


async def _outcomes(waits: Mapping[str, Awaited]) -> list[dict[str, Any]]:
    import psycopg
    from psycopg.rows import DictRow, dict_row

    settings = Settings.from_environment()
    try:
        # A connection per look: none is held open through a night's wait.
        connection = await psycopg.AsyncConnection[DictRow].connect(
            settings.dsn(TRANSFORMER), row_factory=dict_row, connect_timeout=10
        )
        async with connection:
            return await (await connection.execute(OUTCOMES, outcome_parameters(waits))).fetchall()
    except psycopg.OperationalError as error:
        raise not_reached(settings, TRANSFORMER, error) from None
