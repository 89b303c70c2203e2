"""The number formats of a workbook's styles: those of cells, and the conditional ones that may replace them."""

from dataclasses import dataclass, field

from kvalitet.intake.workbook.formats import BUILT_IN
from kvalitet.intake.workbook.package import Package, local_names
from kvalitet.intake.workbook.refusals import limit

_STYLES = local_names("numFmts", "numFmt", "cellXfs", "xf", "dxfs", "dxf")
#: Elements within which others are read. Formats of named styles have the same elements elsewhere.
_GROUPS = ("numFmts", "cellXfs", "dxfs")


@dataclass
class Styles:
    """Format codes by number: `cells` for each cell style, `conditions` for each conditional format that has one."""

    cells: list[str] = field(default_factory=list)
    conditions: dict[int, str] = field(default_factory=dict)


def read_styles(package: Package) -> Styles:
    """The styles of a workbook, empty where it has none. Nothing else is read."""
    part = package.related.get("styles", "")
    own: dict[int, str] = {}
    numbers: list[int] = []
    conditions: dict[int, str] = {}
    inside, place = "", -1

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside, place
        name = _STYLES.get(tag, "")
        if name in _GROUPS:
            inside = name
        elif (name, inside) == ("numFmt", "numFmts"):
            own[int(attributes.get("numFmtId", -1))] = attributes.get("formatCode", "General")
            limit(own)
        elif (name, inside) == ("xf", "cellXfs"):
            numbers.append(int(attributes.get("numFmtId") or 0))
            limit(numbers)
        elif (name, inside) == ("dxf", "dxfs"):
            place += 1
        elif (name, inside) == ("numFmt", "dxfs"):
            conditions[place] = condition_code(attributes)
            limit(conditions)

    def end(tag: str) -> None:
        nonlocal inside
        inside = "" if _STYLES.get(tag) == inside else inside

    if package.has(part):
        package.parse(part, start, end)
    return Styles([own.get(number, BUILT_IN.get(number, "General")) for number in numbers], conditions)


def condition_code(attributes: dict[str, str]) -> str:
    """The code of a `numFmt` in a conditional format, which does not refer to the codes of cells."""
    return attributes.get("formatCode") or BUILT_IN.get(int(attributes.get("numFmtId") or 0), "General")
