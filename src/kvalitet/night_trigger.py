"""Waits in Airflow's triggerer, where a wait costs no worker, until tonight's sources have an outcome."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from kvalitet.errors import KvalitetError
from kvalitet.night import OUTCOMES, unsettled
from kvalitet.settings import TRANSFORMER, Settings


class SourcesTrigger(BaseTrigger):
    """Fires once, with the outcome of each source, when all are settled or the deadline has come.

    `due`: source id -> ISO instant from which an outcome counts; `deadline`: ISO instant; `patient`:
    see night.unsettled. The address and password are read where the trigger runs, so that neither
    lies in Airflow's database. The event's payload: {source id: outcome or None}.
    """

    def __init__(self, due: dict[str, str], deadline: str, patient: bool, poll_seconds: float = 3) -> None:
        super().__init__()
        self.due = due
        self.deadline = deadline
        self.patient = patient
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"due": self.due, "deadline": self.deadline, "patient": self.patient}
        return "kvalitet.night_trigger.SourcesTrigger", arguments | {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        deadline = datetime.fromisoformat(self.deadline)
        rows: list[dict[str, Any]] = []
        while True:
            # The wait outlives a restart of the database: what cannot be read now is read later.
            try:
                rows = await self._outcomes()
                waiting = unsettled(rows, datetime.now(UTC), self.patient)
            except (OSError, KvalitetError) as error:
                self.log.warning("The warehouse cannot be asked: %s", error)
                waiting = list(self.due)
            if not waiting or datetime.now(UTC) >= deadline:
                break
            self.log.info("Waiting for %s until %s", ", ".join(waiting), self.deadline)
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent({row["source_id"]: row["outcome"] for row in rows})

    async def _outcomes(self) -> list[dict[str, Any]]:
        import psycopg
        from psycopg.rows import DictRow, dict_row

        due_at = [datetime.fromisoformat(moment) for moment in self.due.values()]
        try:
            # A connection per look: none is held open through a night's wait.
            connection = await psycopg.AsyncConnection[DictRow].connect(
                Settings.from_environment().dsn(TRANSFORMER), row_factory=dict_row, connect_timeout=10
            )
            async with connection:
                cursor = await connection.execute(OUTCOMES, {"sources": list(self.due), "due_at": due_at})
                return await cursor.fetchall()
        except psycopg.OperationalError as error:
            raise KvalitetError(f"The warehouse cannot be reached: {type(error).__name__}.") from None
