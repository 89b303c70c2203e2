"""Reads the tables and columns of a contract, and lists what is missing in them before intake may start."""

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from open_data_contract_standard.model import SchemaObject, SchemaProperty

from kvalitet.contracts.model import (
    CLASSIFICATIONS,
    LOGICAL_TYPES,
    MISSING_REASON,
    NARROW,
    PERSON_FORMATS,
    Column,
    Table,
)
from kvalitet.contracts.patterns import is_supported_pattern
from kvalitet.contracts.properties import (
    ColumnOptions,
    ColumnProperties,
    TableProperties,
    custom_properties,
    read_properties,
)
from kvalitet.contracts.quality import NOT_TEXTS, has_values_that_are_no_texts, valid_values
from kvalitet.spelling.text import header

#: Postgres cuts names at 63 characters.
MAX_NAME = 63
#: An index is called open_<raw name>.
MAX_RAW_NAME = MAX_NAME - len("open_")
#: Characters of a key's texts together: at four bytes each they fit into an entry of a Postgres index (2,704 bytes).
MAX_KEY_CHARACTERS = 600
#: Columns that a Postgres index can have.
MAX_KEY_COLUMNS = 32
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,50}")
#: Separates source and table in a raw table's name. Neither may hold it, or two pairs could have one raw table.
SEPARATOR = "__"
#: Columns that intake adds to a raw table or to what it compares it with.
OUR_NAMES = frozenset(
    (
        "row_hash",
        "valid_from_load",
        "valid_to_load",
        "row_key",
        "row_digest",
        "row_number",
        "problems",
        "reread",
        "stated_on",
    )
)
#: Columns that Postgres has in every table.
SYSTEM_NAMES = frozenset(("ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"))
#: The range of an `integer` of the star.
NARROWEST, WIDEST = -(2**31), 2**31 - 1
#: Most decimals of a number: decimal(38, 18) keeps twenty digits before the decimal sign.
MAX_SCALE = 18


def read_table(source_id: str, table: SchemaObject, words: tuple[str, ...], problems: list[str]) -> Table:
    """The table. What is missing or cannot work is added to `problems`. `words` stand for nothing in its texts."""
    where = f"schema {table.name}"
    stated = custom_properties(table.customProperties, where, problems)
    custom = read_properties(TableProperties, stated, f"{where}: customProperties", problems)
    columns = [_column(where, column, words, problems) for column in table.properties or []]
    if not IDENTIFIER.fullmatch(table.name or ""):
        problems.append(f"{where}: name must be lower-case letters, digits and _")
    if SEPARATOR in source_id or SEPARATOR in (table.name or ""):
        problems.append(f"{where}: neither source nor table may have {SEPARATOR} in its name")
    file_name = table.physicalName or ""
    if file_name.count("{cutoff}") != 1 or "/" in file_name or "\0" in file_name:
        problems.append(f"{where}: physicalName must be a file name with {{cutoff}} in it")
    if custom.absent is None:
        problems.append(f"{where}: customProperties.absent must be closed or kept")
    result = Table(
        source_id=source_id,
        name=table.name or "",
        description=table.description or "",
        file_pattern=file_name,
        absence_closes=custom.absent == "closed",
        columns=_limit_keys(where, columns, problems),
        sheet=custom.sheet,
        reads_hidden=custom.hidden == "read",
        role=custom.role,
        api_table=custom.api_table,
        api_request=custom.api_request,
    )
    problems += _name_clashes(where, result)
    if len(result.raw_name) > MAX_RAW_NAME:
        problems.append(f"{where}: source and table name are longer than {MAX_RAW_NAME - 2} characters together")
    if not result.key:
        problems.append(f"{where}: no column is primaryKey")
    if len(result.key) > MAX_KEY_COLUMNS:
        problems.append(f"{where}: more than {MAX_KEY_COLUMNS} columns are primaryKey")
    return result


def _limit_keys(where: str, columns: list[Column], problems: list[str]) -> tuple[Column, ...]:
    """The columns, with a greatest length for each text of the key, since the index cannot find a longer one."""
    texts = [column for column in columns if column.key_position is not None and column.logical_type == "string"]
    stated = {column.name: _longest(column) for column in texts}
    open_ended = [name for name, length in stated.items() if not length]
    left = MAX_KEY_CHARACTERS - sum(stated.values())
    if left < 0 or (open_ended and left < len(open_ended)):
        problems.append(
            f"{where}: the key's texts may have {MAX_KEY_CHARACTERS} characters together (logicalTypeOptions.maxLength)"
        )
        return tuple(columns)
    return tuple(replace(c, max_length=left // len(open_ended)) if c.name in open_ended else c for c in columns)


def _longest(column: Column) -> int:
    """The stated greatest length of a text, 0 where there is no limit."""
    return column.max_length or max(map(len, column.valid_values), default=0)


def _name_clashes(where: str, table: Table) -> list[str]:
    names = [name for column in table.columns for name in filter(None, (column.name, column.missing_reason_name))]
    clashes = [f"{where}: name {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    star_names = list(table.star_names().values())
    clashes += [
        f"{where}: starName {n} is there twice" for n in sorted({n for n in star_names if star_names.count(n) > 1})
    ]
    headers = [column.header for column in table.columns]
    clashes += [f"{where}: header {h} is there twice" for h in sorted({h for h in headers if headers.count(h) > 1})]
    clashes += [
        f"{where}.{n}: the name is reserved for intake's own columns"
        for n in dict.fromkeys([*names, *star_names])
        if n in OUR_NAMES | SYSTEM_NAMES
    ]
    longest = MAX_NAME - len(MISSING_REASON)
    return clashes + [
        f"{where}.{column.name}: with missingValues a name has at most {longest} characters"
        for column in table.columns
        if column.missing_values and max(len(column.name), len(column.star_name or "")) > longest
    ]


def more_than_counts(tables: list[Table]) -> list[str]:
    """What a contract on whistleblower matters asks for beyond period, category and count.

    The key is period (dates) and category (one of the named values), and all else is counted. So no row can be a single
    report, and a column of another classification cannot be added beside it.
    """
    columns = [(table, column) for table in tables for column in table.columns]
    if not any(column.classification == "whistleblower" for _, column in columns):
        return []
    return [
        f"schema {table.name}.{column.name}: a whistleblower contract may hold period, category and count only"
        for table, column in columns
        if column.classification != "whistleblower" or not _is_period_category_or_count(column)
    ]


def _is_period_category_or_count(column: Column) -> bool:
    if column.key_position is not None:
        return column.logical_type == "date" or bool(column.valid_values)
    return column.logical_type == "integer" and column.minimum is not None and column.minimum >= 0


def _column(where: str, column: SchemaProperty, words: tuple[str, ...], problems: list[str]) -> Column:
    here = f"{where}.{column.name}"
    stated = custom_properties(column.customProperties, here, problems)
    custom = read_properties(ColumnProperties, stated, f"{here}: customProperties", problems)
    options = read_properties(ColumnOptions, column.logicalTypeOptions or {}, f"{here}: logicalTypeOptions", problems)
    name = column.name or ""
    if not IDENTIFIER.fullmatch(name):
        problems.append(f"{here}: name must be lower-case letters, digits and _ (physicalName holds the header)")
    if column.classification not in CLASSIFICATIONS:
        problems.append(f"{here}: classification must be one of {', '.join(CLASSIFICATIONS)}")
    if column.logicalType not in LOGICAL_TYPES:
        problems.append(f"{here}: logicalType must be one of {', '.join(LOGICAL_TYPES)}")
    if column.logicalType in ("date", "timestamp") and not is_supported_pattern(options.format):
        problems.append(f"{here}: logicalTypeOptions.format must be a date pattern such as dd-MM-yyyy")
    if column.logicalType == "string" and options.format not in (None, *PERSON_FORMATS):
        problems.append(f"{here}: logicalTypeOptions.format must be one of {', '.join(PERSON_FORMATS)}")
    if column.logicalType not in ("number", "integer") and (options.minimum, options.maximum) != (None, None):
        problems.append(f"{here}: logicalTypeOptions.minimum and maximum are for numbers and integers")
    if column.logicalType == "integer" and options.format in NARROW and not _fits(options):
        problems.append(
            f"{here}: logicalTypeOptions.format {options.format} needs minimum and maximum from {NARROWEST} to"
            f" {WIDEST}, so that what does not fit is set aside"
        )
    if custom.star_name and not IDENTIFIER.fullmatch(custom.star_name):
        problems.append(f"{here}: customProperties.starName must be lower-case letters, digits and _")
    if custom.star_name and column.classification == "personal":
        problems.append(f"{here}: customProperties.starName is not for persons: they are found by the column's name")
    if options.multiple_of is not None and column.logicalType not in ("number", "integer"):
        problems.append(f"{here}: logicalTypeOptions.multipleOf is for numbers and integers")
    if column.primaryKey and not custom.may_change:
        problems.append(f"{here}: mayChange is about columns beside the key")
    if column.primaryKey and column.classification == "sensitive":
        problems.append(f"{here}: a sensitive column cannot be a key")
    if custom.event and column.logicalType not in ("date", "timestamp"):
        problems.append(f"{here}: customProperties.event is for dates and timestamps")
    scale = _scale(options.multiple_of)
    if scale > MAX_SCALE:
        problems.append(f"{here}: logicalTypeOptions.multipleOf has more than {MAX_SCALE} decimals")
    values = valid_values(column)
    if has_values_that_are_no_texts(column):
        problems.append(f"{here}: quality: validValues {NOT_TEXTS}")
    markers = {marker.value: marker.reason for marker in custom.missing_values}
    return Column(
        name=name,
        header=header(column.physicalName or name),
        logical_type=column.logicalType or "",
        description=" ".join((column.description or "").split()),
        classification=column.classification or "",
        is_required=bool(column.required or column.primaryKey),
        key_position=(column.primaryKeyPosition or 1) if column.primaryKey else None,
        format=options.format,
        pattern=options.pattern,
        max_length=options.max_length,
        minimum=options.minimum,
        maximum=options.maximum,
        scale=min(scale, MAX_SCALE),
        step=_step(options.multiple_of),
        valid_values=values,
        missing_values=markers,
        true_values=tuple(custom.true_values),
        false_values=tuple(custom.false_values),
        removes_spaces=custom.remove_spaces,
        allows_formula=custom.allow_leading_formula_characters,
        landed_because=custom.landed_because,
        ambiguous_time=custom.ambiguous_time,
        role=custom.role,
        star_name=custom.star_name,
        may_change=custom.may_change,
        is_event=custom.event,
        nothing=_nothing(column, custom, words, {*values, *markers}),
        cell_value=custom.cell_value,
    )


def _fits(options: ColumnOptions) -> bool:
    """Whether the bounds of a number are stated, and an `integer` holds what lies between them."""
    return all(bound is not None and NARROWEST <= bound <= WIDEST for bound in (options.minimum, options.maximum))


def _nothing(
    column: SchemaProperty, custom: ColumnProperties, words: tuple[str, ...], agreed: set[str]
) -> tuple[str, ...]:
    """The words that stand for nothing in a column, unless they have a meaning of their own there.

    The contract's words apply to texts. In a date, number or truth value, and where a person is agreed, a word is set
    aside by the column's own rule, unless the column itself names it.
    """
    own: Iterable[str] = custom.words_for_nothing or ()
    if custom.words_for_nothing is None and column.logicalType == "string" and column.classification != "personal":
        own = words
    meant = {*custom.keep_words, *(value.lower() for value in agreed)}
    return tuple(word for word in own if word not in meant)


def _scale(multiple_of: float | None) -> int:
    """How many decimals a number has: 0.01 means two."""
    if multiple_of is None:
        return Column.scale
    exponent = Decimal(str(multiple_of)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _step(multiple_of: float | None) -> Decimal | None:
    """The stated step, where it says more than the number of decimals: 5 or 0.05, not 0.01."""
    step = Decimal(str(multiple_of or 1)).normalize()
    is_unit = step.as_tuple().digits == (1,) and step <= 1
    return None if is_unit else step
