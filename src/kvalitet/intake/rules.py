"""Why a row is set aside: stable codes, and what each says to a person."""

RULES = {
    "required": "is empty or a word that stands for nothing, and the contract requires a value",
    "date_format": "is not written in the agreed date pattern",
    "date_impossible": "is a date or time that does not exist in the calendar",
    "local_time_nonexistent": "is a local time skipped when summer time began",
    "local_time_ambiguous": "is a local time that occurred twice when summer time ended",
    "number_format": "is not a number in the agreed notation (decimal sign)",
    "too_many_decimals": "has more decimals than agreed",
    "integer_format": "is not a whole number",
    "out_of_range": "is outside the agreed range",
    "boolean_format": "is neither of the agreed true and false values",
    "unknown_value": "is not one of the agreed values",
    "pattern": "does not have the agreed form",
    "too_long": "is longer than agreed",
    "cpr_invalid": "is not a personal number in form",
    "cpr_in_text": "holds what reads as a personal number",
    "formula": "begins like a spreadsheet formula",
    "formula_error": "is an error, a formula without a stored result, or shown as ####",
    "shown_otherwise": "is shown otherwise than it is stored (percent, scale, hidden, no year), and the contract"
    " does not say which is meant",
    "merged_cells": "is merged with cells of other rows or columns, so that it is not clear to which it belongs",
    "bad_character": "holds a zero byte or half a character",
    "header_repeated": "the row repeats the header",
    "duplicate_key": "the key is there more than once in the delivery",
    "row_structure": "the row does not have the agreed number of columns, or a quote is left open",
}
