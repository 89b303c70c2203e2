"""Defects of the smaller deliveries: a few rows at fixed places, each breaking one rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kvalitet_example.defects import Defect


@dataclass(frozen=True)
class Spoilt:
    """Row `place` (from 0) of a delivered table. `text` is written under `header`, and None doubles the row.

    `is_mended`: the row is in order again from the second night on.
    """

    table: str
    place: int
    column: str
    header: str
    rule: str
    text: str | None
    is_mended: bool = False


def spoil(rows: pl.DataFrame, table: str, spoilt: Sequence[Spoilt], night: int) -> pl.DataFrame:
    """The delivered rows of `table`, all text, with the night's defects written in."""
    for each in _tonight(spoilt, night):
        if each.table != table:
            continue
        is_it = pl.int_range(pl.len()) == each.place
        if each.text is None:
            rows = pl.concat([rows, rows.slice(each.place, 1)])
        else:
            rows = rows.with_columns(pl.when(is_it).then(pl.lit(each.text)).otherwise(each.header).alias(each.header))
    return rows


def planned(source: str, spoilt: Sequence[Spoilt], night: int) -> list[Defect]:
    return [
        Defect(source, each.table, each.column, each.rule, 2 if each.text is None else 1)
        for each in _tonight(spoilt, night)
    ]


def _tonight(spoilt: Sequence[Spoilt], night: int) -> list[Spoilt]:
    return [each for each in spoilt if night == 1 or not each.is_mended]
