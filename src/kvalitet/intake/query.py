"""The query by which DuckDB turns a delivered text into typed rows, each with the rules it breaks."""

from datetime import date
from pathlib import Path

from kvalitet.contracts import Column, Contract, Table
from kvalitet.contracts.patterns import to_shape
from kvalitet.intake.account.csv_scan import MAX_RECORD_BYTES
from kvalitet.intake.columns import column_sql, is_free, may_hold_number
from kvalitet.intake.row_hash import row_hash
from kvalitet.intake.row_key import row_key
from kvalitet.spelling import macros
from kvalitet.spelling.macros import quote


def typed_rows(
    contract: Contract, table: Table, path: Path, header: list[str], delimiter: str, quote_sign: str, cutoff: date
) -> str:
    """The query that reads a delimited text by the contract.

    It gives the contract's columns, then those that kvalitet.intake.reading lists.
    """
    position = {name: index for index, name in enumerate(header)}
    columns = ", ".join(f"'r{index}': 'varchar'" for index in range(len(header)))
    landed = [column for column in table.columns if column.is_landed]
    texts, clean, typed, outputs, problems, reread, persons = [], [], [], [], [], [], []
    hashed: dict[str, str] = {}
    key_ok: list[str] = []
    for column in landed:
        raw = f"r{position[column.header]}"
        v, c, t = f"v_{column.name}", f"c_{column.name}", f"t_{column.name}"
        expressions = column_sql(contract, column, raw, v, c, t, cutoff)
        texts.append(f"case when is_odd then nullif(tidied({raw}), '') else {raw} end as {v}")
        reread.append(f"case when {raw} is distinct from {v} then readings({raw}, {quote(column.name)}) end")
        clean.append(f"{expressions.clean} as {c}")
        typed.append(f"{expressions.typed} as {t}")
        # Of a row set aside, only a readable key is passed on.
        kept = "key_is_readable" if column.key_position is not None else "problems is null"
        outputs.append(f"case when {kept} then {t} end as {column.name}")
        as_text = f"epoch_us({t})" if column.logical_type == "timestamp" else t
        hashed[column.name] = f"{as_text}::varchar"
        if column.missing_reason_name:
            typed.append(f"{expressions.missing_reason} as m_{column.name}")
            outputs.append(f"m_{column.name} as {column.missing_reason_name}")
            hashed[column.missing_reason_name] = f"m_{column.name}"
        if expressions.broken_rule:
            problems.append(f"{quote(column.name + ':')} || {expressions.broken_rule}")
        if expressions.reread:
            (persons if column.classification == "personal" else reread).append(expressions.reread)
        if column.key_position is not None:
            key_ok.append(f"{t} is not null and ({expressions.broken_rule or 'null'}) is null")
    repeated = " and ".join(f"v_{c.name} = {quote(c.header)}" for c in table.columns if c.key_position is not None)
    blanks = f"{quote(' ' + delimiter + quote_sign)} || chr(9) || chr(10) || chr(13)"
    is_filled = " or ".join(f"trim(r{index}, {blanks}) <> ''" for index in range(len(header)))
    all_raw = ", ".join(f"coalesce(r{index}, chr(30))" for index in range(len(header)))
    is_odd = _is_odd(landed, {column.name: f"r{position[column.header]}" for column in landed})
    person = f"nullif(concat_ws(';', {', '.join(persons)}), '')" if persons else "null::varchar"
    key = row_key([f"t_{name}::varchar" for name in table.key])
    return f"""
        with delivered as (
            select *
            from read_csv({quote(str(path))}, auto_detect = false, header = true, delim = {quote(delimiter)},
                quote = {quote(quote_sign)}, escape = {quote(quote_sign)}, nullstr = '', strict_mode = true,
                store_rejects = true, max_line_size = {MAX_RECORD_BYTES}, columns = {{{columns}}})
            where {is_filled}
        ),
        looked_at as (
            select *, {is_odd} as is_odd from delivered
        ),
        tidied as (select *, {", ".join(texts)} from looked_at),
        cleaned as (select *, {", ".join(clean)} from tidied),
        looked_through as (select *, {_may_hold(landed)} as may_hold from cleaned),
        typed as (select *, {", ".join(typed)} from looked_through),
        looked_for as (select *, nullif(concat_ws(';', {", ".join(problems) or "null"}), '') as found from typed),
        judged as (
            select *,
                case when {_is_moved_header(landed, header)} then '*:header_moved'
                when {repeated} then '*:header_repeated' else found end as problems
            from looked_for
        ),
        keyed as (select *, problems is null or ({" and ".join(key_ok)}) as key_is_readable from judged)
        select {", ".join(outputs)},
            {row_hash(hashed)} as row_hash,
            case when problems is not null and key_is_readable then {key} end as row_key,
            case when problems is not null then row_digest(concat_ws(chr(31), {all_raw})) end as row_digest,
            problems,
            case when is_odd then nullif(concat_ws(';', {", ".join([*reread, person])}), '') else {person} end as reread
        from keyed
    """


def _is_moved_header(landed: list[Column], header: list[str]) -> str:
    """Whether a row is the header with its columns in another order. The rows below it are then in that order too.

    Only rows with a problem are checked, since such a row has one where any column has a form. In a table of texts
    alone, rows are also checked whose key column holds the name of a column.
    """
    cells = [f"coalesce(tidied(r{index}), '')" for index in range(len(header))]
    names = ", ".join(map(quote, sorted(header)))
    is_header = f"list_sort([{', '.join(cells)}]) = [{names}]"
    is_in_place = " and ".join(f"{cell} = {quote(name)}" for cell, name in zip(cells, header, strict=True))
    looked_at = "found is not null"
    if all(column.logical_type == "string" and not column.valid_values for column in landed):
        listed = quote("\x1f" + "\x1f".join(header) + "\x1f")
        keys = (f"v_{column.name}" for column in landed if column.key_position is not None)
        looked_at += "".join(f" or contains({listed}, chr(31) || {key} || chr(31))" for key in keys)
    return f"case when {looked_at} then {is_header} and not ({is_in_place}) else false end"


def _may_hold(landed: list[Column]) -> str:
    """SQL condition that one of a row's free texts holds an identity number. One pattern checks all of them."""
    free = [f"c_{column.name}" for column in landed if is_free(column)]
    if not free:
        return "false"
    return may_hold_number(f"concat_ws({macros.SEPARATOR}, {', '.join(free)})")


def _is_odd(landed: list[Column], raws: dict[str, str]) -> str:
    """SQL condition that one of a row's texts may be read as something else than it is. Few rows are odd.

    A date of the agreed length is either in order or set aside, so only the texts of other columns are checked.
    """
    widths = {c.name: len(to_shape(c.format or "").encode()) for c in landed if c.logical_type in ("date", "timestamp")}
    others = [raws[column.name] for column in landed if column.name not in widths]
    tests = [f"coalesce(strlen({raws[name]}) <> {width}, false)" for name, width in widths.items()]
    if others:
        words = tuple(word for column in landed for word in column.nothing)
        row = f"concat_ws({macros.SEPARATOR}, {', '.join(others)})"
        tests.insert(0, f"regexp_matches({row}, {quote(macros.odd_row(words))})")
    return " or ".join(tests)
