"""Reads workbooks kept by people. The value read is the one that the sheet shows a person."""

from kvalitet.intake.workbook.shown import CELL_RULES
from kvalitet.intake.workbook.table import SheetRows, write_table

__all__ = ["CELL_RULES", "SheetRows", "write_table"]
