"""Whether a line has the shape of a table's record, whatever its values say."""

from kvalitet.contracts import Column, Table

#: Rules that a value breaks by its form. The others (a day that does not exist, a number out of range) need one of
#: the agreed form to be broken.
FORM_RULES = {
    "required", "date_format", "number_format", "integer_format", "boolean_format", "unknown_value", "pattern",
    "too_long", "cpr_invalid", "bad_character",
}  # fmt: skip


def has_shape(table: Table, values: dict[str, str], problems: str | None) -> bool:
    """Whether as many of its columns have the form that they need as have not; prose with commas has none of them.

    `values` are the texts by header, `problems` the rules that they break, as `column:rule;…`.
    """
    broken = dict(problem.split(":", 1) for problem in (problems or "").split(";") if problem)
    if "*" in broken:
        return False
    misfits = {column for column, rule in broken.items() if rule in FORM_RULES}
    fits = {c.name for c in table.columns if _has_form(c) and values[c.header].strip()} - misfits
    return len(fits) >= len(misfits)


def _has_form(column: Column) -> bool:
    if not column.is_landed:
        return False
    return column.logical_type != "string" or bool(column.valid_values or column.pattern or column.format)
