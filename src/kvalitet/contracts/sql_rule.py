"""A contract's SQL rule: one select over the source's own tables that only calculates.

Postgres gets the text itself. Before, sqlglot parses it here, and it is refused where anything in it is not on a list.
Functions that read files, wait, connect, change a setting, take a lock, make rows out of nothing or ask the clock are
not on the list. The second protection is the role that runs it (kvalitet.gate.asking).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from kvalitet.contracts.model import Column, Table

if TYPE_CHECKING:
    from sqlglot import exp

MAX_CHARACTERS = 4_000
_PLACEHOLDER = re.compile(r"\$?\{(\w+)\}")
_TABLE_NAMES, _COLUMN_NAMES = ("object", "table", "model"), ("property", "column", "field")
#: Text of which two parsers could take different parts for a literal, an identifier or a comment.
_AMBIGUOUS = re.compile(r"\$\w*\$|\$\d|[\\\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]|/\*|\*/")
_CLOCK = re.compile(r"\s*(now|today|tomorrow|yesterday)\b", re.IGNORECASE)


def _words(text: str) -> list[str]:
    return text.split()


#: Those of Postgres' functions that only calculate with their arguments.
FUNCTIONS = frozenset(
    _words("""
    abs avg bool_and bool_or btrim ceil ceiling char_length coalesce concat count cume_dist date_part date_trunc
    dense_rank every exists extract first_value floor greatest lag last_value lead least left length lower ltrim
    make_date max min mod mode ntile nullif num_nonnulls num_nulls percent_rank percentile_cont percentile_disc
    position rank replace right round row_number rtrim sign split_part starts_with stddev stddev_pop stddev_samp
    strpos substring sum trim trunc upper var_pop var_samp variance
""")
)
#: Words that come before a parenthesis without being a function.
_WORDS = frozenset(
    _words("""
    all and any as between by case cast char character decimal distinct else end except filter from group having
    in intersect is join like ilike not numeric on or order over partition select similar some then to union
    using values varchar when where with within escape
""")
)
_NODES = frozenset(
    _words("""
    Select From Join Where Group Having Order Ordered Limit Distinct Subquery CTE With Union Intersect Except
    Table TableAlias Column Identifier Alias Star Literal Boolean Null Paren Tuple And Or Not EQ NEQ GT GTE LT
    LTE Is In Between Like ILike SimilarTo RegexpLike RegexpILike Escape Exists Any All Add Sub Mul Div Mod Neg
    DPipe Case If Cast DataType DataTypeParam Filter Window WindowSpec WithinGroup Interval NullSafeEQ
    NullSafeNEQ Anonymous Var Func AggFunc
""")
)
_TYPES = frozenset(
    _words("""
    SMALLINT INT BIGINT DECIMAL DOUBLE FLOAT TEXT VARCHAR CHAR DATE TIMESTAMP TIMESTAMPTZ TIMESTAMPNTZ BOOLEAN
""")
)
_DATES = frozenset(("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ"))


@dataclass(frozen=True)
class Query:
    """`sql` is the query, with the table and column named. Empty where the text is refused."""

    sql: str = ""
    refused_because: str = ""


class _Refused(Exception):
    pass


def read_query(text: str, table: Table, column: Column | None, tables: Iterable[Table]) -> Query:
    """The rule's select, to be run where `tables` exist by their names, or why it is refused."""
    try:
        sql = _filled_in(text.strip().rstrip(";").rstrip(), table, column)
        _check(sql, list(tables))
    except _Refused as reason:
        return Query(refused_because=f"its query {reason}")
    return Query(sql)


def _filled_in(text: str, table: Table, column: Column | None) -> str:
    """The text with the standard's {object} and {property}, also as ${table} and {column}, named."""

    def named(found: re.Match) -> str:
        if found[1] in _TABLE_NAMES:
            return f'"{table.name}"'
        if found[1] in _COLUMN_NAMES and column:
            return f'"{column.name}"'
        if found[1] in _COLUMN_NAMES:
            raise _Refused(f"names {found[0]}, but the rule is of no column")
        raise _Refused("has a placeholder that the standard does not know")

    if len(text) > MAX_CHARACTERS:
        raise _Refused(f"has more than {MAX_CHARACTERS:,} characters")
    return _PLACEHOLDER.sub(named, text)


def _check(sql: str, tables: list[Table]) -> None:
    import sqlglot  # slow to import, and few contracts have such a rule
    from sqlglot import errors, exp

    if _AMBIGUOUS.search(sql):
        raise _Refused("has a backslash, dollar quotes, a control character or a comment in /* */")
    try:
        tokens = sqlglot.tokenize(sql, read="postgres")
        if not tokens or tokens[0].text.lower() not in ("select", "with", "("):
            raise _Refused("is not one select")
        parsed = sqlglot.parse(sql, read="postgres")
    except (errors.SqlglotError, RecursionError, ValueError):
        raise _Refused("cannot be read as a select of Postgres") from None
    if len(parsed) != 1 or not isinstance(parsed[0], (exp.Select, exp.SetOperation)):
        raise _Refused("is not one select")
    for name, following in pairwise(tokens):
        called = name.text.lower()
        is_called = following.text == "(" and re.match(r"[^\W\d]", called)
        if is_called and called not in FUNCTIONS | _WORDS:
            raise _Refused(f"calls {_shown(called)}, which is not on the list of functions that may be asked")
    _check_tree(parsed[0], {one.name: one for one in tables})


def _check_tree(query: "exp.Expr", tables: dict[str, Table]) -> None:
    from sqlglot import exp

    allowed = {getattr(exp, name) for name in _NODES}
    aliases = set(_aliases(query))
    # A name of the catalogue may stand for something of the query's own in one place, and for the catalogue in another.
    if any(alias.lower().startswith("pg_") for alias in aliases):
        raise _Refused("gives something a name that begins with pg_")
    parts = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    columns = {name for table in tables.values() for name in table.raw_columns()}
    reads = False
    for node in query.walk():
        if type(node) not in allowed and not _is_reckoning(node):
            raise _Refused(f"has {_kind(node)}, which is not on the list of what may be asked")
        if isinstance(node, exp.Table):
            reads |= node.name in tables
            if node.args.get("db") or node.args.get("catalog") or not isinstance(node.this, exp.Identifier):
                raise _Refused("reads something else than the contract's tables by their names")
            if node.name not in tables and node.name not in parts:
                raise _Refused("reads a table that the contract does not name")
        elif isinstance(node, exp.Column):
            if node.name != "*" and node.name not in columns | aliases:
                raise _Refused("names a column that the contract's tables do not have")
        elif isinstance(node, exp.With) and node.args.get("recursive"):
            raise _Refused("is recursive")
        elif isinstance(node, exp.DataType) and (
            not isinstance(node.this, exp.DType if hasattr(exp, "DType") else exp.DataType.Type)
            or node.this.name not in _TYPES
        ):
            raise _Refused("casts to a type that is not on the list")
        elif isinstance(node, (exp.Cast, exp.TryCast)) and _may_make_clock(node):
            raise _Refused("casts a text that it puts together to a date: write the date, or take a column")
        elif isinstance(node, exp.Literal) and node.is_string and _CLOCK.match(str(node.this)):
            raise _Refused("asks the clock, so that another day gives another answer")
    if not reads:
        raise _Refused("reads none of the contract's tables")


def _may_make_clock(cast: "exp.Cast") -> bool:
    """Whether a text that the query composes becomes a date, since `('no' || 'w')::date` asks the clock."""
    from sqlglot import exp

    operand = cast.this.unnest()
    is_date = isinstance(cast.to, exp.DataType) and cast.to.this.name in _DATES
    return is_date and not isinstance(operand, exp.Literal) and any(one.is_string for one in cast.find_all(exp.Literal))


def _is_reckoning(node: "exp.Expr") -> bool:
    """Whether it is a function on the list that sqlglot has a class for. Names are checked as written."""
    from sqlglot import exp

    clock = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp)
    if isinstance(node, clock):
        raise _Refused("asks the clock, so that another day gives another answer")
    if not isinstance(node, exp.Func):
        return False
    return any(name.lower() in FUNCTIONS for name in _names(node))


def _names(node: "exp.Expr") -> list[str]:
    return [*type(node).sql_names(), type(node).__name__, *_OTHER_NAMES.get(type(node).__name__, ())]  # type: ignore[attr-defined]


#: sqlglot's names for some of the functions on the list.
_OTHER_NAMES = {
    "TimestampTrunc": ("date_trunc",),
    "StrPosition": ("strpos",),
    "LogicalAnd": ("bool_and",),
    "LogicalOr": ("bool_or",),
    "DateFromParts": ("make_date",),
}


def _aliases(query: "exp.Expr") -> Iterator[str]:
    from sqlglot import exp

    for node in query.walk():
        if isinstance(node, (exp.Alias, exp.TableAlias, exp.CTE)) and node.alias_or_name:
            yield node.alias_or_name
        if isinstance(node, exp.TableAlias):
            yield from (column.name for column in node.args.get("columns") or [])


def _kind(node: "exp.Expr") -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).lower()
    return f"a {words}"


def _shown(called: str) -> str:
    """The function's name, if it looks like one."""
    return called if re.fullmatch(r"[a-z_][a-z0-9_]{0,60}", called) else "a function"
