"""What the standard leaves open and intake reads: customProperties and logicalTypeOptions, by name and type.

A value of another type is a problem of the contract. It is never converted: `5 %` is not 5.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

from open_data_contract_standard.model import CustomProperty
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from kvalitet.contracts.model import Column, Contract, Corrections, Delivers, Role
from kvalitet.spelling.text import tidy

#: What every engine of regular expressions takes alike: letters, digits, classes and short repeats of one of them.
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
    """YAML reads 0, 01 and yes as numbers and truth values: what was written is not known any more."""
    if isinstance(value, (bool, int, float)):
        raise ValueError("must be a text: put it in quotes, YAML reads it as a number or truth value")
    return value


Text = Annotated[str, BeforeValidator(_text)]
#: In lower case, as texts are compared with them.
Word = Annotated[str, AfterValidator(lambda word: tidy(word).lower()), Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Number = Annotated[int | float, Field(allow_inf_nan=False)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]


class Properties(BaseModel):
    """Fields are named as in the contract (camelCase). Strict: no value is converted from another type."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


class ServerProperties(Properties):
    """customProperties of a server."""

    format: str | None = None
    encoding: str = ""
    delimiter: str = ""
    quote: OneCharacter = '"'
    decimal_sign: Literal["", ",", "."] = ""
    thousands_sign: Literal["", ",", ".", " ", "\u00a0", "\u202f"] = ""
    timezone: str = ""
    max_bytes: Annotated[int, Field(gt=0)] = 2_000_000_000
    max_rejected_percent: Percent = 0.0
    max_closed_percent: Percent = 0.0
    max_changed_percent: Percent = Contract.max_changed_percent
    delivers: Delivers = "snapshot"
    corrections: Corrections = "beside"
    max_days_ahead: Annotated[int, Field(ge=0, le=366)] = 1
    max_jump_days: Annotated[int, Field(ge=1)] | None = None
    max_age_days: Annotated[int, Field(ge=1)] = Contract.max_age_days
    requires_final_newline: bool = True
    data_path: str = ""
    updated_path: str = ""
    updated_field: str = ""
    words_for_nothing: list[Word] | None = None


class TableProperties(Properties):
    """customProperties of a table."""

    absent: Literal["closed", "kept"] | None = None
    sheet: Annotated[str, Field(min_length=1)] | None = None
    hidden: Literal["refused", "read"] = "refused"
    role: Role | None = None
    api_table: str = ""
    api_request: dict[str, Any] = {}


class MissingValue(Properties):
    """A marker as it is delivered, and why the value is missing."""

    value: Annotated[Text, AfterValidator(tidy)]
    reason: Annotated[str, Field(min_length=1)]


class ColumnProperties(Properties):
    """customProperties of a column."""

    missing_values: list[MissingValue] = []
    true_values: Annotated[list[Text], Field(min_length=1)] = list(Column.true_values)
    false_values: Annotated[list[Text], Field(min_length=1)] = list(Column.false_values)
    remove_spaces: bool = False
    allow_leading_formula_characters: bool = False
    landed_because: Annotated[str, Field(min_length=1)] | None = None
    ambiguous_time: Literal["earlier", "later"] | None = None
    role: Role | None = None
    star_name: Annotated[str, Field(min_length=1)] | None = None
    event: bool = False
    words_for_nothing: list[Word] | None = None
    keep_words: list[Word] = []
    may_change: bool = True
    cell_value: Literal["stored", "shown"] | None = None


class ColumnOptions(Properties):
    """logicalTypeOptions of a column; bounds are of numbers."""

    format: str | None = None
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    max_length: Annotated[int, Field(gt=0)] | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    multiple_of: Annotated[Number, Field(gt=0)] | None = None


Kind = TypeVar("Kind", bound=Properties)


def read_properties(kind: type[Kind], stated: dict[str, Any], where: str, problems: list[str]) -> Kind:
    """The stated values as `kind`. What is wrong is added to `problems`, and the default stands in its place.

    Values are not repeated in a problem: a contract may be written by anybody, and problems are shown.
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
    """customProperties by name. One that is there twice is a problem: nobody knows which is meant."""
    found: dict[str, Any] = {}
    for item in properties or []:
        if item.property in found:
            problems.append(f"{where}: customProperties.{item.property} is there twice")
        if item.property:
            found[item.property] = item.value
    return found
