"""Workbooks kept by people: what a sheet shows a person is what is read."""

from kvalitet.intake.workbook.shown import CELL_RULES
from kvalitet.intake.workbook.table import SheetRows, write_table

__all__ = ["CELL_RULES", "SheetRows", "write_table"]
