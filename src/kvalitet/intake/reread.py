"""Counts how a table's texts were read as something else: how many cells by column and rule, never which ones."""

from collections import Counter

import numpy
import pyarrow

from kvalitet.contracts import Table

#: A person counts as standing out from so many rows on, where nobody else has a quarter as many.
LEAST_ROWS, TIMES_THE_NEXT = 20, 4
#: Rows are counted for so many persons at a time. The others have few.
MOST_PERSONS = 10_000


class Reread:
    """Counts by (column, rule), see kvalitet.spelling.text.RULES. The column is `*` where a rule belongs to none."""

    def __init__(self, table: Table) -> None:
        self.cells: Counter[tuple[str, str]] = Counter()
        persons = [c.name for c in table.columns if c.classification == "personal" and c.format == "cpr"]
        self._persons: dict[str, Counter[str]] = {name: Counter() for name in persons}

    def add(self, column: str, rule: str, cells: int) -> None:
        if cells:
            self.cells[column, rule] += cells

    def count(self, batch: pyarrow.RecordBatch) -> None:
        """Count a batch that has the column `reread`: `column:rule;…`, null where a row was read as it is."""
        found = batch.column("reread")
        if found.null_count < len(found):
            for text in found.drop_null().to_pylist():
                self.cells.update(tuple(item.split(":")) for item in text.split(";") if item)  # type: ignore[arg-type]
        for name, rows in self._persons.items():
            self._count_persons(batch.column(name), rows)

    def counts(self) -> list[tuple[str, str, int]]:
        """(column, rule, cells), once every batch is counted."""
        for name, rows in self._persons.items():
            first, second = [*(number for _, number in rows.most_common(2)), 0, 0][:2]
            if first >= LEAST_ROWS and first >= TIMES_THE_NEXT * second:
                self.cells[name, "often"] = first
        return [(column, rule, cells) for (column, rule), cells in sorted(self.cells.items())]

    def _count_persons(self, pseudonyms: pyarrow.Array, rows: Counter[str]) -> None:
        """Count rows by person. Those who occur once in a batch are left out: they are too many and do not matter."""
        values, numbers = pseudonyms.drop_null().value_counts().flatten()
        several = numpy.flatnonzero(numbers.to_numpy() > 1)
        for value, number in zip(values.take(several).to_pylist(), numbers.take(several).to_pylist(), strict=True):
            rows[value] += number
        if len(rows) > 5 * MOST_PERSONS:
            kept = rows.most_common(MOST_PERSONS)
            rows.clear()
            rows.update(dict(kept))
