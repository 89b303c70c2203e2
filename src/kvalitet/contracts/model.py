"""A contract as the rest of the project sees it: typed, with everything looked up once."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, LiteralString

from kvalitet.contracts.limits import Limit

CLASSIFICATIONS = ("public", "internal", "personal", "sensitive", "whistleblower")
LOGICAL_TYPES = ("string", "date", "timestamp", "number", "integer", "boolean")
ENCODINGS = ("utf-8", "utf-8-sig", "iso-8859-1", "windows-1252")
PERSON_FORMATS = ("cpr", "cpr_or_cvr")
#: Marks a column or table that says to which class a row belongs, unlike the facts. Restatements tell the two apart.
Role = Literal["classification"]
#: What the files of one cut-off hold: all rows, or only what is new since the cut-off before.
Delivers = Literal["snapshot", "increment"]
#: Where a file that corrects an older cut-off goes: beside the history, or also into it.
Corrections = Literal["beside", "supersede"]
#: Formats of an integer (the standard's, with Rust's names) that are `integer` in the star. All others are `bigint`
#: there.
NARROW = ("i8", "i16", "i32", "u8", "u16")
#: The suffix of the companion column that says why a value is missing.
MISSING_REASON = "_missing_reason"

#: For a contract that does not state it. Longer than any rhythm of delivery but a yearly one, so that a mistake is
#: found.
DEFAULT_RETENTION_DAYS = 90
#: A cut-off may be so many days ahead of what was due, or twice the source's rhythm where that is longer.
LEAST_JUMP_DAYS = 31


#: The type in Postgres of each logical type, in raw and in the star.
POSTGRES_TYPES: dict[str, LiteralString] = {
    "string": "text",
    "date": "date",
    "timestamp": "timestamptz",
    "number": "numeric",
    "integer": "bigint",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One delivered column. `name` is its name in the warehouse, `header` its name in the delivery."""

    name: str
    header: str
    logical_type: str
    description: str
    classification: str
    is_required: bool = False
    key_position: int | None = None
    format: str | None = None  # JDK pattern of dates and timestamps, cpr or cpr_or_cvr of persons, width of integers
    pattern: str | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    scale: int = 6
    step: Decimal | None = None  # of multipleOf, where it says more than a number of decimals
    valid_values: tuple[str, ...] = ()
    missing_values: dict[str, str] = field(default_factory=dict)  # marker as delivered -> reason
    true_values: tuple[str, ...] = ("True", "true", "1")
    false_values: tuple[str, ...] = ("False", "false", "0")
    removes_spaces: bool = False
    allows_formula: bool = False
    landed_because: str | None = None
    ambiguous_time: str | None = None  # earlier | later, otherwise a time that exists twice is set aside
    role: Role | None = None
    may_change: bool = True  # whether a key may get another value than it had
    star_name: str | None = None  # from staging on, where it differs from raw
    is_event: bool = False  # it had happened when the delivery was made
    nothing: tuple[str, ...] = ()  # words that stand for nothing, in lower case
    cell_value: Literal["stored", "shown"] | None = None  # which one counts where a workbook's cell shows another value

    @property
    def is_landed(self) -> bool:
        """Whether the column enters the warehouse. Sensitive values do only where the contract says why."""
        return self.classification != "sensitive" or bool(self.landed_because)

    @property
    def missing_reason_name(self) -> str | None:
        """The companion column that says why a value is missing, where markers are agreed."""
        return f"{self.name}{MISSING_REASON}" if self.missing_values else None

    @property
    def is_narrow(self) -> bool:
        """Whether it is `integer` in the star, not `bigint` as in raw."""
        return self.logical_type == "integer" and self.format in NARROW


@dataclass(frozen=True)
class Table:
    """One delivered table and its place in the delivery."""

    source_id: str
    name: str
    description: str
    file_pattern: str  # holds {cutoff}, the delivery's own stated cut-off date
    absence_closes: bool
    columns: tuple[Column, ...]
    is_increment: bool = False
    sheet: str | None = None
    reads_hidden: bool = False  # hidden rows, columns and sheets of a workbook
    role: Role | None = None  # holds for the whole table
    api_table: str = ""
    api_request: dict[str, Any] = field(default_factory=dict)  # what is asked for, sent as JSON, or all where empty

    @property
    def key(self) -> tuple[str, ...]:
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(column.name for column in sorted(keyed, key=lambda column: column.key_position or 0))

    @property
    def raw_name(self) -> str:
        return f"{self.source_id}__{self.name}"

    def raw_columns(self) -> dict[str, str]:
        """Landed columns in order, name -> logical type, including the reasons for missing values."""
        columns: dict[str, str] = {}
        for column in self.columns:
            if column.is_landed:
                columns[column.name] = "string" if column.classification == "personal" else column.logical_type
                if column.missing_reason_name:
                    columns[column.missing_reason_name] = "string"
        return columns

    def star_names(self) -> dict[str, str]:
        """What staging takes, in order: name in raw -> name from there on, including the reasons for missing values.

        Sensitive columns are left out, even where they are landed. A model that needs one must say so.
        """
        names: dict[str, str] = {}
        for column in self.columns:
            if column.classification != "sensitive":
                names[column.name] = star_name = column.star_name or column.name
                if column.missing_reason_name:
                    names[column.missing_reason_name] = f"{star_name}{MISSING_REASON}"
        return names


@dataclass(frozen=True)
class QualityRule:
    """One quality rule of a table or column: what is measured, or why nothing is.

    `id` tells it from the contract's other rules. A rule that is measured has a limit.
    """

    id: str
    table: str
    column: str  # empty where the rule is about the table
    name: str  # the standard's metric, or `sql` and the like for other rules
    description: str
    severity: Literal["critical", "warning"]  # what the standard calls an error blocks a build
    limit: Limit | None = None
    columns: tuple[str, ...] = ()  # what is counted: one column, or several whose values are taken together
    values: tuple[str | int | float | bool | None, ...] = ()  # the valid or the missing ones, with None for empty
    pattern: str = ""  # of invalidValues, as Postgres reads it
    query: str = ""  # of an SQL rule, as it is asked
    not_measured_because: str = ""

    @property
    def is_measured(self) -> bool:
        return not self.not_measured_because

    @property
    def place(self) -> str:
        return ".".join(filter(None, (self.table, self.column)))

    @property
    def measured_as(self) -> str:
        """In English words: what is counted or asked, and what the result must be."""
        if self.limit is None or not self.is_measured:
            return ""
        of = ", ".join(self.columns)
        counted = {
            "rowCount": "number of rows",
            "duplicateValues": f"rows that share their {of} with another row",
            "nullValues": f"rows without {of}",
            "missingValues": f"rows in which {of} is missing",
            "invalidValues": f"rows in which {of} is not valid",
            "sql": "what the query gives",
        }[self.name]
        share = ", of all rows," if self.limit.is_percent else ""
        return f"{counted}{share} {self.limit.in_english}"


@dataclass(frozen=True)
class Contract:
    """What one source promises. A contract with `problems` can be read, but nothing is taken in by it."""

    id: str
    title: str
    version: str
    sha256: str
    problems: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()  # fields of the standard that this project does not use
    description: str = ""
    owner: str = ""
    support: str = ""
    tier: str = ""
    schedule: str = ""  # cron, Copenhagen time
    frequency_days: float = 1.0  # how often something new is promised
    latest_arrival: str = ""  # local time of day, HH:MM
    latency_days: int | None = None  # older than this at a build's as-of date is stale
    retention_days: int = DEFAULT_RETENTION_DAYS  # how long delivered files are kept encrypted
    folder: str = ""
    location: str = ""  # the API's address, empty where files are delivered
    data_path: str = ""  # below it, with {table}
    updated_path: str = ""  # where the API says when a table was updated, in updated_field
    updated_field: str = ""
    file_format: str = ""
    encoding: str = ""
    delimiter: str = ""
    quote: str = '"'
    decimal_sign: str = ""
    thousands_sign: str = ""
    timezone: str = ""
    max_bytes: int = 2_000_000_000
    max_rejected_percent: float = 0.0
    max_closed_percent: float = 0.0
    max_changed_percent: float = 50.0
    delivers: Delivers = "snapshot"
    corrections: Corrections = "beside"
    max_days_ahead: int = 1  # how many days after today a cut-off may be
    max_jump_days: int = LEAST_JUMP_DAYS  # how far ahead of what was due it may be
    max_age_days: int = 3653  # how old a source's first cut-off, or one older than its newest, may be: ten years
    requires_final_newline: bool = True
    tables: dict[str, Table] = field(default_factory=dict)
    quality: tuple[QualityRule, ...] = ()
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    def doc_md(self) -> str:
        """The source's page in Markdown: what arrives, when, who answers for it, what to do when it fails."""
        lines = [f"# {self.title}", "", self.description, ""]
        if self.problems:
            lines += ["**Nothing is taken in by this contract until these are mended:**", ""]
            lines += [f"- {problem}" for problem in self.problems] + [""]
        lines += [
            f"- **Owner:** {self.owner} · **support:** {self.support} · **tier:** {self.tier}",
            f"- **Due:** `{self.schedule}` (Copenhagen time), at the latest {self.latest_arrival};"
            f" stale after {self.latency_days} days",
            f"- **Refused as a whole** beyond {self.max_rejected_percent:g} % set-aside rows,"
            f" {self.max_closed_percent:g} % closed rows or {self.max_changed_percent:g} % changed rows",
            f"- **A delivery is** {'a snapshot' if self.delivers == 'snapshot' else 'an increment'}; a corrected file"
            f" of an older cut-off goes {'into' if self.corrections == 'supersede' else 'beside'} the history",
            f"- **A cut-off** may be {self.max_days_ahead} days after today, and {self.max_jump_days} days ahead of"
            f" what was due; the first, and older ones, {self.max_age_days} days before today",
            f"- **Delivered files are kept** encrypted for {self.retention_days} days",
            "",
        ]
        for table in self.tables.values():
            absence = "closes the row" if table.absence_closes else "means nothing"
            lines += [f"## {table.name}", "", table.description, "", f"File `{table.file_pattern}`; absence {absence}."]
            lines += ["", "| delivered as | column | type | class | meaning |", "|---|---|---|---|---|"]
            lines += [
                f"| {c.header} | {c.name if c.is_landed else '(not landed)'} | {c.logical_type}"
                f"{' · key' if c.key_position is not None else ''} | {c.classification} | {c.description} |"
                for c in table.columns
            ]
            lines.append("")
        lines += [
            "## When it fails",
            "",
            "1. Read the task's last message: it says what, where and what to do.",
            "2. *Refused*: nothing changed; the last good delivery is used and marked stale. Ask"
            f" {self.support or self.owner} for a new file with the same cut-off, put it in the inbox, clear the task.",
            f"3. *Refused for closures* that are right: `kvalitet extract {self.id} --allow-closures 'name: reason'`."
            " *Refused for changes* that are right: the same with `--allow-changes`.",
            "4. *Refused for its cut-off*: rename the files, or let in a cut-off that is right with"
            f" `kvalitet extract {self.id} --allow-jump 'name: reason'`.",
            "5. *Missing*: the delivery is late or lacks a file; the night goes on without it.",
            f"6. Rows set aside: `kvalitet rejects --source {self.id}` lists them with rule, column and age.",
        ]
        return "\n".join(lines)
