"""The SQL that turns one delivered text into a typed value, or names the rule it breaks.

A text becomes a value or its row is set aside. No text becomes null or zero because it could not be read: only the
contract's words for nothing and its markers do. All of it runs inside DuckDB, over record batches.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from kvalitet.contracts import Column, Contract
from kvalitet.contracts.patterns import to_shape, to_strptime
from kvalitet.intake.rules import RULES
from kvalitet.intake.statistics_json import BAD_CHARACTER
from kvalitet.intake.workbook import CELL_RULES
from kvalitet.spelling.identity import only_digits
from kvalitet.spelling.macros import any_of, quote
from kvalitet.spelling.number_alone import INTEGER, WHOLE_NUMBER
from kvalitet.spelling.number_parts import CPR, CVR

FORMULA_STARTS = "'=+-@' || chr(9) || chr(13)"
#: Earliest accepted day of an event. 1753, 1899, 1900, 1904, 1960 and 1970 are where systems begin to count days, and
#: no event in these registers is that old.
EARLIEST_EVENT = date(1971, 1, 1)
DAY_MICROSECONDS = 86_400_000_000
PLAIN_NUMBER = r"[+-]?\d+([.,]\d+)?"
#: What a spreadsheet shows for an error, in any language, or for a number that its column is too narrow for.
#: #N/A and #I/T are words for nothing.
ERROR_TEXT = r"#{3,}|#[A-ZÆØÅÄÖÜÉ_]+(/0)?[!?]"
#: The character after which a text is shown from right to left, including its digits.
BACKWARDS = "\u202e"
#: No character in a text. Before a number many programs show it as a minus.
SOFT_HYPHEN = "\u00ad"
#: A letter that is not Latin. Beside Latin letters it is most often one that looks like them.
LATIN, OTHER_LETTER = r"\p{Latin}", r"[^\p{Latin}\p{Common}\p{Inherited}]"


@dataclass(frozen=True)
class ColumnSql:
    """Expressions over a column's text: `clean` (text or null), `typed` over it, and the rule that is broken.

    `broken_rule` is null for a value that is in order, and None where no rule can be broken. `missing_reason` is over
    the text and `clean`. `reread` names, as `column:rule`, how the value was read as something other than its text.
    """

    clean: str
    missing_reason: str | None
    typed: str
    broken_rule: str | None
    reread: str | None


def column_sql(
    contract: Contract, column: Column, raw: str, text: str, clean: str, typed: str, cutoff: date
) -> ColumnSql:
    """The expressions of a column. `raw`, `text` (tidied), `clean` and `typed` are its names in the query's steps.

    `cutoff` is the delivery's own. Events after it break a rule. The query's column `is_odd` says that the row may hold
    a word for nothing, `may_hold` that an identity number is written in one of its texts (see `is_free`).
    """
    expression, checks = _typed(contract, column, clean, typed, cutoff)
    cleaned = _person_clean(column, text) if column.classification == "personal" else _clean(column, text)
    if column.is_required:
        checks.insert(0, (f"{text} is null", "required"))
        if column.nothing:  # last, so that a word that breaks another rule is set aside by that rule
            checks.append((_stands_for_nothing(column, text), "required"))
    checks = [*_looks(column, raw, text), *checks]
    if contract.file_format == "json":
        checks.insert(0, (f"contains({text}, {quote(BAD_CHARACTER)})", "bad_character"))
    if contract.file_format == "xlsx":
        checks = [*((f"{text} = {quote(sign)}", rule) for sign, rule in CELL_RULES.items()), *checks]
    branches = " ".join(f"when {condition} then {_rule(rule)}" for condition, rule in checks)
    return ColumnSql(
        cleaned,
        _missing_reason(column, text, clean),
        expression,
        f"case {branches} end" if branches else None,
        _reread(column, text, clean),
    )


def _looks(column: Column, raw: str, text: str) -> list[tuple[str, str]]:
    """What makes a text look different from what is read. Only odd rows are checked."""
    checks = [(f"case when is_odd then contains({raw}, {quote(BACKWARDS)}) else false end", "shown_otherwise")]
    if column.logical_type in ("number", "integer"):
        checks.append(
            (f"case when is_odd then contains({raw}, chr({ord(SOFT_HYPHEN)})) else false end", "shown_otherwise")
        )
    if column.key_position is not None and column.logical_type == "string":
        both = " and ".join(f"regexp_matches({text}, {quote(script)})" for script in (LATIN, OTHER_LETTER))
        checks.append((f"case when is_odd then {both} else false end", "mixed_scripts"))
    return checks


def is_free(column: Column) -> bool:
    """Whether the column may hold any text except an identity number."""
    is_text = column.logical_type == "string" and not column.valid_values
    return is_text and column.classification not in ("personal", "sensitive")


def may_hold_number(text: str) -> str:
    """Whether a tidied text holds a number. Only odd texts need folding."""
    return f"may_hold_number(case when is_odd then folded({text}) else {text} end)"


def _clean(column: Column, text: str) -> str:
    kept = f"replace({text}, ' ', '')" if column.removes_spaces else text
    if column.missing_values:
        kept = f"case when {text} in ({', '.join(map(quote, column.missing_values))}) then null else {kept} end"
    if column.nothing and not column.is_required:
        kept = f"case when {_stands_for_nothing(column, text)} then null else {kept} end"
    return kept


def _stands_for_nothing(column: Column, text: str) -> str:
    # Not `and`: DuckDB would look for the words in every row. Not `in (…)` or a list either: both cost for every row
    # too.
    return f"case when is_odd then regexp_full_match({text}, {quote(any_of(column.nothing))}) else false end"


def _missing_reason(column: Column, text: str, clean: str) -> str | None:
    if not column.missing_values:
        return None
    if column.classification != "personal":
        cases = " ".join(f"when {quote(m)} then {quote(r)}" for m, r in column.missing_values.items())
        return f"case {text} {cases} end"
    cases = " ".join(f"when {quote(_marker(m))} then {quote(r)}" for m, r in column.missing_values.items())
    which = f"case lower(only_digits({text})) {cases} else 'nobody' end"
    return f"case when {clean} is null and {text} is not null then {which} end"


def _person_clean(column: Column, text: str) -> str:
    """A person's number as ten digits (a company's as eight), other text unchanged, null for a number that is nobody's.

    The usual spellings come first, since the others cost more.
    """
    plain = f"replace(replace({text}, '-', ''), ' ', '')"
    markers = [_marker(word) for word in (*column.missing_values, *column.nothing)]

    def is_nobody(number: str, declared: list[str]) -> str:
        alike = f"stands_for_nobody({number})"
        return f"{alike} or regexp_full_match({number}, {quote(any_of(tuple(declared)))})" if declared else alike

    any_spelling = f"only_digits({text})"
    reader = "person_or_company_of" if column.format == "cpr_or_cvr" else "person_of"
    number = f"coalesce({reader}({text}), {text})"
    others = f"case when {is_nobody(any_spelling, markers)} then null else {number} end"
    if column.format is None:  # a number in one of its usual spellings stays as it was delivered
        is_usual, usual = f"regexp_full_match({text}, '[0-9]{{6}}[- ]?[0-9]{{4}}')", text
    else:
        is_usual, usual = f"regexp_full_match({plain}, '{_form(column)}')", plain
        markers = [marker for marker in markers if re.fullmatch(_form(column), marker)]
    return (
        f"case when {text} is null then null when {is_usual}"
        f" then case when {is_nobody(plain, markers)} then null else {usual} end else {others} end"
    )


def _marker(word: str) -> str:
    return only_digits(word).lower()


def _form(column: Column) -> str:
    return CPR if column.format == "cpr" else f"{CPR}|{CVR}"


def _reread(column: Column, text: str, clean: str) -> str | None:
    """What is counted for a value that was read as something else. What `tidied` does is counted elsewhere."""
    if column.classification == "personal":
        return (
            f"case when {text} = {clean} then null when {text} is not null and {clean} is null"
            f" then {quote(column.name + ':nobody')} when replace(replace({text}, '-', ''), ' ', '') <> {clean}"
            f" then {quote(column.name + ':identity_spelling')} end"
        )
    if column.nothing and not column.is_required:
        return f"case when {_stands_for_nothing(column, text)} then {quote(column.name + ':nothing')} end"
    return None


def _rule(rule: str) -> str:
    """A rule's name as a literal. An expression that chooses between rules is returned unchanged."""
    return quote(rule) if rule in RULES else rule


def _typed(
    contract: Contract, column: Column, clean: str, typed: str, cutoff: date
) -> tuple[str, list[tuple[str, str]]]:
    unread = f"{clean} is not null and {typed} is null"
    if column.classification == "personal":
        return _person(column, clean, unread)
    if column.logical_type == "string":
        return _string(column, clean)
    if column.logical_type in ("date", "timestamp"):
        return _moment(contract, column, clean, typed, unread, cutoff)
    if column.logical_type == "boolean":
        yes, no = (", ".join(map(quote, values)) for values in (column.true_values, column.false_values))
        return f"case when {clean} in ({yes}) then true when {clean} in ({no}) then false end", [
            (unread, "boolean_format")
        ]
    return _number(contract, column, clean, typed, unread)


def _person(column: Column, clean: str, unread: str) -> tuple[str, list[tuple[str, str]]]:
    if column.format is None:
        return f"pseudonym({clean})", []
    return f"case when regexp_full_match({clean}, '{_form(column)}') then pseudonym({clean}) end", [
        (unread, "cpr_invalid")
    ]


def _string(column: Column, clean: str) -> tuple[str, list[tuple[str, str]]]:
    if column.valid_values:
        return clean, [(f"{clean} not in ({', '.join(map(quote, column.valid_values))})", "unknown_value")]
    form = []
    if column.pattern:
        form.append((f"not regexp_full_match({clean}, {quote(column.pattern)})", "pattern"))
    if column.max_length:
        form.append((f"length({clean}) > {column.max_length}", "too_long"))
    if column.classification == "sensitive":  # landed for a stated reason: masked rather than set aside
        return f"case when {may_hold_number(clean)} then masked({clean}) else {clean} end", form
    # First what must not be kept, then what only looks wrong.
    checks = [(f"case when may_hold then holds_number({clean}) else false end", "cpr_in_text")]
    if not column.allows_formula:
        # Not `in (…)`: DuckDB would make a join of every list.
        starts = f"contains({FORMULA_STARTS}, left({clean}, 1))"
        checks.append((f"{starts} and not regexp_full_match({clean}, '{PLAIN_NUMBER}')", "formula"))
        checks.append((f"left({clean}, 1) = '#' and regexp_full_match({clean}, '{ERROR_TEXT}')", "formula_error"))
    return clean, checks + form


def _moment(
    contract: Contract, column: Column, clean: str, typed: str, unread: str, cutoff: date
) -> tuple[str, list[tuple[str, str]]]:
    pattern = column.format or ""
    # Every field has a fixed width, so the separators' places are the form. A blank is not a digit.
    has_shape = f"{clean} like {quote(to_shape(pattern))}"
    if " " not in pattern:
        has_shape += f" and not contains({clean}, ' ')"
    local = f"try_strptime({clean}, '{to_strptime(pattern)}')"
    parsed = f"case when {has_shape} then {local} end"
    checks = [
        (f"{clean} is not null and not ({has_shape})", "date_format"),
        (f"({unread}) or year({typed}) < 1", "date_impossible"),
    ]
    if column.is_event:
        checks.append((_is_no_event(contract, column, typed, cutoff), "no_event_date"))
    if column.logical_type == "date":
        return f"({parsed})::date", checks
    zone = quote(contract.timezone)
    # DuckDB takes the later of two instants and shifts a skipped time. Both happen only next to a clock change. Plain
    # timestamps and microseconds are used, since arithmetic on zoned ones is ten times as slow.
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


def _is_no_event(contract: Contract, column: Column, typed: str, cutoff: date) -> str:
    """Whether the day (of a moment, the local day) is after the cut-off or before EARLIEST_EVENT."""
    first, end = (f"timestamp {quote(str(day))}" for day in (EARLIEST_EVENT, cutoff + timedelta(days=1)))
    if column.logical_type == "timestamp":
        first, end = (f"timezone({quote(contract.timezone)}, {moment})" for moment in (first, end))
    return f"{typed} < {first} or {typed} >= {end}"


def _number(
    contract: Contract, column: Column, clean: str, typed: str, unread: str
) -> tuple[str, list[tuple[str, str]]]:
    checks = []
    if column.maximum is None:  # a contract that allows numbers this long states their maximum
        whole_number = f"replace({clean}, {quote(contract.thousands_sign)}, '')" if contract.thousands_sign else clean
        form = INTEGER if column.logical_type == "integer" else WHOLE_NUMBER
        checks.append((f"regexp_full_match({whole_number}, {quote(form)})", "cpr_in_text"))
    if column.logical_type == "integer":
        expression = f"case when regexp_full_match({clean}, '[+-]?\\d+') then try_cast({clean} as bigint) end"
        too_large = f"regexp_full_match({clean}, '[+-]?\\d+')"
        checks += [(f"{unread} and {too_large}", "out_of_range"), (f"{unread} and not {too_large}", "integer_format")]
    else:
        sign, thousands = f"[{contract.decimal_sign}]", contract.thousands_sign
        whole = rf"\d{{1,3}}([{thousands}]\d{{3}})+|\d+" if thousands else r"\d+"
        plain = f"replace({clean}, '{thousands}', '')" if thousands else clean
        decimals_kept = rf"({sign}\d{{1,{column.scale}}})?" if column.scale else ""
        as_agreed = f"regexp_full_match({clean}, '[+-]?({whole}){decimals_kept}')"
        expression = (
            f"case when {as_agreed}"
            f" then try_cast(replace({plain}, '{contract.decimal_sign}', '.') as decimal(38, {column.scale})) end"
        )
        decimals = f"regexp_full_match({clean}, '[+-]?({whole})({sign}\\d+)?')"
        checks += [
            (f"{unread} and {as_agreed}", "out_of_range"),
            (f"{unread} and {decimals} and not {as_agreed}", "too_many_decimals"),
            (f"{unread} and not {decimals}", "number_format"),
        ]
    limits = [
        f"{typed} {sign} {limit}" for sign, limit in (("<", column.minimum), (">", column.maximum)) if limit is not None
    ]
    if limits:
        checks.append((" or ".join(limits), "out_of_range"))
    if column.step is not None:
        checks.append((f"{typed} % {column.step:f} <> 0", "not_a_multiple"))
    return expression, checks
