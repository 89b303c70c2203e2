"""Writes the draft of a source: its contract, its page, and staging models where the product has none for it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kvalitet.contracts import Contract, read_contract
from kvalitet.contracts.staging import delivery_shapes
from kvalitet.contracts.tables import IDENTIFIER
from kvalitet.errors import KvalitetError
from kvalitet.onboarding.guessing import NUMBER, Guess, decimal_sign, guess_columns
from kvalitet.onboarding.reading import DeliveredFile, DeliveredTable, identifier, read_file
from kvalitet.settings import Settings


@dataclass(frozen=True)
class DraftedTable:
    """A table of the draft, with the texts it was guessed from."""

    name: str
    file_pattern: str
    sheet: str
    texts: pl.DataFrame
    columns: list[Guess]


@dataclass(frozen=True)
class Draft:
    """The files that were written, the contract as intake reads it, and the number of marked guesses in it."""

    files: tuple[Path, ...]
    contract: Contract
    guesses: int


def draft_source(settings: Settings, source_id: str, files: list[Path], owner: str, contact: str) -> Draft:
    """Write the draft of a source from files as it delivers them: one for each of its tables, or a workbook.

    Of rows, only codes from columns with few different values are written. Raises KvalitetError where a file cannot be
    read, the files differ in their form, or something of the source exists already.
    """
    if not IDENTIFIER.fullmatch(source_id):
        raise KvalitetError(f"{source_id!r} is no name of a source.", "Take lower-case letters, digits and _.")
    read = [read_file(file) for file in files]
    _refuse_mixed(read)
    delivered = [table for file in read for table in file.tables]
    sign = decimal_sign(table.texts for table in delivered)
    tables = [_drafted(table, sign) for table in _with_own_names(delivered)]
    first = read[0]
    facts: dict[str, Any] = {
        "id": source_id,
        "title": source_id.replace("_", " ").capitalize(),
        "owner": owner,
        "owner_id": identifier(owner).replace("_", "") or "owner",
        "contact": contact,
        "files": ", ".join(file.name for file in files),
        "notes": dict.fromkeys(note for file in read for note in file.notes),
        "format": first.format,
        "encoding": first.encoding,
        "delimiter": first.delimiter,
        "quote": first.quote,
        "has_final_newline": all(file.has_final_newline for file in read),
        "decimal_sign": sign,
        "thousands_sign": "." if sign == "," else ",",
        "has_numbers": any(column.logical_type == "number" for table in tables for column in table.columns),
        "has_thousands": any(_has_thousands(table, sign) for table in tables),
        "has_times": any(column.logical_type == "timestamp" for table in tables for column in table.columns),
        "tables": tables,
        "expected": {
            name.removeprefix(f"{source_id}__"): columns
            for name, columns in delivery_shapes(settings).items()
            if name.startswith(f"{source_id}__")
        },
    }
    written = _texts(settings, facts)
    there = [file for file in written if file.exists()]
    if there:
        raise KvalitetError(f"{there[0]} is there already.", "Take another name, or remove what is there.")
    for file, text in written.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    contract = next(file for file in written if file.name.endswith(".odcs.yaml"))
    return Draft(tuple(written), read_contract(contract), contract.read_text(encoding="utf-8").count("# guess"))


def _refuse_mixed(read: list[DeliveredFile]) -> None:
    forms = {(file.format, file.encoding, file.delimiter, file.quote) for file in read}
    if len(forms) > 1:
        raise KvalitetError(
            "The files differ in format, encoding, delimiter or quote, and a contract has one of each.",
            "Draft a source for each form, or ask for files that are alike.",
        )


def _with_own_names(tables: list[DeliveredTable]) -> list[DeliveredTable]:
    names = [table.name for table in tables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise KvalitetError(f"Two tables would be called {twice[0]}.", "Give files of different names.")
    return tables


def _drafted(table: DeliveredTable, sign: str) -> DraftedTable:
    return DraftedTable(table.name, table.file_pattern, table.sheet, table.texts, guess_columns(table.texts, sign))


def _has_thousands(table: DraftedTable, sign: str) -> bool:
    numbers = [column.header for column in table.columns if column.logical_type == "number"]
    between = re.escape("." if sign == "," else ",")
    return any(
        table.texts[name].drop_nulls().filter(table.texts[name].drop_nulls().str.contains(NUMBER[sign]))
        .str.contains(rf"[0-9]{between}[0-9]{{3}}").any()
        for name in numbers
    )  # fmt: skip


def _texts(settings: Settings, facts: dict[str, Any]) -> dict[Path, str]:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, SQL and Markdown, each with a filter of its own
    )
    environment.filters["yaml"] = _yaml
    environment.filters["cell"] = lambda text: text.replace("|", "\\|").replace("\n", " ")
    source = facts["id"]
    written = {
        settings.contracts_dir / f"{source}.odcs.yaml": environment.get_template("contract.yaml.j2").render(facts),
        settings.administration.docs / f"{source}.md": environment.get_template("source.md.j2").render(facts),
    }
    if facts["expected"]:  # the product has its staging models
        return written
    staging = settings.administration.models / "staging" / source
    for table in facts["tables"]:
        for kind in ("sql", "yml"):
            text = environment.get_template(f"staging.{kind}.j2").render(facts, table=table)
            written[staging / f"stg_{source}__{table.name}.{kind}"] = text.rstrip("\n") + "\n"
    return written


def _yaml(value: Any) -> str:
    """The value in YAML on one line. A text is always in quotes where it could be read as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...").strip()
