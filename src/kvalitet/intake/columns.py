"""The SQL that turns one delivered text into a typed value, or names the rule it breaks.

Text becomes a value or the row is set aside; nothing becomes null or zero because it could not
be read. All of it runs inside DuckDB, over record batches.
"""

from dataclasses import dataclass

from kvalitet.contracts import Column, Contract
from kvalitet.contracts.patterns import to_shape, to_strptime
from kvalitet.intake.rules import RULES
from kvalitet.intake.workbook import UNREADABLE

#: Ten digits that begin with a date; replacement numbers have 6 added to the first digit.
CPR_IN_TEXT = r"(^|\D)([0-3]|[6-9])\d(0\d|1[0-2])\d{2}[- ]?\d{4}(\D|$)"
CPR = r"(0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])(0[1-9]|1[0-2])\d{6}"
FORMULA_STARTS = "'=+-@' || chr(9) || chr(13)"
DAY_MICROSECONDS = 86_400_000_000
PLAIN_NUMBER = r"[+-]?\d+([.,]\d+)?"


@dataclass(frozen=True)
class ColumnSql:
    """Expressions over the raw texts: `clean` (text or null), `typed` over it, and the rule that is broken.

    `broken_rule` is null for a value that is in order, or None where nothing can be wrong.
    """

    clean: str
    missing_reason: str | None
    typed: str
    broken_rule: str | None


def quote(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def column_sql(contract: Contract, column: Column, raw: str, clean: str, typed: str) -> ColumnSql:
    """`raw`, `clean` and `typed` are the names under which the query's steps know the column."""
    text = f"replace({raw}, ' ', '')" if column.removes_spaces else raw
    reason = None
    if column.missing_values:
        markers = ", ".join(map(quote, column.missing_values))
        cases = " ".join(f"when {quote(m)} then {quote(r)}" for m, r in column.missing_values.items())
        reason = f"case {raw} {cases} end"
        text = f"case when {raw} in ({markers}) then null else {text} end"
    expression, checks = _typed(contract, column, clean, typed)
    if column.is_required:
        checks.insert(0, (f"{raw} is null", "required"))
    if contract.file_format == "xlsx":
        checks.insert(0, (f"{raw} = {quote(UNREADABLE)}", "formula_error"))
    branches = " ".join(f"when {condition} then {_rule(rule)}" for condition, rule in checks)
    return ColumnSql(text, reason, expression, f"case {branches} end" if branches else None)


def _rule(rule: str) -> str:
    """A rule's name as a literal; an expression that chooses between rules as it is."""
    return quote(rule) if rule in RULES else rule


def _typed(contract: Contract, column: Column, clean: str, typed: str) -> tuple[str, list[tuple[str, str]]]:
    unread = f"{clean} is not null and {typed} is null"
    if column.classification == "personal":
        return _person(column, clean, unread)
    if column.logical_type == "string":
        return _string(column, clean)
    if column.logical_type in ("date", "timestamp"):
        return _moment(contract, column, clean, typed, unread)
    if column.logical_type == "boolean":
        yes, no = (", ".join(map(quote, values)) for values in (column.true_values, column.false_values))
        return f"case when {clean} in ({yes}) then true when {clean} in ({no}) then false end", [
            (unread, "boolean_format")
        ]
    return _number(contract, column, clean, typed, unread)


def _person(column: Column, clean: str, unread: str) -> tuple[str, list[tuple[str, str]]]:
    if column.format is None:
        return f"pseudonym({clean})", []
    digits = f"replace(replace({clean}, '-', ''), ' ', '')"
    form = CPR if column.format == "cpr" else rf"{CPR}|\d{{8}}"
    return f"case when regexp_full_match({digits}, '{form}') then pseudonym({digits}) end", [(unread, "cpr_invalid")]


def _string(column: Column, clean: str) -> tuple[str, list[tuple[str, str]]]:
    if column.valid_values:
        return clean, [(f"{clean} not in ({', '.join(map(quote, column.valid_values))})", "unknown_value")]
    form = []
    if column.pattern:
        form.append((f"not regexp_full_match({clean}, {quote(column.pattern)})", "pattern"))
    if column.max_length:
        form.append((f"length({clean}) > {column.max_length}", "too_long"))
    if column.classification == "sensitive":  # landed for a stated reason: masked rather than set aside
        return f"regexp_replace({clean}, '{CPR_IN_TEXT}', '\\1[cpr]\\4', 'g')", form
    # First what must not be kept, then what merely looks wrong.
    checks = [(f"length({clean}) >= 10 and regexp_matches({clean}, '{CPR_IN_TEXT}')", "cpr_in_text")]
    if not column.allows_formula:
        # Not `in (…)`: DuckDB would make a join of every list.
        starts = f"contains({FORMULA_STARTS}, left({clean}, 1))"
        checks.append((f"{starts} and not regexp_full_match({clean}, '{PLAIN_NUMBER}')", "formula"))
    return clean, checks + form


def _moment(
    contract: Contract, column: Column, clean: str, typed: str, unread: str
) -> tuple[str, list[tuple[str, str]]]:
    pattern = column.format or ""
    # Every field has a fixed width, so the separators' places are the form; a blank is no digit.
    has_shape = f"{clean} like {quote(to_shape(pattern))}"
    if " " not in pattern:
        has_shape += f" and not contains({clean}, ' ')"
    local = f"try_strptime({clean}, '{to_strptime(pattern)}')"
    parsed = f"case when {has_shape} then {local} end"
    checks = [
        (f"{clean} is not null and not ({has_shape})", "date_format"),
        (f"({unread}) or year({typed}) < 1", "date_impossible"),
    ]
    if column.logical_type == "date":
        return f"({parsed})::date", checks
    zone = quote(contract.timezone)
    # DuckDB takes the later of two instants and shifts a skipped time; both happen only next to a clock change.
    # Reckoned with plain timestamps and microseconds: arithmetic on zoned ones is ten times as slow.
    before, after = (f"epoch_us(timezone({zone}, {local} {sign} interval 1 day))" for sign in "-+")
    at_change = f"{after} - {before} <> {2 * DAY_MICROSECONDS}"
    utc = f"timezone({zone}, {parsed})"
    skipped = f"when timezone({zone}, {typed}) <> {local} then 'local_time_nonexistent'"
    twice = f"when timezone({zone}, {typed} - interval 1 hour) = {local} then 'local_time_ambiguous'"
    checks.append((at_change, f"case {skipped} {'' if column.ambiguous_time else twice} end"))
    if column.ambiguous_time == "earlier":
        earlier = f"{utc} - interval 1 hour"
        return f"case when timezone({zone}, {earlier}) = {parsed} then {earlier} else {utc} end", checks
    return utc, checks


def _number(
    contract: Contract, column: Column, clean: str, typed: str, unread: str
) -> tuple[str, list[tuple[str, str]]]:
    checks = []
    if column.maximum is None:  # a contract that means numbers this long says how large they may be
        checks.append((f"regexp_full_match({clean}, '{CPR}')", "cpr_in_text"))
    if column.logical_type == "integer":
        expression = f"case when regexp_full_match({clean}, '[+-]?\\d+') then try_cast({clean} as bigint) end"
        checks.append((unread, "integer_format"))
    else:
        sign, thousands = f"[{contract.decimal_sign}]", contract.thousands_sign
        whole = rf"\d{{1,3}}([{thousands}]\d{{3}})+|\d+" if thousands else r"\d+"
        plain = f"replace({clean}, '{thousands}', '')" if thousands else clean
        expression = (
            f"case when regexp_full_match({clean}, '[+-]?({whole})({sign}\\d{{1,{max(column.scale, 1)}}})?')"
            f" then try_cast(replace({plain}, '{contract.decimal_sign}', '.') as decimal(38, {column.scale})) end"
        )
        decimals = f"regexp_full_match({clean}, '[+-]?({whole})({sign}\\d+)?')"
        checks += [(f"{unread} and {decimals}", "too_many_decimals"), (f"{unread} and not {decimals}", "number_format")]
    limits = [
        f"{typed} {sign} {limit}" for sign, limit in (("<", column.minimum), (">", column.maximum)) if limit is not None
    ]
    if limits:
        checks.append((" or ".join(limits), "out_of_range"))
    return expression, checks
