"""Facts about a whole sheet that may stand after its rows in the file, or in other parts of the workbook."""

from dataclasses import dataclass, field

from kvalitet.intake.workbook.package import Package, Sheet, is_true, local_names
from kvalitet.intake.workbook.refusals import Fault, limit, refusing
from kvalitet.intake.workbook.sheet import LAST_ROW, MAX_AREA_COLUMNS, Area, area_of, is_zero, row_number
from kvalitet.intake.workbook.styles import condition_code, read_styles

#: A format that shows no number, like icons and bars that stand in its place.
NO_NUMBER = ";;;@"
#: More areas with a conditional number format than a person makes.
MAX_CONDITIONS = 5_000
_LAYOUT = local_names(
    "sheetView", "col", "row", "v", "is", "mergeCell", "conditionalFormatting", "cfRule", "iconSet", "dataBar"
)  # fmt: skip
_TABLE = local_names("table")
#: Conditions that Excel supports since 2010 are written in an extension, with their areas as text.
_EXTENDED = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}conditionalFormatting"


@dataclass
class Layout:
    """Facts about a sheet. `filled` are the rows with a value of their own, `totals` the totals rows below tables.

    `conditions` are areas in which a condition may show a number by another format.
    """

    hides_zeros: bool = False
    hidden_columns: list[Area] = field(default_factory=list)
    merged: list[Area] = field(default_factory=list)
    filled: bytearray = field(default_factory=lambda: bytearray(LAST_ROW + 1))
    totals: list[Area] = field(default_factory=list)
    conditions: list[tuple[Area, str]] = field(default_factory=list)

    def is_hidden(self, column: int) -> bool:
        return any(area.left <= column <= area.right for area in self.hidden_columns)

    def add_condition(self, areas: str, code: str) -> None:
        """Add a conditional format. `areas` are separated by blanks."""
        self.conditions += [(area_of(area), code) for area in areas.split()]
        if len(self.conditions) > MAX_CONDITIONS:
            raise Fault("it has more conditional number formats than a person makes")


class Conditions:
    """The formats by which conditions may show the cells of a row. Rows are passed in order."""

    def __init__(self, conditions: list[tuple[Area, str]]) -> None:
        self._coming = sorted(conditions, key=lambda condition: -condition[0].top)
        self._open: list[tuple[Area, str]] = []

    def pass_row(self, row: int) -> None:
        while self._coming and self._coming[-1][0].top <= row:
            self._open.append(self._coming.pop())
        if self._open:
            self._open = [condition for condition in self._open if condition[0].bottom >= row]

    def codes(self, column: int) -> set[str]:
        return {code for area, code in self._open if area.left <= column <= area.right}


def read_layout(package: Package, sheet: Sheet) -> Layout:
    """Go through the sheet once for what is written after its rows. Raises DeliveryRefused."""
    layout, row, columns = Layout(), 0, 0
    codes: dict[int, str] = {}
    areas, has_extension = "", False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, columns, areas, has_extension
        name = _LAYOUT.get(tag)
        if name == "row":
            row = row_number(attributes, row)
        elif name in ("v", "is"):
            layout.filled[row] = 1
        elif name == "mergeCell":
            area = area_of(attributes.get("ref", ""))
            columns += area.right - area.left + 1
            if columns > MAX_AREA_COLUMNS:
                raise Fault("it has more merged cells than a person makes")
            layout.merged.append(area)
        elif name == "col" and (is_true(attributes.get("hidden")) or is_zero(attributes.get("width"))):
            layout.hidden_columns.append(Area(0, int(attributes["min"]), 0, int(attributes["max"])))
            limit(layout.hidden_columns)
        elif name == "sheetView":
            layout.hides_zeros = layout.hides_zeros or attributes.get("showZeros") in ("0", "false")
        elif name == "conditionalFormatting":
            areas = attributes.get("sqref", "")
        elif name == "cfRule" and "dxfId" in attributes and (code := codes.get(int(attributes["dxfId"]))):
            layout.add_condition(areas, code)
        elif name in ("iconSet", "dataBar") and attributes.get("showValue") in ("0", "false"):
            layout.add_condition(areas, NO_NUMBER)
        has_extension = has_extension or tag == _EXTENDED

    with refusing(package.file_name):
        codes = read_styles(package).conditions
        package.parse(sheet.part, start)
        if has_extension:
            _read_extension(package, sheet, layout)
        layout.merged.sort(key=lambda area: (area.top, area.left))
        layout.totals = _totals(package, sheet)
    return layout


def _read_extension(package: Package, sheet: Sheet, layout: Layout) -> None:
    codes: list[str] = []
    areas: list[str] = []
    inside = is_areas = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside, is_areas
        name = tag.rpartition("}")[2]
        if tag == _EXTENDED:
            inside = True
        elif not inside:
            return
        elif name == "numFmt":
            codes.append(condition_code(attributes))
        elif name in ("iconSet", "dataBar") and attributes.get("showValue") in ("0", "false"):
            codes.append(NO_NUMBER)
        is_areas = name == "sqref"

    def end(tag: str) -> None:
        nonlocal inside, is_areas
        is_areas = False
        if tag == _EXTENDED:
            for code in codes:
                layout.add_condition("".join(areas), code)
            inside = False
            codes.clear()
            areas.clear()

    def text(value: str) -> None:
        if is_areas:
            areas.append(value)

    package.parse(sheet.part, start, end, text)


def _totals(package: Package, sheet: Sheet) -> list[Area]:
    """The rows in which the sheet's tables (made by Excel's Insert, Table) show their totals."""
    totals: list[Area] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _TABLE.get(tag) and (rows := int(attributes.get("totalsRowCount") or 0)) > 0:
            area = area_of(attributes.get("ref", ""))
            totals.append(Area(max(area.top, area.bottom - rows + 1), area.left, area.bottom, area.right))

    for kind, part in package.related_to(sheet.part):
        if kind == "table":
            package.parse(part, start)
            limit(totals)
    return totals
