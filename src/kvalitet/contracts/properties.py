"""Settings that the standard leaves open and intake reads: customProperties and logicalTypeOptions, by name and type.

A value of another type is a problem of the contract. It is never converted: `5 %` is not 5.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

from open_data_contract_standard.model import CustomProperty
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from kvalitet.contracts.model import Column, Contract, Corrections, Delivers, Role
from kvalitet.spelling.text import tidy

#: Syntax that every regular expression engine reads alike: letters, digits, classes and short repeats of one of them.
_PLAIN = re.compile(
    r"\^?(?:(?:[\w/ :-]|\\[dsSw.]|\[[\w-]+\])(?:[?*+]|\{\d{1,2}(?:,\d{1,2})?\})?|[(|]|\)\??)*\$?", re.ASCII
)


def _pattern(text: str) -> str:
    """A pattern that the engine which reads deliveries can evaluate (RE2, in DuckDB)."""
    if _PLAIN.fullmatch(text) and _compiles(text):
        return text
    import duckdb  # slow to import, and DAG files read contracts

    try:
        duckdb.execute("select regexp_full_match('', ?)", [text]).fetchall()
    except duckdb.Error:
        raise ValueError(
            "is no regular expression that intake can evaluate (RE2: no look-around, back reference, possessive or long"
            " repeat)"
        ) from None
    return text


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _text(value: Any) -> Any:
    """The text. Raises ValueError for a number or truth value: YAML reads 0, 01 and yes as such.

    What was written is then not known any more.
    """
    if isinstance(value, (bool, int, float)):
        raise ValueError("must be a text: put it in quotes, YAML reads it as a number or truth value")
    return value


Text = Annotated[str, BeforeValidator(_text)]
#: In lower case, since texts are compared with it in that form.
Word = Annotated[str, AfterValidator(lambda word: tidy(word).lower()), Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Number = Annotated[int | float, Field(allow_inf_nan=False)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]


class Properties(BaseModel):
    """Fields are named as in the contract (camelCase). Strict: no value is converted from another type."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


def stated(default: Any, example: Any, effect: str, **bounds: Any) -> Any:
    """A property: default, an example of a value, and its effect. docs/contract-reference.md is made from these."""
    return Field(default, examples=[example], description=effect, **bounds)


class ServerProperties(Properties):
    """customProperties of a server."""

    format: str | None = stated(
        None, "csv", "`csv`, `xlsx` or `json`, where the standard's server of this type has no field for it"
    )
    encoding: str = stated("", "utf-8", "how texts are encoded; `utf-8` of JSON. A file in another one is refused")
    delimiter: str = stated("", ";", "the one character between columns (CSV)")
    quote: OneCharacter = stated('"', "'", "the one character around texts that hold a delimiter or a line end (CSV)")
    decimal_sign: Literal["", ",", "."] = stated("", ",", "before the decimals; needed where a column is a number")
    thousands_sign: Literal["", ",", ".", " ", "\u00a0", "\u202f"] = stated(
        "", ".", "between thousands, left out of a number as it is read; without it, such a number sets its row aside"
    )
    timezone: str = stated("", "Europe/Copenhagen", "of times without a zone; needed where a column is a timestamp")
    max_bytes: int = stated(2_000_000_000, 500_000_000, "a larger file is refused", gt=0)
    max_rejected_percent: Percent = stated(0.0, 2, "more rows set aside, of all, refuse the delivery")
    max_closed_percent: Percent = stated(0.0, 5, "more known rows absent, of all, refuse the delivery")
    max_changed_percent: Percent = stated(
        Contract.max_changed_percent, 20, "more known rows with other values, of all, refuse the delivery"
    )
    delivers: Delivers = stated(
        "snapshot", "increment", "what the files of one cut-off hold: all that there is, or what is new since the last"
    )
    corrections: Corrections = stated(
        "beside", "supersede", "where a corrected file of an older cut-off goes: beside the history, or also into it"
    )
    max_days_ahead: int = stated(1, 0, "a cut-off further ahead of today is refused", ge=0, le=366)
    max_jump_days: Annotated[int, Field(ge=1)] | None = stated(
        None, 60, "a cut-off further ahead of what was due is refused; else 31 days, or twice `frequency` if longer"
    )
    max_age_days: int = stated(
        Contract.max_age_days,
        800,
        "an older cut-off of a first delivery, or of one behind the newest, is refused",
        ge=1,
    )
    requires_final_newline: bool = stated(
        True, False, "a file without a line end behind its last record is taken for cut off and refused (CSV)"
    )
    data_path: str = stated("", "/v2/data/{table}", "below the API's address, where a table is asked for")
    updated_path: str = stated("", "/v2/tables/{table}", "below it, where the API says when a table was updated")
    updated_field: str = stated("", "LastUpdated", "the member of that answer that holds the day: it is the cut-off")
    words_for_nothing: list[Word] | None = stated(
        None, ["nan", "ukendt"], "read as empty in every column of texts, instead of the usual words"
    )


class TableProperties(Properties):
    """customProperties of a table."""

    absent: Literal["closed", "kept"] | None = stated(
        None, "closed", "what it means that a known row is not delivered again: it is over, or nothing. Has no default"
    )
    sheet: Annotated[str, Field(min_length=1)] | None = stated(
        None, "Bemærkninger", "the sheet that the table is read from (XLSX), compared as headers are"
    )
    hidden: Literal["refused", "read"] = stated(
        "refused", "read", "what becomes of hidden rows, columns and sheets (XLSX)"
    )
    role: Role | None = stated(
        None, "classification", "the table says which class rows belong to, so a restatement calls its changes that"
    )
    api_table: str = stated("", "Y30R21", "the table's name at the API")
    api_request: dict[str, Any] = stated({}, {"period": ["2024M01"]}, "what is asked for, sent as JSON; else all of it")


class MissingValue(Properties):
    """A marker as it is delivered, and why the value is missing."""

    value: Annotated[Text, AfterValidator(tidy)]
    reason: Annotated[str, Field(min_length=1)]


class ColumnProperties(Properties):
    """customProperties of a column."""

    missing_values: list[MissingValue] = stated(
        [],
        [{"value": ".", "reason": "suppressed"}],
        "markers that are read as empty; the reason is kept in a column of its own, `<name>_missing_reason`",
    )
    true_values: list[Text] = stated(list(Column.true_values), ["Ja"], "what is read as true (boolean)", min_length=1)
    false_values: list[Text] = stated(
        list(Column.false_values), ["Nej"], "what is read as false (boolean)", min_length=1
    )
    remove_spaces: bool = stated(False, True, "spaces within the value are left out: `2023 - 00001` is `2023-00001`")
    allow_leading_formula_characters: bool = stated(
        False, True, "texts may begin with `=`, `+`, `-`, `@` or `'`; else such a text sets its row aside"
    )
    landed_because: Annotated[str, Field(min_length=1)] | None = stated(
        None, "The committee asked for the reasons", "a `sensitive` column is landed for this reason, masked"
    )
    ambiguous_time: Literal["earlier", "later"] | None = stated(
        None, "earlier", "which one a time is that occurs twice when summer time ends; else its row is set aside"
    )
    role: Role | None = stated(
        None, "classification", "the column says which class a row belongs to, so a restatement calls its changes that"
    )
    star_name: Annotated[str, Field(min_length=1)] | None = stated(
        None, "law_id", "what the column is called from staging on, where the star has another name for it"
    )
    event: bool = stated(
        False, True, "it has happened: a row in which it is later than the cut-off, or before 1971, is set aside"
    )
    words_for_nothing: list[Word] | None = stated(
        None, ["n/a"], "read as empty in this column, instead of the usual words"
    )
    keep_words: list[Word] = stated([], ["-", "NA"], "codes here, though they stand for nothing elsewhere")
    may_change: bool = stated(True, False, "another value than the key had sets the row aside where it is false")
    cell_value: Literal["stored", "shown"] | None = stated(
        None, "stored", "which is meant where a cell shows another number than it stores (XLSX): 0.3, or 30 of 30 %"
    )


class ColumnOptions(Properties):
    """logicalTypeOptions of a column. Bounds are of numbers."""

    format: str | None = stated(
        None,
        "dd-MM-yyyy",
        "the pattern of a date or timestamp (JDK); `cpr` or `cpr_or_cvr` of persons; `i32` of small integers",
    )
    pattern: Annotated[str, AfterValidator(_pattern)] | None = stated(
        None, "[0-9]{4}-[0-9]{5}", "the whole text has this form, else its row is set aside (RE2)"
    )
    max_length: Annotated[int, Field(gt=0)] | None = stated(None, 120, "a longer text sets its row aside")
    minimum: Number | None = stated(None, 0, "a lower number sets its row aside")
    maximum: Number | None = stated(None, 100, "a higher number sets its row aside")
    multiple_of: Annotated[Number, Field(gt=0)] | None = stated(
        None, 0.01, "the step of a number, and how many decimals are kept; another number sets its row aside"
    )


Kind = TypeVar("Kind", bound=Properties)


def read_properties(kind: type[Kind], stated: dict[str, Any], where: str, problems: list[str]) -> Kind:
    """The stated values as `kind`. Faults are added to `problems`, and the default replaces the value.

    A problem does not repeat values, since anybody may write a contract and problems are shown.
    """
    try:
        return kind.model_validate(stated)
    except ValidationError as error:
        faulty = {str(fault["loc"][0]) for fault in error.errors()}
        for fault in error.errors():
            place = ".".join(map(str, fault["loc"]))
            problems.append(f"{where}.{place} {_said(fault)}")
        return kind.model_validate({name: value for name, value in stated.items() if name not in faulty})


def _said(fault: Any) -> str:
    if fault["type"] == "literal_error":
        return f"must be one of {fault['ctx']['expected'].replace(' or ', ', ')}".replace("'", "")
    said = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return re.sub(r"a valid ([aeiou])?", lambda found: f"an {found[1]}" if found[1] else "a ", said)


def custom_properties(properties: list[CustomProperty] | None, where: str, problems: list[str]) -> dict[str, Any]:
    """customProperties by name. A name that is there twice is a problem, since it is unclear which one counts."""
    found: dict[str, Any] = {}
    for item in properties or []:
        if item.property in found:
            problems.append(f"{where}: customProperties.{item.property} is there twice")
        if item.property:
            found[item.property] = item.value
    return found
