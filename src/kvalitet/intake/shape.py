"""Whether a line has the shape of a table's record, whatever its values say."""

from collections.abc import Iterator
from dataclasses import dataclass

from kvalitet.contracts import Column, Table

#: Rules that a value breaks by its form. The other rules (a day that does not exist, a number out of range) can only be
#: broken by a value of the agreed form.
FORM_RULES = {
    "required", "date_format", "number_format", "integer_format", "boolean_format", "unknown_value", "pattern",
    "too_long", "cpr_invalid", "bad_character",
}  # fmt: skip
#: A line with a column more or fewer needs at least so many values of the form of their columns, since one may be
#: chance.
FITS_OF_NEAR = 2


@dataclass(frozen=True)
class Fitted:
    """A line's texts, one for each column of a table. Unless it `is_whole`, it has one column more or fewer.

    `missing` is the place of the column without a text. Of a line in which a text `opens`, later columns are looked at.
    """

    values: tuple[str, ...]
    is_whole: bool = True
    missing: int | None = None
    opens: int | None = None


def fitted(values: tuple[str, ...], columns: int, opens: int | None = None) -> Iterator[Fitted]:
    """The ways in which a line may fill the columns: any column may be missing, any text may be one too many."""
    if len(values) == columns:
        yield Fitted(values, opens=opens)
    elif len(values) < columns:
        for place in range(columns):
            yield Fitted((*values[:place], "", *values[place:]), is_whole=False, missing=place)
    else:
        for place in range(len(values)):
            yield Fitted((*values[:place], *values[place + 1 :]), is_whole=False)


def has_shape(table: Table, header: list[str], line: Fitted, problems: str | None) -> bool:
    """Whether at least as many columns have the form that they need as break it. Prose with commas has none.

    A line that is not whole must have more that fit than not, and at least FITS_OF_NEAR. One in which a text opens must
    have a column after it that fits, and none that does not. `problems` are the rules that the line breaks, as
    `column:rule;…`.
    """
    broken = dict(problem.split(":", 1) for problem in (problems or "").split(";") if problem)
    if "*" in broken:
        return False
    values = dict(zip(header, line.values, strict=True))
    missing = None if line.missing is None else header[line.missing]
    looked_at = header if line.opens is None else header[line.opens + 1 :]
    columns = [column for column in table.columns if column.header != missing and column.header in looked_at]
    misfits = {column.name for column in columns if broken.get(column.name) in FORM_RULES}
    fits = {column.name for column in columns if _has_form(column) and values[column.header].strip()} - misfits
    if line.opens is not None:
        return bool(fits) and not misfits
    if line.is_whole:
        return len(fits) >= len(misfits)
    return len(fits) >= FITS_OF_NEAR and len(fits) > len(misfits)


def _has_form(column: Column) -> bool:
    if not column.is_landed:
        return False
    return column.logical_type != "string" or bool(column.valid_values or column.pattern or column.format)
