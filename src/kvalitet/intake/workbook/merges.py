"""Finds the cell that a cell's value comes from, for merged cells and for formulas that fill several cells."""

from bisect import bisect_right
from collections import defaultdict

from kvalitet.intake.workbook.sheet import Area, Row
from kvalitet.intake.workbook.shown import Cell, holds_anything


class Merges:
    """The merged areas of a sheet, and the values of those whose first row was passed."""

    def __init__(self, areas: list[Area]) -> None:
        self._by_column: dict[int, list[Area]] = defaultdict(list)
        self._starting: dict[int, list[Area]] = defaultdict(list)
        self._values: dict[Area, Cell] = {}
        for area in areas:  # in order of their first rows
            self._starting[area.top].append(area)
            for column in range(area.left, area.right + 1):
                self._by_column[column].append(area)

    def pass_row(self, row: Row) -> None:
        """Remember the values of the areas that begin in this row."""
        for area in self._starting.pop(row.number, ()):
            cell = row.cells.get(area.left)
            if cell and holds_anything(cell):
                self._values[area] = cell

    def at(self, row: int, column: int) -> Area | None:
        """The area that the cell is part of."""
        areas = self._by_column.get(column, [])
        place = bisect_right(areas, row, key=lambda area: area.top) - 1
        return areas[place] if place >= 0 and areas[place].holds(row, column) else None

    def value(self, area: Area) -> Cell | None:
        """What the area shows, once its first row was passed. None where it shows nothing."""
        return self._values.get(area)


class Spills:
    """How far down a formula fills each of some columns."""

    def __init__(self) -> None:
        self._until: dict[int, int] = {}

    def pass_row(self, row: Row, columns: list[int]) -> None:
        for area in row.spilled:
            for column in columns:
                if area.left <= column <= area.right:
                    self._until[column] = max(area.bottom, self._until.get(column, 0))

    def covers(self, row: int, column: int) -> bool:
        return row <= self._until.get(column, 0)
