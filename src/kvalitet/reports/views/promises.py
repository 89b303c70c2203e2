"""A contract in words, in one language."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kvalitet.contracts import Contract
from kvalitet.reports.languages import Language


@dataclass(frozen=True)
class PromisedTable:
    name: str
    about: str
    file_pattern: str
    absence_closes: bool
    columns: tuple[tuple[str, str, str, bool], ...]  # header, meaning, classification, part of the key
    rules: tuple[tuple[str, bool], ...]  # in words, and whether it is measured


@dataclass(frozen=True)
class Promises:
    """The source's description, when it delivers, and what every table holds."""

    about: tuple[str, ...]
    times: tuple[str, ...]
    tables: tuple[PromisedTable, ...]


def promises(contract: Contract, language: Language) -> Promises:
    document = contract.document
    about = document.get("description") or {}
    return Promises(
        about=tuple(language.of_both(about[part]) for part in ("purpose", "usage", "limitations") if about.get(part)),
        times=tuple(_said(document.get("slaProperties"), language)),
        tables=tuple(
            PromisedTable(
                name=table.name,
                about=language.of_both(table.description),
                file_pattern=table.file_pattern,
                absence_closes=table.absence_closes,
                columns=tuple(
                    (c.header, language.of_both(c.description), c.classification, c.key_position is not None)
                    for c in table.columns
                ),
                rules=tuple(
                    (language.of_both(rule.description) or f"{rule.place}: {rule.name}", rule.is_measured)
                    for rule in contract.quality
                    if rule.table == table.name and not (rule.column and rule.is_measured)
                ),
            )
            for table in contract.tables.values()
        ),
    )


def _said(items: Iterable[dict[str, Any]] | None, language: Language) -> list[str]:
    return [language.of_both(item["description"]) for item in items or () if item.get("description")]
